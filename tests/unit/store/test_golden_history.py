"""What a turn adds to its history, in a file: each message once, whatever an application does with its history."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pytest_llmtrace._model.messages import Message, MessageTable, message
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._store import formats
from pytest_llmtrace._store.golden_file import Golden, dump_golden, load_golden
from pytest_llmtrace._store.yaml_reader import read_yaml
from pytest_llmtrace.errors import BrokenCassetteError

LONG = "a long text that nobody wants to read twice " * 6


def said(role: str, content: str, **others: Any) -> Message:
    """A message."""
    return message({"role": role, "content": content, **others})


def call(*messages: Message, output: Message | None = None, session: str | None = "s") -> LLMCall:
    """An LLM call."""
    return LLMCall(
        session=session, model="m", messages=messages, output=output, finish_reason="stop" if output else None
    )


def inputs(*calls: LLMCall) -> list[list[Any]]:
    """The `in` lists of all turns in file order, after a check that the histories can be read back."""
    golden = Golden(test="t", trace=Trace(owner="t", entries=calls), totals=Totals())
    text = dump_golden(golden)
    back = load_golden(text, Path("t.trace.yaml"))
    assert [one.messages for one in back.trace.calls] == [one.messages for one in calls]
    data: Any = read_yaml(text).data
    return [turn.get("in", []) for conversation in data["conversations"] for turn in conversation["turns"]]


S, U1, U2, U3 = said("system", LONG), said("user", "one"), said("user", "two"), said("user", "three")
A1, A2 = said("assistant", "first"), said("assistant", "second")
THOUGHT = said("assistant", "first", reasoning="hm")


def test_a_growing_history_is_written_once() -> None:
    """A turn that continues the history lists what is new."""
    assert inputs(call(S, U1, output=A1), call(S, U1, A1, U2, output=A2)) == [
        [{"system": LONG}, {"user": "one"}],
        [{"user": "two"}],
    ]


def test_a_repeated_call_adds_nothing() -> None:
    """A call that sends the same once more, because the first one failed, has no input of its own."""
    assert inputs(call(S, U1), call(S, U1, output=A1)) == [[{"system": LONG}, {"user": "one"}], []]


def test_an_answer_without_some_fields() -> None:
    """An application that drops the reasoning from what it repeats costs one line."""
    assert inputs(call(U1, output=THOUGHT), call(U1, A1, U2)) == [
        [{"user": "one"}],
        [{"answer without": ["reasoning"]}, {"user": "two"}],
    ]


def test_a_new_system_prompt_keeps_the_rest() -> None:
    """A system prompt that changes every turn costs its own text, not the history again."""
    other = said("system", "Today is Tuesday.")
    assert inputs(call(S, U1, output=A1), call(other, U1, A1, U2)) == [
        [{"system": LONG}, {"user": "one"}],
        [{"keep": "none"}, {"system": "Today is Tuesday."}, {"keep": "1-2"}, {"user": "two"}],
    ]


def test_a_summary_in_the_middle() -> None:
    """A history whose middle was summarised names what it kept at both ends."""
    summary = said("user", "summary")
    assert inputs(call(S, U1, A1, U2, output=A2), call(S, summary, U2, A2, U3)) == [
        [{"system": LONG}, {"user": "one"}, {"assistant": "first"}, {"user": "two"}],
        [{"keep": 0}, {"user": "summary"}, {"keep": "3-4"}, {"user": "three"}],
    ]


def test_a_rewritten_context_is_marked() -> None:
    """The turn that rewrote its context says so; a file without the mark, or with another one, reads the same."""
    summary = said("user", "summary")
    calls = (call(S, U1, A1, U2, output=A2), call(S, summary, U2, A2, U3, output=A1), call(S, U3, A1, U1))
    text = dump_golden(Golden(test="t", trace=Trace(owner="t", entries=calls), totals=Totals()))
    data: Any = read_yaml(text).data
    assert [turn.get("context") for turn in data["conversations"][0]["turns"]] == [
        None,
        {"kind": "summarised", "dropped": 2, "new": 1},
        {"kind": "truncated", "dropped": 3},
    ]
    bare, marks = re.subn(r"context: .*\n    ", "", text)
    assert marks == 2
    for other in (bare, text.replace("dropped: 3", "dropped: 4")):
        read = load_golden(other, Path("t.trace.yaml"))
        assert read == load_golden(text, Path("t.trace.yaml"))
        assert dump_golden(read) == text


def test_a_dropped_answer() -> None:
    """An answer that the application did not repeat is seen to be missing."""
    assert inputs(call(U1, output=A1), call(U1, U2)) == [
        [{"user": "one"}],
        [{"keep": 0}, {"user": "two"}],
    ]


def test_a_message_that_moves_to_the_end() -> None:
    """A reminder that wanders along costs a reference each turn."""
    reminder = said("system", LONG + "!")
    assert inputs(call(S, U1, reminder, output=A1), call(S, U1, A1, U2, reminder)) == [
        [{"system": LONG}, {"user": "one"}, {"system": LONG + "!"}],
        [{"keep": "0-1"}, {"keep": 3}, {"user": "two"}, {"keep": 2}],
    ]


def test_another_conversation_with_the_same_prompt() -> None:
    """A long prompt that another conversation has too is pointed to; a short one is written again."""
    assert inputs(call(S, U1, output=A1, session="a"), call(S, U1, output=A1, session="b")) == [
        [{"system": LONG}, {"user": "one"}],
        [{"again": "1.1.0-1"}],
    ]
    assert inputs(call(U1, session="a"), call(U1, session="b"), call(S, U2, session="c"), call(S, U3, session="d")) == [
        [{"user": "one"}],
        [{"user": "one"}],
        [{"system": LONG}, {"user": "two"}],
        [{"system again": "3.1.0"}, {"user": "three"}],
    ]


def test_a_message_that_was_gone_comes_back() -> None:
    """A long message that the history had lost is pointed to where it stood first."""
    assert inputs(call(S, U1, output=A1), call(U1, A1, U2, output=A2), call(U1, A1, U2, A2, S)) == [
        [{"system": LONG}, {"user": "one"}],
        [{"keep": "none"}, {"keep": "1-2"}, {"user": "two"}],
        [{"system again": "1.1.0"}],
    ]


@pytest.mark.parametrize("kind", ["growing", "new system prompt", "sliding window", "wandering reminder"])
def test_files_grow_with_what_is_new(kind: str) -> None:
    """The file of a conversation twice as long is twice as large, whatever the application does with its history."""
    sizes = []
    for length in (40, 80):
        table = MessageTable()
        history: list[Message] = [S]
        calls = []
        for turn in range(length):
            history = [*history, said("user", f"question {turn} {LONG}")]
            if kind == "new system prompt":
                history[0] = said("system", f"It is {turn} o'clock.")
            elif kind == "sliding window":
                history = [history[0], *history[1:][-12:]]
            elif kind == "wandering reminder":
                reminder = said("system", "Remember! " + LONG)
                history = [*(one for one in history if one != reminder), reminder]
            answer = said("assistant", f"answer {turn}")
            calls.append(call(*map(table.intern, history), output=answer))
            history.append(answer)
        sizes.append(len(dump_golden(Golden(test="t", trace=Trace(owner="t", entries=tuple(calls)), totals=Totals()))))
    assert sizes[1] < sizes[0] * 2.1


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("keep: 5", "there are no messages 5: that history has 2, counted from 0"),
        ("keep: 1-0", "there are no messages 1-0"),
        ("keep: -1", "`-1` must be positions of messages, like `3` or `0-3`"),
        ("keep: [0]", r"must be positions of messages"),
        ("answer without: reasoning", "needs an answer before it, and a list of fields"),
        ("again: 1.2.0", "`again: 1.2.0` must name a turn above"),
        ("again: 1.1.0-2", "there are no messages 0-2: that history has 2, counted from 0"),
        ("system again: x", "`again: x` must name a turn above"),
    ],
)
def test_references_to_nothing_are_errors(entry: str, what: str) -> None:
    """A reference that leads nowhere, as after an edit by hand, is an error with its line."""
    text = dump_golden(
        Golden(test="t", trace=Trace(owner="t", entries=(call(U1, output=A1), call(U2))), totals=Totals())
    )
    assert "    - keep: none\n" in text
    with pytest.raises(BrokenCassetteError, match=r"^t\.trace\.yaml, line 12: ") as raised:
        load_golden(text.replace("keep: none", entry), Path("t.trace.yaml"))
    assert what in str(raised.value)


def test_the_example_of_the_reference_reads_as_it_says_and_would_be_written_so() -> None:
    """docs/reference/golden-trace.md: its example is a golden trace, and its table has every key there is."""
    page = (Path(__file__).parents[3] / "docs/reference/golden-trace.md").read_text("utf-8")
    example, _, tables = page.partition("```yaml\n")[2].partition("```")
    golden = load_golden(example, Path("test_desk.trace.yaml"))
    sent = [[f"{message['role']}: {message.text}"[:28] for message in call.messages] for call in golden.trace.calls]
    opening = ["system: Be brief.", "user: Where is order 1?"]
    assert sent == [
        opening,
        [*opening, "assistant: ", "tool: late"],
        ["system: Be brief.", "user: So far: order 1 is lat"],
        ["user: Name this conversation"],
    ]
    assert dump_golden(golden) == example
    obvious = {*formats.ERROR_KEYS, "llmtrace", "test", "conversations", "turns", "parent", "task", "turn", "in"}
    named = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]+)`", tables))))
    assert {*formats.GOLDEN_KEYS, *formats.CONVERSATION_KEYS, *formats.TURN_KEYS} - obvious <= named
