"""Requests and responses in vcrpy's shape, and in ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

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


def place_of(request: Any) -> str:
    """Method and address of vcrpy's request as texts may name them: the query may hold a key."""
    return f"{str(request.method).upper()} {str(request.uri).partition('?')[0]}"


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
    """Vcrpy's response from ours: plain, with the length that the body has now.

    Headers are ASCII without line ends: the stubs take no others, and a server may have sent some.
    """
    headers: dict[str, list[str]] = {}
    for name, value in response.headers:
        headers.setdefault(_sendable(name), []).append(_sendable(value))
    headers["content-length"] = [str(len(response.body))]
    return {
        "status": {"code": response.status, "message": _sendable(response.reason)},
        "headers": headers,
        "body": {"string": response.body},
    }


def _sendable(text: str) -> str:
    return text if text.isascii() and text.isprintable() else _UNSENDABLE.sub("?", text)


_UNSENDABLE: Final = re.compile(r"[^\t -~]")
