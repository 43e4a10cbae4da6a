"""Asking another model than the application asks: its name is replaced in the request as that goes out.

It is done where every HTTP library hands its request to the stub, so that litellm and all SDKs are served by one
mechanism. What cannot be swapped there is stopped before it is sent: APIs whose URL names the model and is signed, or
follows no known form (Bedrock), and a model of another provider, whose URL would not know it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from pytest_llmtrace._capture.current import current
from pytest_llmtrace._capture.providers import PROVIDERS
from pytest_llmtrace._capture.wire.naming import named_model, renamed
from pytest_llmtrace._model.http import HttpRequest
from pytest_llmtrace._model.messages import MessageTable

if TYPE_CHECKING:
    from pytest_llmtrace._model.trace import LLMCall

swapped: ContextVar[str | None] = ContextVar("llmtrace_swapped", default=None)
"""Of the request that was last handed over in this context: ``OLD=NEW``, where its model was replaced."""

swaps: list[Sequence[tuple[str, str]]] = []
"""What is swapped in this run, the last one counts; empty in most, where nobody need look at requests for it."""


@contextmanager
def swapping(pairs: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Replace models in the requests of live runs. Args: pairs: of the model asked for and the one to ask."""
    swaps.append(pairs)
    try:
        yield
    finally:
        swaps.remove(pairs)


def swap_models(
    args: tuple[Any, ...], kwargs: dict[str, Any], *, litellm_provider: str | None = None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a library's send function with the model replaced where that is asked for.

    Requests of httpx and of `http.client` (requests, urllib3) are changed in place, so that a client that shows what
    it has sent shows the truth; of aiohttp the arguments are.

    Args:
        args: As the function gets them.
        kwargs: Likewise.
        litellm_provider: The provider as litellm calls it, where litellm sends the request: behind another address
            nothing else tells.
    """
    swapped.set(None)
    recorder = current()
    if not swaps or recorder is None or recorder.wire != "watch" or not args:
        return args, kwargs
    sent = getattr(args[0], "_vcr_request", None)
    if sent is not None:  # http.client: the stub holds the request
        _change_sent(sent, litellm_provider)
    elif len(args) > 2 and isinstance(args[1], str):  # aiohttp: session, method, URL
        return _changed_aiohttp(args, kwargs, litellm_provider)
    elif len(args) > 1 and type(getattr(args[1], "stream", None)).__name__ == "ByteStream":  # httpx, httpx2
        request = args[1]
        new = _swap(str(request.url), b"".join(request.stream), litellm_provider)
        if new is not None:
            if new[0] != str(request.url):  # one that stays is not written anew
                request.url = type(request.url)(new[0])
            request.stream = type(request.stream)(new[1])
            request.headers["content-length"] = str(len(new[1]))
            if hasattr(request, "_content"):
                request._content = new[1]  # noqa: SLF001
    return args, kwargs


def stop_unswapped(request: HttpRequest) -> None:
    """See that a request to be sent asks for no model that should have been replaced. Raises: the stop."""
    recorder = current()
    if not swaps or recorder is None or recorder.wire != "watch" or swapped.get() is not None:
        return
    asked = _asked(request)
    for old, new in swaps[-1]:
        if asked is not None and old in _names(asked.model, {asked.provider}):
            _refuse(old, new, f"{request.place} names its model where only the application can change it (in the URL).")


def _swap(url: str, body: bytes, litellm_provider: str | None) -> tuple[str, bytes] | None:
    """URL and body with another model; `None` where nothing is to be replaced. Raises: the stop, for another provider.

    Whether it is a request to a model at all is asked only where the name fits.
    """
    model = named_model(url, body)
    if model is None:
        return None
    for old, new in swaps[-1]:
        if old.rpartition("/")[2] != model.rpartition("/")[2]:
            continue
        asked = _asked(HttpRequest(method="POST", url=url, headers=(), body=body))
        if asked is None:
            return None
        providers = {asked.provider, litellm_provider or asked.provider}
        if old not in _names(model, providers):
            continue
        prefix, slash, rest = new.partition("/")
        name = new
        if old != model or "/" not in model:  # the API's own name has no prefix: that of the new one is litellm's
            if slash and prefix in providers:
                name = rest
            elif slash and prefix in PROVIDERS:
                _refuse(old, new, f"the request goes to {asked.provider} ({url}), which serves no models of {prefix}.")
        swapped.set(f"{old}={new}")
        return renamed(url, body, name)
    return None


def _asked(request: HttpRequest) -> LLMCall | None:
    from pytest_llmtrace._capture.dialects.parsing import parse_request  # noqa: PLC0415  # where models are swapped

    return parse_request(request, MessageTable())


def _refuse(old: str, new: str, why: str) -> None:
    recorder = current()
    if recorder is not None:
        recorder.unswapped.add(f"{old}={new}")
        recorder.refuse_live(
            f"--llm-model {old}={new} cannot be done: {why} Let the test take its model from a setting."
        )


def _names(model: str, providers: set[str]) -> set[str]:
    """What a model is called: the API's own name, or that with the provider before it."""
    return {model, *(f"{provider}/{model}" for provider in providers)}


def _change_sent(sent: Any, litellm_provider: str | None) -> None:
    """A request that a stub of `http.client` holds."""
    body = sent.body
    text = body.encode() if isinstance(body, str) else body
    new = _swap(str(sent.uri), text, litellm_provider) if isinstance(text, bytes) else None
    if new is not None:
        sent.uri, sent.body = new
        for header in [one for one in sent.headers if str(one).lower() == "content-length"]:
            sent.headers[header] = str(len(new[1]))


def _changed_aiohttp(
    args: tuple[Any, ...], kwargs: dict[str, Any], litellm_provider: str | None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    for name in ("json", "data"):
        given = kwargs.get(name)
        body = json.dumps(given).encode() if name == "json" and isinstance(given, Mapping) else given
        body = body.encode() if isinstance(body, str) else body
        new = _swap(str(args[2]), body, litellm_provider) if isinstance(body, bytes) else None
        if new is not None:
            args = args if new[0] == str(args[2]) else (*args[:2], type(args[2])(new[0]), *args[3:])
            kwargs = {**kwargs, name: json.loads(new[1]) if name == "json" else new[1]}
            headers = kwargs.get("headers")
            if headers is not None and name == "data":
                pairs = list(headers.items() if hasattr(headers, "items") else headers)
                kwargs["headers"] = [
                    (key, str(len(new[1])) if str(key).lower() == "content-length" else value) for key, value in pairs
                ]
    return args, kwargs
