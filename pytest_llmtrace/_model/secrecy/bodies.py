"""HTTP bodies without secrets: text of any coding, packed or not, streams, and the binary streams of AWS."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Sequence
from typing import Final

from pytest_llmtrace._model.content import gunzipped
from pytest_llmtrace._model.secrecy.frames import Frame, inner_document, read_frames, write_frames
from pytest_llmtrace._model.secrecy.search import Known, without_secrets
from pytest_llmtrace._model.secrecy.streams import without_split, without_split_secrets


def body_without_secrets(body: bytes, known: Known) -> bytes:
    """A body in one piece; the same bytes where there is no secret.

    Args:
        body: anything.
        known: what is secret by its value.
    """
    strict = _is_json(body)
    if _is_packed(body):
        return _unpacked(body, known)
    if _is_wide(body):
        return _wide(body, lambda text: without_secrets(text, known, strict=strict))
    # One letter for a byte: whatever the coding, and however broken it is, the other bytes stay as they are.
    text = body.decode("latin-1")
    made = without_secrets(text, known, strict=strict)
    return body if made == text else made.encode("latin-1")


def answer_without_secrets(body: bytes, known: Known) -> bytes:
    """The body of a response, whose events may each hold a piece of a secret."""
    frames = read_frames(body)
    if frames is not None:
        return _without_in_frames(body, frames, known)
    if not _is_packed(body) and not _is_wide(body):
        text = body.decode("utf-8", "surrogateescape")
        made = without_split_secrets(text, known)
        body = body if made == text else made.encode("utf-8", "surrogateescape")
    return body_without_secrets(body, known)


def _without_in_frames(body: bytes, frames: Sequence[Frame], known: Known) -> bytes:
    payloads = [frame.payload.decode("utf-8", "surrogateescape") for frame in frames]
    inner = [inner_document(payload) for payload in payloads]
    documents = [payload if one is None else one[0] for payload, one in zip(payloads, inner, strict=True)]
    documents = without_split(documents, known) or documents
    made: list[Frame] = []
    for frame, payload, one, document in zip(frames, payloads, inner, documents, strict=True):
        raw = body_without_secrets(document.encode("utf-8", "surrogateescape"), known)
        if one is not None:
            _, start, end = one
            whole = payload[:start] + base64.b64encode(raw).decode() + payload[end:]
            raw = body_without_secrets(whole.encode("utf-8", "surrogateescape"), known)
        made.append(Frame(frame.headers, raw))
    return body if made == list(frames) else write_frames(made)


def _unpacked(body: bytes, known: Known) -> bytes:
    """A body that is gzip: as it is, or without it where something was removed, since zips differ by version."""
    try:
        plain = gunzipped(body)
    except (OSError, EOFError, zlib.error):
        plain = None
    if plain is None or _is_packed(plain):
        return body
    made = body_without_secrets(plain, known)
    return body if made == plain else made


def _wide(body: bytes, change: Callable[[str], str]) -> bytes:
    """A body that is UTF-16 or UTF-32."""
    coding = json.detect_encoding(body)
    try:
        text = body.decode(coding)
    except UnicodeError:
        return change(body.decode("latin-1")).encode("latin-1")
    made = change(text)
    body = body if made == text else made.encode(coding, "surrogatepass")
    return change(body.decode("latin-1")).encode("latin-1")  # it may only begin like that


def _is_json(body: bytes) -> bool:
    return body[:64].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1] in (b"{", b"[")


def _is_packed(body: bytes) -> bool:
    return body.startswith(_GZIP)


def _is_wide(body: bytes) -> bool:
    return b"\0" in body[:4] or body.startswith(_MARKS)


_GZIP: Final = b"\x1f\x8b"
_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
