"""Reading the YAML that vcrpy's serializers write, as plain data: fast, bounded, and without running anything.

Unlike our own files these hold binary data, aliases of equal objects, and a few harmless Python tags. Scalars mean what
YAML 1.1 says, which is what PyYAML wrote.
"""

from __future__ import annotations

import base64
import binascii
import functools
from dataclasses import dataclass
from typing import Any, Final

from pytest_llmtrace._model.bounds import DEEPEST_FILE, MOST_REPEATED
from pytest_llmtrace._store.faults import Fault
from pytest_llmtrace._store.yaml_reader import feed


def read_vcrpy_yaml(text: str) -> Any:
    """The data of a YAML text: mappings with string keys, lists, strings, bytes, numbers, booleans and `None`.

    Raises:
        Fault: it is not YAML, has a tag that could run code, or is made to exhaust its reader.
    """
    builder = _Builder()
    feed(text, builder.take)
    return builder.root


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read."""

    value: Any
    anchor: str | None
    form: str | None
    """The Python object whose parts it holds, where it holds any."""
    key: str | None = None
    """Of a mapping: the key that waits for its value."""
    size: int = 0
    depth: int = 0
    """Levels of collections inside."""


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A value that aliases may repeat, and what that costs."""

    value: Any
    size: int
    depth: int


class _Builder:
    """Builds data from the parser's events, without recursion."""

    def __init__(self) -> None:
        self.root: Any = None
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchored] = {}
        self._repeated = 0
        self._documents = 0

    def take(self, kind: str, event: Any) -> None:
        """One event of the parser, and the name of its class."""
        if kind == "ScalarEvent":
            self._scalar(event)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._end()
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._start(event, {} if kind == "MappingStartEvent" else [])
        elif kind == "AliasEvent":
            self._alias(event)
        elif kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise Fault("it holds more than one document", _line(event))

    def _scalar(self, event: Any) -> None:
        is_key = self._awaits_key()
        try:
            value = _scalar_value(event, is_key=is_key)
        except ValueError as error:  # includes `binascii.Error`
            raise Fault(str(error), _line(event)) from None
        size = _COST + (len(value) if isinstance(value, (str, bytes)) else 0)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, size, 0)
        if is_key:
            self._open[-1].key = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            self._open[-1].size += size
        else:
            self._put(value, size, 0)

    def _start(self, event: Any, value: Any) -> None:
        if self._awaits_key():
            raise Fault("a key must be a string", _line(event))
        if len(self._open) >= DEEPEST_FILE:
            raise Fault(f"it nests deeper than {DEEPEST_FILE} levels", _line(event))
        tag = event.tag
        if tag is not None and tag not in _COLLECTIONS:
            raise Fault(f"the tag `{tag}` is not allowed", _line(event))
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)  # until it is complete, an alias of it would contain itself
        self._open.append(_Open(value, event.anchor, _COLLECTIONS.get(tag or "")))

    def _end(self) -> None:
        done = self._open.pop()
        value = done.value if done.form is None else _parts_of(done.form, done.value)
        if done.anchor is not None:
            self._anchors[done.anchor] = _Anchored(value, done.size + _COST, done.depth + 1)
        self._put(value, done.size + _COST, done.depth + 1)

    def _alias(self, event: Any) -> None:
        target = self._anchors.get(event.anchor)
        if target is None:
            raise Fault(f"the alias `*{event.anchor}` refers to nothing, or to what contains it", _line(event))
        self._repeated += target.size
        if self._repeated > MOST_REPEATED or len(self._open) + target.depth > DEEPEST_FILE:
            raise Fault("its aliases repeat more than a cassette can hold", _line(event))
        if self._awaits_key():
            if not isinstance(target.value, str):
                raise Fault("a key must be a string", _line(event))
            self._open[-1].key = target.value
        else:
            self._put(target.value, target.size, target.depth)

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key is None

    def _put(self, value: Any, size: int, depth: int) -> None:
        if not self._open:
            self.root = value
            return
        parent = self._open[-1]
        parent.size += size
        parent.depth = max(parent.depth, depth)
        if isinstance(parent.value, list):
            parent.value.append(value)
        else:
            parent.value[parent.key or ""] = value
            parent.key = None


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _scalar_value(event: Any, *, is_key: bool) -> Any:
    """What a scalar stands for. Raises: ValueError, in words for the user."""
    tag, text = event.tag, event.value
    if tag is None or tag == "!":
        # A plain scalar has no style; everything in quotes or in a block is a string.
        return text if event.style or tag == "!" or is_key else _plain_value(text)
    kind = tag.removeprefix(_YAML)
    if kind in ("str", "python/str", "python/unicode"):
        return text
    if kind == "binary":
        try:
            return base64.b64decode(text.encode("ascii"), validate=False)
        except (binascii.Error, UnicodeEncodeError):
            raise ValueError("a value under `!!binary` is not base64") from None
    if kind in _READ_AS:
        return _read_as(kind, text)
    raise ValueError(f"the tag `{tag}` is not allowed")


@functools.lru_cache(maxsize=4096)
def _plain_value(text: str) -> Any:
    from yaml import SafeLoader  # noqa: PLC0415

    candidates = SafeLoader.yaml_implicit_resolvers.get(text[:1], [])
    tag = next((tag for tag, pattern in candidates if pattern.match(text)), _YAML)
    kind = tag.removeprefix(_YAML)
    return _read_as(kind, text) if kind in _READ_AS else text


def _read_as(kind: str, text: str) -> Any:
    """A number, boolean or null, as PyYAML reads it. Raises: ValueError."""
    from yaml import ScalarNode  # noqa: PLC0415
    from yaml.constructor import SafeConstructor  # noqa: PLC0415

    try:
        return getattr(SafeConstructor(), f"construct_yaml_{kind}")(ScalarNode(_YAML + kind, text))
    except (ValueError, KeyError, IndexError, OverflowError):
        raise ValueError(f"`{text:.40}` cannot be read as {kind}") from None


def _parts_of(form: str, value: Any) -> Any:
    """The bytes of a file-like body, or the pieces of an iterated one, that vcrpy kept as a Python object."""
    held = value.get("state" if form == "file" else "args") if isinstance(value, dict) else value
    first = held[0] if isinstance(held, list) and held else None
    return first if first is not None else b""


_YAML: Final = "tag:yaml.org,2002:"
_READ_AS: Final = frozenset({"int", "float", "bool", "null"})
_COLLECTIONS: Final[dict[str, str | None]] = {
    "!": None,
    f"{_YAML}map": None,
    f"{_YAML}seq": None,
    f"{_YAML}python/tuple": None,
    f"{_YAML}python/object/new:_io.BytesIO": "file",
    f"{_YAML}python/object/apply:builtins.iter": "pieces",
}
"""Tags of mappings and lists that are read, with the Python object they stand for. Nothing of it is ever made."""
_COST: Final = 16
"""Characters that a node counts for beside its text."""
