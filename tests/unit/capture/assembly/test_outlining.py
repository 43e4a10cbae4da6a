"""What a replay came to that was the recording, word for word, and what makes it another one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from weakref import ref

import pytest

from pytest_llmtrace._capture.assembly.assemble import assemble
from pytest_llmtrace._capture.assembly.outlining import costs_in_outline, is_word_for_word, outline_of, outlined
from pytest_llmtrace._capture.assembly.reader import Reader
from pytest_llmtrace._capture.exchange import ReplayStopError
from pytest_llmtrace._capture.from_litellm.call import LitellmCall
from pytest_llmtrace._capture.labels import Labels, current_labels
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction, held_body
from pytest_llmtrace._model.outline import Kind, Outline
from pytest_llmtrace._model.trace import Event
from pytest_llmtrace._model.usage import Usage
from pytest_llmtrace._report.tally import tally_of, tally_of_replay
from tests.unit.capture.conftest import PRICES, Observed, observed_with

SAID = [("hi", "hello"), ("and?", "that is all")]
TOLD = Outline(
    calls=(
        (
            Kind(operation="chat", provider="openai", model="gpt-4o-mini", response_model="gpt-4o-mini"),
            Usage(input_tokens=3, output_tokens=2),
        ),
    )
    * 2
)


def recorded(*said: tuple[str, str]) -> tuple[Observed, Outline | None]:
    """A recording of these questions and answers, and its outline."""
    made = observed_with()
    for asked, answered in said or SAID:
        made.chat(asked, answered)
    return made, outline_of_recording(made)


def outline_of_recording(made: Observed) -> Outline | None:
    return outlined(made.recorder, made.trace, Reader())


def replayed(tape: tuple[Interaction, ...], *asked: str, **options: Any) -> Observed:
    """A replay of a tape in which this is asked; by default what was recorded."""
    made = observed_with("tape", tape)
    for text in asked or [text for text, _ in SAID]:
        made.chat(text, **options)
    return made


def test_a_replay_that_asks_what_was_recorded_has_the_outline_of_the_recording():
    """What it counts and costs is what the assembled trace does, at the prices of today."""
    made, outline = recorded()
    assert outline == TOLD == outline_of(made.calls)
    again = replayed(made.taped())
    assert is_word_for_word(again.recorder, outline)
    for prices in ({}, PRICES, {"gpt-4o-mini": {"input_cost_per_token": 7.0, "output_cost_per_token": 1.0}}):
        book = PriceBook(prices)
        whole = assemble(again.recorder, book).trace
        costs = costs_in_outline(again.recorder, outline, book)
        assert costs[0] is not None
        assert costs == [one.cost for one in whole.calls]
        assert tally_of_replay(outline, costs) == tally_of(whole.calls)


@pytest.mark.parametrize("asked", [["hi"], ["and?", "hi"], ["hi", "hi"], ["hi", "and?", "and?"], ["hi", "and!"]])
def test_requests_that_are_fewer_more_others_or_in_another_order_are_no_such_replay(asked: list[str]):
    """Each answer must have been given once, in recorded order, to the request that it was recorded for."""
    made, _ = recorded()
    again = observed_with("tape", made.taped())
    for text in asked:
        with contextlib.suppress(ReplayStopError):  # for what is not on the tape
            again.chat(text)
    assert not is_word_for_word(again.recorder, TOLD)


def test_a_request_that_only_means_the_same_is_no_such_replay():
    """Keys in another order have one key on the tape, and are seen in the trace; another local port is not."""
    made, _ = recorded(SAID[0])
    outline = Outline(calls=TOLD.calls[:1])
    body = {"messages": [{"role": "user", "content": "hi"}], "model": "gpt-4o-mini"}
    other = observed_with("tape", made.taped())
    other.request("/v1/chat/completions", body, {})
    assert other.recorder.exchanges[0].position == 0
    assert not is_word_for_word(other.recorder, outline)
    (one,) = made.taped()
    port = one.request.url.replace(":8000", ":8001")
    moved = HttpRequest(method="POST", url=port, body=held_body(one.request))
    elsewhere = replayed((replace(one, request=moved),), "hi")
    assert is_word_for_word(elsewhere.recorder, outline)


def _abandoned(made: Observed) -> None:
    first = made.recorder.exchanges[0]
    first.events_read = 0


def _in_the_teardown(made: Observed) -> None:
    made.recorder.exchanges[-1].phase = "teardown"


def _of_an_agent(made: Observed) -> None:
    made.recorder.exchanges[-1].labels = Labels(agent="lead")


def _within_a_call(made: Observed) -> None:
    made.recorder.exchanges[0].enclosing = object()  # type: ignore[assignment]


def _nearest(made: Observed) -> None:
    made.recorder.exchanges[0].nearest = True


def _refused(made: Observed) -> None:
    made.recorder.refused = "over budget"


def _unanswered(made: Observed) -> None:
    made.recorder.exchanges[0].response = None


MORE: list[Callable[[Observed], object]] = [
    _abandoned,
    _in_the_teardown,
    _of_an_agent,
    _within_a_call,
    _nearest,
    _refused,
    _unanswered,
    lambda made: made.recorder.entries.append(Event(name="compaction")),
    lambda made: made.recorder.framework.events.append(Event(name="run start")),
    lambda made: made.recorder.litellm_calls.append(object()),  # type: ignore[arg-type]
    lambda made: made.recorder.hand_calls.append(object()),  # type: ignore[arg-type]
    lambda made: made.recorder.executions.append(object()),  # type: ignore[arg-type]
    lambda made: made.recorder.misses.append(made.recorder.exchanges[0]),
    lambda made: made.recorder.bypassed.append(("api.openai.com:443", ())),
    lambda made: made.recorder.unswapped.add("a=b"),
    lambda made: made.recorder.faults.note("a bug", ValueError("x")),
]


@pytest.mark.parametrize("more", MORE)
def test_whatever_else_is_to_be_said_of_a_replay_makes_it_another_one(more: Callable[[Observed], object]):
    """What applications, frameworks and litellm say, and all that went wrong, is in no outline."""
    made, _ = recorded()
    again = replayed(made.taped())
    assert is_word_for_word(again.recorder, TOLD)
    more(again)
    assert not is_word_for_word(again.recorder, TOLD)


@pytest.mark.parametrize("more", [one for one in MORE if one not in (_nearest, _refused, _of_an_agent)])
def test_a_recording_that_has_more_to_say_has_no_outline(more: Callable[[Observed], object]):
    """A replay would have to find it again."""
    made, _ = recorded()
    trace = made.trace
    more(made)
    assert outlined(made.recorder, trace, Reader()) is None


@pytest.mark.parametrize(
    "answer",
    [
        {"choices": [{"message": {"role": "assistant", "content": "no tokens"}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.5}},
        {"error": {"message": "overloaded"}},
    ],
)
def test_an_answer_that_does_not_say_what_it_used_or_names_its_price_has_no_outline(answer: object):
    """Tokens are counted, and prices found out, where the whole call is known."""
    made = observed_with()
    made.chat("hi", answer)
    assert outline_of_recording(made) is None


def test_a_recording_with_a_retry_has_no_outline():
    """Two tries are one call."""
    made = observed_with()
    made.chat("hi", {"error": {"message": "overloaded"}}, status=529)
    made.chat("hi")
    assert len(made.calls) == 1
    assert outline_of_recording(made) is None


def test_a_tape_whose_secrets_were_taken_out_now_is_assembled():
    """The application is given what stands on the tape, and the trace has something else."""
    made, _ = recorded()
    first, second = made.taped()
    given = HttpResponse(status=200, headers=first.response.headers, body=first.response.body)
    again = replayed((replace(first, given=given), second))
    assert not is_word_for_word(again.recorder, TOLD)


def labelled(labels: Labels, act: Callable[[], Observed]) -> Observed:
    """What is done under labels, as `llmtrace.agent` sets them."""
    token = current_labels.set(labels)
    try:
        return act()
    finally:
        current_labels.reset(token)


def test_calls_have_the_labels_that_they_were_recorded_with():
    """Another agent, or none, is another replay; a number of the turn is in no outline."""
    lead = Labels(agent="lead", session="s1")
    made = labelled(lead, lambda: recorded()[0])
    outline = outline_of_recording(made)
    assert outline is not None
    assert [kind.labels for kind, _ in outline.calls] == [{"session": "s1", "agent": "lead"}] * 2
    again = labelled(lead, lambda: replayed(made.taped()))
    assert is_word_for_word(again.recorder, outline)
    told = tally_of_replay(outline, costs_in_outline(again.recorder, outline, PriceBook()))
    assert told == tally_of(assemble(again.recorder, PriceBook()).trace.calls)
    assert told.agents == {"lead": told.whole}
    for labels in (Labels(), Labels(agent="lead"), replace(lead, agent="other"), replace(lead, turn=1)):
        assert not is_word_for_word(labelled(labels, lambda: replayed(made.taped())).recorder, outline)
    assert not is_word_for_word(labelled(lead, lambda: replayed(made.taped())).recorder, TOLD)
    assert outline_of_recording(labelled(Labels(turn=1), lambda: recorded()[0])) is None


def through_litellm(made: Observed, said: Sequence[tuple[str, str]] = SAID, **changes: Any) -> Observed:
    """Ask these through litellm, which says something else of the last one."""
    for number, (asked, answered) in enumerate(said):
        call = LitellmCall(
            heard_by=ref(made.recorder),
            kwargs={},
            model="gpt-4o-mini",
            provider="openai",
            sent={"messages": [{"role": "user", "content": asked}]},
            succeeded=True,
            ended=1.0,
            cost=0.25,
        )
        made.recorder.litellm_calls.append(call)
        made.chat(asked, answered, context=call)
        for name, value in (changes if number == len(said) - 1 else {}).items():
            setattr(call, name, value)
    return made


def test_calls_of_litellm_have_the_price_that_it_says_now():
    """It may say it later than it answers, and whatever it said when they were recorded."""
    made = through_litellm(observed_with())
    outline = outline_of_recording(made)
    assert outline == TOLD
    again = through_litellm(observed_with("tape", made.taped()), cost=0.5)
    assert is_word_for_word(again.recorder, outline)
    for prices in ({}, PRICES, {"gpt-4o-mini": {"input_cost_per_token": 7.0, "output_cost_per_token": 1.0}}):
        book = PriceBook(prices)
        costs = costs_in_outline(again.recorder, outline, book)
        assert costs == [one.cost for one in assemble(again.recorder, book).trace.calls]
    assert costs_in_outline(again.recorder, outline, PriceBook()) == [0.25, 0.5]
    assert is_word_for_word(replayed(made.taped()).recorder, outline)  # a plain SDK that sends the same


def test_whether_litellm_tells_the_end_of_a_call_changes_nothing():
    """`asyncio.run` takes its last events along, by chance: recording again would change a file, or not."""
    never: dict[str, Any] = {"succeeded": None, "ended": None, "cost": None}
    made = through_litellm(observed_with(), **never)
    assert outline_of_recording(made) == TOLD
    again = through_litellm(observed_with("tape", made.taped()), **never)
    assert is_word_for_word(again.recorder, TOLD)
    told = costs_in_outline(again.recorder, TOLD, PriceBook(PRICES))
    assert told == [one.cost for one in assemble(again.recorder, PriceBook(PRICES)).trace.calls]


@pytest.mark.parametrize(
    "changes",
    [
        {"succeeded": None},
        {"succeeded": False},
        {"ended": None},
        {"error": ValueError("x")},
        {"enclosing": object()},
        {"local": True},
        {"again": True},
        {"kwargs": {"cache_hit": True}},
        {"sent": {"messages": [{"role": "user", "content": "another"}]}},
        {"provider": "azure"},
        {"labels": Labels(session="s1")},
        {"inherited": Labels(agent="lead")},
        {"labels": Labels(turn=2)},
    ],
)
def test_a_call_of_litellm_of_which_more_is_to_be_said_is_assembled(changes: dict[str, Any]):
    """Failures, caches, fallbacks, labels, another provider, and a request that is not its own."""
    made, outline = recorded()
    assert outline is not None
    again = through_litellm(observed_with("tape", made.taped()), **changes)
    assert not is_word_for_word(again.recorder, outline)


def test_each_call_of_litellm_has_one_request():
    """One that has none, or two, is assembled: which is whose is found out there."""
    made, outline = recorded()
    assert outline is not None
    lone = through_litellm(observed_with("tape", made.taped()))
    lone.recorder.litellm_calls.append(LitellmCall(heard_by=ref(lone.recorder), kwargs={}, succeeded=True, ended=1.0))
    assert not is_word_for_word(lone.recorder, outline)
    shared = through_litellm(observed_with("tape", made.taped()))
    shared.recorder.exchanges[1].context = shared.recorder.exchanges[0].context
    shared.recorder.litellm_calls.pop()
    assert not is_word_for_word(shared.recorder, outline)
    stale = replayed(made.taped())
    stale.recorder.exchanges[1].context = shared.recorder.exchanges[0].context
    assert not is_word_for_word(stale.recorder, outline)


def test_what_a_price_depends_on_is_in_the_outline():
    """A service tier changes the price, a temperature does not."""
    made = observed_with()
    body = {"model": "m1", "messages": [], "service_tier": "flex", "temperature": 0.5}
    answer = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    made.request("/v1/chat/completions", body, answer)
    outline = outline_of_recording(made)
    assert outline is not None
    assert json.dumps(outline.to_data()["kinds"]) == (
        '[{"operation": "chat", "provider": "openai", "model": "m1", "params": {"service_tier": "flex"}}]'
    )
