"""Settings: what a person writes is understood, or refused with a SettingsError that shows the value."""

from __future__ import annotations

import functools
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.custom import custom_policies
from pytest_llmtrace._compare.policies.policy import POLICIES, adjusted
from pytest_llmtrace._settings import live
from pytest_llmtrace._settings.amounts import parse_amount, parse_growth, parse_usd
from pytest_llmtrace._settings.budgets import directory_limits
from pytest_llmtrace._settings.markers import budget_marker, trace_marker
from pytest_llmtrace._settings.pyproject import PYPROJECT, Pyproject, checked_list, policy_tables, prices
from pytest_llmtrace.errors import SettingsError
from tests.fuzz import seeds
from tests.fuzz.data import texts, values
from tests.fuzz.target import of_bytes, of_values
from tests.unit.compare.traces import refund, trace


def pyproject(data: bytes) -> None:
    """A pyproject.toml gives prices, budgets and policies that can be used, or an error that names it."""
    path = Path(_folder().name) / PYPROJECT
    path.write_bytes(data)
    for model in (_asked(lambda: prices(Pyproject(path)), PYPROJECT) or {}).values():
        assert all(0 <= price < math.inf for price in model.values())
    for limit in _asked(lambda: directory_limits(Pyproject(path)), PYPROJECT) or ():
        assert 0 <= limit.value < math.inf
    tables = _asked(lambda: policy_tables(Pyproject(path)), PYPROJECT)
    for policy in custom_policies(tables, PYPROJECT).values() if tables else ():
        if b"text_scorer" not in data and b"tools" not in data:  # they may name functions, which nobody imports here
            assert compare(CALM, CALM, policy) == ()


def amounts(data: bytes) -> None:
    """An amount, a percentage, a number of runs, a share, a pair of models: a usable value, or an error."""
    text = data.decode("utf-8", "replace")
    for what in ("usd", "tokens", "calls"):
        value = _asked(lambda what=what: parse_amount(what, text), "")  # type: ignore[misc]
        assert value is None or 0 <= value < math.inf
    growth = _asked(lambda: parse_growth(text), "")
    assert growth is None or all(share is None or 0 <= share < math.inf for share in (growth.usd, growth.tokens))
    assert (_asked(lambda: live._runs(text), "--llm-live-runs") or 1) >= 1
    assert 0 <= (_asked(lambda: live._threshold(text, ""), "--llm-live-threshold") or 0.0) < 1
    _asked(lambda: live._models([text, "a=b"]), "--llm-model")
    _asked(lambda: parse_usd(text), "")
    for rule in ("ignore", "normalize"):
        _asked(lambda rule=rule: checked_list(rule, [text], "ini"), "ini")  # type: ignore[misc]


def markers(case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """A marker with any arguments, and a policy that is adjusted by them, can be used or is a SettingsError."""
    traced, budget = case
    marker = _asked(lambda: trace_marker((), traced), "llm_trace")
    _asked(lambda: budget_marker((), budget), "llm_budget")
    if marker is None:
        return
    names = ("match", "order", "ignore", "normalize", "severities", "text_tolerance", "text_scorer", "tools")
    asked = {name: getattr(marker, name) for name in names if getattr(marker, name) not in (None, (), {})}
    policy = _asked(lambda: adjusted(POLICIES["exact"], **asked), "")
    if policy is not None and not {"text_scorer", "tools"} & asked.keys():
        assert compare(CALM, CALM, policy) == ()


def _asked(read: Callable[[], Any], named: str) -> Any:
    try:
        return read()
    except SettingsError as error:
        assert named in str(error)  # noqa: PT017 - both are promised
        return None


@functools.cache
def _folder() -> Any:
    folder = tempfile.TemporaryDirectory(prefix="llmtrace-fuzz-")
    (Path(folder.name) / "tests").mkdir()
    return folder


CALM: Final = trace(refund())
AMOUNTS: Final = (
    b"0.50", b"$0.50", b"50_000", b"50,000", b"10%", b"tokens:10%,usd:25%", b"5", b"50%", b"gpt-4o=gpt-5", b"1e400",
    b"nan%", b"9" * 4400, "\u00b2".encode(), "\u0663".encode(), b"messages[*].content", b"tools.**.description",
    b"/[0-9]+/ -> <n>", b"/(/", b"/a/ -> \\2", b"number:1%", b"number:nan", b"unordered:tools", b"date",
)  # fmt: skip
asked_for = values | st.sampled_from(
    [
        "exact",
        "strict",
        "subset",
        "free",
        "warn",
        "date",
        "number:1%",
        "unordered:tools",
        "params.*",
        0.5,
        math.nan,
        math.inf,
    ]
)
keyed = st.dictionaries(st.sampled_from(["prompt", "user", "output", "order"]) | texts, asked_for, max_size=2)
arguments = st.fixed_dictionaries(
    {},
    optional={
        name: asked_for | st.lists(asked_for, max_size=2) | keyed
        for name in (
            "policy",
            "match",
            "order",
            "ignore",
            "normalize",
            "severities",
            "text_tolerance",
            "min_calls",
            "x",
        )
    },
)
budgets = st.fixed_dictionaries({}, optional=dict.fromkeys(("usd", "tokens", "calls"), asked_for))

TARGETS: Final = (
    of_bytes("pyproject", pyproject.__doc__ or "", pyproject, seeds.tomls),
    of_bytes("amounts", amounts.__doc__ or "", amounts, lambda: AMOUNTS),
    of_values("markers", markers.__doc__ or "", markers, st.tuples(arguments, budgets)),
)
