"""The outline of a tape, as data and back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_llmtrace._model.outline import READING, Kind, Outline
from pytest_llmtrace._model.usage import Usage

ONE = Kind(operation="chat", provider="openai", model="gpt-4o-mini", response_model="gpt-4o-mini-2024-07-18")
OTHER = Kind(operation="messages", provider="anthropic", model="m2", params={"speed": "fast"}, labels={"agent": "lead"})
OUTLINE = Outline(
    calls=(
        (ONE, Usage(input_tokens=550, output_tokens=110)),
        (OTHER, Usage(input_tokens=7, cache_write_tokens=5)),
        (ONE, Usage(input_tokens=800, output_tokens=110, reasoning_tokens=3)),
    )
)
DATA: dict[str, Any] = {
    "reading": READING,
    "kinds": [
        {
            "operation": "chat",
            "provider": "openai",
            "model": "gpt-4o-mini",
            "answered": "gpt-4o-mini-2024-07-18",
        },
        {
            "operation": "messages",
            "provider": "anthropic",
            "model": "m2",
            "params": {"speed": "fast"},
            "labels": {"agent": "lead"},
        },
    ],
    "calls": [[0, 550, 110], [1, 7, 0, 0, 5], [0, 800, 110, 0, 0, 3]],
}


def test_an_outline_is_read_as_it_was_written():
    """Each kind of call once, a short row a call."""
    assert OUTLINE.to_data() == DATA
    assert Outline.from_data(json.loads(json.dumps({**DATA, "digest": "0" * 32}))) == OUTLINE


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {**DATA, "reading": READING + 1},
        {**DATA, "kinds": None},
        {**DATA, "kinds": [{"operation": "chat"}]},
        {**DATA, "kinds": [{**DATA["kinds"][0], "model": 1}] * 2},
        {**DATA, "kinds": [{**DATA["kinds"][0], "answered": []}] * 2},
        {**DATA, "kinds": [{**DATA["kinds"][0], "params": "fast"}] * 2},
        {**DATA, "kinds": [{**DATA["kinds"][0], "labels": ["agent"]}] * 2},
        {**DATA, "kinds": [{**DATA["kinds"][0], "labels": {"agent": 1}}] * 2},
        {**DATA, "kinds": [{**DATA["kinds"][0], "labels": {"cost": "1"}}] * 2},
        {**DATA, "kinds": ["chat", "chat"]},
        {**DATA, "calls": 3},
        {**DATA, "calls": [7]},
        {**DATA, "calls": [[]]},
        {**DATA, "calls": [[2, 1, 1]]},
        {**DATA, "calls": [[-1, 1, 1]]},
        {**DATA, "calls": [[0, -550, 110]]},
        {**DATA, "calls": [[0, True, 110]]},
        {**DATA, "calls": [[0, 5.5, 110]]},
        {**DATA, "calls": [[0, 10**400, 110]]},
        {**DATA, "calls": [[0, 1, 2, 3, 4, 5, 6]]},
    ],
)
def test_what_is_no_outline_or_that_of_another_reading_says_nothing(data: Any):
    """The tape is read anew then."""
    assert Outline.from_data(data) is None


def test_kinds_that_tapes_have_in_common_are_read_once_and_never_taken_for_others():
    """Tests of a suite share them; a parameter of `1`, `1.0` or `true` is another one each time."""
    kinds = []
    for value in (1, 1.0, True, 1):
        data = {**DATA, "kinds": [DATA["kinds"][0], {**DATA["kinds"][1], "params": {"n": value}}]}
        read = Outline.from_data(json.loads(json.dumps(data)))
        assert read is not None
        kinds.append(read.calls[1][0])
    assert [repr(one.params) for one in kinds] == ["{'n': 1}", "{'n': 1.0}", "{'n': True}", "{'n': 1}"]
    assert kinds[0] is kinds[3]
