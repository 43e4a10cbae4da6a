"""Arguments of tools, each tool matched in its own way."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import Policy, adjusted, named_policy
from pytest_llmtrace._model.trace import ToolCall
from pytest_llmtrace.errors import SettingsError
from tests.unit.compare.traces import asks, chat, result, says, trace, user

EXACT, TOOLS = named_policy("exact"), named_policy("tools")


def searches(*calls: tuple[str, dict[str, Any]], execute: bool = False) -> Any:
    """A conversation that asks for these tools, one per turn, and repeats all of it."""
    turns: list[Any] = [([user("find it")], asks(calls[0]))]
    turns += [([result("found")], asks(one)) for one in calls[1:]]
    turns.append(([result("found")], says("done")))
    executed = [ToolCall(name=name, arguments=given, result="found") for name, given in calls] if execute else []
    return trace(chat(*turns), executed)


def kinds(golden: Any, observed: Any, policy: Policy, **wishes: Any) -> list[tuple[str, str]]:
    """Kind and path of what is found."""
    return [(one.kind, one.path) for one in compare(golden, observed, adjusted(policy, **wishes))]


@pytest.mark.parametrize("base", [EXACT, TOOLS])
@pytest.mark.parametrize("match", ["strict", "unordered", "subset", "superset"])
def test_ignored_arguments_count_nowhere(base: Policy, match: str) -> None:
    """Neither in the answer, nor where a later history repeats it, nor in the execution."""
    golden = searches(("search", {"q": "a"}), ("read", {"n": 1}), execute=True)
    observed = searches(("search", {"q": "b", "limit": 3}), ("read", {"n": 1}), execute=True)
    assert kinds(golden, observed, base, match=match) != []
    assert kinds(golden, observed, base, match=match, tools={"search": "ignore"}) == []


@pytest.mark.parametrize("base", [EXACT, TOOLS])
def test_a_way_holds_for_its_tool_alone(base: Policy) -> None:
    """Another tool's arguments stay exact."""
    golden = searches(("search", {"q": "a"}), ("read", {"n": 1}))
    observed = searches(("search", {"q": "b"}), ("read", {"n": 2}))
    assert kinds(golden, observed, base, tools={"search": "ignore"}) == [
        ("tool_call", "output.tool_calls[0].arguments.n")
    ]


@pytest.mark.parametrize(
    ("way", "golden", "observed", "agree"),
    [
        ("exact", {"q": 1}, {"q": 1.0}, True),
        ("exact", {"q": 1}, {"q": 2}, False),
        ("subset", {"q": 1, "limit": 5}, {"q": 1}, True),
        ("subset", {"q": 1}, {"q": 1, "limit": 5}, False),
        ("subset", {"q": {"a": 1, "b": 2}}, {"q": {"b": 2}}, True),
        ("subset", {"q": 1, "limit": 5}, {"q": 2}, False),
        ("superset", {"q": 1}, {"q": 1, "limit": 5}, True),
        ("superset", {"q": 1, "limit": 5}, {"q": 1}, False),
        ("superset", {"q": [1]}, {"q": [1, 2]}, False),
        ("tests.unit.compare.rules.test_tool_arguments:same_words", {"q": "a b"}, {"q": "b a"}, True),
        ("tests.unit.compare.rules.test_tool_arguments.same_words", {"q": "a b"}, {"q": "c a"}, False),
    ],
)
@pytest.mark.parametrize("base", [EXACT, TOOLS])
def test_each_way_matches_what_it_says(base: Policy, way: str, golden: Any, observed: Any, agree: bool) -> None:
    """`subset`: observed arguments are among the golden ones; `superset`: the other way round; a function decides."""
    sides = searches(("search", golden)), searches(("search", observed))
    found = kinds(*sides, base, tools={"search": way})
    assert (found == []) == agree
    assert {kind for kind, _ in found} <= {"tool_call"}


def same_words(golden: dict[str, Any], observed: dict[str, Any]) -> bool:
    """A function of a project."""
    return sorted(golden["q"].split()) == sorted(observed["q"].split())


def says_maybe(golden: Any, observed: Any) -> str:
    """A function that does not keep its promise."""
    return "maybe"


def breaks(golden: Any, observed: Any) -> bool:
    """A function with a bug."""
    raise KeyError("q")


def skips(golden: Any, observed: Any) -> bool:
    """A function that would leave the test in another way than by its answer."""
    pytest.skip("no key")


def takes_out(golden: dict[str, Any], observed: dict[str, Any]) -> bool:
    """A function that changes what it is given."""
    del golden["at"], observed["at"]
    return golden == observed


class Number:
    """A number of an array library."""

    def __init__(self, value: float) -> None:
        self._value = value

    def item(self) -> float:
        """What Python calls it."""
        return self._value


def array_says(golden: Any, observed: Any) -> Number:
    """A function that computes with arrays."""
    return Number(golden["q"] != 3)


def test_a_function_may_change_what_it_is_given() -> None:
    """It gets copies: each pair of calls is judged by what they were."""
    golden = searches(("search", {"q": 1, "at": 1}), ("search", {"q": 2, "at": 2}))
    observed = searches(("search", {"q": 2, "at": 3}), ("search", {"q": 1, "at": 4}))
    way = {"search": f"{__name__}:takes_out"}
    assert kinds(golden, observed, TOOLS, match="unordered", tools=way) == []


def test_a_function_may_answer_with_a_number_of_an_array() -> None:
    """What numpy and torch return is taken for the number, or the truth, that it is."""
    way = {"search": f"{__name__}:array_says"}
    for at, agree in ((1, True), (3, False)):
        assert (kinds(searches(("search", {"q": at})), searches(("search", {"q": 5})), EXACT, tools=way) == []) == agree


def test_calls_that_match_are_paired_whatever_their_order() -> None:
    """In an unordered trajectory each call finds the one it will do for, though another would be first."""
    golden = searches(("search", {"a": 1, "b": 2}), ("search", {"a": 1}))
    observed = searches(("search", {"a": 1}), ("search", {"b": 2}))
    assert kinds(golden, observed, TOOLS, match="unordered", tools={"search": "subset"}) == []
    assert kinds(golden, observed, TOOLS, match="unordered") == [
        ("tool_call", "output.tool_calls[0].arguments.a"),
    ]


def test_the_order_of_ignored_arguments_is_no_order() -> None:
    """Two searches that changed places are the same trajectory where their arguments do not count."""
    golden = searches(("search", {"q": "a"}), ("read", {}), ("search", {"q": "b"}))
    observed = searches(("search", {"q": "b"}), ("read", {}), ("search", {"q": "a"}))
    assert {kind for kind, _ in kinds(golden, observed, TOOLS)} == {"order"}
    assert kinds(golden, observed, TOOLS, tools={"search": "ignore"}) == []


def test_another_number_of_calls_is_found_all_the_same() -> None:
    """A call too many of a tool whose arguments do not count is a difference."""
    golden, observed = searches(("search", {"q": 1})), searches(("search", {"q": 2}), ("search", {"q": 3}))
    assert kinds(golden, observed, TOOLS, tools={"search": "ignore"}) == [("tool_call", "output.tool_calls[0]")]


@pytest.mark.parametrize(
    ("way", "text"),
    [
        ("some", "arguments of tool 'search' = 'some': not possible; choose one of exact, ignore, subset, superset"),
        (3, "arguments of tool 'search' = 3: not possible; choose one of exact, ignore, subset, superset"),
        ("no_such_package.module:match", "`no_such_package.module` cannot be imported: ModuleNotFoundError"),
        ("tests.unit.compare.rules.test_tool_arguments:nothing", "has no function `nothing`"),
    ],
)
def test_a_way_that_is_none_is_an_error(way: Any, text: str) -> None:
    """It says what is possible, or what cannot be imported."""
    with pytest.raises(SettingsError, match=re.escape(text)):
        adjusted(EXACT, tools={"search": way}).load()


@pytest.mark.parametrize(
    ("function", "text"),
    [
        ("says_maybe", "must return True or False, not 'maybe'"),
        ("skips", "it raised Skipped: no key ("),
        ("breaks", "it raised KeyError: 'q' (" + __file__),
    ],
)
def test_a_function_that_cannot_tell_is_an_error(function: str, text: str) -> None:
    """What it returned, or where it raised, is shown and not swallowed."""
    sides = searches(("search", {"q": 1})), searches(("search", {"q": 2}))
    with pytest.raises(SettingsError, match=re.escape(text)):
        kinds(*sides, EXACT, tools={"search": f"{__name__}:{function}"})
