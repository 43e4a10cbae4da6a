"""Calls given by hand together with what was seen inside them, so that nothing is counted twice.

A call that encloses one answered call of its own kind is that call: HTTP (or litellm) knows what was sent and what it
cost, the application what it stated itself. One that encloses several is only a frame around them: they stay entries
of their own, and it becomes an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pytest_llmtrace._capture.dialects.tokens import estimate_usage
from pytest_llmtrace._capture.enclosing import Enclosing, holder
from pytest_llmtrace._capture.framework import member
from pytest_llmtrace._capture.manual.calls import Record
from pytest_llmtrace._capture.manual.entries import HandCall, event_entry, hand_call, side_events
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import AnyEntry, Attempt, LLMCall, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A call that HTTP or litellm showed, finished, and what it was made inside of."""

    call: LLMCall
    enclosing: Enclosing | None


def joined(
    seen: Iterable[Seen],
    recorder: Recorder,
    table: MessageTable,
    prices: PriceBook,
    priced: Callable[[LLMCall], LLMCall],
) -> list[AnyEntry]:
    """The calls that were seen and those that were given by hand, each once, with the events that belong to them.

    Args:
        seen: What HTTP and litellm showed.
        recorder: Who knows the calls given by hand.
        table: Where messages are interned.
        prices: What models cost.
        priced: Puts a price to a call.
    """
    given = {id(record): hand_call(record, table) for record in list(recorder.hand_calls)}
    inside: dict[int, list[LLMCall]] = {key: [] for key in given}
    frames = {id(holder(hand.record.outer)) for hand in given.values() if not hand.record.from_framework}
    entries: list[AnyEntry] = []

    def place(one: Seen) -> None:
        around = _around(one, given, inside)
        if around is not None and _belongs(one.call, around):
            inside[id(around.record)].append(one.call)
        else:
            entries.append(one.call)

    for one in seen:
        place(one)
    # A framework's calls may be inside of one another, and of the application's: the innermost first.
    for key, hand in sorted(given.items(), key=lambda item: item[1].call.started, reverse=True):
        record, calls = hand.record, inside[key]
        record.alone = record.from_framework and not calls
        answered = sum(1 for call in calls if call.status in _ANSWERED)
        if answered > 1 or (key in frames and "usage" not in hand.said):
            entries.extend((*calls, _frame(hand)))
            continue
        if calls:
            made = _merged(hand, calls, prices, priced)
        elif record.cut_off or _answered_with_others(record, inside):
            continue
        else:
            made = priced(_counted(_labelled(hand.call, record)))
        if record.from_framework:
            place(Seen(call=made, enclosing=record.outer))
        else:
            entries.append(made)
    for hand in given.values():
        entries.extend(side_events(hand.record))
    return entries


def _around(seen: Seen, given: Mapping[int, HandCall], inside: Mapping[int, list[LLMCall]]) -> HandCall | None:
    """The call given by hand, or by a framework, that a call was made inside of."""
    hand = given.get(id(holder(seen.enclosing)))
    if hand is None or hand.record.batch is None:
        return hand
    waiting = [one for one in hand.record.batch if id(one) in given and not inside[id(one)]]
    asked = {id(one): given[id(one)].call.messages for one in waiting}
    found = member(waiting, seen.call.messages, asked)
    return hand if found is None else given[id(found)]


def _answered_with_others(record: Record, inside: Mapping[int, list[LLMCall]]) -> bool:
    """Whether a prompt went out in one request with the others of its batch, as completions do."""
    return (
        record.batch is not None
        and record.call.operation == "completions"
        and any(inside.get(id(one)) for one in record.batch)
    )


def _belongs(call: LLMCall, hand: HandCall) -> bool:
    """Whether a call is one of the tries of another: made while that ran, and of the same kind.

    Tasks keep what enclosed them when they began, and a retrieval embeds before the model answers.
    """
    record, kind = hand.record, hand.call.operation
    started = call.started + record.recorder.began
    if started < record.started or (record.ended is not None and started > record.ended):
        return False
    return call.operation == kind or (call.operation not in _KINDS and kind not in _KINDS)


def _frame(hand: HandCall) -> AnyEntry:
    """What stands for a call whose parts are entries themselves."""
    record, call = hand.record, hand.call
    error = {} if call.error is None else {"error": f"{call.error.type}: {call.error.message}"}
    data = {**({"model": call.name} if call.name else {}), **error}
    return event_entry(record.recorder, "call", data or None, record.started, record.labels)


def _merged(
    hand: HandCall, calls: Sequence[LLMCall], prices: PriceBook, priced: Callable[[LLMCall], LLMCall]
) -> LLMCall:
    """One call from what the application said of it and its tries, of which one at most was answered."""
    known = next((call for status in _WEIGHT for call in calls if call.status == status), calls[-1])
    status, error = _outcome(hand, known)
    changes: dict[str, Any] = {
        name: getattr(hand.call, name)
        for name in (_ANSWER if hand.record.from_framework else _SHARED)
        if name in hand.said or not getattr(known, name)  # what was only inferred fills the gaps
    }
    if status == "missed":
        changes["output"] = None
    made = replace(
        known,
        **changes,
        started=hand.call.started,
        duration=hand.call.duration,
        status=status,
        error=error,
        cache_hit=hand.call.cache_hit and known.status not in _ANSWERED,
        attempts=_attempts(hand.call.attempts, calls),
        fallback_from=calls[0].fallback_from,  # the others replaced tries of this very call
    )
    made = _counted(_labelled(made, hand.record))
    own_price = "usage" in hand.said or prices.is_project_price(made.model, made.provider) or known.usage is None
    if not own_price or made.usage is None:
        return made
    repriced = priced(replace(made, cost=None))
    if repriced.cost is None:  # the application's name for a model need not be the one that has a price
        cost = prices.cost(known.model, known.provider, made.usage, known.operation, known.params)
        repriced = replace(made, cost=cost)
    return repriced


def _outcome(hand: HandCall, known: LLMCall) -> tuple[Status, Any]:
    """Status and error: of HTTP where it failed there, unless the application went on and had its answer."""
    went_on = hand.call.status == "ok" and (hand.call.output is not None or hand.call.cache_hit)
    if hand.record.cut_off or known.status in ("missed", "abandoned"):
        return known.status, known.error
    if known.status not in _ANSWERED and not went_on:
        return known.status, known.error
    return hand.call.status, hand.call.error


def _attempts(tries: Sequence[Attempt], calls: Sequence[LLMCall]) -> tuple[Attempt, ...]:
    """Every HTTP request, after those tries that HTTP did not see."""
    made = [attempt for call in calls for attempt in call.attempts]
    return (*tries[: max(0, len(tries) - len(made))], *made)


def _counted(call: LLMCall) -> LLMCall:
    """The call with a number of tokens: an estimated one where nobody said it."""
    if call.usage is None and call.status in _ANSWERED and call.output is not None and not call.cache_hit:
        return replace(call, usage=estimate_usage(call))
    return call


def _labelled(call: LLMCall, record: Record) -> LLMCall:
    """The call with the labels of where it was given, where it has none of its own."""
    missing = {name: value for name, value in _labels(record) if getattr(call, name) is None}
    return replace(call, **missing) if missing else call


def _labels(record: Record) -> Iterator[tuple[str, Any]]:
    for name in ("session", "agent", "parent", "task", "turn"):
        yield name, getattr(record.labels, name)


_ANSWERED: Final = ("ok", "abandoned")
_WEIGHT: Final[tuple[Status, ...]] = ("missed", "ok", "abandoned")
"""Which of several tries says what the call was."""
_KINDS: Final = frozenset({"embeddings", "moderations"})
"""Operations that are never a try of another one."""
_SHARED: Final = ("provider", "model", "params", "tools", "messages", "output", "finish_reason", "usage")
"""What both the application and HTTP may know."""
_ANSWER: Final = tuple(name for name in _SHARED if name not in ("params", "tools"))
"""What a framework may add: it names parameters that it does not send."""
