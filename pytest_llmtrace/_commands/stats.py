"""`llmtrace stats`: what recordings hold and cost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from pytest_llmtrace._commands.output import print_json, print_lines, width
from pytest_llmtrace._commands.reading import golden_at
from pytest_llmtrace._model.trace import LLMCall
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._report.amounts import totals_data
from pytest_llmtrace._report.commands.stats import CassetteRow, stats_table
from pytest_llmtrace._store.paths import Cassette, discover
from pytest_llmtrace.errors import LlmtraceError


@click.command(short_help="Print what recordings hold: calls, tokens, cost, size.")
@click.argument(
    "directory", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".", metavar="[DIR]"
)
@click.option("--json", "as_json", is_flag=True, help="The same figures as JSON.")
def stats(directory: Path, *, as_json: bool) -> None:
    """Print what the recordings below DIR hold: calls, tokens, cost and size, per test and per model.

    Exits with 1 where a cassette cannot be read.

    \b
    Examples:
      llmtrace stats tests
      llmtrace stats --json tests | jq .totals.cost_usd
    """  # noqa: D301  # click looks for the character itself
    rows = [_row(cassette) for cassette in discover(directory)]
    if as_json:
        print_json(_stats_data(rows))
    elif rows:
        print_lines(stats_table(rows, width=width()))
    else:
        click.echo(f"No cassettes below {directory}. Record some: pytest --llm-record")
    if any(row.problem for row in rows):
        sys.exit(1)


def _row(cassette: Cassette) -> CassetteRow:
    golden_bytes, tape_bytes = _size(cassette.golden), _size(cassette.tape)
    try:
        golden = golden_at(cassette.golden)
    except (LlmtraceError, OSError) as error:
        return CassetteRow(
            owner=str(cassette.golden), problem=str(error), golden_bytes=golden_bytes, tape_bytes=tape_bytes
        )
    models: dict[str, list[LLMCall]] = {}
    for call in golden.trace.calls:
        models.setdefault(call.name, []).append(call)
    by_model: dict[str, Totals] = {name: totals(calls) for name, calls in models.items()}
    return CassetteRow(
        owner=golden.test, totals=golden.totals, models=by_model, golden_bytes=golden_bytes, tape_bytes=tape_bytes
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _stats_data(rows: list[CassetteRow]) -> dict[str, Any]:
    readable = [row for row in rows if row.problem is None]
    return {
        "totals": totals_data(sum((row.totals for row in readable), Totals())),
        "cassettes": [
            {
                "test": row.owner,
                **totals_data(row.totals),
                "golden_bytes": row.golden_bytes,
                "tape_bytes": row.tape_bytes,
                "models": {name: totals_data(amounts) for name, amounts in sorted(row.models.items())},
            }
            for row in readable
        ],
        "problems": [{"file": row.owner, "problem": row.problem} for row in rows if row.problem is not None],
    }
