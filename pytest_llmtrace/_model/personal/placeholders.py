"""What stands in a file where personal data stood: ``REDACTED-EMAIL-1a``.

Made of characters that URLs, JSON, YAML, HTML and Markdown leave alone. The number says which value it is, the letter
how that was spelled: `a` is the plain spelling (an address in small letters, a phone number without spaces). The letter
also ends it, whatever comes next in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from pytest_llmtrace._model.framed import body_of_texts, texts_of_body
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.http import Headers, HttpRequest, HttpResponse

PLAIN: Final = "a"
"""The letter of the plain spelling."""
MARK: Final = b"REDACTED-"


@frozen
class Placeholder:
    """One placeholder."""

    kind: str
    """In capital letters: ``EMAIL``."""
    number: int
    letter: str = PLAIN

    def __str__(self) -> str:
        return f"REDACTED-{self.kind}-{self.number}{self.letter}"

    @property
    def value(self) -> tuple[str, int]:
        """Which value it stands for, however spelled."""
        return self.kind, self.number


Rename = Callable[[Placeholder], str]


def placeholders(text: str) -> Iterator[Placeholder]:
    """The placeholders in a text, in order, as often as they occur."""
    if may_hold(text):
        for found in PLACEHOLDERS.finditer(text):
            yield placeholder(found)


def placeholder(found: re.Match[str]) -> Placeholder:
    """What was found. An application may have changed its case."""
    kind, number, letter = found.groups()
    return Placeholder(kind=kind.upper(), number=int(number), letter=letter.lower())


def renamed(text: str, rename: Rename) -> str:
    """The text with others in the place of its placeholders."""
    return PLACEHOLDERS.sub(lambda found: rename(placeholder(found)), text) if may_hold(text) else text


def own_numbers(text: str) -> str:
    """The text with its placeholders numbered in the order in which they appear in it.

    What does not depend on which other texts there are: by this, requests are recognised.
    """
    numbers = Numbering()
    return renamed(text, lambda one: str(numbers.of(one)))


class Numbering:
    """Numbers values from 1 in the order in which they are asked for, and spellings other than the plain one from b."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int], int] = {}
        self._counts: dict[str, int] = {}
        self._letters: dict[tuple[str, int], dict[str, str]] = {}

    def of(self, one: Placeholder) -> Placeholder:
        """The placeholder with the number and letter that it has here."""
        if one.value not in self._numbers:
            self._counts[one.kind] = self._numbers[one.value] = self._counts.get(one.kind, 0) + 1
        letters = self._letters.setdefault(one.value, {PLAIN: PLAIN})
        if one.letter not in letters:
            letters[one.letter] = chr(ord(PLAIN) + len(letters))
        return replace(one, number=self._numbers[one.value], letter=letters[one.letter])


def distinct(texts: Iterable[str]) -> list[Placeholder]:
    """The placeholders of some texts, each once, in the order of their first appearance."""
    return list(dict.fromkeys(one for text in texts for one in placeholders(text)))


def request_texts(request: HttpRequest) -> list[str]:
    """Where a request may hold placeholders; none where it holds none for sure."""
    body = request.body
    held = body.decode("utf-8", "replace") if MARK in body or MARK.lower() in body.lower() else ""
    return [text for text in (request.url, held) if may_hold(text)]


def renamed_request(request: HttpRequest, rename: Rename) -> HttpRequest:
    """The request with others in the place of its placeholders: the same object where it has none."""
    if not request_texts(request):
        return request
    return HttpRequest(
        method=request.method,
        url=renamed(request.url, rename),
        headers=_headers(request.headers, rename),
        body=_body(request.body, rename),
    )


def renamed_response(response: HttpResponse, rename: Rename) -> HttpResponse:
    """The response with others in the place of its placeholders: the same object where it has none."""
    headers, body = _headers(response.headers, rename), _body(response.body, rename)
    if headers == response.headers and body == response.body:
        return response
    return HttpResponse(status=response.status, reason=response.reason, headers=headers, body=body)


def response_texts(response: HttpResponse) -> list[str]:
    """Where a response may hold placeholders."""
    return [*(value for _, value in response.headers), *(texts_of_body(response.body) or ())]


def _headers(headers: Headers, rename: Rename) -> Headers:
    return tuple((name, renamed(value, rename)) for name, value in headers)


def _body(body: bytes, rename: Rename) -> bytes:
    """Placeholders are written the same in every encoding of JSON, so a body need not be read for them."""
    texts = texts_of_body(body)
    return body if texts is None else body_of_texts(body, [renamed(text, rename) for text in texts])


def may_hold(text: str) -> bool:
    """Whether a look for placeholders is worth while."""
    return "REDACTED-" in text or "redacted-" in text or "Redacted-" in text


PLACEHOLDERS: Final = re.compile(r"REDACTED-(?!REDACTED-)([A-Z]+(?:-[A-Z]+)*)-(\d{1,6})([a-z])", re.IGNORECASE)
