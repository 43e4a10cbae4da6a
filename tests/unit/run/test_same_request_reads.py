"""What is read of the tape to find out whether a request that is not on it is the same all the same."""

from __future__ import annotations

import json

import pytest

from pytest_llmtrace._compare.policy import named_policy
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._run import same_request as module


def request(text: str) -> HttpRequest:
    """A chat request."""
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}]}
    return HttpRequest(method="POST", url="https://api.openai.com/v1/chat/completions", body=json.dumps(body).encode())


def test_bodies_are_not_read_where_nothing_could_make_them_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without rules and fan-outs the first miss reads the tape once, and the next ones not at all."""
    answer = HttpResponse(status=200, body=b'{"choices": [{"message": {"role": "assistant", "content": "so"}}]}')
    tape = [Interaction(request=request(f"question {n}"), response=answer, key=str(n)) for n in range(20)]
    read: list[HttpRequest] = []
    for name in ("unread", "parse_request"):
        original = getattr(module, name)

        def counted(one: HttpRequest, *rest: object, original: object = original) -> object:
            read.append(one)
            return original(one, *rest)  # type: ignore[operator]

        monkeypatch.setattr(module, name, counted)
    same = module.same_request(named_policy("exact"), tape)
    for number in range(5):
        assert not any(same(one.request, request(f"something else {number}")) for one in tape)
    assert len(read) == len(tape)
