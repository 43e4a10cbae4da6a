"""Requests and responses from the data of a vcrpy cassette, in every shape that its versions and relatives write."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pytest_llmtrace._model.content import decoded
from pytest_llmtrace._model.http import Headers, HttpRequest, HttpResponse
from pytest_llmtrace._store.faults import Fault
from pytest_llmtrace._store.json_text import compact_bytes
from pytest_llmtrace._store.nesting import is_too_deep


def request_from(data: Any) -> HttpRequest:
    """The request as its client sent it.

    Raises:
        Fault: the data is no request.
    """
    fields = _mapping(data, "`request`")
    method, url = _text_in(fields, "method"), _text_in(fields, "uri" if "uri" in fields else "url")
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise Fault(f"`uri` is no URL ({error})") from None
    return HttpRequest(method=method, url=url, headers=_headers(fields.get("headers")), body=_body(fields))


def response_from(data: Any) -> HttpResponse:
    """The response as its client read it: content encoding undone.

    Raises:
        Fault: the data is no response, or is compressed in a way that cannot be undone here.
    """
    fields = _mapping(data, "`response`")
    code, reason = _status(fields)
    headers, body = _headers(fields.get("headers")), _body(fields)
    encoding = ", ".join(value for name, value in headers if name == "content-encoding")
    plain = decoded(body, encoding)
    if encoding and plain is body and _is_compressed(body):
        raise Fault(f"its body is compressed ({encoding}) and cannot be decompressed here{_MISSING.get(encoding, '')}")
    return HttpResponse(status=code, reason=reason, headers=headers, body=plain)


def _status(fields: Mapping[str, Any]) -> tuple[int, str]:
    """The status: of vcrpy, of Betamax, or of the first recordings of httpx (`status_code`)."""
    status = fields.get("status", fields.get("status_code"))
    code, reason = (status.get("code"), status.get("message")) if isinstance(status, dict) else (status, None)
    if isinstance(code, str) and code.isdecimal():
        code = int(code)
    if type(code) is not int or not 100 <= code <= 999:
        raise Fault(f"`status` must hold a status code, not {code!r:.100}")
    return code, reason if isinstance(reason, str) else ""


def _headers(data: Any) -> Headers:
    """Names in lower case, with a pair for each value."""
    if data is None:
        return ()
    pairs = data.items() if isinstance(data, dict) else data
    made: list[tuple[str, str]] = []
    try:
        for name, values in pairs:
            each = values if isinstance(values, list) else [values]
            made += [(_header_text(name).lower(), _header_text(value)) for value in each if value is not None]
    except (TypeError, ValueError):
        raise Fault("`headers` must be a mapping of names to values or lists of values") from None
    return tuple(made)


def _header_text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise TypeError
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return text.encode("utf-8", "replace").decode()


def _body(fields: Mapping[str, Any]) -> bytes:
    if fields.get("parsed_body") is not None:  # written by serializers that keep JSON bodies reviewable
        return _json(fields["parsed_body"])
    body = fields.get("body", fields.get("content"))
    if not isinstance(body, dict):
        return _bytes(body)
    if body.get("base64_string") is not None:
        try:
            return base64.b64decode(_bytes(body["base64_string"]), validate=False)
        except binascii.Error:
            raise Fault("`base64_string` is not base64") from None
    return _bytes(body.get("string"), body.get("encoding"))


def _bytes(value: Any, encoding: object = None) -> bytes:
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        if isinstance(encoding, str):
            try:
                return value.encode(encoding)
            except (LookupError, UnicodeEncodeError):
                pass  # the name of another language's encoding, or not what the text is in: UTF-8 holds everything
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, list):
        return b"".join(_bytes(part) for part in value if not isinstance(part, list))
    raise Fault(f"a body must be text or bytes, not {value!r:.100}")


def _json(value: Any) -> bytes:
    if is_too_deep(value):
        raise Fault("`parsed_body` nests too deeply")
    try:
        return compact_bytes(value)
    except (TypeError, ValueError):
        raise Fault("`parsed_body` cannot be JSON") from None


def _is_compressed(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return False


def _mapping(data: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise Fault(f"{what} must be a mapping, not {data!r:.100}")
    return data


def _text_in(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if not isinstance(value, str) or not value:
        raise Fault(f"`{key}` must be text, not {value!r:.100}")
    return value


_MISSING = {"br": ": install `brotli`", "zstd": ": install `zstandard`"}
