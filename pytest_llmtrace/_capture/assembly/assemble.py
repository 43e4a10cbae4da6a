"""From what was captured to a trace: each call once, with its HTTP attempts, labels, usage and cost.

The HTTP exchange is the primary witness; litellm's events add to it what HTTP cannot know. A litellm call that
encloses HTTP exchanges owns them; one that encloses none is an entry of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace
from typing import Any

from pytest_llmtrace._capture.assembly.attempts import Group, adopt, grouped
from pytest_llmtrace._capture.assembly.costs import cost_of
from pytest_llmtrace._capture.assembly.fallbacks import Tried, linked
from pytest_llmtrace._capture.assembly.reader import Reader
from pytest_llmtrace._capture.assembly.serverside import Histories, fetched_response
from pytest_llmtrace._capture.dialects.parsing import parse_request, parse_response
from pytest_llmtrace._capture.dialects.tokens import estimate_usage
from pytest_llmtrace._capture.enclosing import is_hidden
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.from_langchain.unseen import unseen
from pytest_llmtrace._capture.from_litellm.call import LitellmCall
from pytest_llmtrace._capture.from_litellm.objects import call_without_http, explained_without_http
from pytest_llmtrace._capture.labels import Labels
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._capture.wire.reading import as_read
from pytest_llmtrace._capture.wire.transport_failures import is_cancellation
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, server_of
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import (
    AnyEntry,
    Attempt,
    CallError,
    LLMCall,
    Status,
    Trace,
    attempts_with_costs,
    with_changes,
    with_costs,
)


@frozen
class Assembled:
    """A trace, and what could not be explained on the way."""

    trace: Trace
    bypassed: tuple[str, ...] = ()
    """Calls that litellm or LangChain reported although no HTTP was seen and nothing in the process explains them."""
    doubtful: tuple[str, ...] = ()
    """Likewise, where something in the process may explain them: a mock that cannot be seen, say."""
    unknown: tuple[str, ...] = field(default=())
    """Requests that look like model calls and that no dialect understands: kept on the tape, not in the trace."""


def assemble(recorder: Recorder, prices: PriceBook, reader: Reader | None = None) -> Assembled:
    """The trace of a recorder so far; `reader`: who has read some of it already."""
    reader = reader or Reader()
    table = reader.table
    exchanges = [
        one for one in recorder.exchanges if _may_be_call(one) and not (one.unsent or is_hidden(one.enclosing))
    ]
    groups = grouped(exchanges)
    calls = [one for one in recorder.litellm_calls if not is_hidden(one.enclosing)]
    unknown: list[str] = []
    histories = Histories()
    parsed: list[tuple[Group, LLMCall]] = []
    for group in groups:
        call = _call_of(group, reader)
        request = group.exchanges[-1].request
        if call is not None:
            parsed.append((group, histories.whole(call, request, group.exchanges[-1].response)))
        elif not _is_service(request):
            unknown.append(f"{request.method} {request.url.partition('?')[0]}")
    owned = {id(owner) for group, _ in parsed for owner in group.owners}
    free = [call for call in calls if id(call) not in owned]
    free = adopt(parsed, free)
    bypassed: list[str] = []
    parsed.sort(key=lambda one: one[0].exchanges[0].started)
    tried = [
        Tried(
            call=_finished(call, group, recorder, prices, number),
            enclosing=group.exchanges[0].enclosing,
            owners=tuple(group.owners),
            strand=group.exchanges[0].strand,
        )
        for number, (group, call) in enumerate(parsed, start=1)
    ]
    alone = len(tried) if not (free or recorder.hand_calls) else 0
    for lone in free:
        if lone.succeeded is None and lone.http == 0 and (recorder.misses or recorder.refused):
            continue  # the miss itself is the entry; what was refused is no call
        made = call_without_http(lone, table)
        if made is None:
            continue
        if lone.succeeded and not explained_without_http(lone):
            bypassed.append(f"litellm {made.name}")
        made = replace(
            made,
            cost=cost_of(made, lone, prices),
            **_times(lone.started, lone.ended, recorder),
            **_labels(lone.labels.over(lone.inherited)),
        )
        tried.append(Tried(call=made, enclosing=lone.enclosing, owners=(lone,), strand=lone.strand))
    entries = _with_calls_by_hand(linked(tried), recorder, table, prices)
    untold = list(unseen(recorder))
    # Without a call, what a framework says of tools and runs is no trace: such tests are left alone.
    framework = bool(entries) or bool(recorder.entries)
    executed = (one for one in recorder.executions if not one.cut_off and one.told_by is None)
    entries += [one.entry() for one in executed if framework or not one.from_framework]
    entries += [*recorder.entries, *(recorder.framework.events if framework else ())]
    entries.sort(key=lambda entry: entry.started)
    return Assembled(
        # Where HTTP alone tells what happened, its calls have their numbers.
        trace=Trace(owner=recorder.owner, entries=tuple(entries if len(entries) == alone else _numbered(entries))),
        bypassed=(*bypassed, *(name for name, sure in untold if sure)),
        doubtful=tuple(name for name, sure in untold if not sure),
        unknown=tuple(unknown),
    )


def _with_calls_by_hand(
    seen: Iterable[Tried], recorder: Recorder, table: MessageTable, prices: PriceBook
) -> list[AnyEntry]:
    """The calls that were seen, and those that were given by hand or by a framework, each once."""
    if not recorder.hand_calls:
        return [one.call for one in seen]
    from pytest_llmtrace._capture.manual.enclosed import Seen, joined  # noqa: PLC0415  # only where there are any

    found = [Seen(call=one.call, enclosing=one.enclosing) for one in seen]
    return joined(found, recorder, table, prices, lambda call: _priced(call, None, prices))


def _is_service(request: HttpRequest) -> bool:
    from pytest_llmtrace._capture.assembly.services import is_service  # noqa: PLC0415  # only of what is no call

    return is_service(request)


def _may_be_call(exchange: Exchange) -> bool:
    return exchange.is_llm or fetched_response(exchange.request) is not None


def _call_of(group: Group, reader: Reader) -> LLMCall | None:
    last = group.exchanges[-1]
    if last.response is not None and group.answer is last and not last.missed:
        call = reader.answered(last)
        return None if call is None else _as_read(call, last, last.response, reader)
    call = parse_request(last.request, reader.table)
    if call is None:
        return None
    if last.missed:
        call = replace(call, status="missed")
    elif group.answer.response is not None:
        made = parse_response(call, group.answer.response, reader.table)
        call = _as_read(made, group.answer, group.answer.response, reader)
    elif last.failure is not None and last.ended is not None:
        kind, text = last.failure.reason.rpartition(".")[2], last.failure.body.decode("utf-8", "replace")
        status: Status = "cancelled" if is_cancellation(last.failure) else "error"
        call = replace(call, status=status, error=CallError(type=kind, message=text))
    else:
        call = replace(call, status="open")
    return call


def _attempts(group: Group) -> tuple[Attempt, ...]:
    return tuple(
        [
            Attempt(status=one.status, source=one.source, interaction=one.position, server=server_of(one.request.url))
            for one in group.exchanges
            if not one.missed
        ]
    )


def _as_read(made: LLMCall, exchange: Exchange, response: HttpResponse, reader: Reader) -> LLMCall:
    """The call with its answer, whole as it was paid for; abandoned where the application did not read to its end."""
    if exchange.events_read is None or made.status != "ok":
        return made
    seen = as_read(response, exchange.events_read)
    if seen is response or (seen.body and parse_response(made, seen, reader.table).status == "ok"):
        return made
    return replace(made, status="abandoned")


def _finished(call: LLMCall, group: Group, recorder: Recorder, prices: PriceBook, number: int) -> LLMCall:
    """The call with all that is known of it besides its request and its answer; made anew once.

    Its number among the calls that HTTP tells of is its id, unless others come between (`_numbered`).
    """
    lone = group.litellm
    for owner in group.owners:
        owner.http = len(group.exchanges)
    if lone is not None and lone.provider and lone.provider != call.provider:
        call = replace(call, provider=lone.provider)
    if call.usage is None and call.status in ("ok", "abandoned") and call.output is not None:
        call = replace(call, usage=estimate_usage(call))
    first, last, answer = group.exchanges[0], group.exchanges[-1], group.answer
    swapped = any(one.swapped for one in group.exchanges)  # litellm knows the price of the model it was asked for
    cost = cost_of(call, None if swapped else lone, prices)
    return with_changes(
        call,
        id=str(number),
        cost=cost,
        attempts=with_costs(_attempts(group), 0.0 if call.usage is None and call.status != "ok" else cost),
        source="tape" if last.missed else last.source,
        **_times(first.started, answer.ended, recorder),
        **_labels(lone.labels.over(lone.inherited) if lone is not None else first.labels),
    )


def _priced(call: LLMCall, lone: LitellmCall | None, prices: PriceBook) -> LLMCall:
    return replace(call, cost=cost_of(call, lone, prices))


def _times(started: float, ended: float | None, recorder: Recorder) -> dict[str, Any]:
    duration = max(0.0, (ended if ended is not None else started) - started)
    return {"started": started - recorder.began, "duration": duration}


def _labels(labels: Labels) -> dict[str, Any]:
    return {
        "session": labels.session,
        "agent": labels.agent,
        "parent": labels.parent,
        "task": labels.task,
        "turn": labels.turn,
    }


def _numbered(entries: Iterable[AnyEntry]) -> Iterable[AnyEntry]:
    for number, entry in enumerate(entries, start=1):
        name = (not isinstance(entry, LLMCall) and entry.id) or str(number)
        if isinstance(entry, LLMCall):
            yield with_changes(entry, id=name, attempts=attempts_with_costs(entry))
        else:
            yield replace(entry, id=name)
