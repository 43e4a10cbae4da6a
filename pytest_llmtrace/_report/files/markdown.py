"""The report as Markdown, for a pull request or a CI step summary: the verdict first, details folded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._report.files.markdown_findings import findings
from pytest_llmtrace._report.files.markup import code, fenced, fitting, folded
from pytest_llmtrace._report.money import UNKNOWN, count, usd, usd_or_part
from pytest_llmtrace._report.topics.budgets import kept_budgets, pricing_tables, unpriced_models
from pytest_llmtrace._report.topics.dry_run import dry_run_cells, dry_run_sum, dry_run_tests
from pytest_llmtrace._report.topics.fan_outs import fan_out_rows
from pytest_llmtrace._report.topics.growth import golden_cost
from pytest_llmtrace._report.topics.migration import migration_cells, swaps
from pytest_llmtrace._report.topics.outcome import (
    change,
    grew,
    number_of_rows,
    outcome_sentence,
    rows_of,
)
from pytest_llmtrace._report.topics.recorded import behaviour, did_something, recorded_tests, work
from pytest_llmtrace._report.wording import breach_line, plural, scope_name

Row = Mapping[str, Any]

COMMENT: Final = 65_000
"""Bytes of a report that still fits into a comment: GitHub takes 65,536 characters."""

_FOR_FINDINGS: Final = 0.6
"""The share of the room that findings may take, so that what the run cost is never crowded out."""
_ELSEWHERE: Final = "A `.json` report (`--llm-report`) has everything."
_TESTS_SHOWN: Final = 200
_GROWTH_SHOWN: Final = 20
_FAN_OUTS_SHOWN: Final = 20
_MARKS: Final = {"ok": "✅", "failed": "❌"}


def markdown(document: Mapping[str, Any], room: int = COMMENT) -> Iterator[str]:
    """The lines of the report: the verdict, what the run cost, findings, growth, and tables of everything.

    Everything that comes from a test or a recording stands as code: it cannot become markup, a link or a mention.

    Args:
        document: The report document.
        room: Bytes that the text may take, line ends included. What does not fit is left out, and that is said.
    """
    return fitting(_whole(document, int(room * _FOR_FINDINGS)), room, note=_ELSEWHERE)


def _whole(document: Mapping[str, Any], for_findings: int) -> Iterator[str]:
    rows = rows_of(document)
    yield from (f"## {_MARKS[document['exit']]} LLM calls: {document['exit']}", "")
    yield from (f"**{_sentence(document)}**", "", _figures(document))
    for breach in document["breaches"]:
        yield from ("", f"**Budget breached** ({code(scope_name(breach['scope']))}): {code(breach_line(breach))}")
    if models := unpriced_models(document["breaches"]):
        yield from ("", "To price what has no price, add to pyproject.toml, in dollars per token:", "")
        yield from fenced(list(pricing_tables(models)), language="toml")
    yield from _kept_budgets(document)
    yield from findings(rows, for_findings)
    yield from _growth(rows)
    yield from _costs(document)
    if rows:
        yield from folded(f"<b>{number_of_rows(document)}</b>", _tests(rows))
    yield from _migration(document)
    yield from _fan_outs(rows)
    yield from _dry_run(document)
    yield from _recorded(document)
    if document["unused"]:
        title = plural(len(document["unused"]), "unused cassette")
        yield from folded(f"<b>{title}</b>", [f"* {code(path)}" for path in document["unused"]])


def _sentence(document: Mapping[str, Any]) -> str:
    text = outcome_sentence(document)
    return text[0].upper() + text[1:]


def _figures(document: Mapping[str, Any]) -> str:
    totals = document["totals"]
    grown = document.get("growth", {}).get("usd")
    against = f" ({change(grown)} against the golden traces)" if grown is not None and grew(grown) else ""
    paid = usd_or_part(totals["live_cost_usd"], totals.get("live_priced_usd", 0.0))
    return (
        f"{plural(totals['tests'], 'test')}, {plural(totals['calls'], 'call')}, "
        f"{count(totals['usage']['input_tokens'])} tokens in, {count(totals['usage']['output_tokens'])} out, "
        f"cost {_cost(totals)}{against}; {plural(totals['live_calls'], 'live call')}, paid {paid}. "
        f"Mode: {_word(document['mode'])}."
    )


def _kept_budgets(document: Mapping[str, Any]) -> Iterator[str]:
    uses = list(kept_budgets(document))
    if uses:
        yield from ("", *(f"* Budget: {code(use)}" for use in uses))


def _growth(rows: Sequence[Row]) -> Iterator[str]:
    """The tests that use or cost something else than their golden trace, those first that changed most."""
    found = [(row["growth"], row) for row in rows if row.get("growth") and any(map(grew, row["growth"].values()))]
    if not found:
        return
    found.sort(key=lambda one: (-max(abs(part or 0.0) for part in one[0].values()), one[1]["nodeid"]))
    yield from ("", "### Growth", "", "| Test | Tokens | Cost | Golden | Now |", "|---|--:|--:|--:|--:|")
    for parts, row in found[:_GROWTH_SHOWN]:
        changes = [UNKNOWN if part is None else change(part) if grew(part) else "" for part in parts.values()]
        costs = [UNKNOWN if cost is None else usd(cost) for cost in (golden_cost(row), row["cost_usd"])]
        yield f"| {code(row['nodeid'], cell=True)} | {' | '.join([*changes, *costs])} |"
    if len(found) > _GROWTH_SHOWN:
        yield from ("", f"and {plural(len(found) - _GROWTH_SHOWN, 'more test')}.")


def _costs(document: Mapping[str, Any]) -> Iterator[str]:
    if not document["models"]:
        return
    yield from ("", "### Cost")
    for title, key in (("Model", "model"), ("Agent", "agent")):
        yield from _amounts(title, [(row[key], row) for row in document[f"{key}s"]])


def _amounts(title: str, rows: Sequence[tuple[str, Row]]) -> Iterator[str]:
    if not rows:
        return
    yield from ("", f"| {title} | Calls | Tokens in | Tokens out | Cost |", "|---|--:|--:|--:|--:|")
    yield from (f"| {code(name, cell=True)} | {_numbers(row)} |" for name, row in rows)


def _tests(rows: Sequence[Row]) -> Iterator[str]:
    yield "| Test | Outcome | Calls | Tokens in | Tokens out | Cost | Golden | Findings |"
    yield "|---|---|--:|--:|--:|--:|--:|--:|"
    for row in rows[:_TESTS_SHOWN]:
        golden = usd(cost) if (cost := golden_cost(row)) is not None else ""
        found = count(len(row["findings"])) if row["findings"] else ""
        test = f"{code(row['nodeid'], cell=True)} | {_word(row['outcome'])}"
        yield f"| {test} | {_numbers(row)} | {golden} | {found} |"
    if len(rows) > _TESTS_SHOWN:
        yield from ("", f"and {plural(len(rows) - _TESTS_SHOWN, 'more test')}.")


def _migration(document: Mapping[str, Any]) -> Iterator[str]:
    cells = migration_cells(document)
    if not cells:
        return
    yield from ("", "### Models swapped", "", code(swaps(document)), "")
    yield from ("| Test | Drift | Cost | Golden | Change | Seconds per call |", "|---|---|--:|--:|--:|--:|")
    yield from (f"| {code(test, cell=True)} | {' | '.join(others)} |" for test, *others in cells)


def _fan_outs(rows: Sequence[Row]) -> Iterator[str]:
    found = [(row["nodeid"], fan_out) for row in rows for fan_out in row.get("fanouts", ())]
    if found:
        yield from folded(f"<b>{plural(len(found), 'fan-out')}</b>", _fan_out_tables(found))


def _fan_out_tables(found: Sequence[tuple[str, Row]]) -> Iterator[str]:
    for nodeid, fan_out in found[:_FAN_OUTS_SHOWN]:
        yield from (code(nodeid), *_amounts("Member", fan_out_rows(fan_out)), "")
    if len(found) > _FAN_OUTS_SHOWN:
        yield f"and {plural(len(found) - _FAN_OUTS_SHOWN, 'more fan-out')}."


def _dry_run(document: Mapping[str, Any]) -> Iterator[str]:
    if "dry_run" not in document:
        return
    yield from ("", "### Dry run", "", dry_run_sum(document))
    rows = dry_run_tests(document)
    if rows:
        yield from ("", "| Test | Live calls | About | Why |", "|---|--:|--:|---|")
    for row in rows[:_TESTS_SHOWN]:
        yield f"| {code(row['nodeid'], cell=True)} | {' | '.join(dry_run_cells(row['would_record']))} |"
    if len(rows) > _TESTS_SHOWN:
        yield from ("", f"and {plural(len(rows) - _TESTS_SHOWN, 'more test')}.")


def _recorded(document: Mapping[str, Any]) -> Iterator[str]:
    rows = [row for row in recorded_tests(document) if did_something(row)]
    if not rows:
        return
    yield from ("", "### Recorded", "")
    for row in rows[:_TESTS_SHOWN]:
        yield f"* {code(row['nodeid'])}: {code(work(row))}"
        yield from (f"    * {code(line)}" for line in behaviour(row))
    if len(rows) > _TESTS_SHOWN:
        yield f"* and {plural(len(rows) - _TESTS_SHOWN, 'more test')}"


def _numbers(row: Row) -> str:
    usage = row["usage"]
    return f"{count(row['calls'])} | {count(usage['input_tokens'])} | {count(usage['output_tokens'])} | {_cost(row)}"


def _word(text: str) -> str:
    """A word of ours; a report that was merged may hold something else there."""
    return text if text.isalpha() else code(text, cell=True)


def _cost(row: Row) -> str:
    return usd_or_part(row["cost_usd"], row.get("priced_usd", 0.0))
