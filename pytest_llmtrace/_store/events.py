"""Server-sent events as data, and back: the same events, whatever their spelling.

See https://html.spec.whatwg.org/multipage/server-sent-events.html for the format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from pytest_llmtrace._store.json_text import compact_json, reviewable_json


def looks_like_events(text: str) -> bool:
    """Whether a text begins as a stream of events does, whatever its content type says."""
    return _BEGINNING.match(text) is not None


def read_events(text: str) -> tuple[list[dict[str, Any]], str] | None:
    """The events of a stream, and what comes after the last whole one; `None` where they would lose something.

    An event is ``{"event", "id", "retry", "data"}`` with those it has, `data` as JSON where it is an object or a list;
    a comment is ``{"comment"}``. Line ends and the order of an event's fields are not kept.
    """
    *lines, rest = _LINE_END.split(text)
    events: list[dict[str, Any]] = []
    block: dict[str, list[str]] = {}
    begun = 0
    for number, line in enumerate(lines, start=1):
        if line:
            name, _, value = line.partition(":")
            block.setdefault(name, []).append(value.removeprefix(" "))
            continue
        if not block.keys() <= _FIELDS or any(len(block.get(name, ())) > 1 for name in _ONCE):
            return None
        events.extend({"comment": comment} for comment in block.pop("", ()))
        if block:
            events.append(_event(block))
        block, begun = {}, number
    return events, "\n".join([*lines[begun:], rest])


def write_events(events: Sequence[dict[str, Any]], rest: str) -> str:
    """The text of a stream."""
    return "".join(f"{line}\n" for event in events for line in _lines(event)) + rest


def _event(fields: dict[str, list[str]]) -> dict[str, Any]:
    made: dict[str, Any] = {name: fields[name][0] for name in _ONCE if name in fields}
    if "data" in fields:
        text = "\n".join(fields["data"])
        data = reviewable_json(text)
        made["data"] = text if data is None else data
    return made


def _lines(event: dict[str, Any]) -> Iterator[str]:
    if "comment" in event:
        yield f": {event['comment']}"
    for name in _ONCE:
        if name in event:
            yield f"{name}: {event[name]}"
    if "data" in event:
        data = event["data"]
        text = data if isinstance(data, str) else compact_json(data)
        yield from (f"data: {line}" for line in text.split("\n"))
    yield ""


_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_ONCE: Final = ("event", "id", "retry")
_FIELDS: Final = frozenset({*_ONCE, "data", ""})
"""Names of lines; a comment has an empty one."""
_BEGINNING: Final = re.compile(r"\s*(?:data:|event:|id:|retry:|:)")
