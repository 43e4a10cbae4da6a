"""Replays that were the recording, word for word: what they came to is known without reading it again.

Where HTTP alone tells what happened, and each answer of the tape was given once, in order, to the request that it was
recorded for, value for value, the trace is the recorded one. See docs/design/0043.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from pytest_llmtrace._capture.assembly.costs import cost_of_usage
from pytest_llmtrace._capture.assembly.origin import made_for
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.labels import NO_LABELS, Labels
from pytest_llmtrace._capture.prices.book import PRICED_PARAMS, PriceBook
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._capture.wire.reading import as_read
from pytest_llmtrace._model.http import Interaction, held_body
from pytest_llmtrace._model.outline import LABELS, Kind, Outline

if TYPE_CHECKING:
    from pytest_llmtrace._capture.assembly.reader import Reader
    from pytest_llmtrace._capture.from_litellm.call import LitellmCall
    from pytest_llmtrace._model.trace import LLMCall, Trace


def outlined(recorder: Recorder, trace: Trace, reader: Reader) -> Outline | None:
    """The outline of a recording; `None` where its trace says anything that its answers alone do not.

    Args:
        recorder: What was recorded, in the order that the outline has; each of its exchanges is on the tape.
        trace: What it came to.
        reader: Who has read the exchanges.
    """
    exchanges, made = recorder.exchanges, trace.calls
    if _tells_more(recorder) or _owners(recorder) is None or not len(exchanges) == len(made) == len(trace.entries):
        return None
    calls: dict[int, LLMCall] = {}
    for exchange, call in zip(sorted(exchanges, key=lambda one: one.started), made, strict=True):
        read = reader.answered(exchange)
        if read is None or not (_is_plain(exchange) and _is_told_by(read, call)):
            return None
        calls[id(exchange)] = call
    return outline_of([calls[id(one)] for one in exchanges])


def outline_of(calls: Iterable[LLMCall]) -> Outline | None:
    """The outline of calls; `None` where an answer does not say what it used."""
    made = [(_kind(call), call.usage) for call in calls]
    known = tuple((kind, usage) for kind, usage in made if usage is not None)
    return Outline(calls=known) if len(known) == len(made) else None


def is_word_for_word(recorder: Recorder, outline: Outline, *, again: bool = False) -> bool:
    """Whether what happened so far is what the tape of the recorder holds, whole, and no more.

    Args:
        recorder: What happened.
        outline: Of its tape.
        again: Whether it was so before. What HTTP said then stays said; litellm may have said more since.
    """
    exchanges, recorded, calls = recorder.exchanges, recorder.tape.interactions, outline.calls
    if not len(exchanges) == len(recorded) == len(calls) or _tells_more(recorder):
        return False
    if again:
        return not recorder.litellm_calls or _owners(recorder, again=True) is not None
    owners = _owners(recorder)
    if owners is None:
        return False
    for position, exchange in enumerate(exchanges):
        if not _is_played(exchange, recorded[position], position):
            return False
        if not _is_of_kind(exchange, owners[position], calls[position][0]):
            return False
    return True


def costs_in_outline(recorder: Recorder, outline: Outline, prices: PriceBook) -> list[float | None]:
    """What each call of such a replay costs at the prices of today; `None`: not known."""
    costs: list[float | None] = []
    for (kind, usage), exchange in zip(outline.calls, recorder.exchanges, strict=False):  # a teardown's come after them
        owner = exchange.context
        rates = prices.rates_of(kind) if owner is None or owner.cost is None else None
        costs.append(rates.cost(usage) if rates is not None else cost_of_usage(kind, usage, owner, prices))
    return costs


def _kind(call: LLMCall) -> Kind:
    return Kind(
        operation=call.operation,
        provider=call.provider,
        model=call.model,
        response_model=call.response_model,
        params={name: call.params[name] for name in PRICED_PARAMS if name in call.params},
        labels=_known(call),
    )


def _known(labelled: LLMCall | Labels) -> dict[str, str]:
    """The labels that are known; what turn the application says it is makes none."""
    return {name: value for name in LABELS if (value := getattr(labelled, name)) is not None}


def _owners(recorder: Recorder, *, again: bool = False) -> list[LitellmCall | None] | None:
    """The litellm call that each exchange was made for; `None` where they do not belong together one by one.

    As the long way finds them: each in the context of its exchange, with the request that litellm said it would send.
    """
    found: list[LitellmCall | None] = [one.context for one in recorder.exchanges]
    if not recorder.litellm_calls:
        return found if found.count(None) == len(found) else None
    calls = [one for one in found if one is not None]
    if len(calls) != len(recorder.litellm_calls) or {*map(id, calls)} != {*map(id, recorder.litellm_calls)}:
        return None
    if not (again or all(one.context is None or made_for(one) is one.context for one in recorder.exchanges)):
        return None
    return found if all(map(_is_plain_call, calls)) else None


def _is_plain_call(call: LitellmCall) -> bool:
    """Whether litellm says no more of a call than what it was labelled with, and what it cost.

    Of some it never tells the end: an event loop that closes at once takes that along, or does not, by chance. Their
    answers are known from HTTP all the same.
    """
    return (
        call.succeeded is (None if call.open else True)
        and call.error is None
        and call.enclosing is None
        and not (call.local or call.again or call.kwargs.get("cache_hit"))
    )


def _is_of_kind(exchange: Exchange, owner: LitellmCall | None, kind: Kind) -> bool:
    """Whether an exchange has the labels and the provider that its call was recorded with."""
    labels = exchange.labels if owner is None else owner.labels.over(owner.inherited)
    if labels is NO_LABELS and owner is None:
        return not kind.labels
    said = owner.provider if owner is not None else None
    return labels.turn is None and _known(labels) == kind.labels and (not said or said == kind.provider)


def _tells_more(recorder: Recorder) -> bool:
    """Whether anybody but HTTP says what happened, or anything went otherwise than asked."""
    said = (
        recorder.hand_calls or recorder.executions or recorder.entries or recorder.framework.events or recorder.book
    )  # fmt: skip
    went_wrong = recorder.misses or recorder.refused or recorder.bypassed or recorder.unswapped
    went_past = recorder.passages.any and recorder.gone_past()
    return bool(said or went_wrong or recorder.faults.any or went_past)


def _is_plain(exchange: Exchange) -> bool:
    """Whether nothing is to be said of an exchange but what stands on the tape."""
    return exchange.is_llm and _is_answered(exchange)


def _is_answered(exchange: Exchange) -> bool:
    response = exchange.response
    return (
        response is not None
        and response.status in _ANSWERED
        and exchange.taped
        and exchange.phase == "call"
        and exchange.enclosing is None
        and exchange.swapped is None
        and (exchange.events_read is None or as_read(response, exchange.events_read) is response)
    )


def _is_played(exchange: Exchange, recorded: Interaction, position: int) -> bool:
    """Whether an exchange is the one that was recorded: its answer, and its request.

    That has the recorded body where it was recognised, by its place and value for value (`Recognition`). So it is a
    call of a model, as each on a tape with an outline was when it was recorded.
    """
    return (
        exchange.position == position
        and not exchange.nearest
        and exchange.response is recorded.response
        and recorded.given is None
        and recorded.phase == "call"
        and held_body(exchange.request) is held_body(recorded.request)
        and _is_answered(exchange)
    )


def _is_told_by(read: LLMCall, call: LLMCall) -> bool:
    """Whether a call of the trace is, to whoever counts, what its answer alone says."""
    return (
        read.status == call.status == "ok"
        and read.usage is not None
        and not read.usage.estimated
        and read.cost is None
        and call.fallback_from is None
        and call.turn is None
        and len(call.attempts) == 1
        and _told(read) == _told(call)
    )


_ANSWERED: Final = range(200, 300)
_told: Final = attrgetter(
    "operation", "provider", "model", "response_model", "params", "tools", "messages", "output", "finish_reason",
    "usage", "cache_hit", "streamed",
)  # fmt: skip
"""What a call must say as its request and its answer do, which a provider's memory or another witness may add to."""
