"""What a provider keeps between requests: responses that are fetched later, and conversations that it continues.

OpenAI's Responses and Google's Interactions can answer in the background: the application polls ``GET /responses/{id}``
until the answer is there. And a request may name an earlier response or a conversation instead of repeating it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

from pytest_llmtrace._capture.dialects.events import read_body
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, json_body
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import LLMCall

Value = TypeVar("Value")

KEPT: Final = "(kept by the provider)"
"""Stands in the trace for the random id of a response or of a conversation."""


def fetched_response(request: HttpRequest) -> str | None:
    """The id of the response that a request asks for again, or cancels; `None` for any other request."""
    found = _FETCH.search(urlsplit(request.url).path)
    if found is None or request.method.upper() != ("POST" if found.group(2) else "GET"):
        return None
    return found.group(1)


class Responses(Generic[Value]):
    """Values under the ids that responses gave themselves. No body is parsed before somebody asks for one."""

    def __init__(self) -> None:
        self._found: dict[str, Value] = {}
        self._unread: list[tuple[HttpResponse, Value]] = []

    def add(self, value: Value, request: HttpRequest, response: HttpResponse | None) -> None:
        """Note what belongs to a response, if it is one that can be named later."""
        if response is not None and urlsplit(request.url).path.rstrip("/").endswith(_KEPT_BY_ID):
            self._unread.append((response, value))

    def find(self, name: str) -> Value | None:
        """The value of the response of this id."""
        for response, value in self._unread:
            body = read_body(response)
            begun = [] if body.events is None else list(body.events[:1])
            answers = [body.data, *(event.get(key) for event in begun for key in ("response", "interaction"))]
            for answer in answers:
                if isinstance(answer, dict) and isinstance(answer.get("id"), str):
                    self._found[answer["id"]] = value
        self._unread.clear()
        return self._found.get(name)


class Histories:
    """What the provider remembers of the calls of one trace: give it each call in the order in which they began."""

    def __init__(self) -> None:
        self._by_response: Responses[tuple[LLMCall, HttpRequest]] = Responses()
        self._by_conversation: dict[str, tuple[LLMCall, HttpRequest]] = {}

    def whole(self, call: LLMCall, request: HttpRequest, response: HttpResponse | None) -> LLMCall:
        """The call with the history that it names before the messages it sent, and without the random name.

        Instructions are not carried over: they hold for one call.
        """
        if call.operation not in ("responses", "interactions"):
            return call
        conversation = _name(call.params.get("conversation"))
        link = "previous_interaction_id" if call.operation == "interactions" else "previous_response_id"
        previous = call.params.get(link)
        earlier = self._by_response.find(previous) if isinstance(previous, str) else None
        if earlier is None and conversation is not None:
            earlier = self._by_conversation.get(conversation)
        if earlier is not None:
            call = replace(call, messages=_joined(*earlier, call.messages, _instructions(request)))
        if conversation is not None:
            self._by_conversation[conversation] = (call, request)
        self._by_response.add((call, request), request, response)
        names = {link: previous, "conversation": conversation}
        marks = {name: KEPT for name, value in names.items() if value is not None}
        return replace(call, params={**call.params, **marks}) if marks else call


def _joined(
    earlier: LLMCall, earlier_request: HttpRequest, sent: tuple[Message, ...], instructions: int
) -> tuple[Message, ...]:
    said = () if earlier.output is None else (earlier.output,)
    kept = earlier.messages[_instructions(earlier_request) :]
    return (*sent[:instructions], *kept, *said, *sent[instructions:])


def _instructions(request: HttpRequest) -> int:
    """How many messages at the beginning of a call are its instructions."""
    body = json_body(request)
    named = [body.get(name) for name in ("instructions", "system_instruction")] if isinstance(body, dict) else []
    return 1 if any(isinstance(one, str) for one in named) else 0


def _name(conversation: Any) -> str | None:
    found = conversation.get("id") if isinstance(conversation, Mapping) else conversation
    return found if isinstance(found, str) else None


_KEPT_BY_ID: Final = ("/responses", "/interactions")
_FETCH: Final = re.compile(r"/(?:responses|interactions)/([^/]+)(/cancel)?/?$")
