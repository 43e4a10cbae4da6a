"""Undoing content encodings, so that a tape is readable and replays without the library that compressed it."""

from __future__ import annotations

import gzip
import importlib
import io
import zlib
from typing import Any, Final, TypeVar

from pytest_llmtrace._model.bounds import MOST_DECODED


def decoded(body: bytes, encoding: str) -> bytes:
    """The body with its content encodings undone.

    It stays as it is where an encoding is unknown, the data is not encoded, or the result is beyond `MOST_DECODED`.
    HTTP stubs differ: some hand over the raw body with its header, some the decoded body with the same header.
    """
    try:
        return _decoded(body, encoding)
    except _BeyondError:
        return body


def unpacked_size(body: bytes, encoding: str) -> int | None:
    """How many bytes a body has with its content encodings undone; `None`: more than `MOST_DECODED`."""
    try:
        return len(_decoded(body, encoding))
    except _BeyondError:
        return None


_Bytes = TypeVar("_Bytes", bytes, bytearray)


class _BeyondError(Exception):
    """The result is beyond `MOST_DECODED`."""


def _decoded(body: bytes, encoding: str) -> bytes:
    for name in reversed([part.strip().lower() for part in encoding.split(",") if part.strip()]):
        plain = _decoded_once(body, name)
        if plain is None:
            return body
        body = plain
    return body


def _decoded_once(body: bytes, encoding: str) -> bytes | None:
    try:
        if encoding in ("gzip", "x-gzip"):
            return _bounded(_gunzipped(body)) if body[:2] == b"\x1f\x8b" else None
        if encoding == "deflate":
            return _inflated(body)
        if encoding == "br":
            return _brotli(body)
        if encoding == "zstd":
            return _zstd(body)
    except (OSError, EOFError, zlib.error):
        return None
    return None


def gunzipped(data: bytes) -> bytes | None:
    """The data without its gzip; `None` where it would be larger than `MOST_DECODED`.

    Raises:
        OSError, EOFError, zlib.error: it is not gzip, or damaged.
    """
    plain = _gunzipped(data)
    return plain if len(plain) <= MOST_DECODED else None


def _gunzipped(data: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        return file.read(MOST_DECODED + 1)


def _bounded(data: _Bytes) -> _Bytes:
    if len(data) > MOST_DECODED:
        raise _BeyondError
    return data


def _inflated(body: bytes) -> bytes:
    try:
        return _inflated_as(body, zlib.MAX_WBITS)
    except zlib.error:
        return _inflated_as(body, -zlib.MAX_WBITS)


def _inflated_as(body: bytes, form: int) -> bytes:
    stream = zlib.decompressobj(form)
    plain = stream.decompress(body, MOST_DECODED + 1)
    if not stream.eof and len(plain) <= MOST_DECODED:
        raise zlib.error("incomplete or truncated stream")
    return _bounded(plain)


def _brotli(body: bytes) -> bytes | None:
    for name in ("brotli", "brotlicffi"):
        module = _optional(name)
        if module is not None:
            try:
                return _piece_by_piece(module.Decompressor(), body)
            except module.error:
                return None
    return None


def _piece_by_piece(stream: Any, body: bytes) -> bytes | None:
    """Fed in small pieces, since a piece of a kilobyte can unpack to gigabytes; `None` where the stream has no end."""
    process = getattr(stream, "process", None) or stream.decompress
    made = bytearray()
    for start in range(0, len(body), _PIECE):
        made += process(body[start : start + _PIECE])
        _bounded(made)
    return bytes(made) if stream.is_finished() else None


def _zstd(body: bytes) -> bytes | None:
    module = _optional("zstandard")
    if module is None or body[:4] != b"\x28\xb5\x2f\xfd":
        return None
    try:
        with module.ZstdDecompressor().stream_reader(body) as reader:
            return _bounded(bytes(reader.read(MOST_DECODED + 1)))
    except module.ZstdError:
        return None


_PIECE: Final = 16


def _optional(name: str) -> Any:
    """A decoder that is only installed where the client itself asks for that encoding."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
