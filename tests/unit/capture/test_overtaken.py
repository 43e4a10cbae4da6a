"""Calls that nobody waited for to the end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pytest_llmtrace._capture.exchange import Exchange, ReplayStopError, interaction_of
from pytest_llmtrace._capture.labels import Labels
from pytest_llmtrace._capture.overtaken import give_up_unsent
from pytest_llmtrace._capture.wire.transport_failures import LEFT, OVERTAKEN, UNFINISHED
from pytest_llmtrace._model.http import HttpResponse, Interaction, Phase
from tests.unit.capture.test_recorder import OK, chat, recorder

GIVEN_UP = asyncio.CancelledError()


def headers_of(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    """Those by which the tape tells how it ended."""
    assert exchange.failure is not None
    return exchange.failure.headers


@pytest.mark.parametrize("error", [None, ConnectionResetError("reset")])
def test_who_is_given_up_when_another_one_ended_has_lost_a_race(error: BaseException | None) -> None:
    """With an answer or a failure: an application that takes the first gives up the others, as a failing group does."""
    live = recorder("live")
    one, other = live.open(chat("one"), None), live.open(chat("other"), None)
    if error is None:
        live.answered(other, OK)
    else:
        live.failed(other, error)
    live.failed(one, GIVEN_UP)
    assert headers_of(one) == (OVERTAKEN,)


def test_who_is_given_up_alone_has_lost_none() -> None:
    """After a call, not during it; with another one, by the same timeout; or by a failure of its own."""
    live = recorder("live")
    live.answered(live.open(chat("before"), None), OK)
    one, other, third = (live.open(chat(text), None) for text in ("one", "other", "third"))
    live.failed(one, GIVEN_UP)
    live.failed(other, GIVEN_UP)
    live.failed(third, ConnectionResetError("reset"))
    assert (headers_of(one), headers_of(other), headers_of(third)) == ((), (), ())


@pytest.mark.parametrize("over", [False, True])
def test_what_its_test_leaves_behind_is_unfinished(*, over: bool) -> None:
    """Whether the event loop ends before the cassette is written or after it."""
    live = recorder("live")
    exchange = live.open(chat(), None)
    live.phase = "teardown"
    if over:
        live.failed(exchange, GIVEN_UP)
        assert headers_of(exchange) == (UNFINISHED,)
    assert interaction_of(*live.recorded()).response == LEFT


def test_a_request_that_is_made_again_while_the_first_one_waits_is_no_retry_of_it() -> None:
    """Both are on the tape; what was tried again after it failed is not."""
    live = recorder("live")
    first, second = live.open(chat(), None), live.open(chat(), None)
    live.answered(second, OK)
    live.failed(first, GIVEN_UP)
    assert live.recorded() == (first, second)
    live.answered(live.open(chat(), None), OK)
    assert [one.status for one in live.recorded()] == [200, 200]


def race(*endings: HttpResponse, phase: Phase = "call") -> Sequence[Interaction]:
    """A tape of calls that began one after the other, and how each ended."""
    live = recorder("live")
    for number, ending in enumerate(endings):
        exchange = live.open(chat(str(number)), None)
        exchange.phase = phase
        exchange.played(ending, ending, "live")
    return [interaction_of(one) for one in live.recorded()]


ALONE = replace(LEFT, headers=())
LOST = replace(LEFT, headers=(OVERTAKEN,))


def test_what_nobody_asked_for_takes_its_place_on_the_tape() -> None:
    """Between the calls before and after it, with their agent, given up or still under way; once, if asked twice."""
    replay = recorder("tape", race(LOST, OK, LOST, ALONE, LEFT, OK))
    for text in "15":
        replay.open(chat(text), None).labels = Labels(agent=text)
    give_up_unsent(replay, None)
    give_up_unsent(replay, None)
    assert [(one.position, one.ended is None, one.labels.agent) for one in replay.exchanges] == [
        (0, False, None),
        (1, False, "1"),
        (2, False, "1"),
        (4, True, "1"),
        (5, False, "5"),
    ]
    began = [one.started for one in replay.exchanges]
    assert began == sorted(began)
    assert [one.key for one in replay.tape.unplayed()] == [replay.tape.interactions[3].key]


def test_nothing_takes_the_place_of_what_was_not_reached_or_is_asked_live() -> None:
    """Where the test was stopped or failed, where the tape does not answer, and of what a fixture or teardown asked."""
    stopped, failed, live = (recorder(wire, race(LOST)) for wire in ("tape", "tape", "live"))
    with pytest.raises(ReplayStopError):
        stopped.open(chat("another"), None)
    give_up_unsent(stopped, None)
    give_up_unsent(failed, ValueError("no"))
    give_up_unsent(live, None)
    elsewhere = recorder("tape", race(LOST, phase="teardown"))
    give_up_unsent(elsewhere, None)
    assert [len(one.exchanges) for one in (stopped, failed, live, elsewhere)] == [1, 0, 0, 0]
