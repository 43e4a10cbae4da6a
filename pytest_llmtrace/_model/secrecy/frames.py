"""The binary event streams of AWS, taken apart and put together again around changed payloads.

A message is total length, header length, checksum of both, headers, payload, checksum of all before
(https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html).
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
import zlib
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    headers: bytes
    payload: bytes


def read_frames(body: bytes) -> list[Frame] | None:
    """The messages of a stream; `None` where it is none, or is damaged or cut off."""
    frames: list[Frame] = []
    position = 0
    while position < len(body):
        if position + _PRELUDE + _CHECKSUM > len(body):
            return None
        total, headers, checksum = struct.unpack_from(">III", body, position)
        if checksum != zlib.crc32(body[position : position + 8]):
            return None
        end = position + total
        if end > len(body) or _PRELUDE + headers + _CHECKSUM > total:
            return None
        start = position + _PRELUDE
        frames.append(Frame(body[start : start + headers], body[start + headers : end - _CHECKSUM]))
        position = end
    return frames or None


def write_frames(frames: list[Frame]) -> bytes:
    """The stream of these messages."""
    return b"".join(_message(frame) for frame in frames)


def inner_document(payload: str) -> tuple[str, int, int] | None:
    """What an invoked model says in a payload, and where its base64 stands there; `None` where it is plain JSON."""
    found = _BYTES.search(payload)
    if found is None:
        return None
    try:
        return base64.b64decode(found[1], validate=True).decode("utf-8", "surrogateescape"), *found.span(1)
    except (binascii.Error, ValueError):
        return None


def _message(frame: Frame) -> bytes:
    total = _PRELUDE + len(frame.headers) + len(frame.payload) + _CHECKSUM
    prelude = struct.pack(">II", total, len(frame.headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + frame.headers + frame.payload
    return message + struct.pack(">I", zlib.crc32(message))


_PRELUDE: Final = 12
_CHECKSUM: Final = 4
_BYTES: Final = re.compile(r'"bytes"\s*:\s*"([A-Za-z0-9+/]+={0,2})"')
