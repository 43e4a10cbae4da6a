"""The last look at what is about to be kept: it reads more than what removes secrets may touch."""

from __future__ import annotations

import base64
import gzip
import json
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy.eye import Eye, Leak
from pytest_llmtrace._model.secrecy.searched import Searched
from pytest_llmtrace._run.recording import from_detect_secrets

KEY = "sk-proj-aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5z"
BURIED = {
    "hex": lambda text: text.encode().hex(),
    "base64_after_a_word": lambda text: f"of-{base64.b64encode(text.encode()).decode()}",
    "base64_in_lines": lambda text: base64.encodebytes(f"{40 * chr(32)}{text}".encode()).decode(),
    "zlib": lambda text: base64.b64encode(zlib.compress(text.encode())).decode(),
    "gzip": lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(),
    "base64_4_times": lambda text: base64.b64encode(
        base64.b64encode(base64.b64encode(base64.b64encode(text.encode())))
    ).decode(),
    "utf_16": lambda text: base64.b64encode(text.encode("utf-16")).decode(),
}


def watched(**known: object) -> tuple[Eye, Redactor]:
    """An eye, and a redactor whose work it looks at."""
    eye = Eye(Searched({}), **known)
    return eye, Redactor().watched(eye)


@pytest.mark.parametrize("how", sorted(BURIED))
def test_what_is_buried_deeper_than_removal_reaches_is_seen_and_taken_out(how):
    """Request and answer: named with its place and its beginning; nothing of it is kept, and JSON stays JSON."""
    eye, redactor = watched()
    buried = BURIED[how](KEY)
    body = json.dumps({"messages": [{"content": "hi"}, {"content": f"see {buried}"}]}).encode()
    made = redactor.request(HttpRequest(method="POST", url="https://h/v1", body=body)).body
    answer = redactor.response(HttpResponse(status=200, body=json.dumps({"text": buried}).encode())).body
    assert eye.leaks == [
        Leak(what="an OpenAI-like key", place=place, shown="sk-pro…", secret=KEY)
        for place in ("request: messages[1].content", "answer: text")
    ]
    assert json.loads(made) == {"messages": [{"content": "hi"}, {"content": "REDACTED"}]}
    assert json.loads(answer) == {"text": "REDACTED"}
    assert KEY not in repr(eye.leaks)


def test_a_secret_in_pieces_of_different_blocks_is_seen():
    """Parts of an answer that are no events of one block may still be read as one text."""
    eye, redactor = watched()
    parts = [{"index": number, "text": text} for number, text in enumerate((KEY[:12], KEY[12:30], KEY[30:]))]
    body = json.dumps({"content": parts}).encode()
    made = redactor.response(HttpResponse(status=200, body=body)).body
    assert [(leak.what, leak.place) for leak in eye.leaks] == [
        ("an OpenAI-like key", "answer: content[0].text, in pieces")
    ]
    assert [part["text"] for part in json.loads(made)["content"]] == ["", "", ""]


def test_what_is_clean_is_kept_as_it_is_and_read_once():
    """Ordinary traffic leaks nothing, and a history that is repeated costs no second look."""
    looked: list[str] = []
    eye, redactor = watched(detector=lambda text: looked.append(text) or ())
    body = json.dumps({"messages": [{"content": "The same long question as before."}]}).encode()
    for _ in range(3):
        assert redactor.request(HttpRequest(method="POST", url="https://h/v1", body=body)).body == body
    assert looked.count("The same long question as before.") == 1
    assert eye.leaks == []


def test_a_detector_and_the_allow_list_have_their_say():
    """What is found besides is taken out; what the project allows is none."""
    eye, redactor = watched(detector=lambda text: [("a shoe size", "42424242")] if "42424242" in text else [])
    body = b'{"text": "size 42424242"}'
    assert redactor.response(HttpResponse(status=200, body=body)).body == b'{"text": "REDACTED"}'
    assert [(leak.what, leak.shown) for leak in eye.leaks] == [("a shoe size", "424242…")]
    import re

    allowing = Eye(Searched({}, [re.compile("^4242"), re.compile("sk-proj")]), lambda _: [("a shoe size", "42424242")])
    assert (
        allowing.body(json.dumps({"a": f"42424242 {KEY}"}).encode(), "answer")
        == json.dumps({"a": f"42424242 {KEY}"}).encode()
    )
    assert allowing.leaks == []


@settings(max_examples=60)
@given(st.one_of(st.binary(max_size=120), st.text(alphabet='\\u0%41&#x;AbC="{}[]+/ \n', max_size=60).map(str.encode)))
def test_garbage_is_no_error(body):
    """Whatever is looked at."""
    eye, _ = watched()
    assert eye.body(body, "answer", joined=True) == body


def test_what_models_sign_and_number_is_no_secret():
    """Signatures of thoughts, embeddings, images and ids are left alone, by removal, eye and detect-secrets."""
    pytest.importorskip("detect_secrets")
    eye, redactor = watched(detector=from_detect_secrets.detector())
    letters = random.Random(7)
    data = {
        "signature": base64.b64encode(letters.randbytes(64)).decode(),
        "encrypted_content": base64.urlsafe_b64encode(letters.randbytes(40_000)).decode(),
        "image": base64.b64encode(letters.randbytes(60_000)).decode(),
        "embedding": [letters.random() for _ in range(200)],
        "ids": [
            f"{kind}_{letters.randbytes(18).hex()}" for kind in ("msg", "resp", "call", "toolu", "vs", "file", "rs")
        ],
        "system_fingerprint": "fp_44709d6fcb",
        "prose": "A risk-averse, task-oriented ask-me-anything; see https://example.com:8080/a@b?page=2&key=F1#top.",
    }
    body = json.dumps(data).encode()
    assert redactor.response(HttpResponse(status=200, body=body)).body == body
    assert eye.leaks == []
