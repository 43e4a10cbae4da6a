"""Several documents, one per shard of a suite, as the one that a single run would have made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

from pytest_llmtrace._model.findings import Breach
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._report.document.counted import row_golden, row_paid, row_totals
from pytest_llmtrace._report.document.document import (
    FORMAT_VERSION,
    agent_rows,
    amounts_row,
    breach_row,
    paid_row,
    totals_row,
)
from pytest_llmtrace._report.document.growth import growth_of_all
from pytest_llmtrace._report.document.sums import dearest_first
from pytest_llmtrace._report.plain import plain
from pytest_llmtrace._report.tally import NO_AGENT
from pytest_llmtrace._report.topics.dry_run import dry_run_sums
from pytest_llmtrace._report.topics.growth import row_runs

Document = Mapping[str, Any]
Row = Mapping[str, Any]

MIXED = "mixed"
"""The mode of documents whose modes differ; each row has its own."""


def merged_rows(documents: Iterable[Document], part: str) -> list[dict[str, Any]]:
    """The rows of all documents, each owner once, sorted like those of one run.

    What several shards have (a test that two of them ran, a session fixture that each of them sets up) counts once,
    as the attempts of one run do: the last one that failed, else the last one, and what all of them really paid.

    Args:
        documents: In the order in which they were given.
        part: ``tests`` or ``fixtures``.
    """
    found: dict[tuple[str, str], list[Row]] = {}
    for document in documents:
        for row in document.get(part, ()):
            place = (row["golden"] or "") if part == "fixtures" else ""  # fixtures of one name in two modules are two
            found.setdefault((row["nodeid"], place), []).append(row)
    return [_one_row(rows) for _, rows in sorted(found.items(), key=lambda item: item[0])]


def in_several(documents: Iterable[Document]) -> list[str]:
    """The tests that more than one document has."""
    seen: set[str] = set()
    twice: set[str] = set()
    for document in documents:
        names = {row["nodeid"] for row in document["tests"]}
        twice |= names & seen
        seen |= names
    return sorted(twice)


def merged_document(
    documents: Mapping[str, Document],
    tests: Sequence[dict[str, Any]],
    fixtures: Sequence[dict[str, Any]],
    *,
    breaches: Sequence[Breach],
    budgets: Sequence[Mapping[str, Any]],
    incomplete: bool,
) -> dict[str, Any]:
    """The document of all shards together.

    Args:
        documents: Those of the shards, by the name of the file.
        tests: Their rows, from `merged_rows`.
        fixtures: Likewise.
        breaches: What the budgets of the sum say.
        budgets: Those budgets with what was used of them.
        incomplete: Whether reports are missing.
    """
    rows = [*tests, *fixtures]
    amounts = reduce(add, map(row_totals, rows), Totals())
    failed = incomplete or any(one["exit"] != "ok" for one in documents.values()) or bool(breaches)
    modes = {document["mode"] for document in documents.values()}
    made: dict[str, Any] = {
        "llmtrace": FORMAT_VERSION,
        "mode": modes.pop() if len(modes) == 1 else MIXED,
        "exit": "failed" if failed else "ok",
        "totals": totals_row(len(tests), amounts, reduce(add, map(row_paid, rows), Totals())),
        "models": [amounts_row("model", *one) for one in _summed(rows, "model")],
        "agents": agent_rows(_summed(rows, "agent")),
        "sources": [amounts_row("source", *one) for one in _summed(rows, "source")],
        "tests": tests,
        "breaches": [breach_row(breach) for breach in breaches],
        "unused": _unused(documents.values()),
        "shards": [_shard(name, document) for name, document in documents.items()],
    }
    optional = {
        "budgets": list(budgets),
        "fixtures": list(fixtures),
        "growth": _growth(rows),
        "dry_run": _dry_run(rows),
    }
    plain_made: dict[str, Any] = plain(made | {key: value for key, value in optional.items() if value})
    return plain_made


def _one_row(rows: Sequence[Row]) -> dict[str, Any]:
    failed = [row for row in rows if _failed(row)]
    row = dict((failed or rows)[-1])
    paid = reduce(add, map(row_paid, rows))
    if len(rows) > 1 and paid.live_calls:
        row["paid"] = paid_row(paid)
    return row


def _failed(row: Row) -> bool:
    return row["outcome"] in {"failed", "error"} or any(one["severity"] == "fail" for one in row["findings"])


def _summed(rows: Iterable[Row], key: str) -> list[tuple[str, Totals]]:
    """The parts of all rows added up by name, the dearest first."""
    sums: dict[str, Totals] = {}
    for row in rows:
        alone = [{**row, "agent": NO_AGENT}] if key == "agent" and row["calls"] else []
        for part in row.get(f"by_{key}") or alone:
            sums[part[key]] = sums.get(part[key], Totals()) + row_totals(part)
    return dearest_first(sums.items())


def _growth(rows: Iterable[Row]) -> dict[str, Any] | None:
    tests, before, now = 0, Totals(), Totals()
    for row in rows:
        golden = None if row.get("stopped") else row_golden(row)
        if golden is not None:
            tests, now = tests + 1, now + row_totals(row)
            before += reduce(add, [golden] * row_runs(row))
    return growth_of_all(tests, before, now)


def _dry_run(rows: Iterable[Row]) -> dict[str, Any] | None:
    would = [row for row in rows if "would_record" in row]
    return dry_run_sums(would) if would else None


def _unused(documents: Iterable[Document]) -> list[str]:
    """What a shard that ran everything in its folders did not use, unless another shard did.

    A shard that ran only a part lists nothing, and so says nothing about what others list.
    """
    listed: set[str] = set()
    used: list[str] = []
    for document in documents:
        listed |= set(document["unused"])
        rows = (*document["tests"], *document.get("fixtures", ()))
        used += [row["golden"].removesuffix("trace.yaml") for row in rows if row["golden"]]
    stems = tuple(used)
    return sorted(path for path in listed if not path.startswith(stems))


def _shard(name: str, document: Document) -> dict[str, Any]:
    totals = document["totals"]
    kept = {key: totals[key] for key in ("tests", "calls", "cost_usd", "priced_usd") if key in totals}
    return {"file": name, "exit": document["exit"], "mode": document["mode"], **kept, "breaches": document["breaches"]}
