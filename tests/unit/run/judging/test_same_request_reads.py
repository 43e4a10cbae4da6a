"""What is read of the tape to find out whether a request that is not on it is the same all the same."""

from __future__ import annotations

import json

import pytest

from pytest_llmtrace._capture.tape import Tape
from pytest_llmtrace._compare.policies.policy import named_policy
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._run.judging import same_request as module
from pytest_llmtrace._run.judging.nearest_answers import NearestAnswers
from pytest_llmtrace._store.bodies import JsonBody


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
    requests = module.RecordedRequests(tape)
    same = module.same_request(named_policy("exact"), tape, requests)
    for number in range(5):
        assert not any(same(one.request, request(f"something else {number}")) for one in tape)
    assert len(read) == len(tape)
    asked = request("something else")
    outlines = [requests.outline(one) for one in (*(one.request for one in tape), asked, asked)]
    assert read[len(tape) :] == [asked, asked]  # what is recorded was read; nothing is kept of what is not
    assert outlines == [
        module.RecordedRequests().outline(one) for one in (*(one.request for one in tape), asked, asked)
    ]


def test_the_tape_of_a_long_conversation_is_not_written_out_to_explain_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking for the same request and for the nearest one reads what is distinct, not each whole history."""
    history = [{"role": "user", "content": f"question {n}"} for n in range(30)]
    data = [{"model": "gpt-4o", "messages": history[: n + 1]} for n in range(30)]
    requests = [
        HttpRequest(method="POST", url="https://api.openai.com/v1/chat/completions", body=JsonBody(one))  # type: ignore[arg-type]
        for one in data
    ]
    answer = HttpResponse(status=200, body=b'{"choices": [{"message": {"role": "assistant", "content": "so"}}]}')
    recorded = [Interaction(request=one, response=answer, key=str(n)) for n, one in enumerate(requests)]
    same = module.same_request(named_policy("exact"), recorded)
    tape = Tape(recorded, outline=module.RecordedRequests().outline, alike=module.means_the_same, same=same)
    nearest = NearestAnswers(tape)
    monkeypatch.setattr(JsonBody, "__bytes__", lambda _self: pytest.fail("a body was written out"))
    assert tape.take_like(request("another")) is None
    assert nearest.nearest_request(request("another")) is not None
    spelled = {**data[20], "stop": None, "messages": [dict(one) for one in history[:21]]}
    found = tape.take_like(HttpRequest(method="POST", url=requests[0].url, body=json.dumps(spelled).encode()))
    assert found is not None
    assert found[0] == 20
