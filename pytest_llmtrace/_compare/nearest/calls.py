"""The recorded call that comes nearest to one that is not recorded: by structure, not by bytes."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from heapq import nsmallest
from typing import Any, Final, NamedTuple
from zlib import crc32

from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.prefixes import shared_prefix
from pytest_llmtrace._model.trace import LLMCall

_ONE_ANSWER_PER_INPUT: Final = frozenset({"embeddings", "moderations"})
_SKETCH: Final = 32
"""Words by which two long messages are compared: the same few of each, whichever they are."""
_WORD: Final = re.compile(r"\w+")


class _Recorded(NamedTuple):
    position: int
    call: LLMCall
    place: str
    conversation: int
    turn: int
    prefixes: array[int]
    last: tuple[frozenset[int], ...]


class _Told(NamedTuple):
    """Where the conversation of a request stands."""

    conversation: int | None = None
    turn: int = 0


class _Sketches:
    """What messages are compared by, each distinct one looked at once."""

    def __init__(self) -> None:
        self._known: dict[str, frozenset[int]] = {}

    def of(self, message: Message) -> frozenset[int]:
        found = self._known.get(message.digest)
        if found is None:
            words = {crc32(word.encode()) for word in _WORD.findall(canonical_json(message))}
            found = self._known[message.digest] = frozenset(
                words if len(words) <= _SKETCH else nsmallest(_SKETCH, words)
            )
        return found

    def last(self, call: LLMCall) -> tuple[frozenset[int], ...]:
        """Of the last two messages, the last one first."""
        return tuple(self.of(message) for message in call.messages[:-3:-1])


class NearestCalls:
    """An index of recorded calls, built in time linear in their messages; a look-up ranks the calls by a few numbers.

    What decides, in this order: the conversation that the request goes on with, where it goes, the model, the history
    that both begin with, and how alike the last messages are. Only a call of the same operation, streamed or not like
    the request, can answer it.
    """

    def __init__(self, recorded: Iterable[tuple[int, str, LLMCall]]) -> None:
        """Args: recorded: position, place (host and path) and call of each, answered, in recorded order."""
        self._sketches = _Sketches()
        found = list(recorded)
        where: Mapping[int, tuple[int, int]] = {
            id(turn.call): (number, turn.number)
            for number, one in enumerate(conversations(call for _, _, call in found))
            for turn in one.turns
        }
        histories = _Histories()
        self._pools: dict[tuple[object, ...], list[_Recorded]] = {}
        self._by_position: dict[int, _Recorded] = {}
        for position, place, call in found:
            conversation, turn = where[id(call)]
            one = _Recorded(
                position=position,
                call=call,
                place=place,
                conversation=conversation,
                turn=turn,
                prefixes=histories.prefixes(call, conversation),
                last=self._sketches.last(call),
            )
            self._by_position[position] = one
            self._pools.setdefault(_needs(call), []).append(one)
        self._goes_on: dict[int, _Told] = {}
        """Where a conversation stands, by the history that an answered request had."""
        self._used: Counter[int] = Counter()

    def answered(self, call: LLMCall, position: int) -> None:
        """A request was answered by what is recorded at this position: what continues it belongs there."""
        one = self._by_position.get(position)
        if one is not None:
            self._used[position] += 1
            self._goes_on[_prefixes(call)[-1]] = _Told(conversation=one.conversation, turn=one.turn)

    def nearest(self, call: LLMCall, place: str, *, most: int | None = None, least: float = 0.0) -> int | None:
        """The position of the call that comes nearest; `None` where none could answer.

        Args:
            call: What is asked.
            place: Host and path that it goes to.
            most: How often a recorded call may answer.
            least: How alike the last message must be, from 0 to 1.
        """
        prefixes = _prefixes(call)
        told = next((found for prefix in reversed(prefixes[:-1]) if (found := self._goes_on.get(prefix))), _Told())
        left = self._pools.get(_needs(call), [])
        if most is not None:
            left = [one for one in left if self._used[one.position] < most]
        left = _preferred(left, lambda one: one.conversation == told.conversation)
        left = _preferred(left, lambda one: one.place == place)
        left = _preferred(left, lambda one: one.call.model == call.model)
        histories = [_begin_alike(one.prefixes, prefixes) for one in left]
        longest = max(histories, default=0)
        left = [one for one, length in zip(left, histories, strict=True) if length == longest]
        last = self._sketches.last(call)
        best = max(left, key=lambda one: self._likeness(one, len(prefixes), last, told), default=None)
        near = best is not None and all(_shared(*pair) >= least for pair in zip(best.last[:1], last[:1], strict=False))
        return best.position if best is not None and near else None

    def _likeness(self, one: _Recorded, length: int, last: tuple[frozenset[int], ...], told: _Told) -> float:
        goes_on = one.conversation == told.conversation and one.turn == told.turn + 1
        alike = sum(
            weight * _shared(*pair) for weight, pair in zip((2, 1), zip(one.last, last, strict=False), strict=False)
        )
        return alike + 1 / (1 + abs(len(one.prefixes) - length)) + goes_on / 2 + (not self._used[one.position]) / 4


def _preferred(found: list[_Recorded], wanted: Callable[[_Recorded], bool]) -> list[_Recorded]:
    """Those that are as wanted; all of them where none is."""
    return [one for one in found if wanted(one)] or found


_EMPTY: Final = array("q", (0,))


def _needs(call: LLMCall) -> tuple[object, ...]:
    """What a recorded call must have in common with a request to answer it at all."""
    inputs: Any = len(call.messages) if call.operation in _ONE_ANSWER_PER_INPUT else None
    return call.operation, call.streamed, inputs


class _Histories:
    """Of each conversation the last history: the next one begins with it, and is numbered from where it goes on."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[tuple[Message, ...], array[int]]] = {}

    def prefixes(self, call: LLMCall, conversation: int) -> array[int]:
        """See `_prefixes`."""
        before, numbers = self._last.get(conversation, ((), _EMPTY))
        kept = shared_prefix(before, call.messages)
        made = _numbered(numbers[: kept + 1], call.messages[kept:])
        self._last[conversation] = call.messages, made
        return made


def _prefixes(call: LLMCall) -> array[int]:
    """A number for each beginning of the history, from the empty one to the whole."""
    return _numbered(_EMPTY[:], call.messages)


def _numbered(made: array[int], messages: Iterable[Message]) -> array[int]:
    last = made[-1]
    for message in messages:
        last = hash((last, message.digest))
        made.append(last)
    return made


def _begin_alike(one: array[int], other: array[int]) -> int:
    """How many messages two histories have in common from the start."""
    low, high = 0, min(len(one), len(other)) - 1
    if high > 0 and one[1] != other[1]:
        return 0
    while low < high:
        middle = (low + high + 1) // 2
        if one[middle] == other[middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _shared(one: frozenset[int], other: frozenset[int]) -> float:
    both = len(one & other)
    return both / (len(one) + len(other) - both) if one or other else 1.0
