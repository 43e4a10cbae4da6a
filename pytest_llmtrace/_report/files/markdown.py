"""The report as Markdown, for a pull request or a CI step summary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._report.brief import value_text
from pytest_llmtrace._report.clean import clean, clean_line
from pytest_llmtrace._report.layout import cut_middle
from pytest_llmtrace._report.money import count, usd, usd_or_part
from pytest_llmtrace._report.text_diff import text_diff
from pytest_llmtrace._report.topics.dry_run import dry_run_cells, dry_run_sum, dry_run_tests
from pytest_llmtrace._report.topics.fan_outs import fan_out_rows
from pytest_llmtrace._report.topics.migration import migration_cells, swaps
from pytest_llmtrace._report.topics.rates import rate
from pytest_llmtrace._report.topics.recorded import behaviour, did_something, recorded_tests, work
from pytest_llmtrace._report.wording import breach_line, finding_line, plural, quoted, record_command

_TESTS_SHOWN: Final = 200
_FAN_OUTS_SHOWN: Final = 20
_FINDINGS_SHOWN: Final = 20
_ACCEPTED_BY_RECORDING: Final = frozenset({"drift", "miss", "unplayed", "no_cassette"})


def markdown(document: Mapping[str, Any]) -> Iterator[str]:
    """The lines of the report: totals, models, agents, a row per test, fan-outs, and every finding.

    Everything that comes from a test or a recording stands as code: it cannot become markup, a link or a mention.
    """
    totals = document["totals"]
    yield f"# LLM calls: {document['exit']}"
    yield ""
    yield (
        f"{plural(totals['tests'], 'test')}, {plural(totals['calls'], 'call')}, "
        f"{count(totals['usage']['input_tokens'])} tokens in, {count(totals['usage']['output_tokens'])} out, "
        f"cost {_cost(totals)}; {plural(totals['live_calls'], 'live call')}, "
        f"paid {usd_or_part(totals['live_cost_usd'], totals.get('live_priced_usd', 0.0))}. Mode: {document['mode']}."
    )
    for breach in document["breaches"]:
        yield ""
        yield f"**Budget breached** ({_code(breach['scope'])}): {_code(breach_line(breach))}"
    for title, key in (("Model", "model"), ("Agent", "agent")):
        yield from _amounts(title, key, document[f"{key}s"])
    rows = [*document["tests"], *document.get("fixtures", ())]
    yield from _tests(rows)
    yield from _migration(document)
    yield from _fan_outs(rows)
    yield from _dry_run(document)
    yield from _recorded(document)
    yield from _findings(rows)
    if document["unused"]:
        yield from ("", "## Unused cassettes", "")
        yield from (f"* {_code(path)}" for path in document["unused"])


def _amounts(title: str, key: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    yield from ("", f"| {title} | Calls | Tokens in | Tokens out | Cost |", "|---|--:|--:|--:|--:|")
    for row in rows:
        yield f"| {_code(row[key], cell=True)} | {_numbers(row)} |"


def _tests(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    yield from ("", "## Tests", "", "| Test | Outcome | Calls | Tokens in | Tokens out | Cost | Golden | Findings |")
    yield "|---|---|--:|--:|--:|--:|--:|--:|"
    for row in rows[:_TESTS_SHOWN]:
        golden = usd(row["golden_cost_usd"]) if row["golden_cost_usd"] is not None else ""
        findings = count(len(row["findings"])) if row["findings"] else ""
        test = f"{_code(row['nodeid'], cell=True)} | {_outcome(row['outcome'])}"
        yield f"| {test} | {_numbers(row)} | {golden} | {findings} |"
    if len(rows) > _TESTS_SHOWN:
        yield from ("", f"and {plural(len(rows) - _TESTS_SHOWN, 'more test')}.")


def _migration(document: Mapping[str, Any]) -> Iterator[str]:
    cells = migration_cells(document)
    if not cells:
        return
    yield from ("", "## Models swapped", "", _code(swaps(document)), "")
    yield from ("| Test | Drift | Cost | Golden | Change | Seconds per call |", "|---|---|--:|--:|--:|--:|")
    yield from (f"| {_code(test, cell=True)} | {' | '.join(others)} |" for test, *others in cells)


def _fan_outs(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    found = [(row["nodeid"], fan_out) for row in rows for fan_out in row.get("fanouts", ())]
    if not found:
        return
    yield from ("", "## Fan-outs")
    for nodeid, fan_out in found[:_FAN_OUTS_SHOWN]:
        yield from (
            "",
            _code(nodeid),
            "",
            "| Member | Calls | Tokens in | Tokens out | Cost |",
            "|---|--:|--:|--:|--:|",
        )
        yield from (f"| {_code(name, cell=True)} | {_numbers(amounts)} |" for name, amounts in fan_out_rows(fan_out))
    if len(found) > _FAN_OUTS_SHOWN:
        yield from ("", f"and {plural(len(found) - _FAN_OUTS_SHOWN, 'more fan-out')}.")


def _dry_run(document: Mapping[str, Any]) -> Iterator[str]:
    if "dry_run" not in document:
        return
    yield from ("", "## Dry run", "", dry_run_sum(document))
    rows = dry_run_tests(document)
    if rows:
        yield from ("", "| Test | Live calls | About | Why |", "|---|--:|--:|---|")
    for row in rows[:_TESTS_SHOWN]:
        yield f"| {_code(row['nodeid'], cell=True)} | {' | '.join(dry_run_cells(row['would_record']))} |"
    if len(rows) > _TESTS_SHOWN:
        yield from ("", f"and {plural(len(rows) - _TESTS_SHOWN, 'more test')}.")


def _recorded(document: Mapping[str, Any]) -> Iterator[str]:
    rows = [row for row in recorded_tests(document) if did_something(row)]
    if not rows:
        return
    yield from ("", "## Recorded", "")
    for row in rows[:_TESTS_SHOWN]:
        yield f"* {_code(row['nodeid'])}: {_code(work(row))}"
        yield from (f"    * {_code(line)}" for line in behaviour(row))
    if len(rows) > _TESTS_SHOWN:
        yield f"* and {plural(len(rows) - _TESTS_SHOWN, 'more test')}"


def _findings(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    found = [row for row in rows if row["findings"]]
    if not found:
        return
    yield from ("", "## Findings")
    for row in found:
        yield from ("", f"### {_code(row['nodeid'])}", "")
        for finding in row["findings"][:_FINDINGS_SHOWN]:
            yield from _finding(finding)
        if len(row["findings"]) > _FINDINGS_SHOWN:
            yield f"* and {plural(len(row['findings']) - _FINDINGS_SHOWN, 'more finding')}"
        types = {finding["type"] for finding in row["findings"] if finding["severity"] == "fail"}
        if any(finding.get("tapes_off") for finding in row["findings"]):
            yield from ("", "To compare it:", "", *_fenced([f"pytest --llm-live {quoted(row['nodeid'])}"], ""))
        elif types & _ACCEPTED_BY_RECORDING:
            word = "record" if "no_cassette" in types else "accept"
            command = clean_line(record_command([row["nodeid"]]))
            yield from ("", f"To {word} it:", "", *_fenced([command], ""))


def _finding(finding: Mapping[str, Any]) -> Iterator[str]:
    note = {"warn": " (warning)", "ignore": " (accepted)"}.get(finding["severity"], "")
    first = " ← first divergence" if finding.get("first") else ""
    yield f"* {_code(finding_line(finding))}{rate(finding)}{note}{first}"
    if finding["type"] == "drift":
        golden, observed = (
            None if finding[side] is None else value_text(finding[side]) for side in ("golden", "observed")
        )
        if golden is not None or observed is not None:
            yield from ("", *_fenced(text_diff(golden, observed, 110), "  ", "diff"))
    elif finding["type"] == "internal" and finding["traceback"]:
        yield from ("", *_fenced(clean(finding["traceback"]).rstrip().split("\n"), "  "))


def _fenced(lines: Sequence[str], indent: str, language: str = "") -> Iterator[str]:
    """A code block whose fence is longer than any run of backticks inside."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{indent}{fence}{language}"
    yield from (f"{indent}{line}" for line in lines)
    yield f"{indent}{fence}"


def _numbers(row: Mapping[str, Any]) -> str:
    usage = row["usage"]
    return f"{count(row['calls'])} | {count(usage['input_tokens'])} | {count(usage['output_tokens'])} | {_cost(row)}"


def _outcome(outcome: str) -> str:
    return outcome if outcome.isalpha() else _code(outcome, cell=True)


def _cost(row: Mapping[str, Any]) -> str:
    return usd_or_part(row["cost_usd"], row.get("priced_usd", 0.0))


def _code(text: object, *, cell: bool = False) -> str:
    """Text as inline code: there, neither markup nor HTML, links and mentions work."""
    line = cut_middle(clean_line(text), 200)
    if not line:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    edge = " " if "`" in (line[0], line[-1]) else ""
    code = f"{fence}{edge}{line}{edge}{fence}"
    return code.replace("|", "\\|") if cell else code
