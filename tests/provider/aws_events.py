"""AWS event streams (https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html)."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any, Final

EVENT_STREAM: Final = "application/vnd.amazon.eventstream"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsEvent:
    """One message of a stream."""

    kind: str
    data: dict[str, Any]

    def encode(self) -> bytes:
        """The message as it goes over the wire: lengths, checksum, headers, payload, checksum."""
        payload = json.dumps(self.data, ensure_ascii=False).encode("utf-8", "surrogatepass")
        headers = b"".join(
            _header(name, value)
            for name, value in (
                (":event-type", self.kind),
                (":content-type", "application/json"),
                (":message-type", "event"),
            )
        )
        prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
        message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
        return message + struct.pack(">I", zlib.crc32(message))


def _header(name: str, value: str) -> bytes:
    """A header whose value is text (type 7)."""
    return struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", 7, len(value)) + value.encode()
