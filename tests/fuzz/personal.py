"""Personal data: what is taken out is gone, taking out again changes nothing, and a replay gives the same text back."""

from __future__ import annotations

import json
from typing import Final

from hypothesis import strategies as st

from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.matching import request_key
from pytest_llmtrace._model.personal.book import Book
from pytest_llmtrace._model.personal.kinds import KINDS
from pytest_llmtrace._model.redaction import Redactor
from tests.fuzz.redaction import URL
from tests.fuzz.target import of_bytes, of_values

ALL: Final = tuple(KINDS.values())
PEOPLE: Final = (
    "ann.smith+shop@mail.example.com", "Ann@Example.COM", "jürgen@müller.de", "+49 151 23456789", "(415) 555-2671",
    "4111 1111 1111 1111", "378282246310005", "DE89 3704 0044 0532 0130 00", "078-05-1120", "203.0.113.7",
    "2001:db8::8a2e:370:7334",
)  # fmt: skip
LETTERS: Final = " .,;:é\"'\\\n{}[]<>&()ab1+-@%<EMAIL_1>"
INPUTS: Final = [
    *(f"Call {one} or <{one}>, thanks".encode() for one in PEOPLE),
    json.dumps({"messages": [{"role": "user", "content": f"{PEOPLE[0]} and {PEOPLE[5]}"}]}).encode(),
    b"".join(
        b'data: {"choices": [{"index": 0, "delta": {"content": "%s"}}]}\n\n' % one for one in (b"a@b.e", b"xample.com ")
    ),
    b"<EMAIL_1> <EMAIL_1b> <PHONE_2>",
]


def anything(data: bytes) -> None:
    """Any text and any body is taken without an error; doing it again changes nothing."""
    book = Book(ALL)
    redactor = Redactor().hiding(book)
    text = data.decode("utf-8", "replace")
    assert book.redact(book.redact(text)) == book.redact(text)
    request = redactor.request(HttpRequest(method="POST", url=URL, body=data))
    assert redactor.request(request) == request
    request_key(request)
    response = redactor.response(HttpResponse(status=200, body=data))
    assert redactor.response(response) == response
    book.restored(response)


def planted(case: tuple[str, str, str, object]) -> None:
    """A value is gone from text, JSON and the answer, and comes back in the spelling that it had."""
    value, before, after, around = case
    book = Book(ALL)
    redactor = Redactor().hiding(book)
    text = f"{before} {value} {after}"
    made = book.redact(text)
    assert value not in made
    assert book.restored_text(made) == text
    body = json.dumps({"messages": [around, {"content": text}]}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    kept = redactor.response(HttpResponse(status=200, body=body))
    assert value.encode() not in kept.body
    given = book.restored(kept).body
    assert json.loads(given) == json.loads(body)


TARGETS: Final = (
    of_bytes("personal data", anything.__doc__ or "", anything, lambda: INPUTS),
    of_values(
        "planted people",
        planted.__doc__ or "",
        planted,
        st.tuples(
            st.sampled_from(PEOPLE), st.text(" .,;:éab\n", max_size=10), st.text(" .,;:éab\n", max_size=10), st.text()
        ),
    ),
)
