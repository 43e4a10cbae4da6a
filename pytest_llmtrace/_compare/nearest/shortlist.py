"""The few recorded requests that may come nearest, told by their bodies as they are: without reading them as calls.

Reading a thousand requests as calls takes as long as replaying fifty of them; looking at a few values of each, two.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from pytest_llmtrace._model.http import HttpRequest, json_body
from pytest_llmtrace._model.matching import matching_host

SAID: Final = (
    *("system", "system_instruction", "systemInstruction", "instructions", "preamble", "chat_history"),
    *("messages", "contents", "content", "requests", "instances", "input", "inputs", "inputText", "prompt", "message"),
    *("text_prompts", "textToImageParams", "images", "image", "queries", "query"),
    *("texts", "documents", "passages", "sources"),
)
"""Where the bodies of provider APIs hold what is said, in the order in which a history has it."""

_ORDER: Final = {name: at for at, name in enumerate(SAID)}
FEW: Final = 8
"""Requests that are worth being read as calls."""
_MANY: Final = 64
"""Those that are worth a second look."""
_PIECE: Final = 24
"""Characters of a text by which it is found again."""
_LONG_TEXT: Final = 4 * _PIECE
_PROBES: Final = 12
"""Words of a text that are looked for in the others."""
_SAMPLE: Final = 8
"""Texts by which it is told how many others have a word."""
_LONG: Final = 16
"""Items that are worth being looked at all at once."""
_NEAR: Final = 0.6
"""So alike are two messages that another could hardly be nearer."""
_WORD: Final = re.compile(r"\w+")


class Likely(NamedTuple):
    """A few recorded requests."""

    positions: list[int]
    """In recorded order."""
    least: float = 0.0
    """How alike the last message must be at least, or one of the others may come nearer."""
    shared: int = 0
    """How many items of what is said all of them and the request begin with in common."""


_Seen = tuple[int, Sequence[Any]]
"""Position of a request, and what it says."""


class _Kind(NamedTuple):
    """What requests are told apart by first."""

    streams: bool
    place: str
    model: str | None


class Shortlist:
    """Recorded requests as they are. What they hold must never change."""

    def __init__(self, recorded: Iterable[tuple[int, HttpRequest]]) -> None:
        """Args: recorded: position and request of each, in recorded order; read at the first look-up."""
        self._recorded = recorded

    def of(self, request: HttpRequest, body: object) -> Iterator[Likely]:
        """Positions of those that may come nearest, in recorded order: at first the likeliest, then more.

        The same decides as in `NearestCalls`, in the same order: the place, the model, how much of the history is
        shared, and how alike the last messages are; each as far as it shows in the body. None for a request whose body
        says nothing.

        Args:
            request: What is asked.
            body: Its body, as it was parsed.
        """
        asked = _said(body) if isinstance(body, dict) else ()
        if not asked or not isinstance(body, dict):
            return
        left = self._of_kind(_kind(request, body))
        known = list(asked)
        shared = _begin_alike([said for _, said in left], known)
        longest = max(shared, default=0)
        left = [one for one, length in zip(left, shared, strict=True) if length == longest]
        if len(left) <= FEW:
            yield Likely([position for position, _ in left], shared=longest)
            return
        last = _text(asked[-1])
        if len(last) > _LONG_TEXT:
            texts = [_text(said[-1]) if said else "" for _, said in left]
            for holds in _signs(last):
                alike = [position for (position, _), text in zip(left, texts, strict=True) if holds(text)]
                if 0 < len(alike) <= FEW:
                    yield Likely(alike, least=_NEAR, shared=longest)
        likeness = _Likeness(known, [said for _, said in left])
        if len(last) > _LONG_TEXT:
            left = heapq.nlargest(_MANY, left, key=lambda one: likeness.of(one[1], _PROBES // 4))
        left = heapq.nlargest(FEW, left, key=lambda one: likeness.of(one[1]))
        yield Likely(sorted(position for position, _ in left), shared=longest)

    def _of_kind(self, wanted: _Kind) -> list[_Seen]:
        kinds = [kind for kind in self._kinds if kind.streams == wanted.streams]
        kinds = [kind for kind in kinds if kind.place == wanted.place] or kinds
        kinds = [kind for kind in kinds if kind.model == wanted.model] or kinds
        found = [one for kind in kinds for one in zip(*self._kinds[kind], strict=True)]
        return found if len(kinds) == 1 else sorted(found, key=itemgetter(0))

    @cached_property
    def _kinds(self) -> dict[_Kind, tuple[list[int], list[Sequence[Any]]]]:
        """Positions, and what is said at each: no object for each, which would cost as much as all the rest."""
        found: dict[_Kind, tuple[list[int], list[Sequence[Any]]]] = {}
        spelled: dict[tuple[object, ...], tuple[list[int], list[Sequence[Any]]]] = {}
        for position, request in self._recorded:
            body = json_body(request)
            if not isinstance(body, dict):
                continue
            model = body.get("model")
            about = request.url, body.get("stream") is True, model if isinstance(model, str) else None
            of_kind = spelled.get(about)
            if of_kind is None:  # one for thousands of requests
                of_kind = spelled[about] = found.setdefault(_kind(request, body), ([], []))
            of_kind[0].append(position)
            of_kind[1].append(_said(body))
        return found


def _signs(text: str) -> Iterator[Callable[[str], bool]]:
    """By what a text is found that was changed at one place, and one that was changed at both ends."""
    head, tail = text[:_PIECE], text[-_PIECE:]
    yield lambda other: other.startswith(head) or other.endswith(tail)
    middle = [text[at : at + _PIECE] for at in (len(text) // 4, len(text) // 2)]
    yield lambda other: any(piece in other for piece in middle)


class _Likeness:
    """How alike the last two of what is said are, and how long the histories; as `NearestCalls` weighs it."""

    def __init__(self, asked: Sequence[Any], others: Sequence[Sequence[Any]]) -> None:
        self._length = len(asked)
        self._ends = [
            (weight, back, _Words(asked[-back], [said[-back] for said in others if len(said) >= back]))
            for weight, back in ((2, 1), (1, 2))
            if len(asked) >= back
        ]

    def of(self, said: Sequence[Any], step: int = 1) -> float:
        alike = sum(weight * words.share(said[-back], step) for weight, back, words in self._ends if len(said) >= back)
        return alike + 1 / (1 + abs(len(said) - self._length))


class _Words:
    """What share of its words a message has in common with the one asked, estimated by a few that are rare."""

    def __init__(self, asked: Any, others: Sequence[Any]) -> None:
        self._asked = asked
        self._text = _text(asked)
        sample = [_text(one) for one in others[:: max(1, len(others) // _SAMPLE)]]
        words = sorted(dict.fromkeys(_WORD.findall(self._text)), key=lambda word: sum(word in one for one in sample))
        self._rare = words[:: 2 if len(words) > 2 * _PROBES else 1][:_PROBES]  # the rarest may be those that are new

    def share(self, item: Any, step: int) -> float:
        """Of one of the others, by every so many of the words."""
        text, other, probes = self._text, "" if item is self._asked else _text(item), self._rare[::step]
        if item is self._asked or text == other:
            return 1.0
        both = len(text) * sum(map(other.__contains__, probes)) / len(probes) if probes else 0.0
        return both / (len(text) + len(other) - both)


def _kind(request: HttpRequest, body: dict[str, Any]) -> _Kind:
    model = body.get("model")
    return _Kind(body.get("stream") is True, _place(request.url), model if isinstance(model, str) else None)


def _said(body: dict[str, Any]) -> Sequence[Any]:
    names = [name for name in body if name in _ORDER]
    if len(names) == 1 and isinstance(body[names[0]], list):
        said: Sequence[Any] = body[names[0]]
        return said
    parts = (body[name] for name in sorted(names, key=_ORDER.__getitem__))
    return list(itertools.chain.from_iterable(part if isinstance(part, list) else (part,) for part in parts))


def without_beginning(bodies: Sequence[dict[str, Any]], shared: int) -> Sequence[dict[str, Any]]:
    """Bodies without most of the messages that all of them begin with, so that reading them costs what differs.

    The last messages are left to each. The bodies as they are, where one holds something besides messages.
    """
    said = [body.get("messages") for body in bodies]
    lists = [one for one, body in zip(said, bodies, strict=True) if isinstance(one, list) and _said(body) is one]
    cut = min(shared, *map(len, lists)) - _LONG if len(lists) == len(bodies) else 0
    return bodies if cut <= 0 else [{**body, "messages": body["messages"][cut:]} for body in bodies]


def _begin_alike(recorded: Iterable[Sequence[Any]], known: list[Any]) -> list[int]:
    """How many items each history begins with in common with what is asked.

    Recorded ones share their items: those that were found equal take their places in `known`, what is asked, so that
    they are recognised in others by which object it is.
    """
    lengths, taken = [], 0
    for items in recorded:
        length = _common(items, known)
        lengths.append(length)
        if length > taken:
            known[taken:length] = items[taken:length]
            taken = length
    return lengths


def _common(items: Sequence[Any], known: Sequence[Any]) -> int:
    shortest = min(len(items), len(known))
    if shortest > _LONG and _equal(items[:shortest], known[:shortest]):
        return shortest
    length = 0
    while length + _LONG <= shortest and _equal(items[length : length + _LONG], known[length : length + _LONG]):
        length += _LONG
    while length < shortest and (items[length] is known[length] or _equal(items[length], known[length])):
        length += 1
    return length


def _equal(one: object, other: object) -> bool:
    try:
        return one == other
    except RecursionError:  # nested deeper than can be followed
        return False


def _text(item: Any) -> str:
    """What an item says, as far as it is a text; the whole of any other."""
    said = item.get("content") if isinstance(item, dict) else item
    if said and isinstance(said, str):
        return said
    try:
        return str(item)
    except RecursionError:
        return ""


@functools.lru_cache(maxsize=256)
def _place(url: str) -> str:
    return matching_host(url) + urlsplit(url).path
