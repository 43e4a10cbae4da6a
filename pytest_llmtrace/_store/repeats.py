"""Whether a file holds a history more than once: hand edits, merges and other tools make such files."""

from __future__ import annotations

import marshal
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pytest_llmtrace._store.golden_file import Golden, dump_golden
from pytest_llmtrace._store.interactions import InteractionWriter
from pytest_llmtrace._store.tape_file import TapeFile, tape_text


def tape_size_needed(data: Mapping[str, Any], tape: TapeFile, size: int) -> int | None:
    """The characters that a tape would have if it held each history once; `None` where it does, or about so.

    Args:
        data: the data of the file.
        tape: the same, read.
        size: the characters of the file.
    """
    repeated, seen = 0, set[bytes]()
    for interaction in data["interactions"]:
        for part in _parts(interaction["request"]):
            raw = marshal.dumps(part, 2)
            if len(raw) >= _LONG:
                repeated += len(raw) if raw in seen else 0
                seen.add(raw)
    if repeated < _ACCIDENT:
        return None
    # What looks repeated may be what a request cannot refer to: only writing it anew tells.
    writer = InteractionWriter()
    needed = len(tape_text([writer.data(one) for one in tape.interactions], tape.meta))
    return needed if _is_more(size, needed) else None


def golden_size_needed(text: str, golden: Golden) -> int | None:
    """The same for a golden trace; comments that somebody wrote into it are nobody's history."""
    needed = len(dump_golden(golden))
    return needed if _is_more(len(_COMMENT.sub("", text)), needed) else None


def _is_more(size: int, needed: int) -> bool:
    return size > needed * _MARGIN and size - needed > _ACCIDENT


def _parts(request: Mapping[str, Any]) -> Iterator[Any]:
    """What a request adds to those before it: the members of its lists."""
    body = request.get("json")
    if isinstance(body, dict):
        yield from _members(body)
    changes = request.get("changes")
    if isinstance(changes, dict):
        yield from _added(changes)


def _added(changes: Mapping[str, Any]) -> Iterator[Any]:
    yield from _members(changes.get("set", {}))
    for pieces in changes.get("lists", {}).values():
        yield from (piece["add"] for piece in pieces if "add" in piece)
    for inner in changes.get("inner", {}).values():
        yield from _added(inner)


def _members(body: Mapping[str, Any], depth: int = 2) -> Iterator[Any]:
    for value in body.values():
        if isinstance(value, list):
            yield from (item for item in value if isinstance(item, dict))
        elif isinstance(value, dict) and depth:
            yield from _members(value, depth - 1)


_LONG: Final = 200
"""Bytes from which a message is worth a reference: tapes repeat shorter ones on purpose."""
_ACCIDENT: Final = 2_000
"""Bytes up to which nobody cares."""
_MARGIN: Final = 1.2
_COMMENT: Final = re.compile(r"^ *#.*\n", re.MULTILINE)
