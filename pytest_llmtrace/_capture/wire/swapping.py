"""Asking another model than the application asks: the `model` of a request's body is replaced as it goes out.

It is done where every HTTP library hands its request to the stub, so that litellm and all SDKs are served by one
mechanism. What cannot be swapped there is stopped before it is sent: APIs that name the model in the URL (Gemini,
Bedrock, Azure's deployments), and a model of another provider, whose URL would not know it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pytest_llmtrace._capture.current import current
from pytest_llmtrace._capture.dialects import parse_request
from pytest_llmtrace._capture.providers import PROVIDERS
from pytest_llmtrace._capture.wire.vcr_values import request_of
from pytest_llmtrace._model.canonical import parse_json
from pytest_llmtrace._model.http import HttpRequest
from pytest_llmtrace._model.messages import MessageTable

swapped: ContextVar[str | None] = ContextVar("llmtrace_swapped", default=None)
"""Of the request that was last handed over in this context: ``OLD=NEW``, where its model was replaced."""

_active: list[Sequence[tuple[str, str]]] = []


@contextmanager
def swapping(swaps: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Replace models in the requests of live runs. Args: swaps: pairs of the model asked for and the one to ask."""
    _active.append(swaps)
    try:
        yield
    finally:
        _active.remove(swaps)


def swap_models(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a library's send function with the model replaced where that is asked for.

    Requests of httpx and of `http.client` (requests, urllib3) are changed in place, so that a client that shows what
    it has sent shows the truth; of aiohttp the arguments are.
    """
    swapped.set(None)
    recorder = current()
    if not _active or recorder is None or recorder.wire != "watch" or not args:
        return args, kwargs
    sent = getattr(args[0], "_vcr_request", None)
    if sent is not None:  # http.client: the stub holds the request
        _change(sent, "body", str(sent.uri), sent.headers)
    elif len(args) > 2 and isinstance(args[1], str):  # aiohttp: session, method, URL
        return args, _changed_aiohttp(str(args[2]), kwargs)
    elif len(args) > 1 and type(getattr(args[1], "stream", None)).__name__ == "ByteStream":  # httpx, httpx2
        request = args[1]
        new = _swap(str(request.url), b"".join(request.stream))
        if new is not None:
            request.stream = type(request.stream)(new)
            request.headers["content-length"] = str(len(new))
            if hasattr(request, "_content"):
                request._content = new  # noqa: SLF001
    return args, kwargs


def stop_unswapped(request: Any) -> None:
    """See that a request (vcrpy's) to be sent asks for no model that should have been replaced. Raises: the stop."""
    recorder = current()
    if not _active or recorder is None or recorder.wire != "watch" or swapped.get() is not None:
        return
    asked = parse_request(request_of(request), MessageTable())
    for old, new in _active[-1]:
        if asked is not None and _names(old, asked.model, asked.provider):
            recorder.stop(
                f"llmtrace: --llm-model {old}={new} cannot be done: {request.method} {request.uri} names its model "
                "where only the application can change it (in the URL). Let the test take its model from a setting."
            )


def _swap(url: str, body: bytes) -> bytes | None:
    """The body with another model; `None` where nothing is to be replaced. Raises: the stop, for another provider."""
    if b'"model"' not in body or "/deployments/" in url:  # Azure asks what its URL names
        return None
    data = parse_json(body)
    if not isinstance(data, dict) or not isinstance(data.get("model"), str):
        return None
    found = _replacement(url, body, data["model"])
    return None if found is None else json.dumps({**data, "model": found}, ensure_ascii=False).encode("utf-8")


def _replacement(url: str, body: bytes, model: str) -> str | None:
    for old, new in _active[-1]:
        asked = parse_request(HttpRequest(method="POST", url=url, headers=(), body=body), MessageTable())
        if asked is None or not _names(old, model, asked.provider):
            continue
        prefix, slash, rest = new.partition("/")
        name = new
        if old != model or "/" not in model:  # the API's own name has no prefix: that of the new one is litellm's
            if slash and prefix == asked.provider:
                name = rest
            elif slash and prefix in PROVIDERS:
                recorder = current()
                assert recorder is not None  # noqa: S101  # the callers asked
                recorder.stop(
                    f"llmtrace: --llm-model {old}={new} cannot be done: the request goes to {asked.provider} "
                    f"({url}), which does not serve models of {prefix}. Let the test take its model from a setting."
                )
        swapped.set(f"{old}={new}")
        return name
    return None


def _names(old: str, model: str, provider: str) -> bool:
    """Whether `old` is this model: by the API's own name, or with the provider before it."""
    return old in (model, f"{provider}/{model}")


def _change(holder: Any, name: str, url: str, headers: Any) -> None:
    body = getattr(holder, name)
    new = _swap(url, body.encode() if isinstance(body, str) else body) if isinstance(body, (bytes, str)) else None
    if new is not None:
        setattr(holder, name, new)
        for header in [one for one in headers if str(one).lower() == "content-length"]:
            headers[header] = str(len(new))


def _changed_aiohttp(url: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    for name in ("json", "data"):
        given = kwargs.get(name)
        body = json.dumps(given).encode() if name == "json" and isinstance(given, Mapping) else given
        body = body.encode() if isinstance(body, str) else body
        new = _swap(url, body) if isinstance(body, bytes) else None
        if new is not None:
            kwargs = {**kwargs, name: json.loads(new) if name == "json" else new}
            headers = kwargs.get("headers")
            if headers is not None and name == "data":
                pairs = list(headers.items() if hasattr(headers, "items") else headers)
                kwargs["headers"] = [
                    (key, str(len(new)) if str(key).lower() == "content-length" else value) for key, value in pairs
                ]
    return kwargs
