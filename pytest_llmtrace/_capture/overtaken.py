"""Calls that nobody waited for to the end: one lost a race, another was still under way when its test was over.

Of several requests that run at once an application may take the first answer and cancel the others, or cancel all when
one fails. Replay answers at once, so such a call may be cancelled, or its test be over, before its request is sent.
That is no difference: nothing came of it while it was recorded. See docs/design/0050.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmtrace._capture.asked import Asked
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.labels import NO_LABELS, Labels
from pytest_llmtrace._capture.wire.transport_failures import (
    GIVEN_UP,
    OVERTAKEN,
    UNFINISHED,
    is_cancellation,
    is_failure,
)
from pytest_llmtrace._model.http import HttpResponse

if TYPE_CHECKING:
    from pytest_llmtrace._capture.recorder import Recorder


def marked(failure: HttpResponse, exchange: Exchange, recorder: Recorder) -> HttpResponse:
    """How a request failed, with a mark where nobody waited for it."""
    if not is_cancellation(failure):
        return failure
    if exchange.phase == "call" != recorder.phase:
        return replace(failure, headers=(*failure.headers, UNFINISHED))
    overtaken = any(one is not exchange and _ended_since(one, exchange.started) for one in recorder.exchanges)
    return replace(failure, headers=(*failure.headers, OVERTAKEN)) if overtaken else failure


def give_up_unsent(recorder: Recorder, exception: BaseException | None) -> None:
    """Note the calls of the tape that nobody waited for and nobody asked for this time, as given up once more.

    Each at its place in the order of the tape, with the labels of the call before it: those of one race have the same.
    Of a test that was stopped, or ended with an exception, nobody knows what it would have asked for.
    """
    tape = recorder.tape
    if exception is not None or recorder.misses or recorder.refused or recorder.wire not in ("tape", "fill"):
        return
    for position in tape.unplayed_positions():
        lost = tape.interactions[position]
        if lost.phase != "call" or not is_failure(lost.response) or lost.response.header(GIVEN_UP) is None:
            continue
        made = recorder.exchanges
        after = [at for at, one in enumerate(made) if one.position is not None and one.position > position]
        place = after[0] if after else len(made)
        exchange = Exchange(
            asked=Asked(lost.request, lost.key),
            labels=_labels(made[place - 1]) if place else NO_LABELS,
            strand=None,
            started=made[place].started if after else time.perf_counter(),
            position=position,
        )
        exchange.played(lost.response, lost.response, "tape")
        if UNFINISHED not in lost.response.headers:
            exchange.given_up()
        tape.use(position)
        made.insert(place, exchange)


def _ended_since(one: Exchange, moment: float) -> bool:
    gave_up = one.response is None and (one.failure is None or is_cancellation(one.failure))
    return one.ended is not None and one.ended >= moment and not gave_up


def _labels(one: Exchange) -> Labels:
    called = one.context
    return called.labels.over(called.inherited) if called is not None else one.labels
