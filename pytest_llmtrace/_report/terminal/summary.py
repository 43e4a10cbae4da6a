"""The section `llmtrace` at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, cut_middle, plain_lines, wrapped
from pytest_llmtrace._report.money import count, short_count, usd_or_part
from pytest_llmtrace._report.terminal.tables import (
    agent_table,
    dearest_tests,
    grown_tests,
    model_table,
    slowest_tests,
    source_table,
)
from pytest_llmtrace._report.topics.budgets import breach_text, budget_lines
from pytest_llmtrace._report.topics.dry_run import dry_run_rows, dry_run_sum
from pytest_llmtrace._report.topics.growth import growth_text
from pytest_llmtrace._report.topics.migration import migration_lines
from pytest_llmtrace._report.topics.rates import rate
from pytest_llmtrace._report.topics.recorded import recorded_rows
from pytest_llmtrace._report.topics.shards import shard_lines
from pytest_llmtrace._report.topics.way_out import accept_command
from pytest_llmtrace._report.wording import (
    FINDING_NAMES,
    counted_as,
    finding_line,
    joined,
    plural,
    record_command,
)

TITLE: Final = "llmtrace"
"""Of the section."""
_ROWS: Final = 5
"""Rows of a table where nobody said how many."""
_NAMED: Final = 5
"""Tests, files or warnings that are named where not everything is shown; the others are counted."""

Document = Mapping[str, Any]
"""What `document.document` made."""


def summary(
    document: Document,
    *,
    verbosity: int = 0,
    width: int = 80,
    warnings: Sequence[str] = (),
    shown: int | Literal["all", "off"] | None = None,
    by_flag: bool = False,
) -> Iterator[Line]:
    """The lines of the section without its title; none where no test was traced and there is nothing to say.

    Args:
        document: The report document.
        verbosity: As pytest counts it: one line below 0, everything above 0.
        width: Columns of the terminal.
        warnings: Texts for the user that belong to no test.
        shown: Rows of each table, ``all``, or ``off`` for nothing but breached budgets and warnings; `None`: as
            verbosity says.
        by_flag: Whether that was said for this run, so that it holds whatever the verbosity.
    """
    if not (_rows(document) or document["breaches"] or document["unused"] or document.get("shards") or warnings):
        return
    if shown == "off" or (verbosity < 0 and not by_flag):
        yield from _one_line(document) if shown != "off" else ()
        if "dry_run" in document:
            yield from plain_lines(wrapped(f"{TITLE}: {dry_run_sum(document)}", width))
        yield from _breaches_alone(document, width)
        yield from (line for text in warnings for line in _noted(f"{TITLE}: warning", clean_line(text), width))
        return
    verbose = verbosity > 0 or shown == "all"
    rows = shown if isinstance(shown, int) else None if verbose else _ROWS
    blocks = (
        shard_lines(document, width),
        _head(document, width) if _rows(document) else (),
        source_table(document, width),
        model_table(document, width, rows),
        agent_table(document, width, rows),
        dearest_tests(document, width, rows),
        slowest_tests(document, width, rows),
        grown_tests(document, width, rows),
        migration_lines(document, width),
        recorded_rows(document, width, verbose=verbose),
        dry_run_rows(document, width, verbose=verbose),
        [*_findings(document, width, verbose=verbose), *budget_lines(document, width)],
        _not_understood(document, width, verbose=verbose),
        _unused(document, width, verbose=verbose),
        [line for text in warnings for line in _noted("warning", clean_line(text), width)],
    )
    filled = [block for block in map(list, blocks) if block]
    for number, block in enumerate(filled):
        yield from [Line(text="")] if number else []
        yield from block


def _rows(document: Document) -> list[Mapping[str, Any]]:
    return [*document["tests"], *document.get("fixtures", ())]


def _head(document: Document, width: int) -> Iterator[Line]:
    """What was run, and what it cost."""
    totals = document["totals"]
    usage = totals["usage"]
    cached = f" ({count(usage['cache_read_tokens'])} cached)" if usage.get("cache_read_tokens") else ""
    estimated = ", partly estimated" if usage.get("estimated") else ""
    text = " · ".join(
        (
            str(document["mode"]) + (" (dry run)" if "dry_run" in document else ""),
            plural(totals["tests"], "test"),
            plural(totals["calls"], "call"),
            f"{count(usage['input_tokens'])} tokens in{cached}, {count(usage['output_tokens'])} out{estimated}",
        )
    )
    yield from plain_lines(wrapped(text, width))
    if totals["calls"] or totals["live_calls"]:
        yield from plain_lines(wrapped(_cost(totals), width))
    yield from plain_lines(wrapped(growth_text(document), width) if growth_text(document) else ())
    models = [clean_line(row["model"]) for row in document["models"] if row["cost_usd"] is None]
    if len(models) > _NAMED:
        models = [*models[: _NAMED - 1], f"{len(models) - _NAMED + 1} more"]
    if models:
        yield from plain_lines(wrapped(f"no price is known for {joined(models)}", width), yellow=True)


def _cost(totals: Mapping[str, Any]) -> str:
    """What was paid, and what the replayed calls would have cost."""
    whole = usd_or_part(totals["cost_usd"], totals.get("priced_usd", 0.0))
    paid = usd_or_part(totals["live_cost_usd"], totals.get("live_priced_usd", 0.0))
    if not totals["live_calls"]:
        return f"nothing paid · would have cost {whole}"
    text = f"{paid} paid for {plural(totals['live_calls'], 'live call')}"
    calls = totals["calls"]  # replayed ones, and those given by hand, of which nobody knows who paid
    return f"{text} · all {count(calls)} calls {whole}" if totals["live_calls"] < calls else text


def _findings(document: Document, width: int, *, verbose: bool) -> Iterator[Line]:
    """How many tests have which findings; warnings one by one, since no failure shows them."""
    failing = _counts(document, "fail")
    if failing:
        text = joined([f"{_owners(failing[kind])} {name}" for kind, name in FINDING_NAMES.items() if kind in failing])
        yield from plain_lines(wrapped(text, width), red=True)
    yield from _went_on(document, width)
    yield from _no_cassette(document)
    found = [
        f"{clean_line(row['nodeid'])}: {finding_line(finding)}{rate(finding)}"
        for row in _rows(document)
        for finding in row["findings"]
        if finding["severity"] == "warn"
    ]
    shown = found if verbose else found[:_NAMED]
    for text in shown:
        yield from _noted("warning", text, width)
    if len(found) > len(shown):
        yield Line(
            text=f"and {plural(len(found) - len(shown), 'more warning')} (--llm-summary=all)", markup={"yellow": True}
        )


def _went_on(document: Document, width: int) -> Iterator[Line]:
    """How many tests got answers that were recorded for other requests."""
    found = [row["nearest_answers"] for row in _rows(document) if row.get("nearest_answers")]
    if found:
        text = (
            f"{plural(len(found), 'test')} went on with the nearest recorded answers to "
            f"{plural(sum(found), 'request')} (--llm-on-miss=nearest)"
        )
        yield from plain_lines(wrapped(text, width), yellow=True)


def _no_cassette(document: Document) -> Iterator[Line]:
    """The command that records every test that has no recording; a fixture is recorded with a test that asks for it."""
    missing = [
        row
        for row in _rows(document)
        if any(_is_recordable(finding) and finding["severity"] == "fail" for finding in row["findings"])
    ]
    if not missing:
        return
    alone = f"{record_command([])} "
    tests = [accept_command(row).removeprefix(alone) for row in missing if "::" in row["nodeid"]]
    commands = [alone + " ".join(tests)] if tests else []
    commands += [row.get("accept") or record_command([]) for row in missing if "::" not in row["nodeid"]]
    if len(missing) > _NAMED:
        commands = [record_command([])]
    yield from plain_lines(f"to record: {clean_line(command)}" for command in dict.fromkeys(commands))


def _is_recordable(finding: Mapping[str, Any]) -> bool:
    return finding["type"] == "no_cassette" and not finding.get("tapes_off")


def _counts(document: Document, severity: str) -> dict[str, Counter[str]]:
    """Per type of finding, how many tests and fixtures have it."""
    found: dict[str, Counter[str]] = {}
    for noun, rows in (("test", document["tests"]), ("fixture", document.get("fixtures", ()))):
        for row in rows:
            for kind in {counted_as(finding) for finding in row["findings"] if finding["severity"] == severity}:
                found.setdefault(kind, Counter())[noun] += 1
    return found


def _owners(counts: Counter[str]) -> str:
    """``2 tests and 1 fixture``."""
    return joined([plural(number, noun) for noun, number in counts.items()])


def _not_understood(document: Document, width: int, *, verbose: bool) -> Iterator[Line]:
    """Requests that may have asked a model and that nobody can count: what they cost is in no figure above."""
    found = Counter(clean_line(one) for row in _rows(document) for one in row.get("not_understood", ()))
    if not found:
        return
    text = f"{plural(found.total(), 'request')} to LLM providers not understood: on the tape, not in traces or totals"
    yield from plain_lines(wrapped(text, width), yellow=True)
    shown = list(found) if verbose else list(found)[:_NAMED]
    yield from plain_lines(f"  {cut_middle(one, width - 2)}" for one in shown)
    if len(found) > len(shown):
        yield Line(text=f"  and {len(found) - len(shown)} more (--llm-summary=all)")


def _unused(document: Document, width: int, *, verbose: bool) -> Iterator[Line]:
    paths = document["unused"]
    if not paths:
        return
    text = f"{plural(len(paths), 'unused cassette file')} (llmtrace prune)"
    yield from plain_lines(wrapped(text, width), yellow=True)
    shown = paths if verbose else paths[:_NAMED]
    yield from plain_lines(f"  {cut_middle(clean_line(path), width - 2)}" for path in shown)
    if len(paths) > len(shown):
        yield Line(text=f"  and {len(paths) - len(shown)} more (--llm-summary=all)")


def _noted(label: str, text: str, width: int) -> list[Line]:
    return plain_lines(wrapped(f"{label}: {text}", width), yellow=True)


def _breaches_alone(document: Document, width: int) -> Iterator[Line]:
    for breach in document["breaches"]:
        yield from plain_lines(wrapped(f"{TITLE}: {breach_text(breach)}", width), red=True)


def _one_line(document: Document) -> Iterator[Line]:
    totals = document["totals"]
    usage = totals["usage"]
    cost = usd_or_part(totals["cost_usd"], totals.get("priced_usd", 0.0))
    paid = (
        usd_or_part(totals["live_cost_usd"], totals.get("live_priced_usd", 0.0)) if totals["live_calls"] else "nothing"
    )
    failing = _counts(document, "fail")
    parts = [
        plural(totals["tests"], "test"),
        plural(totals["calls"], "call"),
        f"{short_count(usage['input_tokens'])} tokens in",
        f"{short_count(usage['output_tokens'])} out",
        f"cost {cost}",
        f"{paid} paid",
        *(f"{failing[kind].total()} {name}" for kind, name in FINDING_NAMES.items() if kind in failing),
        *(["budget BREACHED"] if document["breaches"] else []),
    ]
    red = bool(failing or document["breaches"])
    yield Line(text=f"{TITLE}: {', '.join(parts)}", markup={"red": True} if red else {})
