"""Each cause once: what follows from an earlier difference is counted there, and nothing else is."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES
from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._model.trace import LLMCall, Trace
from tests.unit.compare.traces import call, chat, refund, result, says, system, tool, trace, user

EXACT = POLICIES["exact"]


def places(drifts: tuple[Drift, ...]) -> list[tuple[str, str, int, str, tuple[str, ...]]]:
    """Kind, conversation, turn, path and where it shows again."""
    return [(one.kind, one.conversation, one.turn, one.path, one.folded_at) for one in drifts]


def test_two_causes_are_two_drifts() -> None:
    """A later change is listed beside an earlier one, and what shows both again is counted for both."""
    drifts = compare(trace(refund()), trace(refund(prompt="Be rude.", amount=30)), EXACT)
    assert places(drifts) == [
        ("prompt", "main", 1, "messages[0].content", ("main turn 2", "main turn 3", "main turn 4")),
        ("tool_call", "main", 2, "output.tool_calls[0].arguments.amount", ("main turn 3", "main turn 4")),
    ]
    assert [drift.first for drift in drifts] == [True, False]


def test_a_parameter_that_differs_in_every_turn_is_one_drift() -> None:
    """Model, parameters and tools are sent with every turn, and their change is told once."""
    golden = trace(refund(params={"temperature": 0}, tools=(tool("refund"),)))
    observed = trace(refund(params={"temperature": 1}, tools=(tool("refund", amount="number"),)))
    later = ("main turn 2", "main turn 3", "main turn 4")
    assert places(compare(golden, observed, EXACT)) == [
        ("params", "main", 1, "params.temperature", later),
        ("tools", "main", 1, "tools.refund.parameters.properties.amount", later),
    ]


def test_a_parameter_that_changes_again_is_a_second_drift() -> None:
    """Another value in a later turn is another cause."""
    turns = [([user("a")], says("A")), ([user("b")], says("B")), ([user("c")], says("C"))]
    golden = trace(chat(*turns, params={"temperature": 0}))
    observed = chat(*turns, params={"temperature": 1})
    observed[2] = replace(observed[2], params={"temperature": 2})
    assert places(compare(golden, trace(observed), EXACT)) == [
        ("params", "main", 1, "params.temperature", ("main turn 2",)),
        ("params", "main", 3, "params.temperature", ()),
    ]


def test_agents_that_share_a_prompt_share_its_drift() -> None:
    """The same change in several conversations is one drift that says where else it is."""

    def agents(prompt: str) -> list[list[LLMCall]]:
        return [[call(system(prompt), user(f"task {name}"), out=says(name), agent=name)] for name in ("a", "b", "c")]

    drifts = compare(trace(*agents("Be kind.")), trace(*agents("Be rude.")[::-1]), EXACT)
    assert places(drifts) == [("prompt", "a", 1, "messages[0].content", ("b turn 1", "c turn 1"))]


def test_agents_with_prompts_of_their_own_have_drifts_of_their_own() -> None:
    """Two agents whose prompts change in different ways are two causes."""

    def agents(*prompts: str) -> Trace:
        return trace([call(system(prompt), user("task"), out=says("A"), agent=prompt[0]) for prompt in prompts])

    drifts = compare(agents("a old", "b old"), agents("a new", "b new"), EXACT)
    assert places(drifts) == [
        ("prompt", "a", 1, "messages[0].content", ()),
        ("prompt", "b", 1, "messages[0].content", ()),
    ]


def test_a_prompt_written_anew_for_every_turn_is_one_drift() -> None:
    """The same words changed in a prompt that differs from turn to turn is one drift; other words are a second."""

    def talk(*words: str) -> Trace:
        return trace(
            [
                call(system(f"Turn {at}: be {word}, please."), user(f"q{at}"), out=says(f"a{at}"), session="s")
                for at, word in enumerate(words)
            ]
        )

    drifts = compare(talk("kind", "kind", "kind", "kind"), talk("rude", "rude", "brief", "rude"), EXACT)
    assert places(drifts) == [
        ("prompt", "s", 1, "messages[0].content", ("s turn 2", "s turn 4")),
        ("prompt", "s", 3, "messages[0].content", ()),
    ]


def test_an_answer_that_is_repeated_without_its_reasoning_is_recognised() -> None:
    """Applications drop parts of an answer when they repeat it; a changed answer is still one drift."""

    def talk(answer: str) -> Trace:
        first = call(user("a"), out=says(answer, reasoning="hm"))
        return trace(first, call(user("a"), says(answer), user("b"), out=says("B")))

    assert places(compare(talk("yes"), talk("no"), EXACT)) == [
        ("output", "main", 1, "output.content", ("main turn 2",))
    ]


def test_an_answer_that_is_repeated_wrongly_is_a_second_drift() -> None:
    """A history that repeats something else than the changed answer is another difference."""
    golden = trace(chat(([user("a")], says("yes")), ([user("b")], says("B"))))
    observed = trace(call(user("a"), out=says("no")), call(user("a"), says("maybe"), user("b"), out=says("B")))
    assert [(one.kind, one.path, one.observed) for one in compare(golden, observed, EXACT)] == [
        ("output", "output.content", "no"),
        ("output", "messages[1].content", "maybe"),
    ]


def test_the_same_change_twice_in_one_turn_is_two_drifts() -> None:
    """Two messages of one turn that change in the same way are two places to look at."""
    golden = trace(call(user("a"), user("a"), out=says("A")))
    observed = trace(call(user("b"), user("b"), out=says("A")))
    assert places(compare(golden, observed, EXACT)) == [
        ("user", "main", 1, "messages[0].content", ()),
        ("user", "main", 1, "messages[1].content", ()),
    ]


def test_results_of_different_tools_are_different_causes() -> None:
    """The same old and new value from two tools are two drifts."""

    def talk(status: str) -> Trace:
        from tests.unit.compare.traces import asks

        return trace(
            chat(
                ([user("a")], asks(("f", {}))),
                ([result({"status": status})], asks(("g", {}))),
                ([result({"status": status})], says("done")),
            )
        )

    assert places(compare(talk("ok"), talk("bad"), EXACT)) == [
        ("tool_result", "main", 2, "messages[2].content.status", ("main turn 3",)),
        ("tool_result", "main", 3, "messages[4].content.status", ()),
    ]


def test_a_changed_turn_next_to_an_added_one() -> None:
    """A change beside a call that was added is not hidden by it."""
    golden = trace(chat(([user("a")], says("A")), ([user("b")], says("B")), ([user("c")], says("C"))))
    observed = trace(
        chat(([user("a")], says("A")), ([user("x")], says("X")), ([user("b")], says("B")), ([user("c!")], says("C")))
    )
    assert places(compare(golden, observed, EXACT)) == [
        ("call_added", "main", 2, "call", ("main turn 2", "main turn 3")),
        ("user", "main", 3, "messages[4].content", ()),
    ]


def test_a_turn_that_says_what_a_missing_one_said_is_compared() -> None:
    """A message is taken for an echo of a missing call only where that call stood."""
    golden = trace(chat(([user("go")], says("A")), ([user("yes")], says("B")), ([user("yes")], says("C"))))
    observed = trace(chat(([user("go")], says("A")), ([user("no")], says("C"))))
    drifts = compare(golden, observed, EXACT)
    assert {one.kind for one in drifts} == {"call_missing", "user"}


def test_a_prompt_that_went_with_a_missing_call_is_a_drift() -> None:
    """A system message is never explained by a call that was not made."""
    golden = trace(chat(([system("s"), user("a")], says("A")), ([user("b")], says("B"))))
    drifts = compare(golden, trace(call(user("b"), out=says("B"))), EXACT)
    assert [(one.kind, one.turn) for one in drifts] == [("call_missing", 1), ("prompt", 2)]


def test_only_so_many_places_are_named() -> None:
    """Every later turn is counted, the first hundred are named."""
    turns = [([user(f"q{at}")], says(f"a{at}")) for at in range(130)]
    golden = trace(chat(([system("old"), *turns[0][0]], turns[0][1]), *turns[1:]))
    observed = trace(chat(([system("new"), *turns[0][0]], turns[0][1]), *turns[1:]))
    (drift,) = compare(golden, observed, EXACT)
    assert (drift.folded, len(drift.folded_at), drift.folded_at[-1]) == (129, 100, "main turn 101")


@dataclass(frozen=True)
class Edit:
    """A change of one turn, and the drift that it must be."""

    turn: int
    what: str

    @property
    def expected(self) -> tuple[str, int, Any]:
        """Kind, turn and new value."""
        kind = {"out": "output", "user": "user", "model": "model", "temperature": "params", "result": "tool_result"}
        return (kind[self.what], self.turn + 1, f"{self.what} {self.turn}")


edits = st.builds(Edit, st.integers(0, 5), st.sampled_from(["out", "user", "model", "temperature"]))


def conversation(agent: str, made: frozenset[Edit]) -> list[LLMCall]:
    """Six turns with these edits; each value is used once."""

    def value(turn: int, what: str, default: str) -> str:
        return f"{what} {turn}" if Edit(turn, what) in made else default

    turns = [([user(value(at, "user", f"question {at}"))], says(value(at, "out", f"answer {at}"))) for at in range(6)]
    calls = chat(([system("s"), *turns[0][0]], turns[0][1]), *turns[1:], agent=agent)
    return [
        replace(one, model=value(at, "model", "m"), params={"temperature": value(at, "temperature", "0")})
        for at, one in enumerate(calls)
    ]


@given(first=st.frozensets(edits, max_size=4), second=st.frozensets(edits, max_size=4))
def test_folding_never_hides_a_second_cause(first: frozenset[Edit], second: frozenset[Edit]) -> None:
    """However many edits are made in two conversations, exactly those are listed, and one of them is the first."""
    golden = trace(conversation("a", frozenset()), conversation("b", frozenset()))
    observed = trace(conversation("a", first), conversation("b", second))
    drifts = compare(golden, observed, EXACT)
    expected = {(edit.expected, "a") for edit in first} | {(edit.expected, "b") for edit in second - first}
    assert {((one.kind, one.turn, one.observed), one.conversation) for one in drifts} == expected
    assert [one.first for one in drifts] == [True, *[False] * (len(expected) - 1)][: len(expected)]


@given(first=st.frozensets(edits, max_size=3), second=st.frozensets(edits, max_size=3), turns=st.permutations("ab" * 6))
def test_the_order_of_parallel_conversations_changes_no_drift(
    first: frozenset[Edit], second: frozenset[Edit], turns: list[str]
) -> None:
    """However two conversations interleave, the drift is the same."""
    golden = trace(conversation("a", frozenset()), conversation("b", frozenset()))
    one, other = conversation("a", first), conversation("b", second)
    waiting = {"a": iter(one), "b": iter(other)}
    mixed = [next(waiting[name]) for name in turns]
    assert compare(golden, trace(mixed), EXACT) == compare(golden, trace(one, other), EXACT)


@given(made=st.frozensets(edits, min_size=1, max_size=4))
def test_differences_mirror(made: frozenset[Edit]) -> None:
    """With the sides exchanged, the same places differ, old and new exchanged."""
    golden, observed = trace(conversation("a", frozenset())), trace(conversation("a", made))
    there = compare(golden, observed, EXACT)
    back = compare(observed, golden, EXACT)
    assert [replace(one, golden=one.observed, observed=one.golden) for one in back] == list(there)


def test_a_context_that_is_cut_otherwise_is_one_drift() -> None:
    """A window that keeps fewer messages is told on the turn that first shows it; later turns follow from it."""

    def windowed(size: int) -> Trace:
        said, calls = [], []
        for number in range(1, 7):
            said.append(user(f"question {number}"))
            calls.append(call(system("s"), *said[-size:], out=says(f"answer {number}")))
            said.append(says(f"answer {number}"))
        return trace(calls)

    assert compare(windowed(5), windowed(5), EXACT) == ()
    (drift,) = compare(windowed(5), windowed(3), EXACT)
    assert (drift.kind, drift.turn, drift.path, drift.golden, drift.observed) == (
        "user",
        3,
        "messages[1]",
        "question 1",
        None,
    )
    assert {f"main turn {turn}" for turn in (4, 5, 6)} <= set(drift.folded_at)


def test_turns_that_moved_together_blame_only_themselves() -> None:
    """Wherever a block of turns goes, it is one drift."""

    def told(order: list[int]) -> Trace:
        return trace(chat(*(([user(f"q{at}")], says(f"a{at}")) for at in order)))

    for size, start, to in itertools.product((1, 2), range(5), range(5)):
        order = list(range(6))
        block = order[start : start + size]
        del order[start : start + size]
        order[to:to] = block
        drifts = compare(told(list(range(6))), told(order), EXACT)
        assert [one.kind for one in drifts] == (["order"] if order != list(range(6)) else []), order


def test_a_small_edit_is_known_by_the_words_around_it() -> None:
    """A 1 that became a 2 in another prompt, of another thing, is another cause; in the same words it is the same."""

    def told(first: str, second: str) -> Trace:
        return trace(chat(([system(first), user("a")], says("A")), ([system(second), user("b")], says("B"))))

    drifts = compare(told("Use 1 tool.", "Level 1 now."), told("Use 2 tool.", "Level 2 now."), EXACT)
    assert [(one.path, one.folded) for one in drifts] == [("messages[0].content", 1), ("messages[3].content", 0)]
    drifts = compare(
        told("It is 9:00. Use 1 tool.", "10:00. Use 1 tool. Go."),
        told("It is 9:00. Use 2 tool.", "10:00. Use 2 tool. Go."),
        EXACT,
    )
    assert [(one.path, one.folded) for one in drifts] == [("messages[0].content", 1)]


def test_what_else_changed_beside_turns_that_moved() -> None:
    """A turn that moved does not bring the messages of the turns around it along, where the first answer changed."""

    def told(order: str, first: str = "A") -> Trace:
        return trace(chat(*(([user(one)], says(first if one == "a" else one.upper())) for one in order)))

    drifts = compare(told("abcd"), told("adbc", first="B!"), EXACT)
    assert [(one.kind, one.turn) for one in drifts] == [("output", 1), ("order", 4)]
