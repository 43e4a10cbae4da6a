"""Requests and responses in vcrpy's shape, and in ours."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pytest_llmtrace._capture.wire.sendable import sendable, sendable_headers
from pytest_llmtrace._model.content import decoded
from pytest_llmtrace._model.http import Headers, HttpRequest, HttpResponse


def request_of(request: Any) -> HttpRequest:
    """Our request from vcrpy's; aiohttp hands over the method as the caller spelled it."""
    return HttpRequest(
        method=str(request.method).upper(),
        url=str(request.uri),
        headers=tuple((str(name).lower(), _text(value)) for name, value in request.headers.items()),
        body=_bytes(request.body),
    )


def _bytes(body: Any) -> bytes:
    """The body as bytes; aiohttp hands over the data as the caller gave it."""
    if isinstance(body, str | None):
        return (body or "").encode("utf-8", "surrogatepass")
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    if hasattr(body, "read"):
        return _bytes(body.read())
    if isinstance(body, (dict, list)):
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str).encode()
    if isinstance(body, Iterable):
        return b"".join(_bytes(part) for part in body)
    return repr(type(body)).encode()


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def response_of(response: dict[str, Any]) -> HttpResponse:
    """Our response from vcrpy's, its content encoding undone."""
    headers: Headers = tuple(
        (str(name).lower(), _text(value))
        for name, values in (response.get("headers") or {}).items()
        for value in (values if isinstance(values, (list, tuple)) else [values])
    )
    status = response.get("status") or {}
    body = _bytes((response.get("body") or {}).get("string"))
    encoding = next((value for name, value in headers if name == "content-encoding"), "")
    return HttpResponse(
        status=int(status.get("code") or 0), reason=str(status.get("message") or ""), headers=headers,
        body=decoded(body, encoding),
    )  # fmt: skip


def as_vcr(response: HttpResponse) -> dict[str, Any]:
    """Vcrpy's response from ours: plain, with the length that the body has now.."""
    body = response.body
    headers: dict[str, list[str]] = {}
    for name, value in sendable_headers(response, len(body)):
        headers.setdefault(name, []).append(value)
    return {
        "status": {"code": response.status, "message": sendable(response.reason)},
        "headers": headers,
        "body": {"string": body},
    }
