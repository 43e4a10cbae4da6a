"""Server-sent events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a stream."""

    data: dict[str, Any] | str
    name: str | None = None

    def encode(self) -> bytes:
        """The event as it goes over the wire."""
        data = self.data if isinstance(self.data, str) else json.dumps(self.data, ensure_ascii=False)
        head = f"event: {self.name}\n" if self.name else ""
        return f"{head}data: {data}\n\n".encode("utf-8", "surrogatepass")


DONE: Final = Event(data="[DONE]")
"""The event that ends a stream of chat completions."""
