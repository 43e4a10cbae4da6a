"""Requests that are on a tape value for value."""

import json
from pathlib import Path

import pytest

from pytest_llmtrace._capture.recognition import Recognition, read
from pytest_llmtrace._model.body_digests import LARGEST, body_digest, digests_of
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction, held_body
from pytest_llmtrace._model.matching import request_key
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.spelling import Spelling
from pytest_llmtrace._store.tape_file import dump_tape, load_tape

HEADERS = (("content-type", "application/json"),)


def request(body, url="https://api.openai.com/v1/chat/completions", headers=HEADERS):
    return HttpRequest(method="POST", url=url, headers=headers, body=json.dumps(body, separators=(",", ":")).encode())


def chat(*texts, **more):
    return {"messages": [{"role": "user", "content": text} for text in texts], "model": "m", **more}


def taped(*requests):
    """Interactions as they come from a file."""
    made = [
        Interaction(request=one, response=HttpResponse(status=200, body=b"{}"), key=request_key(one))
        for one in requests
    ]
    return load_tape(dump_tape(made, {}), Path("t.tape.json")).interactions


def test_a_request_that_is_on_the_tape_shares_the_body_that_the_tape_holds():
    """It is neither redacted nor written anew: its key is the recorded one, its headers and URL are its own."""
    tape = taped(request(chat("a")), request(chat("a", "b")))
    sent = request(chat("a", "b"), headers=(("authorization", "Bearer sk-12345678"), *HEADERS))
    made, key = read(sent, Redactor(), Recognition(tape))
    assert (key, made) == (tape[1].key, request(chat("a", "b")))
    assert held_body(made) is held_body(tape[1].request)


@pytest.mark.parametrize(
    "body",
    [
        chat("a", n=True),
        chat("a", n=1.0),
        chat("a"),
        chat("b", n=1),
        {"model": "m", "n": 1, "messages": chat("a")["messages"]},
        [chat("a", n=1)],
    ],
    ids=["true for 1", "1.0 for 1", "a field less", "another text", "another order", "a list of it"],
)
def test_what_is_not_the_very_same_value_is_left_to_its_key(body):
    """Python's `==` would take some of these for the recorded request."""
    known = Recognition(taped(request(chat("a", n=1))))
    assert known.of(request(body), json.dumps(body).encode()) is None


def test_requests_are_recognised_in_any_order_and_again():
    """The next one is looked at first, and what comes out of order is found as well."""
    bodies = [chat("a"), chat("b"), chat("a", "c"), chat("d")]
    tape = taped(*map(request, bodies))
    known = Recognition(tape)
    found = [known.of(request({}), request(bodies[number]).body) for number in (0, 1, 3, 1, 2, 2, 0)]
    assert [tape.index(one) for one in found if one is not None] == [0, 1, 3, 1, 2, 2, 0]
    assert known.of(request({}), request(chat("e")).body) is None


def test_the_next_request_is_recognised_by_its_bytes(monkeypatch):
    """A growing history is neither parsed nor compared item by item, as long as the test asks as it was recorded."""
    bodies = [chat(*"abcdef"[:turn]) for turn in range(1, 7)]
    tape = taped(*map(request, bodies))
    known = Recognition(tape)
    monkeypatch.setattr("pytest_llmtrace._capture.recognition.parse_json", lambda _body: pytest.fail("parsed"))
    assert [known.of(request({}), request(one).body) for one in bodies] == list(tape)


def test_a_request_is_recognised_by_the_digest_of_what_was_sent(monkeypatch):
    """In any order and again, whatever the tape says; elsewhere, or with another body, it is another one."""
    bodies = [chat("a"), chat("b"), chat("a", "c"), chat("b"), chat("long" * LARGEST)]
    tape = taped(*map(request, bodies))
    known = Recognition(tape, digests_of([one.request for one in tape]))
    other = [known.of(request({}, url="https://other.test/v1"), request(chat("a")).body)]
    other += [known.of(request({}), request(one).body) for one in (chat("c"), chat("b", n=1))]
    assert other == [None] * 3
    monkeypatch.setattr("pytest_llmtrace._capture.recognition.parse_json", lambda _body: pytest.fail("parsed"))
    with monkeypatch.context() as patch:
        patch.setattr("pytest_llmtrace._model.spelling.Spelling.is_of", lambda *_: pytest.fail("spelled"))
        found = [known.of(request({}), request(bodies[number]).body) for number in (0, 1, 2, 3, 2, 0, 1)]
    assert [next(at for at, one in enumerate(tape) if one is this) for this in found] == [0, 1, 2, 3, 2, 0, 1]
    assert known.of(request({}), request(bodies[2]).body) is tape[2]
    assert known.of(request({}), request(bodies[3]).body) is tape[3]
    assert known.of(request({}), request(bodies[4]).body) is tape[4]


def test_what_is_too_large_for_a_digest_goes_on_from_what_was_not(monkeypatch):
    """A conversation that grows beyond that is neither parsed nor written from its beginning."""
    texts = [f"{number} " + "long " * 1000 for number in range(8)]
    tape = taped(*(request(chat(*texts[:turn])) for turn in range(1, 9)))
    digests = digests_of([one.request for one in tape])
    assert 1 < len(digests) < len(tape) - 1
    known = Recognition(tape, digests)
    monkeypatch.setattr("pytest_llmtrace._capture.recognition.parse_json", lambda _body: pytest.fail("parsed"))
    written = []
    item = Spelling._item
    monkeypatch.setattr(Spelling, "_item", lambda self, one: written.append(one["content"]) or item(self, one))
    assert [known.of(request({}), request(chat(*texts[:turn])).body) for turn in range(1, 9)] == list(tape)
    assert written == texts[len(digests) :]


def test_of_two_threads_one_goes_on_from_what_had_a_digest(monkeypatch):
    """The other one finds nothing to go on from any more, in whatever moment it looks."""
    texts = [f"{number} " + "long " * 1000 for number in range(8)]
    tape = taped(*(request(chat(*texts[:turn])) for turn in range(1, 9)))
    digests = digests_of([one.request for one in tape])
    for answers in ([None, None], [(tape[0].request, request(chat(texts[0])).body), None]):
        known = Recognition(tape, digests)
        known._next = len(digests)
        looked = iter(answers)  # the second time, another thread has taken it
        last = property(lambda _, looked=looked: next(looked), lambda *_: None)
        with monkeypatch.context() as patch:
            patch.setattr(Recognition, "_last", last, raising=False)
            assert known.of(request({}), request(chat(*texts[: len(digests) + 1])).body) is tape[len(digests)]


def test_a_conversation_that_python_wrote_outgrows_digests(monkeypatch):
    """It is known by them as long as they reach, and by its value from there on."""
    texts = [f"{number} " + "long " * 1000 for number in range(6)]
    bodies = [json.dumps(chat(*texts[:turn])).encode() for turn in range(1, 7)]
    tape = taped(*(request(json.loads(one)) for one in bodies))
    known = Recognition(tape, [body_digest(one) for one in bodies if len(one) <= LARGEST])
    parsed = []
    monkeypatch.setattr(
        "pytest_llmtrace._capture.recognition.parse_json", lambda one: parsed.append(one) or json.loads(one)
    )
    assert [known.of(request({}), one) for one in bodies] == list(tape)
    assert parsed == [one for one in bodies if len(one) > LARGEST]
    assert known.of(request({}), request(chat(*texts)).body) is tape[-1]


@pytest.mark.parametrize("spelled", [{"indent": 1}, {"ensure_ascii": True}], ids=["spaces", "escapes"])
def test_a_request_in_another_spelling_is_recognised_by_its_value(spelled):
    """Not every client writes JSON as httpx does."""
    tape = taped(request(chat("\u00fc")))
    body = json.dumps(chat("\u00fc"), **spelled).encode()
    assert Recognition(tape).of(request({}), body) is tape[0]


@pytest.mark.parametrize("url", ["https://api.openai.com/v1/responses", "https://other.test/v1/chat/completions"])
def test_another_place_is_another_request(url):
    """The same body sent elsewhere is not recognised; any port of the loopback interface is one place."""
    local = "http://127.0.0.1:{}/v1/chat/completions"
    known = Recognition(taped(request(chat("a")), request(chat("l"), url=local.format(1))))
    assert known.of(request({}, url=url), request(chat("a")).body) is None
    assert known.of(request({}, url=local.format(2)), request(chat("l")).body) is not None


def test_a_request_that_holds_a_secret_is_redacted_and_found_by_its_key():
    """The tape holds it redacted, so what was sent is not what is recorded."""
    redactor = Redactor(["hunter2-hunter2"])
    recorded = redactor.request(request(chat("my password is hunter2-hunter2")))
    tape = taped(recorded)
    made, key = read(request(chat("my password is hunter2-hunter2")), redactor, Recognition(tape))
    assert (key, json.loads(made.body)) == (tape[0].key, json.loads(recorded.body))


def test_a_body_that_is_no_json_is_left_to_its_key():
    """Forms, uploads and what nests too deeply are not looked at."""
    known = Recognition(taped(request(chat("a"))))
    deep = b'{"messages":' + b"[" * 3000 + b"]" * 3000 + b"}"
    assert [known.of(request({}), body) for body in (b"", b"a=b", b"{", deep)] == [None] * 4
