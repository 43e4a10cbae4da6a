"""Personal data of one owner: taken out of what it sends and gets, and numbered as its files have it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmtrace._capture.tape import Outline, Same, Tape
from pytest_llmtrace._model.http import HttpRequest, Interaction

if TYPE_CHECKING:  # few projects have personal data taken out
    from pytest_llmtrace._model.personal.book import Book
    from pytest_llmtrace._model.personal.kind import Kind
    from pytest_llmtrace._model.personal.placeholders import Rename
    from pytest_llmtrace._model.trace import Trace
    from pytest_llmtrace._run.judging.other_words import OtherWords
    from pytest_llmtrace._run.owner import OwnerRun


def book_of(kinds: Sequence[Kind]) -> Book | None:
    """What keeps the personal data of one owner; `None` where none is taken out."""
    if not kinds:
        return None
    from pytest_llmtrace._model.personal.book import Book  # noqa: PLC0415

    return Book(kinds)


def tape(book: Book | None, recorded: Sequence[Interaction], words: OtherWords, *, asked: Sequence[str | None]) -> Tape:
    """A tape whose requests are found whatever their values are numbered."""
    if book is None:
        return Tape(recorded, asked=asked, outline=words.outline, alike=words.alike, same=words.same)
    outline, alike, same = _outlined(words.outline), _like(words.alike), _like(words.same)
    return Tape(recorded, outline=outline, alike=alike, same=same, agrees=book.agrees)


def told(run: OwnerRun, trace: Trace, *, for_good: bool = False) -> Trace:
    """The trace with the numbers that a golden trace has."""
    rename = _rename(run, trace, for_good=for_good)
    if rename is None:
        return trace
    from pytest_llmtrace._model.personal.traces import renamed_trace  # noqa: PLC0415

    return renamed_trace(trace, rename)


def filed(run: OwnerRun, interactions: Sequence[Interaction]) -> tuple[Interaction, ...]:
    """What goes on a tape, with the numbers that the golden trace has."""
    rename = _rename(run, None, for_good=True)
    if rename is None:
        return tuple(interactions)
    from pytest_llmtrace._model.personal.placeholders import renamed_request, renamed_response  # noqa: PLC0415

    return tuple(
        replace(one, request=renamed_request(one.request, rename), response=renamed_response(one.response, rename))
        for one in interactions
    )


def shown(run: OwnerRun, request: HttpRequest) -> HttpRequest:
    """A request as it is shown."""
    rename = _rename(run, None, for_good=False)
    if rename is None:
        return request
    from pytest_llmtrace._model.personal.placeholders import renamed_request  # noqa: PLC0415

    return renamed_request(request, rename)


def _outlined(outline: Outline) -> Outline:
    """An outline that requests have in common whatever their values."""
    from pytest_llmtrace._model.personal.placeholders import Numbering, renamed_request  # noqa: PLC0415

    def own(request: HttpRequest) -> str | None:
        numbers = Numbering()
        return outline(renamed_request(request, lambda one: str(numbers.of(one))))

    return own


def _like(same: Same) -> Same:
    """A comparison of a recorded request with one of this run in which values are told apart, and no more."""
    from pytest_llmtrace._model.personal.pairs import aligned  # noqa: PLC0415

    return lambda recorded, request: same(recorded, aligned(request, recorded))


def _rename(run: OwnerRun, trace: Trace | None, *, for_good: bool) -> Rename | None:
    book, recorder = run.recorder.book, run.recorder
    if book is None:
        return None
    from pytest_llmtrace._model.personal.pairs import texts_of  # noqa: PLC0415
    from pytest_llmtrace._model.personal.traces import trace_texts  # noqa: PLC0415

    if for_good:
        _link_what_was_not_answered(run, book)
    made = ((one.request, one.response) for one in list(recorder.exchanges) if one.taped)
    return book.settled([*texts_of(made), *(trace_texts(trace) if trace is not None else ())], for_good=for_good)


def _link_what_was_not_answered(run: OwnerRun, book: Book) -> None:
    """Requests that went live although they are on the tape say as much about values as those that it answered."""
    recorded = defaultdict[str, list[HttpRequest]](list)
    for one in run.recorder.tape.interactions:
        recorded[one.key].append(one.request)
    for exchange in run.recorder.exchanges:
        if exchange.source == "live" and exchange.position is None:
            fitting = [one for one in recorded.get(exchange.key, ()) if book.agrees(one, exchange.request)]
            if fitting:
                book.link(fitting[0], exchange.request)
                recorded[exchange.key].remove(fitting[0])
