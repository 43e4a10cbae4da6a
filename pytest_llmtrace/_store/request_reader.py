"""Requests from a file, put together from what each has in addition to an earlier one; see `request_chain`."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_llmtrace._model.bounds import DEEPEST_FILE, MOST_REFERENCES
from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.http import Headers, HttpRequest, held_body
from pytest_llmtrace._store.bodies import JsonBody, read_body
from pytest_llmtrace._store.faults import Fault
from pytest_llmtrace._store.formats import BODY_KEYS, CHANGES_KEYS, REQUEST_KEYS
from pytest_llmtrace._store.nesting import is_too_deep


class RequestReader:
    """Turns data into requests, in file order. Equal parts of their bodies are one object."""

    def __init__(self, *, shallow: bool = False) -> None:
        """Args: shallow: whether it is known that nothing nests deeper than it may."""
        self._shallow = shallow
        self._requests: list[HttpRequest | None] = []
        self._references = 0

    def skip(self) -> None:
        """Count a request that cannot be read; nothing can be like it."""
        self._requests.append(None)

    def request(self, data: Any) -> HttpRequest:
        """The next request.

        Raises:
            Fault: the data is not what the format says, or refers to what is not there.
        """
        fields = checked(data, _KEYS, "a request")
        request = self._like(fields) if "like" in fields else self._whole(fields)
        self._requests.append(request)
        return request

    def _whole(self, fields: Mapping[str, Any]) -> HttpRequest:
        return HttpRequest(
            method=text(fields, "method"),
            url=_url(fields),
            headers=read_headers(fields.get("headers", {})),
            body=read_body(fields, shallow=self._shallow),
        )

    def _like(self, fields: Mapping[str, Any]) -> HttpRequest:
        position = fields["like"]
        if type(position) is not int or not 0 <= position < len(self._requests):
            raise Fault(f"`like: {position!r}` must be the position of an earlier request, counted from 0")
        base = self._requests[position]
        held = None if base is None else held_body(base)
        if base is None or not isinstance(held, JsonBody) or not isinstance(held.value, dict):
            raise Fault(f"the request at {position}, which another is like, has no JSON object as its body")
        return HttpRequest(
            method=text(fields, "method") if "method" in fields else base.method,
            url=_url(fields) if "url" in fields else base.url,
            headers=read_headers(fields["headers"]) if "headers" in fields else base.headers,
            body=JsonBody(self._changed(held.value, fields.get("changes", {}))),
        )

    def _changed(self, old: Mapping[str, Any], data: Any) -> dict[str, Any]:
        changes = checked(data, _CHANGES, "`changes`")
        if not self._shallow and is_too_deep(changes, DEEPEST_FILE):
            raise Fault(f"`changes` nests deeper than {DEEPEST_FILE} levels")
        new = dict(old)
        for key in _list(changes, "drop") if "drop" in changes else ():
            if not isinstance(key, str) or new.pop(key, _MISSING) is _MISSING:
                raise Fault(f"`drop` names `{key}`, which is not there")
        if "set" in changes:
            new.update(mapping(changes, "set"))
        for key, pieces in mapping(changes, "lists").items():
            new[key] = self._list(old.get(key), pieces, key)
        for key, inner in mapping(changes, "inner").items() if "inner" in changes else ():
            part = old.get(key)
            if not isinstance(part, dict):
                raise Fault(f"`inner` changes `{key}`, which is no object")
            new[key] = self._changed(part, inner)
        if order := _list(changes, "order") if "order" in changes else ():
            if sorted(map(str, order)) != sorted(new):
                raise Fault("`order` must name all keys")
            new = {key: new[key] for key in order}
        self._count(len(new))
        return new

    def _list(self, old: Any, pieces: Any, key: str) -> list[Any]:
        if not isinstance(old, list) or not isinstance(pieces, list):
            raise Fault(f"`lists` changes `{key}`, which is no list")
        new: list[Any] = []
        kept: list[tuple[int, int]] = []
        for piece in pieces:
            if not isinstance(piece, dict) or len(piece) != 1 or ("add" not in piece and "keep" not in piece):
                raise Fault(f"a piece of `{key}` must be `keep` or `add`, not {piece!r:.100}")
            if "add" in piece:
                new.append(piece["add"])
                continue
            start, end = _span(piece["keep"], len(old))
            kept.append((start, end))
            new.extend(old[start:end])
            self._count(end - start)
        kept.sort()
        if len(kept) > 1 and any(end > start for (_, end), (start, _) in pairwise(kept)):
            raise Fault(f"`{key}` keeps an item twice")
        return new

    def _count(self, references: int) -> None:
        self._references += references
        if self._references > MOST_REFERENCES:
            raise Fault("its requests are too long")


def checked(data: Any, keys: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object of JSON that has none but these keys, which are in the order in which they are told.

    Raises:
        Fault: it is none, or has others.
    """
    if type(data) is not dict:
        raise Fault(f"{name} must be an object, not {data!r:.100}")
    if not data.keys() <= keys.keys():
        unknown = [key for key in data if key not in keys]
        raise Fault(f"{name} has the unknown key `{unknown[0]}` (known: {', '.join(keys)})")
    return data


def text(fields: Mapping[str, Any], key: str) -> str:
    """The text under a key.

    Raises:
        Fault: there is none.
    """
    value = fields.get(key)
    if not isinstance(value, str):
        raise Fault(f"`{key}` must be text, not {value!r:.100}")
    return value


def mapping(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object under a key; empty where there is none.

    Raises:
        Fault: something else stands there.
    """
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise Fault(f"`{key}` must be an object, not {value!r:.100}")
    return value


def read_headers(data: Any) -> Headers:
    """Headers from a mapping, or from pairs.

    Raises:
        Fault: it is neither.
    """
    if isinstance(data, dict) and _TEXT.issuperset(map(type, data.values())):
        return tuple(data.items())
    pairs = data
    if not isinstance(pairs, list) or not all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair) for pair in pairs
    ):
        raise Fault(f"`headers` must be names and values, not {data!r:.100}")
    return tuple((pair[0], pair[1]) for pair in pairs)


def _url(fields: Mapping[str, Any]) -> str:
    url = text(fields, "url")
    try:
        return _checked_url(url)
    except ValueError as error:
        raise Fault(f"`url: {url!r:.100}` is no URL ({error})") from None


@functools.lru_cache(maxsize=128)  # a suite asks few, and each again and again
def _checked_url(url: str) -> str:
    """The URL. Raises: ValueError: it is none."""
    _ = urlsplit(url).port
    return url


def _span(value: Any, length: int) -> tuple[int, int]:
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    start = int(found[1]) if found else 0
    end = int(found[2] or start) + 1 if found else 0
    if not start < end <= length:
        raise Fault(f"`keep: {value!r}` must be positions in a list of {length}, like `0-5`")
    return start, end


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key, [])
    if not isinstance(value, list):
        raise Fault(f"`{key}` must be a list, not {value!r:.100}")
    return value


_KEYS: Final[dict[str, Any]] = dict.fromkeys((*REQUEST_KEYS, *BODY_KEYS))
_CHANGES: Final[dict[str, Any]] = dict.fromkeys(CHANGES_KEYS)
_MISSING: Final = object()
_TEXT: Final = frozenset({str})
_SPAN: Final = expression(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)
