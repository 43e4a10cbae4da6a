"""Errors in every form that providers and their gateways give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pytest_llmtrace._capture.dialects.lenient import first, mapping, mappings, text
from pytest_llmtrace._model.canonical import canonical_json, parse_json
from pytest_llmtrace._model.http import HttpResponse
from pytest_llmtrace._model.trace import CallError

_LONGEST_MESSAGE: Final = 2000


def http_failure(response: HttpResponse) -> CallError:
    """The error of a response whose status says that it is one."""
    data = parse_json(response.body)
    if isinstance(data, list) and mappings(data):
        data = mappings(data)[0]
    found = stated_error(data, response.status) if isinstance(data, dict) else None
    if found is None and isinstance(data, dict):
        found = _flat(data, response.status)
    header = (response.header("x-amzn-errortype") or "").partition(":")[0]
    kind = found.type if found and found.type != "error" else header or response.reason or _phrase(response.status)
    message = found.message if found and found.message else _excerpt(response.body)
    return CallError(type=kind, message=message, status=response.status)


def stated_error(data: Mapping[str, Any], status: int | None = None) -> CallError | None:
    """The error that a JSON body or a stream event states under ``error``; `None` where it states none."""
    error = data.get("error")
    if error in (None, "", {}, False):
        return None
    if not isinstance(error, dict):
        message = error if isinstance(error, str) else canonical_json(error)
        return CallError(type=_word(data, "error_type", "code"), message=message[:_LONGEST_MESSAGE], status=status)
    kind = _word(error, "type", "status", "code")
    inner = mapping(error.get("error"))
    message = text(error.get("message")) or text(inner.get("message")) or text(error.get("detail"))
    if not message:
        message = canonical_json(error)
    return CallError(type=kind, message=message[:_LONGEST_MESSAGE], status=status or _status(error.get("code")))


def _flat(data: Mapping[str, Any], status: int) -> CallError:
    """An error whose message is at the top, as Cohere, Mistral, Bedrock, vLLM and web frameworks have it."""
    message = first(data, "message", "Message", "detail", "errorMessage")
    if message is None:
        message = canonical_json(data)
    elif not isinstance(message, str):
        message = canonical_json(message)
    return CallError(type=_word(data, "type", "__type", "code"), message=message[:_LONGEST_MESSAGE], status=status)


def _word(fields: Mapping[str, Any], *names: str) -> str:
    """The first name that says what kind of error it is; a number is taken for a HTTP status."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value and value != "error":
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return _phrase(value)
    return "error"


def _status(code: object) -> int | None:
    return code if isinstance(code, int) and 400 <= code < 600 else None


def _phrase(status: int) -> str:
    """What stands for an error that names no type. Not the status phrase: that differs between Python versions."""
    return f"http_{status}"


def _excerpt(body: bytes) -> str:
    return body[: _LONGEST_MESSAGE * 4].decode("utf-8", "replace")[:_LONGEST_MESSAGE].strip()
