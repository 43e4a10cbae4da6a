"""Which rule would absorb a difference."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import adjusted, named_policy
from pytest_llmtrace._compare.rules.suggest import suggested
from pytest_llmtrace._model.findings import Bypass, Drift
from pytest_llmtrace._model.messages import message
from tests.unit.compare.traces import asks, call, refund, says, tool, trace, user

EXACT = named_policy("exact")
ITEMS = [{"id": 1, "tags": 5}, {"id": 2, "tags": 5}, {"id": 3, "tags": 7}]


def suggestions(golden: Any, observed: Any) -> list[tuple[str, ...]]:
    """What each drift suggests, after seeing that it holds: with all rules there is no drift."""
    found = suggested(compare(golden, observed, EXACT))
    assert found
    rules = [rule for one in found if isinstance(one, Drift) for rule in one.suggestion]
    if all(isinstance(one, Drift) and one.suggestion for one in found):
        assert compare(golden, observed, adjusted(EXACT, normalize=rules)) == ()
    return [one.suggestion for one in found if isinstance(one, Drift)]


def answer(text: Any) -> Any:
    """A trace with an answer."""
    return trace(call(user("a"), out=says(text)))


def asking(**arguments: Any) -> Any:
    """A trace with a tool call."""
    return trace(call(user("a"), out=asks(("find", arguments))))


def offering(description: str) -> Any:
    """A trace in which a tool is offered."""
    return trace(call(user("a"), tools=({**tool("find", what="string"), "description": description},)))


DAYS = ("2025-11-02", "2024-01-31")


@pytest.mark.parametrize(
    ("golden", "observed", "rules"),
    [
        (answer("On 2025-11-02."), answer("On 2024-01-31."), ("date",)),
        (
            answer("On 2025-11-02 for 0b8f1c1e-3c1b-4f0e-9a56-0a51b0e7c001"),
            answer("On 2024-01-31 for 7d0f1c1e-3c1b-4f0e-9a56-0a51b0e7c002"),
            ("date", "uuid"),
        ),
        (answer("in /tmp/a1/x"), answer("in /tmp/b2/x"), ("path",)),
        (asking(score=0.1 + 0.2), asking(score=0.3), ("number:1e-9",)),
        (asking(score=1e12), asking(score=1e12 + 0.5), ("number:0.0001%",)),
        (answer("Hello there"), answer("hello There"), ("case",)),
        (answer("a\n\n b"), answer("a b"), ("whitespace",)),
        (answer('{"at": 1700000000}'), answer('{"at": 1700009999}'), ("timestamp",)),
        (asking(at=1700000000), asking(at=1700009999.75), ("timestamp",)),
        (offering(f"Since {DAYS[0]}."), offering(f"Since {DAYS[1]}."), ("date",)),
        (offering("Finds."), offering("finds."), ()),
        (answer("Hello"), answer("Good bye"), ()),
        (answer("12 left"), answer("13 left"), ()),
        (asking(limit=5), asking(limit=6), ()),
        (trace(call(model="gpt-2025-11-02")), trace(call(model="gpt-2025-11-03")), ()),
    ],
)
def test_a_difference_that_is_no_behaviour_names_its_rule(golden: Any, observed: Any, rules: tuple[str, ...]) -> None:
    """Dates, ids, paths, float noise, case and white space; another number or another model is news."""
    assert suggestions(golden, observed) == [rules]


@pytest.mark.parametrize(
    "names",
    [
        lambda day: call(user("a"), out=asks((f"find-{day}", {}))),
        lambda day: call(user("a"), params={"tool_choice": {"function": {"name": f"find-{day}"}}}),
        lambda day: call(message({"role": "user", "content": "a", "name": f"ann-{day}"})),
        lambda day: call(user("a"), finish_reason=day),
    ],
)
def test_no_rule_is_suggested_for_a_name(names: Any) -> None:
    """A rule sees no names, so it would absorb nothing."""
    assert suggestions(trace(names(DAYS[0])), trace(names(DAYS[1]))) == [()]


@pytest.mark.parametrize(
    ("golden", "observed", "path", "drifts"),
    [
        (asking(tags=["a", "b"]), asking(tags=["b", "a"]), "output.tool_calls[*].arguments.tags", 2),
        (
            trace(refund(status={"items": ITEMS})),
            trace(refund(status={"items": ITEMS[::-1]})),
            "messages[*].content.items",
            4,
        ),
        (
            asking(tags=list(range(20))),
            asking(tags=list(range(20))[::-1]),
            "output.tool_calls[*].arguments.tags",
            1,
        ),
    ],
)
def test_the_order_of_a_set_names_its_path(golden: Any, observed: Any, path: str, drifts: int) -> None:
    """All differences that are only the order of one list say so, also where the list is too long to take apart."""
    found = suggestions(golden, observed)
    assert set(found) == {(f"unordered:{path}",)}
    assert len(found) == drifts


def test_a_list_with_another_item_is_no_set_in_another_order() -> None:
    """Where an item differs, nothing is suggested."""
    assert set(suggestions(asking(tags=["a", "b"]), asking(tags=["b", "c"]))) == {()}


def test_other_findings_stay() -> None:
    """Only drift has suggestions."""
    assert suggested([Bypass(what="x")]) == (Bypass(what="x"),)
