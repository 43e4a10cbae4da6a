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
from typing import Any, Final

from pytest_llmtrace._model.canonical import Json, canonical_json
from pytest_llmtrace._model.conversations import Turn, history
from pytest_llmtrace._model.messages import Message, MessageTable
from pytest_llmtrace._store.faults import Fault
from pytest_llmtrace._store.golden_messages import read_sent, sent_data

MOST_REFERENCES: Final = 20_000_000
"""Messages that all histories of a file may hold in sum: above what any test sends, below what harms a machine."""

Place = tuple[int, int, int]
"""Conversation and turn, from 1, and position in the history after that turn."""


class HistoryWriter:
    """Turns histories into what is new in them. Takes the turns in file order."""

    def __init__(self) -> None:
        self._histories: dict[tuple[int, int], tuple[Message, ...]] = {}
        self._last: dict[int, Turn] = {}
        """For each conversation the turn taken last."""
        self._positions: dict[int, dict[str, int]] = {}
        """For each conversation the positions of messages in its history after that turn."""
        self._home: dict[str, int] = {}
        """For each message the conversation that had it last."""
        self._first: dict[str, Place] = {}
        """For each message where it stood first."""
        self._sizes: dict[str, int] = {}

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
            elif sum(self._size(message) for message in messages[start : start + count]) >= _WORTH_A_REFERENCE:
                entries.append(_again(place, messages[start : start + count]))
            else:
                count = 1
                entries.append(sent_data(messages[start]))
            start += count
        self._remember(conversation, turn, history(last.call) if last is not None else ())
        return entries

    def _place(self, conversation: int, messages: Sequence[Message], start: int) -> tuple[Place, int]:
        """Where the messages from `start` on stand already, and how many of them; a count of 0: nowhere."""
        digest = messages[start].digest
        place = self._first.get(digest)
        if place is None:
            return (0, 0, 0), 0
        for home in (conversation, self._home[digest]):
            position = self._positions.get(home, {}).get(digest)
            if position is not None:
                place = (home, self._last[home].number, position)
                break
        return place, common_prefix(self._histories[place[:2]][place[2] :], messages[start:])

    def _remember(self, conversation: int, turn: Turn, before: Sequence[Message]) -> None:
        after = self._histories[conversation, turn.number] = history(turn.call)
        self._last[conversation] = turn
        positions = self._positions.setdefault(conversation, {})
        for position in range(turn.kept, len(before)):
            if positions.get(before[position].digest) == position:
                del positions[before[position].digest]
        for position in range(turn.kept, len(after)):
            digest = after[position].digest
            positions[digest] = position
            self._home[digest] = conversation
            self._first.setdefault(digest, (conversation, turn.number, position))

    def _size(self, message: Message) -> int:
        size = self._sizes.get(message.digest)
        if size is None:
            size = self._sizes[message.digest] = len(canonical_json(dict(message)))
        return size


class HistoryReader:
    """Turns `in` lists into histories. Takes the turns in file order."""

    def __init__(self) -> None:
        self._table = MessageTable()
        self._calls: dict[tuple[int, int], tuple[Message, ...]] = {}
        self._before: tuple[Message, ...] = ()
        self._answer: Message | None = None
        self._references = 0

    def sent(self, conversation: int, turn: int, entries: Json) -> tuple[Message, ...]:
        """The whole history that a turn sent.

        Raises:
            Fault: the list cannot be understood, or points to what is not there.
        """
        if not isinstance(entries, list):
            raise Fault(f"`in` must be a list, not {entries!r}")
        before, answer = (self._before, self._answer) if turn > 1 else ((), None)
        whole = before if answer is None else (*before, answer)
        made: list[Message] = [] if _begins_with_keep(entries) else list(whole)
        for entry in entries:
            if not isinstance(entry, dict) or len(entry) != 1:
                raise Fault(f"a message must be a mapping with one key, its role, not {entry!r}")
            ((name, value),) = entry.items()
            if name == "keep" and made is not None and turn > 1:
                made.extend(_part(whole, value))
            elif name == "answer without" and answer is not None and made == list(whole):
                made[-1] = self._table.intern(Message({key: answer[key] for key in answer if key not in _names(value)}))
            elif name == "again" or name.endswith(" again"):
                made.extend(self._elsewhere(value))
            else:
                made.append(self._table.intern(read_sent(name, value)))
            if self._references + len(made) > MOST_REFERENCES:
                raise Fault("its histories are too long")
        self._references += len(made)
        return tuple(made)
