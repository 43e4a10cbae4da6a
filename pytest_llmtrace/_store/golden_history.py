"""What each turn brought, in place of the history that it sent, and the histories back.

A turn begins with all that its conversation held, the last answer included, and lists what it added. Where an
application did something else with its history, the list begins with what it kept:

``keep: 0-3``
    messages of the history before this turn, by position; ``keep: none``: it started afresh.
``answer without: [reasoning]``
    all messages, and the last answer without some of its fields.
``again: 1.2.0-3``, ``system again: 1.1.0``
    messages that stand elsewhere: conversation, turn, position in the history after that turn.

So a message stands in the file once, and a file grows with what is new, whatever an application does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final

from pytest_llmtrace._model.bounds import MOST_REFERENCES
from pytest_llmtrace._model.canonical import Json, canonical_json
from pytest_llmtrace._model.conversations import Turn, history
from pytest_llmtrace._model.messages import Message, MessageTable
from pytest_llmtrace._model.prefixes import History, common_prefix
from pytest_llmtrace._model.trace import LLMCall
from pytest_llmtrace._store.faults import Fault
from pytest_llmtrace._store.golden_messages import read_sent, sent_data
from pytest_llmtrace._store.golden_places import Places
from pytest_llmtrace._store.yaml_reader import Document

Place = tuple[int, int, int]
"""Conversation and turn, from 1, and position in the history after that turn."""


class HistoryWriter:
    """Turns histories into what is new in them. Takes the turns in file order."""

    def __init__(self) -> None:
        self._histories: dict[tuple[int, int], tuple[Message, ...]] = {}
        self._last: dict[int, Turn] = {}
        """For each conversation the turn taken last."""
        self._places: dict[int, Places] = {}
        """For each conversation where messages stand in its history after that turn."""
        self._home: dict[str, int] = {}
        """For each message the conversation that had it last."""
        self._first: dict[str, Place] = {}
        """For each message where it stood first."""
        self._sizes: dict[str, int] = {}
        self._seen: set[str] = set()
        """The messages of all histories so far."""
        self._unplaced: list[tuple[int, Turn]] = []
        """Turns whose messages have no place so far: nearly always nobody asks for one."""

    def sent(self, conversation: int, turn: Turn) -> list[dict[str, Any]]:
        """The `in` list of a turn; conversations and turns count from 1."""
        messages, start = turn.call.messages, turn.kept
        last = self._last.get(conversation)
        entries: list[dict[str, Any]] = []
        explicit = False
        if last is not None and start < len(history(last.call)):
            left_out = _left_out(last.call, messages, start)
            explicit = not left_out
            entries.append({"keep": _span(0, start)} if explicit else {"answer without": left_out})
            start += len(left_out) > 0
        while start < len(messages):
            place, count = self._place(conversation, messages, start)
            if count and explicit and place[:2] == (conversation, turn.number - 1):
                entries.append({"keep": _span(place[2], count)})
            elif count and self._is_worth_a_reference(messages[start : start + count]):
                entries.append(_again(place, messages[start : start + count]))
            else:
                count = 1
                entries.append(sent_data(messages[start]))
            start += count
        self._remember(conversation, turn)
        return entries

    def _place(self, conversation: int, messages: Sequence[Message], start: int) -> tuple[Place, int]:
        """Where the messages from `start` on stand already, and how many of them; a count of 0: nowhere."""
        digest = messages[start].digest
        if digest not in self._seen:
            return (0, 0, 0), 0
        for one in self._unplaced:
            self._give_places(*one)
        self._unplaced.clear()
        place = self._first[digest]
        for home in (conversation, self._home[digest]):
            position = self._places[home].last(digest) if home in self._places else None
            if position is not None:
                place = (home, self._last[home].number, position)
                break
        return place, common_prefix(self._histories[place[:2]][place[2] :], messages[start:])

    def _remember(self, conversation: int, turn: Turn) -> None:
        self._last[conversation] = turn
        self._unplaced.append((conversation, turn))
        self._seen.update([one.digest for one in turn.added])
        if turn.call.output is not None:
            self._seen.add(turn.call.output.digest)

    def _give_places(self, conversation: int, turn: Turn) -> None:
        self._histories[conversation, turn.number] = history(turn.call)
        places = self._places.setdefault(conversation, Places())
        for position, digest in places.go_to(turn.call.messages, turn.call.output):
            self._home[digest] = conversation
            self._first.setdefault(digest, (conversation, turn.number, position))

    def _is_worth_a_reference(self, messages: Sequence[Message]) -> bool:
        return any(size >= _WORTH_A_REFERENCE for size in accumulate(map(self._size, messages)))

    def _size(self, message: Message) -> int:
        size = self._sizes.get(message.digest)
        if size is None:
            size = self._sizes[message.digest] = len(canonical_json(dict(message)))
        return size


class HistoryReader:
    """Turns `in` lists into histories. Takes the turns in file order."""

    def __init__(self, document: Document) -> None:
        """Args: document: the file, which knows the lines of its parts."""
        self._document = document
        self._table = MessageTable()
        self._turns: dict[tuple[int, int], tuple[tuple[Message, ...], Message | None]] = {}
        self._references = 0

    def sent(self, conversation: int, turn: int, entries: Json) -> tuple[Message, ...]:
        """The whole history that a turn sent; conversations and turns count from 1.

        Raises:
            Fault: the list cannot be understood, or points to what is not there.
        """
        if not isinstance(entries, list):
            raise Fault(f"`in` must be a list, not {entries!r}")
        before, answer = self._turns.get((conversation, turn - 1), ((), None))
        anew = bool(entries) and _is_keep(entries[0])
        kept = 0 if anew else len(before)
        made = [] if anew or answer is None else [answer]
        for position, entry in enumerate(entries):
            try:
                if position == 0 and isinstance(entry, dict) and list(entry) == ["answer without"]:
                    made = [self._answer_without(conversation, turn - 1, entry["answer without"])]
                else:
                    made.extend(self._entry(entry, conversation, turn - 1))
            except Fault as fault:
                raise Fault(fault.what, fault.line or self._document.line(entry)) from None
            if self._references + kept + len(made) > MOST_REFERENCES:
                raise Fault("its histories are too long")
        self._references += kept + len(made)
        return History.after(before, kept, made)

    def _entry(self, entry: Json, conversation: int, before: int) -> tuple[Message, ...]:
        """The messages that one entry of the list stands for; `before`: the number of the turn before its own."""
        if not isinstance(entry, dict) or len(entry) != 1:
            raise Fault(f"a message must be a mapping with one key, its role, not {entry!r:.100}")
        ((name, value),) = entry.items()
        if name == "keep":
            return _part(self._after(conversation, before), value)
        if name == "again" or name.endswith(" again"):
            return self._elsewhere(value)
        return (self._table.intern(read_sent(name, value)),)

    def answered(
        self, conversation: int, turn: int, sent: tuple[Message, ...], answer: Message | None
    ) -> Message | None:
        """Note a turn with its answer, for those that come after it; returns the answer, the one object for equals."""
        answer = self._table.intern(answer) if answer is not None else None
        self._turns[conversation, turn] = sent, answer
        return answer

    def _after(self, conversation: int, turn: int) -> tuple[Message, ...]:
        """The history after a turn; empty before the first one."""
        sent, answer = self._turns.get((conversation, turn), ((), None))
        return sent if answer is None else (*sent, answer)

    def _answer_without(self, conversation: int, turn: int, names: Json) -> Message:
        answer = self._turns.get((conversation, turn), ((), None))[1]
        if answer is None or not isinstance(names, list):
            raise Fault(f"`answer without: {names}` needs an answer before it, and a list of fields")
        return self._table.intern(Message({name: value for name, value in answer.items() if name not in names}))

    def _elsewhere(self, value: Json) -> tuple[Message, ...]:
        found = _PLACE.fullmatch(value) if isinstance(value, str) else None
        if found is None or (int(found[1]), int(found[2])) not in self._turns:
            raise Fault(f"`again: {value}` must name a turn above, like `1.2.0-3` (conversation, turn, messages)")
        return _part(self._after(int(found[1]), int(found[2])), found[3])


def _left_out(last: LLMCall, messages: Sequence[Message], start: int) -> list[str]:
    """Which fields of the last answer are missing where a history repeats it; empty where it does not repeat it so."""
    answer = last.output
    if answer is None or start != len(last.messages) or start >= len(messages):
        return []
    echo = messages[start]
    names = [name for name in answer if name not in echo]
    kept = Message({name: value for name, value in answer.items() if name in echo})
    return names if kept and kept.digest == echo.digest else []


def _span(start: int, count: int) -> int | str:
    if count == 0:
        return "none"
    return start if count == 1 else f"{start}-{start + count - 1}"


def _again(place: Place, messages: Sequence[Message]) -> dict[str, Any]:
    role = f"{messages[0]['role']} " if len(messages) == 1 else ""
    conversation, turn, position = place
    return {f"{role}again": f"{conversation}.{turn}.{_span(position, len(messages))}"}


def _is_keep(entry: Json) -> bool:
    return isinstance(entry, dict) and list(entry) == ["keep"]


def _part(whole: tuple[Message, ...], span: Json) -> tuple[Message, ...]:
    """The messages of a span: ``3``, ``0-3`` or ``none``."""
    if span == "none":
        return ()
    found = _SPAN.fullmatch(str(span))
    if found is None:
        raise Fault(f"`{span}` must be positions of messages, like `3` or `0-3`")
    start = int(found[1])
    end = int(found[2] or start)
    if not start <= end < len(whole):
        raise Fault(f"there are no messages {span}: that history has {len(whole)}, counted from 0")
    return whole[start : end + 1]


_WORTH_A_REFERENCE: Final = 200
"""Characters from which a repeated message is pointed to, not written again: a short one is easier to read."""
_SPAN: Final = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)
_PLACE: Final = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9}(?:-[0-9]{1,9})?)", re.ASCII)
