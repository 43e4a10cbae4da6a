"""From what was captured to a trace: each call once, with its HTTP attempts, labels, usage and cost.

The HTTP exchange is the primary witness; litellm's events add to it what HTTP cannot know. A litellm call that
encloses HTTP exchanges owns them; one that encloses none is an entry of its own.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pytest_llmtrace._capture.dialects import estimate_usage, parse_request, parse_response
from pytest_llmtrace._capture.enclosing import is_hidden
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.from_litellm import LitellmCall
from pytest_llmtrace._capture.labels import Labels
from pytest_llmtrace._capture.litellm_objects import call_without_http, explained_without_http
from pytest_llmtrace._capture.manual.enclosed import Seen, joined
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._capture.transport_failures import is_cancellation
from pytest_llmtrace._model.canonical import canonical_json, digest, parse_json
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import AnyEntry, Attempt, CallError, LLMCall, Status, Trace


@dataclass(slots=True, kw_only=True)
class _Group:
    """The exchanges of one call."""

    exchanges: list[Exchange]
    litellm: LitellmCall | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """A trace, and what could not be explained on the way."""

    trace: Trace
    bypassed: tuple[str, ...] = ()
    """litellm calls that succeeded although no HTTP request was seen and nothing in the process explains them."""
    unknown: tuple[str, ...] = field(default=())
    """Requests to LLM hosts whose bodies no dialect understands: kept on the tape, not in the trace."""


def assemble(recorder: Recorder, prices: PriceBook) -> Assembled:
    """The trace of a recorder so far."""
    table = MessageTable()
    exchanges = [one for one in recorder.exchanges if one.is_llm and not is_hidden(one.enclosing)]
    groups = _grouped(exchanges, recorder)
    calls = [one for one in recorder.litellm_calls if not is_hidden(one.enclosing)]
    unknown: list[str] = []
    parsed: list[tuple[_Group, LLMCall]] = []
    for group in groups:
        call = _call_of(group, table)
        if call is None:
            unknown.append(f"{group.exchanges[0].request.method} {group.exchanges[0].request.url}")
        else:
            parsed.append((group, call))
    owned = {id(group.litellm) for group, _ in parsed if group.litellm is not None}
    free = [call for call in calls if id(call) not in owned]
    free = _adopt(parsed, free)
    bypassed: list[str] = []
    seen: list[Seen] = []
    for group, call in parsed:
        seen.append(Seen(call=_finished(call, group, recorder, prices), enclosing=group.exchanges[0].enclosing))
    for lone in free:
        if lone.succeeded is None and lone.http == 0 and recorder.misses:
            continue  # the miss itself is the entry
        made = call_without_http(lone, table)
        if made is None:
            continue
        if lone.succeeded and not explained_without_http(lone):
            bypassed.append(f"litellm {made.name}")
        made = _labelled(_timed(_priced(made, lone, prices), lone.started, lone.ended, recorder), lone)
        seen.append(Seen(call=made, enclosing=lone.enclosing))
    entries: list[AnyEntry] = [*recorder.entries, *(one.entry() for one in recorder.executions if not one.cut_off)]
    entries += joined(seen, recorder, table, prices, lambda call: _priced(call, None, prices))
    entries.sort(key=lambda entry: entry.started)
    return Assembled(
        trace=Trace(owner=recorder.owner, entries=tuple(_numbered(entries))),
        bypassed=tuple(bypassed),
        unknown=tuple(unknown),
    )


def _grouped(exchanges: Iterable[Exchange], recorder: Recorder) -> list[_Group]:
    """Put the attempts of one call together: those of one litellm call, else a request repeated after it failed."""
    groups: list[_Group] = []
    by_litellm: dict[int, _Group] = {}
    failed: dict[str, deque[_Group]] = {}
    for exchange in exchanges:
        owner = _owner(exchange, recorder)
        group = by_litellm.get(id(owner)) if owner is not None else None
        if group is not None and not group.exchanges[-1].retryable:
            owner = group = None  # that call had its answer: this one only inherited the context
        if group is None and failed.get(exchange.key):
            waiting = failed[exchange.key][0]
            same = waiting.litellm is owner and waiting.exchanges[-1].enclosing is exchange.enclosing
            if same and _before(waiting.exchanges[-1], exchange):
                group = failed[exchange.key].popleft()
        if group is None:
            group = _Group(exchanges=[], litellm=owner)
            groups.append(group)
            if owner is not None:
                by_litellm[id(owner)] = group
        group.exchanges.append(exchange)
        if exchange.retryable and owner is None:
            failed.setdefault(exchange.key, deque()).append(group)
    return groups


def _before(first: Exchange, second: Exchange) -> bool:
    return first.ended is not None and first.ended <= second.started


def _owner(exchange: Exchange, recorder: Recorder) -> LitellmCall | None:
    """The litellm call that an exchange was made for: the one of its context, unless that had its answer already.

    The context keeps naming a litellm call after it returned, so a later call of a plain SDK would inherit it.
    """
    call = exchange.context
    if not isinstance(call, LitellmCall) or call.recorder is not recorder or not _same_request(call, exchange):
        return None
    return call


def _same_request(call: LitellmCall, exchange: Exchange) -> bool:
    """Whether a request is the one that litellm said it would send; where it cannot be compared, by its model."""
    sent = (call.kwargs.get("additional_args") or {}).get("complete_input_dict")
    sent = parse_json(sent) if isinstance(sent, (str, bytes)) else sent
    body = parse_json(exchange.request.body)
    if isinstance(sent, Mapping) and isinstance(body, dict):
        for name in ("messages", "input", "contents"):
            if name in body and name in sent:
                return digest(canonical_json(body[name])) == digest(canonical_json(sent[name]))
    model = call.model.rpartition("/")[2]
    asked = body.get("model") if isinstance(body, dict) else None
    return model in exchange.request.url if asked is None else str(asked).rpartition("/")[2] == model


def _call_of(group: _Group, table: MessageTable) -> LLMCall | None:
    last = group.exchanges[-1]
    call = parse_request(last.request, table)
    if call is None:
        return None
    if last.missed:
        call = replace(call, status="missed")
    elif last.response is not None:
        call = parse_response(call, last.response, table)
    elif last.failure is not None:
        kind, text = last.failure.reason.rpartition(".")[2], last.failure.body.decode("utf-8", "replace")
        status: Status = "cancelled" if is_cancellation(last.failure) else "error"
        call = replace(call, status=status, error=CallError(type=kind, message=text))
    else:
        call = replace(call, status="open")
    attempts = tuple(
        Attempt(status=one.status, source=one.source, interaction=one.position)
        for one in group.exchanges
        if not one.missed
    )
    return replace(call, attempts=attempts, source=last.source if not last.missed else "tape")


def _adopt(parsed: list[tuple[_Group, LLMCall]], free: list[LitellmCall]) -> list[LitellmCall]:
    """Join litellm calls whose context did not reach their HTTP request with it, by what was asked.

    litellm runs the event before some asynchronous calls in an executor, where a context variable is lost.
    """
    left = []
    for lone in free:
        found = None
        if not lone.kwargs.get("cache_hit"):
            found = next(
                (group for group, call in parsed if group.litellm is None and _asks_the_same(lone, call, group)), None
            )
        if found is None:
            left.append(lone)
        else:
            found.litellm = lone
    return left


def _asks_the_same(lone: LitellmCall, call: LLMCall, group: _Group) -> bool:
    model = str(lone.kwargs.get("model") or "")
    if call.model not in (model, model.rpartition("/")[2]):
        return False
    if (
        lone.started > group.exchanges[0].started
        or (lone.ended or group.exchanges[0].started) < group.exchanges[0].started
    ):
        return False
    sent = lone.kwargs.get("messages") or lone.kwargs.get("input")
    if isinstance(sent, str):
        return any(message.text == sent for message in call.messages)
    if isinstance(sent, list) and sent and all(isinstance(one, str) for one in sent):
        return [message.text for message in call.messages] == sent
    if isinstance(sent, list) and sent and isinstance(sent[-1], Mapping):
        wanted = sent[-1].get("content")
        return not isinstance(wanted, str) or any(message.text == wanted for message in call.messages)
    return False


def _finished(call: LLMCall, group: _Group, recorder: Recorder, prices: PriceBook) -> LLMCall:
    lone = group.litellm
    if lone is not None:
        lone.http = len(group.exchanges)
        provider = str(lone.kwargs.get("custom_llm_provider") or call.provider)
        call = replace(call, provider=provider)
    if call.usage is None and call.status in ("ok", "abandoned") and call.output is not None:
        call = replace(call, usage=estimate_usage(call))
    first, last = group.exchanges[0], group.exchanges[-1]
    call = _timed(_priced(call, lone, prices), first.started, last.ended, recorder)
    return _labelled(call, lone) if lone is not None else _with(call, first.labels)


def _priced(call: LLMCall, lone: LitellmCall | None, prices: PriceBook) -> LLMCall:
    """The cost by whom knows best: the project, litellm, the provider's own answer, the price map.

    Never a zero that means "unknown", and never litellm's zero for a stream whose tokens it did not see.
    """
    usage = call.usage
    if call.cache_hit:
        return replace(call, cost=0.0)
    if usage is None:
        return call
    own = None
    for model in (call.response_model, call.model):  # litellm's order: an Azure deployment's name has no price
        if own is None and model:
            own = prices.cost(model, call.provider, usage, call.operation, call.params)
    if prices.is_project_price(call.model, call.provider):
        return replace(call, cost=prices.cost(call.model, call.provider, usage, call.operation, call.params))
    said = lone.cost if lone is not None and not usage.estimated else None
    if said is not None and (said > 0 or not own):
        return replace(call, cost=own if own is not None and math.isclose(said, own) else said)
    return replace(call, cost=call.cost if call.cost is not None else own)


def _timed(call: LLMCall, started: float, ended: float | None, recorder: Recorder) -> LLMCall:
    return replace(
        call,
        started=started - recorder.began,
        duration=max(0.0, (ended if ended is not None else started) - started),
    )


def _labelled(call: LLMCall, lone: LitellmCall) -> LLMCall:
    return _with(call, lone.labels.over(lone.inherited))


def _with(call: LLMCall, labels: Labels) -> LLMCall:
    return replace(
        call,
        session=labels.session,
        agent=labels.agent,
        parent=labels.parent,
        task=labels.task,
        turn=labels.turn,
    )


def _numbered(entries: Iterable[AnyEntry]) -> Iterable[AnyEntry]:
    for number, entry in enumerate(entries, start=1):
        yield replace(entry, id=entry.id or str(number))
