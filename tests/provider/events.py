"""Events of a stream, as server-sent events and as lines of JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, Protocol

EVENT_STREAM: Final = "text/event-stream; charset=utf-8"
JSON_LINES: Final = "application/x-ndjson"


class Encodes(Protocol):
    """Anything that a stream is made of."""

    def encode(self) -> bytes:
        """The event as it goes over the wire."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One server-sent event."""

    data: dict[str, Any] | str
    name: str | None = None

    def encode(self) -> bytes:
        """The event as it goes over the wire."""
        data = self.data if isinstance(self.data, str) else json.dumps(self.data, ensure_ascii=False)
        head = f"event: {self.name}\n" if self.name else ""
        return f"{head}data: {data}\n\n".encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of JSON."""

    data: dict[str, Any]

    def encode(self) -> bytes:
        """The line as it goes over the wire."""
        return json.dumps(self.data, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


DONE: Final = Event(data="[DONE]")
"""The event that ends a stream of chat completions."""
