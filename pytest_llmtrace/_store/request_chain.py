"""Requests in a file, each as what it has in addition to an earlier one.

An agent sends its whole history with every request. Here a request names an earlier one that it is ``like``, and
its ``changes``::

    set     top-level keys with other values
    drop    top-level keys that are gone
    lists   for lists of objects, what each is made of: {"keep": "0-5"} of the earlier list, {"add": {...}}
    inner   the same for objects that hold such lists
    order   all keys in their order, where that does not follow from the above

so a tape grows with what is new in each turn. An earlier item is kept at most once in a list; an expanded request is
therefore never larger than the file.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pytest_llmtrace._model.exact_json import loads_exactly
from pytest_llmtrace._model.growing import Grown
from pytest_llmtrace._model.http import Headers, HeldJson, HttpRequest, ReadJson, held_body
from pytest_llmtrace._store.bodies import JsonBody, body_data
from pytest_llmtrace._store.json_text import is_storable

Shape = int | tuple[int, ...] | dict[str, "Shape"]
"""A body with its values replaced by numbers, equal for equal values: a list of objects is a tuple of them."""


class RequestWriter:
    """Turns requests into data, in file order."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._by_identity: dict[int, tuple[Any, int]] = {}
        """The same of what requests share; it is held, so that nothing else can have its identity."""
        self._shared = False
        self._sizes: list[int] = []
        self._last_seen: dict[int, int] = {}
        """For each value the last request that had it."""
        self._last: Any = None
        """The body of the last request."""
        self._weight: int | None = None
        """The bytes of all that is in it, where it went on from the one before: what it has is not entered yet."""
        self._shapes: list[dict[str, Shape] | None] = []
        self._requests: list[HttpRequest] = []

    def data(self, request: HttpRequest) -> dict[str, Any]:
        """The data of the next request."""
        position = len(self._requests)
        held = held_body(request)
        value: Any = held.value if isinstance(held, (JsonBody, ReadJson)) else _object(bytes(held))
        self._shared = isinstance(held, HeldJson) and held.shares
        grown = held.grown if isinstance(held, ReadJson) else None
        if grown is not None and grown.base is self._last and grown.new:
            data = self._grown(request, grown)
            if data is not None:
                return data
        if self._weight is not None:
            self._last_seen.update(dict.fromkeys(_leaves(self._shapes[-1] or {}), position - 1))
        self._last, self._weight = value, None
        shape = self._shape_of(value)
        base = self._base(shape) if shape is not None else None
        self._requests.append(request)
        self._shapes.append(shape)
        if shape is None:
            return {**_head(request), **body_data(bytes(held))}
        self._last_seen.update(dict.fromkeys(_leaves(shape), position))
        if base is None:
            return {**_head(request), "json": value}
        changes = _changes(self._shapes[base] or {}, shape, value)
        return {"like": base, **_head(request, self._requests[base]), **({"changes": changes} if changes else {})}

    def _grown(self, request: HttpRequest, grown: Grown) -> dict[str, Any] | None:
        """The data of a request that is the last one with more messages, none of which was ever seen.

        No other request has more of it, so nothing need be looked for; `None` where one may.
        """
        old = self._shapes[-1] if self._shapes else None
        before = old.get(grown.name) if old is not None else None
        if old is None or not isinstance(before, tuple):
            return None
        seen = len(self._sizes)
        try:
            numbers = [self._number(item) for item in grown.new]
        except ValueError:
            return None
        if numbers != list(range(seen, seen + len(numbers))):
            return None
        weight = sum(map(self._sizes.__getitem__, set(_leaves(old)))) if self._weight is None else self._weight
        if weight < _WORTH_IT:
            return None
        base = len(self._requests) - 1
        head = _head(request, self._requests[base])
        self._requests.append(request)
        self._shapes.append({**old, grown.name: (*before, *numbers)})
        self._last, self._weight = grown.value, weight + sum(self._sizes[seen:])
        pieces = [{"keep": span(0, len(before))}, *({"add": item} for item in grown.new)]
        return {"like": base, **head, "changes": {"lists": {grown.name: pieces}}}

    def _shape_of(self, value: Any) -> dict[str, Shape] | None:
        """The shape of a body; `None` where it is no object, or none that a file can hold as such."""
        try:
            return self._shape(value) if isinstance(value, dict) else None
        except ValueError:
            return None

    def _shape(self, value: Mapping[str, Any], depth: int = 0) -> dict[str, Shape]:
        shape: dict[str, Shape] = {}
        for key, part in value.items():
            if isinstance(part, list) and any(isinstance(item, dict) for item in part):
                shape[key] = tuple([self._number(item) for item in part])
            elif isinstance(part, dict) and depth < _DEEPEST and _holds_list(part, _DEEPEST - depth):
                shape[key] = self._shape(part, depth + 1)
            else:
                shape[key] = self._number(part)
        return shape

    def _number(self, value: Any) -> int:
        known = self._by_identity.get(id(value))
        if known is not None and known[0] is value:
            return known[1]
        raw = marshal.dumps(value, _MARSHAL_FORMAT)
        number = self._numbers.get(raw)
        if number is None:
            if not is_storable(value, raw):
                raise ValueError("not to be stored as JSON")
            number = self._numbers[raw] = len(self._sizes)
            self._sizes.append(len(raw))
        if self._shared and isinstance(value, dict):
            self._by_identity[id(value)] = value, number
        return number

    def _base(self, shape: dict[str, Shape]) -> int | None:
        """The earlier request that has most of this one, by size; the later one of equals; `None`: not worth it."""
        numbers = set(_leaves(shape))
        votes: dict[int, int] = {}
        for number in numbers:
            seen = self._last_seen.get(number, -1)
            votes[seen] = votes.get(seen, 0) + self._sizes[number]
        votes.pop(-1, None)
        candidates = sorted(votes, key=lambda position: (votes[position], position), reverse=True)[:_CANDIDATES]
        if len(candidates) > 1:
            shared = {position: numbers.intersection(_leaves(self._shapes[position] or {})) for position in candidates}
            votes = {position: sum(self._sizes[one] for one in found) for position, found in shared.items()}
            candidates.sort(key=lambda position: (votes[position], position), reverse=True)
        return candidates[0] if candidates and votes[candidates[0]] >= _WORTH_IT else None


def _object(body: bytes) -> Any:
    """The JSON object of a body; `None` where it holds something else. Whether it can be stored is not yet sure."""
    if not body.lstrip(b" \t\r\n").startswith(b"{"):
        return None
    try:
        return loads_exactly(body.decode())
    except ValueError:
        return None


def _head(request: HttpRequest, base: HttpRequest | None = None) -> dict[str, Any]:
    """Method, URL and headers; without those that the base has too."""
    head: dict[str, Any] = {}
    if base is None or request.method != base.method:
        head["method"] = request.method
    if base is None or request.url != base.url:
        head["url"] = request.url
    if request.headers if base is None else request.headers != base.headers:
        head["headers"] = headers_data(request.headers)
    return head


def headers_data(headers: Headers) -> dict[str, str] | list[list[str]]:
    """Headers as a mapping, or as pairs where a name stands twice."""
    made = dict(headers)
    return made if len(made) == len(headers) else [list(pair) for pair in headers]


def _changes(old: Mapping[str, Shape], new: Mapping[str, Shape], value: Mapping[str, Any]) -> dict[str, Any]:
    """What makes the value of shape `new` from that of shape `old`."""
    changes: dict[str, dict[str, Any]] = {"set": {}, "lists": {}, "inner": {}}
    for key, part in new.items():
        before = old.get(key)
        if before == part and type(before) is type(part):
            continue
        if isinstance(before, dict) and isinstance(part, dict):
            changes["inner"][key] = _changes(before, part, value[key])
            continue
        pieces = (
            list(_pieces(before, part, value[key])) if isinstance(before, tuple) and isinstance(part, tuple) else []
        )
        kind = "lists" if any("keep" in piece for piece in pieces) else "set"
        changes[kind][key] = pieces if kind == "lists" else value[key]
    made: dict[str, Any] = {key: parts for key, parts in changes.items() if parts}
    dropped = [key for key in old if key not in new]
    if dropped:
        made["drop"] = dropped
    if [*(key for key in old if key in new), *(key for key in new if key not in old)] != list(new):
        made["order"] = list(new)
    return {key: made[key] for key in _ORDER if key in made}


def _pieces(old: tuple[int, ...], new: tuple[int, ...], values: list[Any]) -> Iterator[dict[str, Any]]:
    """The new list as stretches of the old one, each item used once at most, and what is added between them."""
    start = _common_prefix(old, new)
    if start:
        yield {"keep": span(0, start)}
    places: dict[int, list[int]] = {}
    for position in range(len(old) - 1, start - 1, -1):
        places.setdefault(old[position], []).append(position)
    used: set[int] = set()
    position = start
    while position < len(new):
        waiting = places.get(new[position], [])
        while waiting and waiting[-1] in used:
            waiting.pop()
        if not waiting:
            yield {"add": values[position]}
            position += 1
            continue
        first = end = waiting.pop()
        while end < len(old) and end not in used and position < len(new) and old[end] == new[position]:
            used.add(end)
            end += 1
            position += 1
        yield {"keep": span(first, end - first)}


def span(start: int, count: int) -> str:
    """Positions in a list: ``3``, or ``0-5``, both ends included."""
    return str(start) if count == 1 else f"{start}-{start + count - 1}"


def _common_prefix(old: tuple[int, ...], new: tuple[int, ...]) -> int:
    shorter = min(len(old), len(new))
    if old[:shorter] == new[:shorter]:
        return shorter
    return next(position for position in range(shorter) if old[position] != new[position])


def _leaves(shape: Mapping[str, Shape]) -> Iterator[int]:
    for part in shape.values():
        if isinstance(part, dict):
            yield from _leaves(part)
        elif isinstance(part, tuple):
            yield from part
        else:
            yield part


def _holds_list(value: Mapping[str, Any], depth: int) -> bool:
    """Whether a list of objects stands in an object, or in an object in it."""
    return any(
        (isinstance(part, list) and any(isinstance(item, dict) for item in part))
        or (isinstance(part, dict) and depth > 1 and _holds_list(part, depth - 1))
        for part in value.values()
    )


_DEEPEST: Final = 2
"""How far into a body lists of objects are looked for: some gateways wrap the provider's request once."""
_CANDIDATES: Final = 3
_WORTH_IT: Final = 200
"""Bytes that must be shared to name another request: short ones are easier to read whole."""
_MARSHAL_FORMAT: Final = 2
"""The last one whose bytes depend on the value alone: later formats also encode which objects are shared."""
_ORDER: Final = ("set", "drop", "lists", "inner", "order")
