"""A stretch of two histories that is not equal, taken apart into differences of messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pytest_llmtrace._compare.calls.answered import answered
from pytest_llmtrace._compare.calls.fingerprints import TurnPrint
from pytest_llmtrace._compare.calls.history import Hunk
from pytest_llmtrace._compare.calls.lens import Data, Lens
from pytest_llmtrace._compare.calls.messages import kind_of_role, message_changes, whole_message
from pytest_llmtrace._compare.differences.align import align, gaps
from pytest_llmtrace._compare.differences.changes import Change, Side, tool_key
from pytest_llmtrace._model.messages import Message

Positions = Sequence[int]
"""Positions in the full history of a call."""


class Hunks:
    """Compares stretches of histories through one lens; each pair of messages is compared once."""

    def __init__(self, lens: Lens) -> None:
        self._lens = lens
        self._known: dict[tuple[str, str, str], list[Change]] = {}

    def changes(
        self, golden: TurnPrint, observed: TurnPrint, here: Positions, there: Positions
    ) -> Iterator[list[Change]]:
        """What differs between golden messages and the observed ones in their place.

        Messages of one role (results: of one tool) are compared with each other, in order. Of messages that are on one
        side only and of one kind, one right after the other, all make one difference: the first of the list.
        """
        said, heard = golden.call.messages, observed.call.messages
        speakers = [_speaker(said, one) for one in here]
        pairs = align(speakers, [_speaker(heard, other) for other in there])
        ends = [*pairs, None]
        whole = (0, len(here), 0, len(there))
        for gap, pair in zip(gaps(pairs, whole), ends, strict=True):
            yield from self._one_sided(said, here[gap[0] : gap[1]], "golden")
            yield from self._one_sided(heard, there[gap[2] : gap[3]], "observed")
            if pair is not None:
                one, other = here[pair[0]], there[pair[1]]
                about = speakers[pair[0]], golden.keys[one], observed.keys[other]
                known = self._known.get(about)
                if known is None:
                    known = self._known[about] = self._compared(said, heard, one, other)
                for change in known:
                    yield [change.under(f"messages[{one}]")]

    def in_place(self, golden: TurnPrint, observed: TurnPrint, hunk: Hunk[Any]) -> bool:
        """Whether each message of a stretch has one of the same speaker in its place."""
        here, there = range(*hunk.golden), range(*hunk.observed)
        said, heard = golden.call.messages, observed.call.messages
        return len(here) == len(there) and all(
            _speaker(said, one) == _speaker(heard, other) for one, other in zip(here, there, strict=True)
        )

    def _compared(self, golden: Sequence[Message], observed: Sequence[Message], one: int, other: int) -> list[Change]:
        tool, here, there = (
            self._tool(golden, one),
            self._lens.message(golden[one]),
            self._lens.message(observed[other]),
        )
        found = message_changes(here, there, self._lens.tools, tool=tool["name"] if tool else "")
        if not found:  # what differs is which call they answer
            role, answers = str(golden[one]["role"]), (self._answered(golden, one), self._answered(observed, other))
            path = "tool_call_id" if answers[0] != answers[1] else ""
            values = answers if path else (here, there)
            kind = kind_of_role(role)
            found = [Change(kind=kind, path=path, golden=values[0], observed=values[1], role=role, place="link")]
        return [_about(change, tool) for change in found]

    def _one_sided(self, messages: Sequence[Message], positions: Positions, side: Side) -> Iterator[list[Change]]:
        groups: dict[str, list[Change]] = {}
        for position in positions:
            tool = self._tool(messages, position)
            change = whole_message(self._lens.message(messages[position]), side, tool=tool["name"] if tool else "")
            change = _about(change, tool).under(f"messages[{position}]")
            groups.setdefault(change.kind, []).append(change)
        yield from groups.values()

    def _tool(self, messages: Sequence[Message], position: int) -> Data | None:
        """The tool call that a message is the result of, as the lens shows it."""
        found = answered(messages, position)
        if found is None:
            return None
        asked: list[Data] = self._lens.message(Message({"role": "assistant", "tool_calls": [found.call]}))["tool_calls"]
        return asked[0]

    def _answered(self, messages: Sequence[Message], position: int) -> Data | None:
        """The tool call that a message is the result of, told apart from equal ones."""
        found, tool = answered(messages, position), self._tool(messages, position)
        return {**tool, "tool_call": found.place, "messages_back": found.back} if found and tool else None


def moved_messages(
    golden: TurnPrint, observed: TurnPrint, stretches: list[tuple[list[int], list[int]]]
) -> dict[int, int]:
    """Messages that are at another position in the observed history: golden to observed position."""
    waiting: dict[str, deque[int]] = {}
    for _, there in stretches:
        for position in there:
            waiting.setdefault(observed.keys[position], deque()).append(position)
    found = {
        position: waiting[golden.keys[position]].popleft()
        for here, _ in stretches
        for position in here
        if waiting.get(golden.keys[position])
    }
    return {here: there for here, there in found.items() if here != there}


def _speaker(messages: Sequence[Message], position: int) -> str:
    """Who says a message: its role, and of a result the name of the tool."""
    found = answered(messages, position)
    function = found.call.get("function") if found else None
    return f"{messages[position]['role']} {function.get('name') if isinstance(function, dict) else ''}"


def _about(change: Change, tool: Data | None) -> Change:
    """The change as one that is about a tool call: executions of that call follow from it."""
    return replace(change, tools=(tool_key(tool["name"], tool.get("arguments")),)) if tool is not None else change
