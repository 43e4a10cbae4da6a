from __future__ import annotations

from pytest_llmtrace._model.conversations import Conversation, conversations
from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._report.document.payload import finding_data
from pytest_llmtrace._report.topics.sides import rows_of, sides_of
from tests.unit.report.builders import chat, verdict


def named(golden: list, observed: list, *drifting: str) -> list[tuple[str | None, str | None, list[str]]]:
    """The labels of each pair, and the names under which a drift may speak of it."""
    sides = sides_of(verdict(golden=golden, observed=observed), drifting)
    return [(label(one.golden), label(one.observed), sorted(one.labels)) for one in sides]


def label(conversation: Conversation | None) -> str | None:
    """A conversation's label, if there is one."""
    return conversation.label if conversation else None


def one(system: str) -> list:
    """A conversation that the application did not name."""
    return chat(1, system=system, agent=None)


def test_by_name():
    """Conversations with a name are paired by it, whatever their order; the others stand alone."""
    golden = [*chat(1, agent="lead"), *chat(1, agent="writer")]
    observed = [*chat(1, agent="critic"), *chat(2, agent="lead")]

    assert named(golden, observed) == [
        ("lead", "lead", ["lead"]),
        ("writer", None, ["writer"]),
        (None, "critic", ["critic"]),
    ]


def test_by_opening():
    """Conversations without a name are paired by how they begin, and one label means one conversation."""
    golden = [*one("a"), *one("b")]
    observed = [*one("b"), *one("a"), *one("c")]

    assert conversations(golden)[0].label == "conversation 1"
    assert named(golden, observed) == [
        ("conversation 1", "conversation 2", ["conversation 1"]),
        ("conversation 2", "conversation 1", ["conversation 2"]),
        (None, "conversation 3", ["conversation 3"]),
    ]


def test_by_order():
    """What begins differently is paired in order; both labels then mean it."""
    assert named(one("a"), [*one("x"), *one("y")]) == [
        ("main", "conversation 1", ["conversation 1", "main"]),
        (None, "conversation 2", ["conversation 2"]),
    ]


def test_a_conversation_that_fell_apart():
    """A conversation that looks like two because its history was rewritten is one, unless a drift says otherwise."""
    found = verdict(golden=chat(3, agent=None), observed=[*one("x"), *one("y"), *one("z")])

    joined = sides_of(found, ["main"])
    apart = sides_of(found, ["main", "conversation 3"])

    assert [(len(sides.golden_turns), len(sides.observed_turns)) for sides in joined] == [(3, 3)]
    assert [(len(sides.golden_turns), len(sides.observed_turns)) for sides in apart] == [(3, 2), (0, 1)]


def test_labels_that_no_trace_knows():
    """A label that only a drift names is there once."""
    assert named([], [], "lead", "lead", "writer") == [(None, None, ["lead"]), (None, None, ["writer"])]


def rows(golden: int, observed: int, *drifts: Drift, folded: set[int] = frozenset(), stopped: bool = False) -> list:
    """The rows of one conversation, as pairs of status and turns."""
    found = verdict(*drifts, golden=chat(golden), observed=chat(observed))
    (sides,) = sides_of(found, ["lead"])
    data = [finding_data(drift) for drift in drifts]
    return [(row.status, row.turns) for row in rows_of(sides, data, set(folded), stopped=stopped)]


def drift(kind: str, turn: int) -> Drift:
    """A drift of the conversation `lead`."""
    return Drift(kind=kind, conversation="lead", turn=turn, path="")


def test_rows_draw_runs_together():
    """Quiet turns next to each other are one row; folded ones have none."""
    assert rows(8, 8, drift("user", 3), folded={4, 6}) == [
        ("ok", (1, 2)),
        ("drift", (3,)),
        ("ok", (5,)),
        ("ok", (7, 8)),
    ]


def test_rows_of_added_and_missing_calls():
    """An added call stands before the golden turn in whose place it came."""
    assert rows(3, 3, drift("call_added", 2), drift("call_missing", 3)) == [
        ("ok", (1,)),
        ("added", (2,)),
        ("ok", (2,)),
        ("missing", (3,)),
    ]


def test_rows_not_reached():
    """In a test that a miss stopped, turns after the last one made were not reached; an added call is none of them."""
    assert rows(5, 2, drift("user", 2), stopped=True) == [("ok", (1,)), ("drift", (2,)), ("not reached", (3, 4, 5))]
    assert rows(3, 2, drift("call_added", 2), stopped=True) == [
        ("ok", (1,)),
        ("added", (2,)),
        ("not reached", (2, 3)),
    ]


def test_rows_outside_the_golden_trace():
    """A drift of a turn that is not in the golden trace has a row too."""
    assert rows(1, 1, drift("event", 4)) == [("ok", (1,)), ("drift", (4,))]
