"""Requests that are not on the tape, and that a trace cannot tell from recorded ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._model.http import HttpRequest, json_body
from pytest_llmtrace._model.matching import canonical_body
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._run.judging.same_request import reading
from pytest_llmtrace._run.recording.personal import shown

if TYPE_CHECKING:
    from pytest_llmtrace._run.owner import OwnerRun


def displaced(run: OwnerRun) -> list[Exchange]:
    """Missed LLM requests that a trace cannot tell from recorded ones.

    They are recorded word for word, but for another place (host, path or query differ); or they differ from one that
    was not made again only in what no trace shows, such as a setting of one part of a message.
    """
    misses = [one for one in run.recorder.misses if one.is_llm and one.phase == "call"]
    return [
        one
        for one in misses
        if _has_moved(run, one, shown(run, one.request)) or _reads_like_one_left(run, shown(run, one.request))
    ]


def without_displaced(run: OwnerRun, trace: Trace) -> Trace:
    """The trace without requests that went to another place: as calls they are the recorded ones."""
    found = displaced(run)
    if not found or len(found) < sum(1 for call in trace.calls if call.status == "missed"):
        return trace
    kept = tuple(one for one in trace.entries if not (isinstance(one, LLMCall) and one.status == "missed"))
    return replace(trace, entries=kept)


def _has_moved(run: OwnerRun, miss: Exchange, request: HttpRequest) -> bool:
    tape = run.recorder.tape
    if tape.knows(miss.key):
        return False
    body = json_body(request)
    return any(
        (body is None or json_body(one.request) == body)  # most differ at first sight; few must be written out
        and canonical_body(one.request) == canonical_body(request)
        for one in tape.interactions
    )


def _reads_like_one_left(run: OwnerRun, request: HttpRequest) -> bool:
    outline = run.words.outline(request)
    if outline is None:
        return False
    near = [one.request for one in run.recorder.tape.unplayed() if run.words.outline(one.request) == outline]
    return bool(near) and reading(request) in {reading(one) for one in near}
