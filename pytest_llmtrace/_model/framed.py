"""The texts that a body is made of: one, or those of the messages of AWS's binary event streams."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from pytest_llmtrace._model.secrecy.frames import Frame, inner_document, read_frames, write_frames


def texts_of_body(body: bytes) -> list[str] | None:
    """The text of a body, or that of each message of a binary stream; `None` where it is no text.

    What an invoked model says stands in base64 in such a message: then it is that.
    """
    frames = _frames(body)
    try:
        return [body.decode()] if frames is None else [_document(frame) for frame in frames]
    except UnicodeDecodeError:
        return None


def body_of_texts(body: bytes, texts: Sequence[str]) -> bytes:
    """The body with other texts; the same bytes where they are the same."""
    if texts == texts_of_body(body):
        return body
    frames = _frames(body)
    if frames is None:
        return texts[0].encode("utf-8", "surrogatepass")
    return write_frames([_frame(frame, text) for frame, text in zip(frames, texts, strict=True)])


def _frames(body: bytes) -> list[Frame] | None:
    return read_frames(body) if body[:1] == b"\0" else None  # a message is shorter than 16 MB


def _document(frame: Frame) -> str:
    payload = frame.payload.decode()
    inner = inner_document(payload)
    return payload if inner is None else inner[0].encode("latin-1").decode()


def _frame(frame: Frame, text: str) -> Frame:
    payload = frame.payload.decode()
    inner = inner_document(payload)
    raw = text.encode("utf-8", "surrogatepass")
    if inner is not None:
        raw = (payload[: inner[1]] + base64.b64encode(raw).decode() + payload[inner[2] :]).encode()
    return Frame(frame.headers, raw)
