"""HTTP as it is captured, kept on a tape, and answered from it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple, SupportsBytes
from urllib.parse import urlsplit

from pytest_llmtrace._model.canonical import Json, canonical_json, parse_json
from pytest_llmtrace._model.exact_json import loads_exactly
from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.growing import Grown
from pytest_llmtrace._model.shared_items import SharedItems
from pytest_llmtrace._model.spelling import Spelling

Headers = tuple[tuple[str, str], ...]
"""Header names (lower case) and values, in the order in which they came."""


class Body:
    """The `body` of a request or response: always read as bytes, but it may be held as what makes them.

    The requests of a tape share the messages of a growing history; as bytes, T turns would hold it T times.
    """

    def __get__(self, instance: Any, owner: type | None = None) -> bytes:
        # Read from the class, it is the default that the dataclass takes.
        return b"" if instance is None else bytes(instance.__dict__["body"])

    def __set__(self, instance: Any, value: SupportsBytes) -> None:
        instance.__dict__["body"] = value


@functools.lru_cache(maxsize=256)
def server_of(url: str) -> str | None:
    """Host and port of an address, ``api.openai.com:443``, and nothing else of it; `None` where it names none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    return f"{parts.hostname}:{(80 if parts.scheme == 'http' else 443) if port is None else port}"


# No slots in these two: a slot named `body` would take the place of the descriptor. What stands in them may not be
# redacted yet, and tracebacks show values (`pytest --showlocals`), so they are not shown in full.
# Four of these are made for each call of a replay, and the fields of a frozen class are set one by one, by name, with a
# call each: so they are set in one piece here.
@frozen(slots=False)
class HttpRequest:
    """A request as the client sent it, body decoded to bytes."""

    method: str
    url: str
    headers: Headers = ()
    body: Body = Body()

    def __init__(self, *, method: str, url: str, headers: Headers = (), body: SupportsBytes = b"") -> None:
        vars(self).update(method=method, url=url, headers=headers, body=body)

    def __repr__(self) -> str:
        place = self.url.partition("?")[0].rpartition("@")[2]
        return f"<HttpRequest {self.method} {place}, {len(self.headers)} headers>"

    @property
    def place(self) -> str:
        """Method and address as texts may name them: the query may hold a key."""
        return f"{self.method} {self.url.partition('?')[0]}"

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        return _first(self.headers, name)


@frozen(slots=False)
class HttpResponse:
    """A response with its content encoding undone: `body` is what the application reads."""

    status: int
    reason: str = ""
    headers: Headers = ()
    body: Body = Body()

    def __init__(self, *, status: int, reason: str = "", headers: Headers = (), body: SupportsBytes = b"") -> None:
        vars(self).update(status=status, reason=reason, headers=headers, body=body)

    def __repr__(self) -> str:
        return f"<HttpResponse {self.status}, {len(self.headers)} headers>"

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        return _first(self.headers, name)


Phase = Literal["call", "teardown"]
"""When in its owner's life a request was made: until the judgement, or after it."""


@frozen
class Interaction:
    """One request with its answer, as a tape holds it: redacted."""

    request: HttpRequest
    response: HttpResponse
    key: str
    """What a request must have in common with this one to get this answer (see `_model.matching`)."""
    phase: Phase = "call"
    given: HttpResponse | None = None
    """What the application is given in replay, where it is not `response`: an older version recorded what would be
    removed now, and a test may rely on it."""


class HeldJson:
    """A body that is held as its JSON value, which never changes; requests of one tape share parts of theirs."""

    __slots__ = ("value",)

    def __init__(self, value: Json) -> None:
        self.value = value

    @property
    def shares(self) -> bool:
        """Whether equal items of lists in it and in other requests of its owner are one object."""
        return True


class Parts(NamedTuple):
    """A body taken apart: of a history that grows, few of its items are new."""

    items: list[dict[str, Any]]
    """The objects in its lists."""
    rest: bytes
    """All else, with ``[]`` for these lists."""


class ReadJson(HeldJson):
    """A body that was read as JSON already, and is the bytes that it was all the same.

    Once it shares its items, the bytes are not kept where they can be made of these: T requests with one growing
    history hold it once, not T times.
    """

    __slots__ = ("_items", "_parts", "_raw", "_spelling", "digest_as_sent", "grown")

    def __init__(self, raw: bytes, value: Json) -> None:
        super().__init__(value)
        self._raw: bytes | None = raw
        self._items: SharedItems | None = None
        self._spelling: Spelling | None = None
        self._parts: Parts | None = None
        self.grown: Grown | None = None
        """Which earlier body it goes on from, where it does."""
        self.digest_as_sent: str | None = None
        """That of its bytes (`body_digests`), where somebody has made it."""

    @property
    def shares(self) -> bool:
        """As of a tape, once it was told to."""
        return self._items is not None

    @property
    def is_spelled(self) -> bool:
        """Whether its bytes are those that httpx would write (`Spelling.of`)."""
        return self._raw is None and self._spelling is not None

    def share(self, items: SharedItems) -> None:
        """Share items with other requests."""
        if isinstance(self.value, dict) and self._items is None:
            items.share(self.value)
            self._items, self._spelling = items, items.spelling
            if self._spelling.of(self.value) == self._raw:
                self._raw = None

    @classmethod
    def shared(cls, body: bytes, items: SharedItems) -> ReadJson | None:
        """A body that shares its items from the beginning; `None` where it must be read closely (`read_json`)."""
        read = items.read(body)
        if read is None:
            return None
        made = cls(body, read.value if isinstance(read, Grown) else read)
        made.grown = read if isinstance(read, Grown) else None
        made._items, made._spelling, made._raw = items, items.spelling, None
        return made

    def spelled(self, item: Any) -> bytes:
        """The bytes of an item that it shares."""
        if self._spelling is None:
            raise ValueError("a body that shares nothing has no items")
        return self._spelling.item(item)

    def parts(self) -> Parts | None:
        """What its bytes are made of; `None` where it does not share its items, or its bytes are not made of theirs."""
        if self._parts is None and self._raw is None and self._spelling is not None and isinstance(self.value, dict):
            items = [item for part in self.value.values() if isinstance(part, list) for item in part]
            rest = self._spelling.around(self.value)
            self._parts = Parts([item for item in items if isinstance(item, dict)], rest)
        return self._parts

    @property
    def canonical(self) -> str:
        """The canonical form of its value."""
        if self._items is not None and isinstance(self.value, dict):
            return self._items.canonical(self.value)
        return canonical_json(self.value)

    def digest(self, head: str, plain: Callable[[str], bool]) -> str | None:
        """The digest of a head and of its canonical form, where it shares its items; as `GrowingDigests.of`."""
        if self._items is None or not isinstance(self.value, dict):
            return None
        return self._items.digest(head, self.value, self.grown, plain)

    def __bytes__(self) -> bytes:
        made = self._raw
        if made is None and self._spelling is not None and isinstance(self.value, dict):
            made = self._spelling.of(self.value)
        if made is None:
            raise ValueError("a body whose value never changes has no bytes any more")
        return made


def read_json(body: bytes) -> SupportsBytes:
    """A body with the object or list that it holds, so that it is parsed once; else the bytes as they are.

    It is taken for JSON where that loses nothing: no key stands twice in an object, and no number is `NaN`.
    """
    if body[:1] not in (b"{", b"["):
        return body
    try:
        return ReadJson(body, loads_exactly(body.decode()))
    except ValueError:
        return body


def as_written_anew(body: bytes) -> ReadJson | None:
    """The object that a body holds, as `read_json`; `None` where it has an escape that is none when it is written anew.

    What stands behind such an escape, a file would show in another way than the body does.
    """
    read = read_json(body) if not (b"\\" in body and _SPELLED_OUT.search(body)) else body
    return read if isinstance(read, ReadJson) and isinstance(read.value, dict) else None


def json_body(message: HttpRequest | HttpResponse) -> Any:
    """The body as JSON data, `None` where it is none. What is held as such is not written and parsed for it."""
    held = message.__dict__["body"]
    return held.value if isinstance(held, HeldJson) else parse_json(message.body)


def held_body(message: HttpRequest | HttpResponse) -> SupportsBytes:
    """The body as it is held, bytes or not: storage recognises what it made itself and need not parse it again."""
    held: SupportsBytes = message.__dict__["body"]
    return held


@functools.lru_cache(maxsize=256)
def _first(headers: Headers, name: str) -> str | None:
    """All requests of a client have the same headers, and are asked for the same ones."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


_SPELLED_OUT: Final = expression(rb"\\(?:/|u00[2-7])")
"""Of letters that need no escape."""
