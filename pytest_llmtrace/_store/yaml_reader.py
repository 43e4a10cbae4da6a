"""Reading YAML as plain data: the safe part of the language, and nothing that can surprise or harm.

Mappings, lists, strings, numbers, booleans and null; no tags, anchors, aliases or merge keys, no dates, no duplicate
keys, one document. Only ``true`` and ``false`` are booleans (not ``yes`` or ``on``). Keys are strings.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import field
from typing import Any, Final

from pytest_llmtrace._model.bounds import DEEPEST_FILE, LARGEST_YAML, MOST_NODES
from pytest_llmtrace._model.canonical import Json
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._store.faults import Fault


@frozen
class Document:
    """The data of a YAML text, and where its parts stand."""

    data: Json
    lines: dict[int, int] = field(default_factory=dict)
    """Line numbers, from 1, of the mappings and lists, by their `id`."""

    def line(self, part: object) -> int | None:
        """The line on which a mapping or list of the document begins."""
        return self.lines.get(id(part))


def read_yaml(text: str) -> Document:
    """Parse a YAML text.

    Raises:
        Fault: it is not YAML, or goes beyond what is allowed here.
    """
    builder = _Builder()
    feed(text, builder.take)
    return Document(data=builder.root, lines=builder.lines)


def feed(text: str, take: Callable[[str, Any], None]) -> None:
    """Hand the events of a YAML text on, each with the name of its kind: without recursion, and nothing is built.

    Raises:
        Fault: it is not YAML.
    """
    import yaml  # noqa: PLC0415  # 40 ms, not paid by a replay that passes

    # libyaml, which is fast, refuses escapes of lone surrogates, which JSON allows and models produce.
    loader = yaml.SafeLoader if _SURROGATE.search(text) else getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if len(text) > LARGEST_YAML:
        raise Fault(f"it has more than {LARGEST_YAML} characters")
    nodes = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            take(type(event).__name__, event)
            nodes += 1
            if nodes > MOST_NODES:
                raise Fault(f"it has more than {MOST_NODES} parts")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        line = mark.line + 1 if mark is not None else None
        if "nesting depth" in what:  # libyaml has a limit of its own, beyond ours
            raise Fault(f"it nests deeper than {DEEPEST_FILE} levels", line) from None
        raise Fault(f"it is not valid YAML ({what})", line) from None


class _Builder:
    """Builds data from the parser's events, without recursion."""

    def __init__(self) -> None:
        self.root: Json = None
        self.lines: dict[int, int] = {}
        self._open: list[dict[str, Any] | list[Any]] = []
        self._keys: list[str | None] = []
        """For each open collection the key that waits for its value."""
        self._documents = 0

    def take(self, kind: str, event: Any) -> None:
        """One event of the parser, and the name of its class."""
        line = event.start_mark.line + 1
        if getattr(event, "anchor", None) is not None:
            raise Fault("anchors and aliases are not allowed", line)
        if getattr(event, "tag", None) is not None:
            raise Fault(f"the tag `{event.tag}` is not allowed", line)
        if kind == "ScalarEvent":
            self._scalar(event, line)
        elif kind == "MappingStartEvent":
            self._start({}, line)
        elif kind == "SequenceStartEvent":
            self._start([], line)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._open.pop()
            self._keys.pop()
        elif kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise Fault("it holds more than one document", line)

    def _scalar(self, event: Any, line: int) -> None:
        text = event.value
        if self._awaits_key():
            if text in self._open[-1]:
                raise Fault(f"the key `{text}` stands twice in one mapping", line)
            self._keys[-1] = text
            return
        # A plain scalar has no style; everything in quotes or in a block is a string.
        self._put(text if event.style else _resolved(text, line))

    def _start(self, collection: dict[str, Any] | list[Any], line: int) -> None:
        if self._awaits_key():
            raise Fault("a key must be a string", line)
        if len(self._open) >= DEEPEST_FILE:
            raise Fault(f"it nests deeper than {DEEPEST_FILE} levels", line)
        self._put(collection)
        self._open.append(collection)
        self._keys.append(None)
        self.lines[id(collection)] = line

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1], dict) and self._keys[-1] is None

    def _put(self, value: Json) -> None:
        if not self._open:
            self.root = value
        elif isinstance(self._open[-1], list):
            self._open[-1].append(value)
        else:
            self._open[-1][self._keys[-1] or ""] = value
            self._keys[-1] = None


def _resolved(text: str, line: int) -> Json:
    """What a plain scalar stands for."""
    if text in _WORDS:
        return _WORDS[text]
    try:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    except ValueError:
        raise Fault("a number is too long", line) from None
    return text


_WORDS: Final[dict[str, Json]] = {
    "": None, "~": None, "null": None, "true": True, "false": False,
    ".nan": math.nan, ".inf": math.inf, "-.inf": -math.inf,
}  # fmt: skip
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_FLOAT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", re.ASCII)
_SURROGATE: Final = re.compile(r"\\[uU](?:0000)?[dD][89a-fA-F]")
