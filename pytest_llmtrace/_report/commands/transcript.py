"""A trace as a transcript for people, and as the short text that an assertion failure shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._model.belonging import Beside, entries_of_calls
from pytest_llmtrace._model.canonical import parse_json
from pytest_llmtrace._model.conversations import Conversation, Turn, conversations
from pytest_llmtrace._model.fanout import FanOut
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import AnyEntry, Attempt, LLMCall, ToolCall, Trace
from pytest_llmtrace._model.trajectory import tool_calls, totals
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._report.amounts import totals_data
from pytest_llmtrace._report.brief import (
    call_text,
    compact,
    content_text,
    output_line,
    request_line,
    tool_texts,
    value_text,
)
from pytest_llmtrace._report.clean import clean, clean_line
from pytest_llmtrace._report.layout import Line, cut_end, display_width, pad, plain_lines, wrapped
from pytest_llmtrace._report.money import UNKNOWN, count, usd, usd_or_part
from pytest_llmtrace._report.tally import NO_AGENT, tally_of
from pytest_llmtrace._report.terminal.tables import amounts_table
from pytest_llmtrace._report.topics.fan_outs import fan_out_lines
from pytest_llmtrace._report.wording import joined, plural

_COLOURS: Final[Mapping[str, Mapping[str, bool]]] = {
    "system": {"purple": True},
    "developer": {"purple": True},
    "user": {"cyan": True},
    "assistant": {"green": True},
    "tool": {"yellow": True},
    "executed": {"yellow": True},
    "requested": {"yellow": True},
    "error": {"red": True},
}
_ROLE: Final = 9
"""Columns of the role: ``assistant``."""
_REPR_WIDTH: Final = 100
_REPR_REQUEST: Final = 40
_REPR_TURNS: Final = 20
_USUAL_ENDS: Final = frozenset({None, "stop", "end_turn", "tool_calls", "tool_use", "completed", "STOP"})


def transcript(
    found: Sequence[Conversation],
    amounts: Totals,
    width: int = 80,
    *,
    gathered: Sequence[FanOut] = (),
    entries: Iterable[AnyEntry] = (),
) -> Iterator[Line]:
    """Conversation by conversation, turn by turn: what was added to the history, what came back, and the totals.

    Each message stands once, in full; after the answer of a turn what was executed for it, and the events that came
    then (of all `entries`). Where there are fan-outs (`gathered`) or several agents, their totals come last.
    """
    calls = [turn.call for one in found for turn in one.turns]
    before, after = entries_of_calls(entries)
    said = _Beside(calls, after, width)
    if before:
        yield Line(text="before the first call", markup={"bold": True})
        yield from said.lines(before, None)
        yield Line(text="")
    for conversation in found:
        yield from _conversation(conversation, said, width)
        yield Line(text="")
    yield from fan_out_lines(gathered, width)
    yield from _agents(calls, width)
    yield Line(text=_totals(amounts), markup={"bold": True})


def _agents(calls: Sequence[LLMCall], width: int) -> Iterator[Line]:
    """A row per agent, where there are several; the calls without one last."""
    found = [{"agent": name, **totals_data(one)} for name, one in tally_of(calls).agents.items()]
    named = [row for row in found if row["agent"] != NO_AGENT]
    if len(named) > 1:
        yield from amounts_table("agent", [*named, *(row for row in found if row not in named)], width)
        yield Line(text="")


def trace_repr(trace: Trace) -> str:
    """A trace in a few lines: ``<Trace tests/test_a.py::test_x: 2 calls, 1 tool call, $0.00012>``, then its turns."""
    amounts = totals(trace.calls)
    facts = [plural(amounts.calls, "call")]
    tools = tool_calls(trace)
    if tools:
        facts.append(plural(len(tools), "tool call"))
    if amounts.calls:
        facts.append(usd_or_part(amounts.cost_usd, amounts.priced_usd))
    lines = [f"<Trace {clean_line(trace.owner)}: {', '.join(facts)}>"]
    found = conversations(trace.calls)
    turns = [(one.label if len(found) > 1 else "", turn) for one in found for turn in one.turns]
    lines += [_turn_line(label, turn) for label, turn in turns[:_REPR_TURNS]]
    if len(turns) > _REPR_TURNS:
        lines.append(f"  … {plural(len(turns) - _REPR_TURNS, 'more turn')}")
    return "\n".join(lines)


def _turn_line(label: str, turn: Turn) -> str:
    where = f"{clean_line(label)} turn {turn.number}" if label else f"turn {turn.number}"
    sent = f"  {where}  {request_line(turn.call, turn.added, _REPR_REQUEST)} -> "
    return sent + output_line(turn.call, max(_REPR_WIDTH - display_width(sent), _REPR_REQUEST))


class _Beside:
    """What was executed, and the events, beside the turns of a transcript."""

    def __init__(self, calls: Iterable[LLMCall], after: Mapping[int, Sequence[Beside]], width: int) -> None:
        self._after = after
        self._width = width
        self._told = {
            (str(message["tool_call_id"]), content_text(message))
            for call in calls
            for message in call.messages
            if after and message["role"] == "tool" and message["tool_call_id"]
        }
        """What was reported back to a model: it stands in the transcript already."""

    def of(self, call: LLMCall) -> Iterator[Line]:
        """The lines of what belongs to a call."""
        yield from self.lines(self._after.get(id(call), ()), call.agent)

    def lines(self, entries: Iterable[Beside], agent: str | None) -> Iterator[Line]:
        """One or more lines for each entry; its agent, where that is not the one whose turn it is."""
        for entry in entries:
            by = f" (by {entry.agent})" if entry.agent and entry.agent != agent else ""
            if isinstance(entry, ToolCall):
                role = "executed" if entry.executed else "requested"
                yield from _said(
                    role, clean(f"{call_text(entry.name, entry.arguments)}{by}{self._end(entry)}"), self._width
                )
            else:
                data = "" if entry.data is None else f": {value_text(entry.data)}"
                yield from _said("event", clean(f"{entry.name}{by}{data}"), self._width)

    def _end(self, execution: ToolCall) -> str:
        """How an execution ended: its result, where no message has it, or its error."""
        if execution.error is not None:
            return f" failed: {execution.error}"
        result = execution.result
        if result is None or any(
            call_id == execution.call_id and (text == result or parse_json(text) == result)
            for call_id, text in self._told
        ):
            return ""
        return f" = {value_text(result)}"


def _conversation(conversation: Conversation, said: _Beside, width: int) -> Iterator[Line]:
    first = conversation.turns[0].call if conversation.turns else LLMCall()
    yield from plain_lines(wrapped(f"{clean_line(conversation.label)} · {_settings(first)}", width), bold=True)
    before = first
    for turn in conversation.turns:
        circumstances = wrapped(f"turn {turn.number}{_circumstances(turn.call)}", width - 2)
        yield from plain_lines(f"  {line}" for line in circumstances)
        if _settings(turn.call) != _settings(before):
            yield from _said("", f"now {_settings(turn.call)}", width)
        yield from _instead(turn.call, width)
        if context := _context(turn):
            yield from _said("", context, width)
        for message in turn.new:
            yield from _message(message, width)
        yield from _output(turn.call, width)
        yield from said.of(turn.call)
        before = turn.call


def _context(turn: Turn) -> str:
    """What was done to the history, empty for nothing: ``(context summarised: 4 messages dropped, 1 new)``."""
    if turn.rewritten is None:
        return "(starts afresh, without the turns before)" if turn.number > 1 and not turn.kept else ""
    dropped, new = len(turn.rewritten.dropped), len(turn.rewritten.inserted)
    what = f"{plural(dropped, 'message')} dropped" if dropped else ""
    instead = f"{new} new{' in their place' if dropped > 1 else ' in its place' if dropped else ''}" if new else ""
    return f"(context {turn.rewritten.kind}: {', '.join(part for part in (what, instead) if part)})"


def _settings(call: LLMCall) -> str:
    """What a call asks for beside its messages: model, parameters, tools offered."""
    parts = [clean_line(call.name or UNKNOWN)]
    if call.operation != "chat":
        parts.append(clean_line(call.operation))
    parts += [f"{clean_line(key)}={clean_line(_short(value))}" for key, value in sorted(call.params.items())]
    names = [clean_line(tool.get("name") or tool.get("type") or UNKNOWN) for tool in call.tools]
    return " · ".join([*parts, *([f"tools: {', '.join(names)}"] if names else [])])


def _short(value: Any) -> str:
    return cut_end(value if isinstance(value, str) else compact(value), 60)


def _circumstances(call: LLMCall) -> str:
    """Tokens, cost, and whatever was unusual: retries, an early end, a cache hit."""
    parts = []
    if call.usage:
        about = "about " if call.usage.estimated else ""
        parts.append(f"{about}{count(call.usage.input_tokens)} in, {count(call.usage.output_tokens)} out")
    if call.cache_hit:
        parts.append("cache hit, free")
    elif call.usage or call.cost is not None:
        parts.append(usd(call.cost))
    if len(call.attempts) > 1:
        parts.append(f"{len(call.attempts)} attempts ({joined([_attempt(one) for one in call.attempts])})")
    if call.finish_reason not in _USUAL_ENDS:
        parts.append(f"ended by {clean_line(call.finish_reason)}")
    if call.status not in {"ok", "error"}:
        parts.append(call.status)
    return f"  ({' · '.join(parts)})" if parts else ""


def _attempt(attempt: Attempt) -> str:
    """The status of one try and what it cost: ``429 free``."""
    status = str(attempt.status or "no answer")
    if attempt.cost is None:
        return status
    return f"{status}: {usd(attempt.cost) if attempt.cost else 'free'}"


def _instead(call: LLMCall, width: int) -> Iterator[Line]:
    """That a call was made because another one failed."""
    failed = call.fallback_from
    if failed is None:
        return
    error = clean(failed.error)
    if failed.model == call.name:
        yield from _said("retry", f"after {error}", width)
    else:
        yield from _said("fallback", f"from {clean(failed.model)}: {error}", width)


def _message(message: Message, width: int) -> Iterator[Line]:
    role = str(message.get("role") or UNKNOWN)
    if message.get("reasoning"):
        yield from _said("", f"(thinks) {clean(message['reasoning'])}", width)
    text = clean(content_text(message))
    if role == "tool" and message.get("tool_call_id"):
        text = f"{clean_line(message['tool_call_id'])}: {text}"
    calls = [f"-> {clean_line(call)}" for call in tool_texts(message)]
    yield from _said(role, "\n".join([*([text] if text else []), *calls]) or "(empty)", width)


def _output(call: LLMCall, width: int) -> Iterator[Line]:
    if call.output is not None:
        yield from _message(call.output, width)
    if call.error is not None:
        status = f" {call.error.status}" if call.error.status is not None else ""
        yield from _said("error", f"{clean(call.error.type)}{status}: {clean(call.error.message)}", width)


def _said(role: str, text: str, width: int) -> Iterator[Line]:
    """A role and what it said, the text in a column of its own."""
    for number, line in enumerate(wrapped(text, width - _ROLE - 6)):
        name = pad(cut_end(clean_line(role), _ROLE), _ROLE) if number == 0 else " " * _ROLE
        yield Line(text=f"    {name}  {line}".rstrip(), markup=_COLOURS.get(role, {}))


def _totals(amounts: Totals) -> str:
    """``2 calls · 412 tokens in, 61 out · $0.0000984``."""
    usage = amounts.usage
    cached = f" ({count(usage.cache_read_tokens)} cached)" if usage.cache_read_tokens else ""
    tokens = f"{count(usage.input_tokens)} tokens in{cached}, {count(usage.output_tokens)} out"
    return f"{plural(amounts.calls, 'call')} · {tokens} · {usd_or_part(amounts.cost_usd, amounts.priced_usd)}"
