"""Undoing content encodings, so that a tape is readable and replays without the library that compressed it."""

from __future__ import annotations

import gzip
import importlib
import zlib
from typing import Any


def decoded(body: bytes, encoding: str) -> bytes:
    """The body with its content encodings undone; as it is where an encoding is unknown or the data is not encoded.

    HTTP stubs differ: some hand over the raw body with its header, some the decoded body with the same header.
    """
    for name in reversed([part.strip().lower() for part in encoding.split(",") if part.strip()]):
        plain = _decoded_once(body, name)
        if plain is None:
            return body
        body = plain
    return body


def _decoded_once(body: bytes, encoding: str) -> bytes | None:
    try:
        if encoding in ("gzip", "x-gzip"):
            return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else None
        if encoding == "deflate":
            return _inflated(body)
        if encoding == "br":
            return _brotli(body)
        if encoding == "zstd":
            return _zstd(body)
    except (OSError, EOFError, zlib.error):
        return None
    return None


def _inflated(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error:
        return zlib.decompress(body, -zlib.MAX_WBITS)


def _brotli(body: bytes) -> bytes | None:
    for name in ("brotli", "brotlicffi"):
        module = _optional(name)
        if module is not None:
            try:
                return bytes(module.decompress(body))
            except module.error:
                return None
    return None


def _zstd(body: bytes) -> bytes | None:
    module = _optional("zstandard")
    if module is None or body[:4] != b"\x28\xb5\x2f\xfd":
        return None
    try:
        with module.ZstdDecompressor().stream_reader(body) as reader:
            return bytes(reader.read())
    except module.ZstdError:
        return None


def _optional(name: str) -> Any:
    """A decoder that is only installed where the client itself asks for that encoding."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
