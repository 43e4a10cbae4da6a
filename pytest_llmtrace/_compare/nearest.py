"""For a plain HTTP request that is not on the tape: the recorded one that comes nearest, and what it has different."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from pytest_llmtrace._compare.values import json_in, leaves, path_text, plain
from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.flags import flags, same_flags
from pytest_llmtrace._model.http import HttpRequest
from pytest_llmtrace._model.matching import matching_host

_MOST_CANDIDATES: Final = 50
_MOST_NAMED: Final = 3
_LONGEST_VALUE: Final = 80


class NearestRequests:
    """An index of recorded requests. A look-up compares a bounded number of them, however many there are."""

    def __init__(self, recorded: Iterable[HttpRequest]) -> None:
        self._by_path: dict[tuple[str, ...], list[HttpRequest]] = defaultdict(list)
        self._by_host: dict[tuple[str, ...], list[HttpRequest]] = defaultdict(list)
        self._all: list[HttpRequest] = []
        for request in recorded:
            host, path = matching_host(request.url), urlsplit(request.url).path
            for index, key in ((self._by_path, (host, path)), (self._by_host, (host,))):
                if len(index[key]) < _MOST_CANDIDATES:
                    index[key].append(request)
            if len(self._all) < _MOST_CANDIDATES:
                self._all.append(request)

    def nearest(self, request: HttpRequest) -> HttpRequest | None:
        """The most similar request of the same path, else of the same host, else of any; `None` where there is none."""
        host, path = matching_host(request.url), urlsplit(request.url).path
        candidates = self._by_path.get((host, path)) or self._by_host.get((host,)) or self._all
        return max(candidates, key=lambda one: _likeness(one, request), default=None)

    def detail(self, request: HttpRequest) -> str:
        """What the nearest recorded request has different, in short: what `Miss.detail` holds."""
        found = self.nearest(request)
        if found is None:
            return "no request is recorded"
        differences = _differences(found, request)
        if not differences:
            return "recorded, but it was made more often than it was recorded"
        shown = "; ".join(differences[:_MOST_NAMED])
        more = len(differences) - _MOST_NAMED
        return f"nearest recorded: {found.method} {found.url}: {shown}" + (f"; {more} more" if more > 0 else "")


def _differences(recorded: HttpRequest, request: HttpRequest) -> list[str]:
    one, other = urlsplit(recorded.url), urlsplit(request.url)
    found = []
    if recorded.method.upper() != request.method.upper():
        found.append(_changed("method", recorded.method, request.method))
    if one.scheme != other.scheme:
        found.append(_changed("scheme", one.scheme, other.scheme))
    if matching_host(recorded.url) != matching_host(request.url):
        found.append(_changed("host", matching_host(recorded.url), matching_host(request.url)))
    if one.path != other.path:
        found.append(_changed("path", one.path, other.path))
    found.extend(_value_differences("query", _query(recorded), _query(request)))
    found.extend(_value_differences("body", _body(recorded), _body(request)))
    if not same_flags(recorded, request):
        found.append(_changed("beta features", ",".join(flags(recorded)) or None, ",".join(flags(request)) or None))
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
    """The body: JSON as data, text as text, else how long it is."""
    if not request.body:
        return None
    try:
        text = request.body.decode()
    except UnicodeDecodeError:
        return f"{len(request.body)} bytes"
    data = json_in(text)
    return plain(data) if data is not None else text


def _likeness(recorded: HttpRequest, request: HttpRequest) -> float:
    score = 4.0 * (recorded.method.upper() == request.method.upper())
    score += 2 * _shared(urlsplit(recorded.url).path.split("/"), urlsplit(request.url).path.split("/"))
    score += 2 * _shared(_items(_query(recorded)), _items(_query(request)))
    return score + 3 * (recorded.body == request.body or _shared(_items(_body(recorded)), _items(_body(request))))


def _items(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{name}={canonical_json(item)}" for name, item in value.items()]
    return [] if value is None else str(value).split()


def _shared(one: Iterable[str], other: Iterable[str]) -> float:
    here, there = set(one), set(other)
    return len(here & there) / len(here | there) if here or there else 1.0
