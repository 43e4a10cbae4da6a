"""A section for each type of finding but drift: what happened, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pytest_llmtrace._model.conversations import Turn
from pytest_llmtrace._model.findings import Breach, Bypass, Internal, Miss, NoCassette, Unplayed
from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._report.clean import clean, clean_line
from pytest_llmtrace._report.layout import cut_end, cut_middle, wrapped
from pytest_llmtrace._report.money import UNKNOWN, count, percent, usd
from pytest_llmtrace._report.topics.budgets import pricing_lines
from pytest_llmtrace._report.wording import BUDGETS, amount, plural

_SHOWN: Final = 8
"""Findings of one type that are listed; the others are counted."""
_DEAREST: Final = 3
_UNSEEN: Final = (
    "It could not be recorded and compared. Call through an HTTP client that is seen (httpx, requests, aiohttp, "
    "urllib3, botocore), put the call in a function under `@pytest_llmtrace.tool(replay=True)`, or let the host "
    "through with the ini value `llm_allow_hosts`."
)
_ELSEWHERE: Final = (
    "What another process asks is neither recorded nor replayed. Call in the test's own process, put what starts the "
    "other one in a function under `@pytest_llmtrace.tool(replay=True)`, or let the host through with the ini value "
    "`llm_allow_hosts`."
)
"""Of processes that the test started or forked."""


def internal_section(found: Sequence[Internal], width: int) -> Iterator[str]:
    """What went wrong, where, and how to go on without the plugin."""
    for internal in found:
        for paragraph in clean(internal.text).split("\n"):
            yield from (f"  {line}".rstrip() for line in wrapped(paragraph, width - 2))
        if internal.traceback:
            yield ""
            yield from (f"    {line}".rstrip() for line in clean(internal.traceback).rstrip().split("\n"))
            yield ""
            yield "  This is a bug in pytest-llmtrace: please report it with the lines above."
    if found:
        yield ""
        yield "  To run without the plugin: `--llm-off`, or LLMTRACE_DISABLED=1 in the environment."


def no_cassette_section(found: Sequence[NoCassette], width: int, *, drifted: bool = False) -> Iterator[str]:
    """The first call that had nowhere to go; where the recording would be stands at the end of the screen."""
    tape = next((finding.tape for finding in found if finding.tape), None)
    if tape is not None:
        yield from (f"  {line}" for line in wrapped(_lent(tape, drifted=drifted), width - 2))
        return
    requests = [finding.request for finding in found if finding.request]
    if requests:
        yield cut_end(f"  call    {clean_line(requests[0])}", width)
    if len(requests) > 1:
        yield f"          and {plural(len(requests) - 1, 'more call')}"


def _lent(tape: str, *, drifted: bool) -> str:
    """What a tape that this plugin did not record is good for."""
    vcrpy = not tape.endswith(".tape.json")
    kind = "A vcrpy cassette" if vcrpy else "A tape"
    if not drifted:
        return f"{kind} answers every call of this test. Recording makes the golden trace from it, at no cost."
    matching = (
        " vcrpy looks at method and URL alone unless it is told otherwise, so nothing showed it." if vcrpy else ""
    )
    return (
        f"{kind} holds calls of this test, but not the ones that it makes now.{matching} Recording takes from it what "
        "it holds, and pays for the rest."
    )


def miss_section(found: Sequence[Miss], width: int) -> Iterator[str]:
    """Requests that are no LLM calls and have no recorded answer."""
    if not found:
        return
    yield "  not on the tape"
    for miss in found[:_SHOWN]:
        yield f"    {cut_middle(f'{clean_line(miss.method)} {clean_line(miss.url)}', width - 4)}"
        if miss.detail:
            yield from (f"      {line}" for line in wrapped(clean(miss.detail), width - 6))
    yield from _more(len(found))
    text = "Replay answers every request of a traced test from its tape, and no such request was recorded."
    yield from (f"    {line}" for line in wrapped(text, width - 4))


def unplayed_section(found: Sequence[Unplayed]) -> Iterator[str]:
    """Recorded requests that are no LLM calls and were not made again."""
    if not found:
        return
    yield "  recorded, not made"
    for unplayed in found[:_SHOWN]:
        times = f"  ({unplayed.count} times)" if unplayed.count != 1 else ""
        yield f"    {clean_line(unplayed.method)} {clean_line(unplayed.url)}{times}"
    yield from _more(len(found))
    yield "    The tape holds answers to them, and nothing asked."


def bypass_section(found: Sequence[Bypass], width: int, seen: int = 0) -> Iterator[str]:
    """Traffic that was neither recorded nor compared, and who made it; and that fewer calls were `seen` than wanted."""
    for bypass in found:
        if bypass.expected:
            yield f"  calls   {count(seen)} seen, at least {count(bypass.expected)} expected (min_calls of the marker)"
    past = [bypass for bypass in found if not bypass.expected]
    if not found:
        return
    if not past:
        text = (
            "Seen are calls through the HTTP clients of Python (httpx, requests, aiohttp, urllib3, botocore), those "
            "that litellm and LangChain tell of, and those given by hand: `with pytest_llmtrace.call(...)`."
        )
        yield from (f"  {line}" for line in wrapped(text, width - 2))
        return
    yield "  past the tape"
    for bypass in past[:_SHOWN]:
        yield from (f"    {line}" for line in wrapped(clean(bypass.what), width - 4))
        yield from (f"      {cut_middle(clean_line(frame), width - 6)}" for frame in bypass.stack)
    yield from _more(len(past))
    text = _ELSEWHERE if all(" process" in bypass.what for bypass in past) else _UNSEEN
    yield from (f"    {line}" for line in wrapped(text, width - 4))


def breach_section(verdict: Verdict, found: Sequence[Breach], width: int) -> Iterator[str]:
    """Each budget with its limit and value, what used most of it, and how to price a model that has no price."""
    for breach in found:
        yield from _breach(verdict, breach, width)
    if any(breach.what != "calls" and breach.value is not None for breach in found):
        yield from _dearest(verdict, width, by_tokens=all(breach.what == "tokens" for breach in found))
    models = sorted({model for breach in found for model in breach.models})
    if models:
        yield from (f"  {line}".rstrip() for line in pricing_lines(models, width - 2))


def _breach(verdict: Verdict, breach: Breach, width: int) -> Iterator[str]:
    name = f"  {BUDGETS[breach.what]:<6}  "
    limit = amount(breach.what, breach.limit)
    if breach.value is None:
        yield f"{name}{UNKNOWN} of {limit} allowed: a model has no price"
    elif breach.what == "growth":
        of = f" ({BUDGETS[breach.of]})" if breach.of else ""
        yield f"{name}{amount('growth', breach.value)} of {limit} allowed{of}"
        for label, used in (("golden", verdict.golden_totals), ("now", verdict.observed_totals)):
            if used is not None:
                yield f"          {label:<6}  {plural(used.usage.total_tokens, 'token')}, {usd(used.cost_usd)}"
    else:
        over = f" ({percent(breach.value / breach.limit - 1)} over)" if 0 < breach.limit < breach.value else ""
        yield f"{name}{amount(breach.what, breach.value)} of {limit} allowed{over}"
    if breach.refused:
        why = "the budget was spent" if breach.value is not None else "nobody knows what is left"
        yield f"          a live call was refused: {why}"
    if breach.source:
        yield from (f"          {line}" for line in wrapped(f"limit set by {clean_line(breach.source)}", width - 10))


def _dearest(verdict: Verdict, width: int, *, by_tokens: bool) -> Iterator[str]:
    """The turns that used most of the budget."""
    made = [(one.label, turn) for one in verdict.observed for turn in one.turns if turn.call.usage or turn.call.cost]
    made.sort(key=lambda item: -(_tokens(item[1]) if by_tokens else item[1].call.cost or 0.0))
    if len(made) < 2:
        return
    yield "  dearest turns"
    for label, turn in made[:_DEAREST]:
        usage = turn.call.usage
        tokens = f"{count(usage.input_tokens)} in, {count(usage.output_tokens)} out" if usage else f"{UNKNOWN} tokens"
        name = f"{clean_line(label)} turn {turn.number}  {clean_line(turn.call.name)}"
        yield cut_end(f"    {name}  {tokens}  {usd(turn.call.cost)}", width)


def _tokens(turn: Turn) -> int:
    return turn.call.usage.total_tokens if turn.call.usage else 0


def _more(total: int) -> Iterator[str]:
    if total > _SHOWN:
        yield f"    and {total - _SHOWN} more"
