"""litellm's own price map: an entry is parsed when it is asked for, and says what parsing all of it says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmtrace._capture.prices.map import find_entry
from pytest_llmtrace._capture.prices.shipped import ShippedPrices

PRICES: dict[str, Any] = {
    "sample_spec": {"input_cost_per_token": 0, "litellm_provider": "one of those", "names": ["twice"]},
    "m-1": {"input_cost_per_token": 1e-6, "litellm_provider": "acme", "nested": {"mode": "chat"}},
    "acme/M-2": {"input_cost_per_token": 2e-6, "litellm_provider": "acme"},
    "twice": {"input_cost_per_token": 3e-6, "litellm_provider": "acme"},
    "mode": {"input_cost_per_token": 4e-6, "litellm_provider": "acme"},
    "odd": "no entry",
}


def file_of(data: object, indent: int | None = 4) -> ShippedPrices:
    """The file as litellm lays it out."""
    return ShippedPrices(json.dumps(data, indent=indent).encode())


def test_an_entry_is_found_without_parsing_the_others() -> None:
    """Nor are others parsed to tell that there is no such model, or one of another case; but where many are asked."""
    prices = file_of(PRICES)
    assert find_entry("m-1", "acme", prices) == PRICES["m-1"]
    assert find_entry("m-3", "openai", prices) is None
    assert (prices.may_have("ACME/m-2"), prices.may_have("m-2"), "m-2" in prices) == (True, False, False)
    assert "_whole" not in vars(prices)
    assert [prices.get(f"m-{number}") for number in range(4, 40)] == [None] * 36
    assert "_whole" in vars(prices)
    assert (len(prices), prices["m-1"]) == (len(PRICES), PRICES["m-1"])


@pytest.mark.parametrize("indent", [4, 2, None])
def test_whatever_the_layout_it_says_what_parsing_all_of_it_says(indent: int | None) -> None:
    """Also of names that stand in the file twice, or inside of an entry, and of what is no entry."""
    prices = file_of(PRICES, indent)
    assert {name: prices.get(name) for name in [*PRICES, "nested", "acme", "é", "m\n", 'm"']} == {
        **PRICES,
        **dict.fromkeys(["nested", "acme", "é", "m\n", 'm"']),
    }
    assert find_entry("acme/m-2", "acme", prices) == PRICES["acme/M-2"]
    assert dict(prices) == PRICES


def test_a_name_may_be_spelled_in_other_ways() -> None:
    """With an escape for a letter or a slash; or with the layout of another entry before it, or inside of one."""
    entry = '{"litellm_provider": "acme"}'
    for raw in (
        f'{{"acm\\u0065/m": {entry}}}',
        f'{{"acme\\/m": {entry}}}',
        f'{{\n    "x": {entry},"acme/m": {entry}}}',
    ):
        assert ShippedPrices(raw.encode()).get("acme/m") == {"litellm_provider": "acme"}
    inside = '{"x": {\n    "acme/m": {"input": 1}\n}}'
    assert ShippedPrices(inside.encode()).get("acme/m") is None


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b'{\n    "m": {"litellm_provider"'])
def test_a_file_that_is_damaged_has_no_prices(raw: bytes) -> None:
    """As without litellm, prices are unknown."""
    prices = ShippedPrices(raw)
    assert (prices.get("m"), len(prices)) == (None, 0)
