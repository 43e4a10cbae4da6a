"""Digests of the bodies of recorded requests, as clients send them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from pytest_llmtrace._model.body_digests import LARGEST, are_of, body_digest, digests_of
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction, ReadJson
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy.eye import Eye
from pytest_llmtrace._store.tape_file import dump_tape, load_tape

URL = "https://api.example.com/v1/chat/completions"
KEY = "sk-proj-aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5z"


def sent(value: Any) -> bytes:
    """What httpx sends for a value."""
    return httpx.Request("POST", URL, json=value).content


def request(body: bytes) -> HttpRequest:
    return HttpRequest(method="POST", url=URL, body=body)


def chat(text: str, turns: int = 1) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": f"{text} {turn}"} for turn in range(turns)]}


def read_again(*made: HttpRequest) -> list[HttpRequest]:
    """Requests as a tape gives them back."""
    answer = HttpResponse(status=200, body=b"{}")
    text = dump_tape([Interaction(request=one, response=answer, key="k") for one in made], {})
    return [one.request for one in load_tape(text, Path("t.tape.json")).interactions]


def test_a_digest_is_that_of_what_most_clients_send() -> None:
    """Recorded now or read from a tape, however the client that was recorded wrote its JSON."""
    values = [chat("Köln"), chat("Köln", 3), {**chat("a"), "tools": [{"type": "function"}], "n": 1.5, "stop": None}]
    wanted = [hashlib.sha256(sent(one)).hexdigest()[:32] for one in values]
    redactor = Redactor().watched(Eye(Redactor().searched))
    recorded = [redactor.request(request(sent(one))) for one in values]
    spaced = [redactor.request(request(json.dumps(one, indent=1).encode())) for one in values]
    for made in (recorded, spaced, read_again(*recorded), read_again(*spaced)):
        assert digests_of(made) == wanted
    assert [body_digest(sent(one)) for one in values] == wanted
    assert are_of(wanted, recorded)


def test_who_writes_json_as_python_does_is_known_by_that() -> None:
    """Those of litellm, AWS and Google do. A tape alone does not say who did, and either digest is its own."""
    values = [chat("K\u00f6ln"), chat("a", 3), {"n": 1.5, "stop": None}]
    bodies = [json.dumps(one).encode() for one in values]
    redactor = Redactor().watched(Eye(Redactor().searched))
    recorded = [redactor.request(request(one)) for one in bodies]
    assert digests_of(recorded) == [body_digest(one) for one in bodies]
    again = read_again(*recorded)
    assert digests_of(again) == [body_digest(sent(one)) for one in values]
    assert are_of(digests_of(recorded), again)
    assert are_of(digests_of(again), recorded)


def test_a_digest_says_nothing_of_what_was_removed() -> None:
    """It is one of the request that stands on the tape, and not of the one that was sent."""
    body = sent(chat(f"I am {KEY}"))
    for redactor in (Redactor(), Redactor().watched(Eye(Redactor().searched))):
        made = redactor.request(request(body))
        assert digests_of([made]) == [body_digest(made.body)] == [body_digest(body.replace(KEY.encode(), b"REDACTED"))]


def test_a_recorded_request_is_digested_when_its_bytes_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are given up then, and are not made once more when the tape is written."""
    redactor = Redactor().watched(Eye(Redactor().searched))
    made = [redactor.request(request(sent(chat("a", turns)))) for turns in (1, 2, 33)]
    wanted = [body_digest(one.body) for one in made[:2]]
    monkeypatch.delattr(ReadJson, "__bytes__")
    assert digests_of(made) == wanted


def test_what_comes_from_an_earlier_recording_is_spelled_as_that_said() -> None:
    """What is sent now is spelled as it is sent, whatever was recorded before."""
    body = json.dumps(chat("a")).encode()
    known = [None, body_digest(body), body_digest(b"{}")]
    assert digests_of(read_again(request(body)), known) == [body_digest(body)]
    assert digests_of([request(sent(chat("a")))], known) == [body_digest(body)]
    assert digests_of(read_again(request(body)), [None, body_digest(b"{}")]) == [body_digest(sent(chat("a")))]
    long = Redactor().request(request(json.dumps(chat("a" * (LARGEST - 60))).encode()))
    assert len(sent(json.loads(long.body))) <= LARGEST < len(long.body)
    assert digests_of([long]) == digests_of(read_again(long)) == []
    assert digests_of([Redactor().request(request(sent(chat("a"))))], known) == [body_digest(sent(chat("a")))]


@pytest.mark.parametrize(
    "body",
    [b"", b"a=b", b"[1]", b'{"a": "\\ud800"}', sent({"a": "x" * LARGEST}), sent(chat("a", 33))],
    ids=["none", "a form", "a list", "half a letter", "long", "a long history"],
)
def test_what_is_long_or_no_json_object_has_none(body: bytes) -> None:
    """Such requests are known by other means, and cost no digest while a conversation grows."""
    (made,) = read_again(request(body))
    one = sent(chat("a"))
    assert digests_of([made]) == []
    assert digests_of([made, request(b""), *read_again(request(one)), made]) == [None, None, body_digest(one)]


def test_digests_of_other_requests_are_told() -> None:
    """Whoever edits a request and signs its tape anew."""
    made = read_again(request(sent(chat("a"))), request(sent(chat("a", 40))))
    first, second = (body_digest(one.body) for one in made)
    assert [are_of(one, made) for one in ([], [None], [first], [first, second], [None, second])] == [True] * 5
    assert [are_of(one, made) for one in ([second], [first, first], [first, None, first])] == [False] * 3
    assert not are_of([body_digest(b"a=b")], [request(b"a=b")])
    assert are_of([first], [request(json.dumps(chat("a"), indent=1).encode())])
