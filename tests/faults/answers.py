"""Answers that a provider should not give, as the bytes that it sends."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

from tests.provider.script import Rule


def _said(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "m1",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
        },
        ensure_ascii=False,
        separators=(",", ":"),  # the tape keeps JSON as data: spaces between its parts are not part of an answer
    ).encode()


def _event(text: str) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
    data = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m1", "choices": [choice]}
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"


def _answer(
    body: bytes, *, kind: str = "application/json", status: str = "200 OK", length: int | None = None, **headers: str
) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"content-type: {kind}",
        f"content-length: {len(body) if length is None else length}",
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _stream(*chunks: bytes, end: bool = True, kind: str = "text/event-stream", **headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"content-type: {kind}", "transfer-encoding: chunked"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    sent = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + sent + (b"0\r\n\r\n" if end else b"")


def _compressed(name: str, body: bytes) -> bytes:
    # Brotli and zstd by hand, as blocks that are not compressed: nothing must be installed for them.
    if name == "br":
        return ((len(body) - 1) << 4 | 1 << 20).to_bytes(3, "little") + body + b"\x03"
    if name == "zstd":
        size, block = len(body).to_bytes(4, "little"), (len(body) << 3 | 1).to_bytes(3, "little")
        return b"\x28\xb5\x2f\xfd\xa0" + size + block + body
    return gzip.compress(body, mtime=0) if name == "gzip" else zlib.compress(body)


ANSWER: Final = _said("hello")
EVENTS: Final = (_event("hel"), _event("lo"), b"data: [DONE]\n\n")
HTML: Final = b"<!doctype html><title>500</title><h1>Bad gateway</h1>"


def _rules() -> dict[str, dict[str, Any]]:
    return {
        "reset before the headers": {"reset": True},
        "reset within the headers": {"wire": _answer(ANSWER)[:40], "reset": True},
        "reset within the body": {"wire": _answer(ANSWER)[:-20], "reset": True},
        "closed before the headers": {"wire": b""},
        "closed within the headers": {"wire": _answer(ANSWER)[:40]},
        "closed within the body": {"wire": _answer(ANSWER)[:-20]},
        "stalls before the headers": {"wire": b"", "stall": True},
        "stalls within the headers": {"wire": _answer(ANSWER)[:40], "stall": True},
        "stalls within the body": {"wire": _answer(ANSWER)[:-20], "stall": True},
        "stalls within a stream": {"wire": _stream(*EVENTS[:1], end=False), "stall": True},
        "half a stream, closed": {"wire": _stream(*EVENTS[:1], end=False)},
        "half a stream, ended in order": {"wire": _stream(*EVENTS[:1])},
        "half an event": {"wire": _stream(EVENTS[0], EVENTS[1][:30])},
        "an event of garbage": {"wire": _stream(EVENTS[0], b"data: {oops\n\n", *EVENTS[1:])},
        "a stream of NULs": {"wire": _stream(EVENTS[0], b"\0" * 100 + b"\n\n", *EVENTS[1:])},
        "a stream with CR line ends": {"wire": _stream(*(one.replace(b"\n", b"\r") for one in EVENTS))},
        "a character cut by a chunk": {"wire": _stream(_event("x").replace(b'"x"', b'"\xc3'), b"\xa4" + b'"\n\n')},
        "garbage for JSON": {"wire": _answer(b"{oops" + ANSWER)},
        "half a JSON": {"wire": _answer(ANSWER[:-20])},
        "JSON of another shape": {"wire": _answer(b'{"choices":[{"message":3}],"usage":[7],"model":null}')},
        "JSON nested deeply": {"wire": _answer(b"[" * 3_000 + b"]" * 3_000)},
        "JSON with NaN and huge numbers": {"wire": _answer(b'{"a":NaN,"b":1e999,"c":' + b"9" * 5_000 + b"}")},
        "JSON with a lone surrogate": {"wire": _answer(ANSWER.replace(b"hello", b"\\ud800"))},
        "JSON with a key twice": {"wire": _answer(b'{"model": "m1", "model": "m2", "choices": []}')},
        "a BOM": {"wire": _answer(b"\xef\xbb\xbf" + ANSWER)},
        "Latin-1 named UTF-8": {"wire": _answer(_said("gr\u00fc\u00df").decode().encode("latin-1"))},
        "UTF-16": {"wire": _answer(ANSWER.decode().encode("utf-16"), kind="application/json; charset=utf-16")},
        "an unknown charset": {"wire": _answer(ANSWER, kind="application/json; charset=klingon")},
        "no content type": {"wire": _answer(ANSWER).replace(b"content-type: application/json\r\n", b"")},
        "an empty body": {"wire": _answer(b"")},
        "no content": {"wire": b"HTTP/1.1 204 No Content\r\n\r\n"},
        "a line of 1 MB": {"wire": _answer(_said("x" * 1_000_000))},
        "an event of 1 MB": {"wire": _stream(_event("x" * 1_000_000), *EVENTS[1:])},
        **{name: {"wire": _answer(_compressed(name, ANSWER), content_encoding=name)} for name in _ENCODINGS},
        **{
            f"a stream in {name}": {"wire": _stream(_compressed(name, b"".join(EVENTS)), content_encoding=name)}
            for name in _ENCODINGS
        },
        "half a gzip": {"wire": _answer(_compressed("gzip", ANSWER)[:-30], content_encoding="gzip")},
        "gzip that is none": {"wire": _answer(ANSWER, content_encoding="gzip")},
        "gzip twice": {
            "wire": _answer(_compressed("gzip", _compressed("gzip", ANSWER)), content_encoding="gzip, gzip")
        },
        "an unknown encoding": {"wire": _answer(ANSWER, content_encoding="rot13")},
        "content-length too long": {"wire": _answer(ANSWER, length=len(ANSWER) + 10)},
        "content-length too short": {"wire": _answer(ANSWER, length=len(ANSWER) - 10)},
        "content-length that is no number": {"wire": _answer(ANSWER).replace(b"length: 2", b"length: x")},
        "neither length nor chunks": {"wire": b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + ANSWER},
        "a chunk size that is no number": {"wire": _stream(EVENTS[0], end=False) + b"zz\r\n"},
        "no HTTP at all": {"wire": b"220 mail.example ESMTP\r\n"},
        "500 with HTML": {"wire": _answer(HTML, kind="text/html", status="500 Internal Server Error")},
        "429 without a body": {"wire": _answer(b"", status="429 Too Many Requests", retry_after="30")},
        "a status nobody knows": {"wire": _answer(ANSWER, status="599 Whatever")},
        "a header of binary": {"wire": _answer(ANSWER, x_odd="\u00e4\u0001")},
    }


_ENCODINGS: Final = ("gzip", "deflate", "br", "zstd")
FAULTS: Final[Mapping[str, dict[str, Any]]] = _rules()
STREAMED: Final = frozenset(name for name in FAULTS if "stream" in name or "event" in name or "chunk" in name)


def script() -> list[Rule]:
    """A rule for each fault: it answers whatever is asked of a model of that name."""
    return [Rule(model=name.replace(" ", "-").replace(",", ""), **fields) for name, fields in FAULTS.items()]
