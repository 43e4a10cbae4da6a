"""Which API a request is for, told by its path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import unquote

from tests.provider import (
    chat,
    cohere,
    converse,
    embeddings,
    gemini,
    invoke,
    messages,
    moderations,
    ollama,
    ollama_generate,
    responses,
)
from tests.provider.answer import Answer
from tests.provider.aws_events import EVENT_STREAM as AWS_EVENT_STREAM
from tests.provider.events import EVENT_STREAM, JSON_LINES, Encodes
from tests.provider.question import Question, Said


class Api(Protocol):
    """What each API module provides."""

    def read(self, body: Mapping[str, Any], /) -> Iterator[Said]:
        """The messages of a request."""
        ...

    def whole(self, question: Question, answer: Answer, /) -> dict[str, Any]:
        """The answer as one object."""
        ...

    def events(self, question: Question, answer: Answer, /) -> Iterable[Encodes]:
        """The answer as a stream."""
        ...

    def error(self, status: int, message: str, /) -> dict[str, Any]:
        """An error body."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An API, and how a request is seen to be for it."""

    name: str
    api: Api
    path: re.Pattern[str]
    """Its end, so that any prefix will do. A group named `model` holds the model where the path names it, one named
    `streamed` matches where the path asks for a stream."""
    stream_type: str = EVENT_STREAM
    """The content type of streams."""
    streams_by_default: bool = False
    """Whether an answer is streamed unless the body says otherwise."""

    def question(self, *, number: int, path: str, body: Mapping[str, Any]) -> Question:
        """A request to this API."""
        found = self.path.search(path)
        groups = found.groupdict() if found else {}
        streamed = bool(groups["streamed"]) if "streamed" in groups else body.get("stream", self.streams_by_default)
        return Question(
            number=number,
            path=path,
            api=self.name,
            said=tuple(self.api.read(body)),
            body=body,
            model=unquote(groups.get("model") or str(body.get("model", ""))),
            stream=bool(streamed),
        )


def route_of(method: str, path: str) -> Route | None:
    """The API that a request is for; `None` where it is for none."""
    if method != "POST":
        return None
    return next((route for route in ROUTES if route.path.search(path)), None)


ROUTES: Final[tuple[Route, ...]] = (
    Route(name="chat", api=chat, path=re.compile(r"/chat/completions$")),
    Route(name="responses", api=responses, path=re.compile(r"/responses$")),
    Route(name="embeddings", api=embeddings, path=re.compile(r"/embeddings$")),
    Route(name="moderations", api=moderations, path=re.compile(r"/moderations$")),
    Route(name="messages", api=messages, path=re.compile(r"/messages$")),
    Route(
        name="gemini",
        api=gemini,
        path=re.compile(r"/(?P<model>[^/:]+):(?:generateContent|(?P<streamed>streamGenerateContent))$"),
    ),
    Route(
        name="converse",
        api=converse,
        path=re.compile(r"/model/(?P<model>[^/]+)/converse(?P<streamed>-stream)?$"),
        stream_type=AWS_EVENT_STREAM,
    ),
    Route(
        name="invoke",
        api=invoke,
        path=re.compile(r"/model/(?P<model>[^/]+)/invoke(?P<streamed>-with-response-stream)?$"),
        stream_type=AWS_EVENT_STREAM,
    ),
    Route(name="cohere", api=cohere, path=re.compile(r"/v2/chat$")),
    Route(
        name="ollama",
        api=ollama,
        path=re.compile(r"/api/chat$"),
        stream_type=JSON_LINES,
        streams_by_default=True,
    ),
    Route(
        name="ollama_generate",
        api=ollama_generate,
        path=re.compile(r"/api/generate$"),
        stream_type=JSON_LINES,
        streams_by_default=True,
    ),
)
