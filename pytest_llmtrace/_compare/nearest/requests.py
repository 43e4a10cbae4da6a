"""For a plain HTTP request that is not on the tape: the recorded one that comes nearest, and what it has different."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from pytest_llmtrace._compare.differences.values import json_in, leaves, path_text, plain
from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.flags import flags, same_flags
from pytest_llmtrace._model.http import HeldJson, HttpRequest, held_body
from pytest_llmtrace._model.matching import matching_host

_MOST_NAMED: Final = 3
_LONGEST_VALUE: Final = 80
_ELSEWHERE: Final = (
    ". The same is recorded at another address: set the client's base URL as it was when recording "
    "(OPENAI_BASE_URL, for example)"
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A request taken apart once, so that comparing it is a matter of a few sets."""

    request: HttpRequest
    method: str
    path: frozenset[str]
    query: frozenset[str]
    body: frozenset[str]

    @classmethod
    def of(cls, request: HttpRequest) -> _Entry:
        return cls(
            request,
            request.method.upper(),
            frozenset(urlsplit(request.url).path.split("/")),
            frozenset(_items(_query(request))),
            frozenset(_items(_body(request))),
        )

    def likeness(self, other: _Entry) -> float:
        score = 4.0 * (self.method == other.method)
        score += 2 * _shared(self.path, other.path) + 2 * _shared(self.query, other.query)
        return score + 3 * (self.request.body == other.request.body or _shared(self.body, other.body))


@dataclass(frozen=True, slots=True)
class _Index:
    """The requests of a tape, by what a request may have in common with them."""

    by_path: dict[tuple[str, str], list[HttpRequest]] = field(default_factory=lambda: defaultdict(list))
    by_host: dict[str, list[HttpRequest]] = field(default_factory=lambda: defaultdict(list))
    plain: list[HttpRequest] = field(default_factory=list)


class NearestRequests:
    """Recorded requests, read where one of them is looked for: of each that may be meant, a few sets are compared."""

    def __init__(self, recorded: Iterable[HttpRequest], *, calls: Iterable[HttpRequest] = ()) -> None:
        """Args: recorded: plain requests; calls: LLM requests, which come near to one of their own place alone."""
        self._recorded = recorded
        self._calls = calls
        self._entries: dict[int, _Entry] = {}
        """By identity of the request, which the index keeps."""

    def nearest(self, request: HttpRequest) -> HttpRequest | None:
        """The most similar request of the same path, else of the same host, else of any; `None` where there is none."""
        host, path = _place(request)
        index = self._index
        candidates = index.by_path.get((host, path)) or index.by_host.get(host) or index.plain
        made = _Entry.of(request)
        return max(candidates, key=lambda one: made.likeness(self._entry(one)), default=None)

    @cached_property
    def _index(self) -> _Index:
        index = _Index()
        for request in self._recorded:
            host, path = _place(request)
            index.by_path[host, path].append(request)
            index.by_host[host].append(request)
            index.plain.append(request)
        for request in self._calls:
            index.by_path[_place(request)].append(request)
        return index

    def _entry(self, request: HttpRequest) -> _Entry:
        found = self._entries.get(id(request))
        if found is None:
            found = self._entries[id(request)] = _Entry.of(request)
        return found

    def detail(self, request: HttpRequest, *, nearest: HttpRequest | None = None) -> tuple[str, bool]:
        """What the nearest recorded request has different in short, and whether that is its address alone.

        What `Miss.detail` and `Miss.elsewhere` hold. Two long requests are compared once for both.

        Args:
            request: What was asked for.
            nearest: The nearest one, where it is an LLM call; of others it is found here.
        """
        found = nearest or self.nearest(request)
        if found is None:
            return "no request like it is recorded", False
        differences = _differences(found, request)
        moved = nearest is not None and differences == _address_differences(found, request)
        if not differences:
            return "recorded, but it was made more often than it was recorded", moved
        shown = "; ".join(differences[:_MOST_NAMED])
        more = len(differences) - _MOST_NAMED
        text = f"nearest recorded: {found.method} {found.url}: {shown}" + (f"; {more} more" if more > 0 else "")
        return text + _ELSEWHERE if moved else text, moved


def _place(request: HttpRequest) -> tuple[str, str]:
    return matching_host(request.url), urlsplit(request.url).path


def _differences(recorded: HttpRequest, request: HttpRequest) -> list[str]:
    found = []
    if recorded.method.upper() != request.method.upper():
        found.append(_changed("method", recorded.method, request.method))
    found.extend(_address_differences(recorded, request))
    found.extend(_value_differences("query", _query(recorded), _query(request)))
    found.extend(_value_differences("body", _body(recorded), _body(request)))
    if not same_flags(recorded, request):
        found.append(_changed("beta features", ",".join(flags(recorded)) or None, ",".join(flags(request)) or None))
    return found


def _address_differences(recorded: HttpRequest, request: HttpRequest) -> list[str]:
    one, other = urlsplit(recorded.url), urlsplit(request.url)
    found = []
    if one.scheme != other.scheme:
        found.append(_changed("scheme", one.scheme, other.scheme))
    if matching_host(recorded.url) != matching_host(request.url):
        found.append(_changed("host", matching_host(recorded.url), matching_host(request.url)))
    if one.path != other.path:
        found.append(_changed("path", one.path, other.path))
    return found


def _value_differences(name: str, recorded: Any, request: Any) -> list[str]:
    if canonical_json(recorded) == canonical_json(request):
        return []
    return [
        _changed(f"{name}{path_text(leaf.steps)}", leaf.golden, leaf.observed) for leaf in leaves(recorded, request)
    ]


def _changed(name: str, recorded: Any, request: Any) -> str:
    return f"{name} {_short(recorded)} -> {_short(request)}"


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _query(request: HttpRequest) -> dict[str, Any]:
    """The query as an object; a name that is there several times has a list."""
    values: dict[str, list[str]] = defaultdict(list)
    for name, value in parse_qsl(urlsplit(request.url).query, keep_blank_values=True):
        values[name].append(value)
    return {name: found[0] if len(found) == 1 else sorted(found) for name, found in values.items()}


def _body(request: HttpRequest) -> Any:
    """The body: JSON as data, text as text, else how long it is; what is held as data is not written and read."""
    held = held_body(request)
    if isinstance(held, HeldJson) and isinstance(held.value, (dict, list)):
        return plain(held.value)
    if not request.body:
        return None
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        return f"{len(request.body)} bytes"
    data = json_in(text)
    return plain(data) if data is not None else text


def _items(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{name}={canonical_json(item)}" for name, item in value.items()]
    return [] if value is None else str(value).split()


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0
