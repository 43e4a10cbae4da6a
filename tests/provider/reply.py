"""From a request to the bytes of its answer, without a socket in sight."""

from __future__ import annotations

import email.utils
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.provider import chat
from tests.provider.answer import Answer, answer_to, data_text
from tests.provider.events import Encodes
from tests.provider.question import Question
from tests.provider.routes import route_of
from tests.provider.script import ECHO, Rule, Script


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer as bytes, and how to deliver it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    chunks: tuple[bytes, ...]
    streamed: bool = False
    """Whether the chunks go out one by one, in chunked encoding."""
    rule: Rule = field(default=ECHO)
    """What `delay`, `wait`, `reset` and `truncate` are taken from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replier:
    """Makes replies by a script."""

    script: Script
    random_ids: bool = False
    gzip: bool = False

    def reply(self, *, number: int, method: str, path: str, body: object, accept_encoding: str = "") -> Reply:
        """The reply to one request; `path` comes without its query, `body` parsed."""
        route = route_of(method, path)
        api = chat if route is None else route.api
        if route and not isinstance(body, dict):
            return _json(400, api.error(400, "We could not parse the JSON body of your request."))
        fields = body if isinstance(body, dict) else {}
        if route is None:
            question = Question(number=number, path=path, body=fields)
        else:
            question = route.question(number=number, path=path, body=fields)
        rule = self.script.choose(question)
        if route is None and rule.path is None:
            return _json(404, chat.error(404, f"Unknown request URL: {method} {path}."))
        answer = answer_to(question, rule, random_ids=self.random_ids)
        headers = self._headers(rule, answer)
        if rule.status >= 400:
            message = data_text(rule.text) if rule.text is not None else f"Scripted error {rule.status}."
            reply = _json(rule.status, api.error(rule.status, message), headers=headers, rule=rule)
        elif route is None:
            reply = _json(rule.status, rule.text, headers=headers, rule=rule)
        elif question.stream:
            reply = _stream(api.events(question, answer), route.stream_type, headers=headers, rule=rule)
        else:
            reply = _json(rule.status, api.whole(question, answer), headers=headers, rule=rule)
        return _compressed(reply) if self.gzip and "gzip" in accept_encoding else reply

    def _headers(self, rule: Rule, answer: Answer) -> dict[str, str]:
        headers = {"x-request-id": f"req_{answer.id}", "request-id": f"req_{answer.id}"}
        if self.random_ids:
            headers["date"] = email.utils.formatdate(answer.created, usegmt=True)
        if rule.retry_after is not None:
            headers["retry-after"] = f"{rule.retry_after:g}"
        return headers


def _json(status: int, data: object, *, headers: Mapping[str, str] | None = None, rule: Rule = ECHO) -> Reply:
    body = json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")
    types = {"content-type": "application/json"}
    return Reply(status=status, headers=tuple((types | dict(headers or {})).items()), chunks=(body,), rule=rule)


def _stream(events: Iterable[Encodes], kind: str, *, headers: Mapping[str, str], rule: Rule) -> Reply:
    types = {"content-type": kind}
    chunks = tuple(event.encode() for event in events)
    return Reply(status=200, headers=tuple((types | dict(headers)).items()), chunks=chunks, streamed=True, rule=rule)


def _compressed(reply: Reply) -> Reply:
    chunks = tuple(_gzip_stream(reply.chunks)) if reply.streamed else (gzip.compress(reply.chunks[0], mtime=0),)
    headers = (*reply.headers, ("content-encoding", "gzip"))
    return Reply(status=reply.status, headers=headers, chunks=chunks, streamed=reply.streamed, rule=reply.rule)


def _gzip_stream(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Each event is flushed, so that a client can read it before the next one comes."""
    compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    for chunk in chunks:
        yield compressor.compress(chunk) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield compressor.flush()
