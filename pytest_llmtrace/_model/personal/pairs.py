"""Requests that are equal but for their values: which placeholder of one is which of the other."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.matching import ordered_text
from pytest_llmtrace._model.personal.placeholders import (
    Placeholder,
    distinct,
    renamed_request,
    request_texts,
    response_texts,
)


def pairs_of(recorded: HttpRequest, request: HttpRequest) -> list[tuple[Placeholder, Placeholder]]:
    """The placeholders of a recorded request and those of one that says the same, one by one."""
    made = []
    for theirs, ours in zip(_in_order(recorded), _in_order(request), strict=False):
        if theirs.kind != ours.kind:
            break
        made.append((theirs, ours))
    return made


def aligned(request: HttpRequest, like: HttpRequest) -> HttpRequest:
    """A request with the placeholders of another one, in their order: equal where only the values differ."""
    exact = {ours: theirs for theirs, ours in pairs_of(like, request)}
    values = {ours.value: theirs.value for ours, theirs in exact.items()}

    def theirs(one: Placeholder) -> str:
        if one in exact:
            return str(exact[one])
        kind, number = values.get(one.value, one.value)
        return str(Placeholder(kind=kind, number=number, letter=one.letter))

    return renamed_request(request, theirs) if exact else request


def texts_of(interactions: Iterable[tuple[HttpRequest, HttpResponse | None]]) -> Iterable[str]:
    """Where requests and their answers may hold placeholders, in order."""
    for request, response in interactions:
        yield from request_texts(request)
        yield from response_texts(response) if response is not None else ()


def _in_order(request: HttpRequest) -> list[Placeholder]:
    return distinct([ordered_text(request)]) if request_texts(request) else []
