"""`llmtrace stats`: what recordings hold and cost."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from pytest_llmtrace._commands.output import print_json, print_lines, progress, say, width
from pytest_llmtrace._commands.reading import golden_at
from pytest_llmtrace._model.record_flag import record_flag
from pytest_llmtrace._model.trace import LLMCall
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._report.commands.stats import SORT_KEYS, CassetteRow, SortKey, stats_data, stats_table
from pytest_llmtrace._store.git import last_commits
from pytest_llmtrace._store.paths import FOLDER, Cassette, discover
from pytest_llmtrace.errors import LlmtraceError


@click.command(short_help="Print what recordings hold: calls, tokens, cost, size, age.")
@click.argument(
    "directory", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".", metavar="[DIR]"
)
@click.option(
    "--sort",
    type=click.Choice(SORT_KEYS),
    default="cost",
    show_default=True,
    help="The most of this comes first.",
)
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="Show the first N cassettes; sums are of all.")
@click.option("--json", "as_json", is_flag=True, help="The same figures as JSON.")
def stats(directory: Path, *, sort: SortKey, top: int | None, as_json: bool) -> None:
    """Print what the recordings below DIR hold: calls, tokens, cost, size and age, per test, folder and model.

    The age is that of the last commit of a cassette, or of its files where they were changed since, or are not in git.
    Exits with 1 where a cassette cannot be read.

    \b
    Examples:
      llmtrace stats tests
      llmtrace stats --sort age --top 10 tests
      llmtrace stats --json tests | jq .totals.cost_usd
    """  # noqa: D301  # click looks for the character itself
    rows = _rows(directory)
    if as_json:
        print_json(stats_data(rows, sort=sort, top=top))
    elif rows:
        print_lines(stats_table(rows, width=width(), sort=sort, top=top))
    else:
        say(f"No cassettes below {directory}. Record some: pytest {record_flag()}")
    if any(row.problem for row in rows):
        sys.exit(1)


def _rows(directory: Path) -> list[CassetteRow]:
    found = list(discover(directory))
    commits, now = last_commits(directory) if found else {}, time.time()
    with progress(found, "reading") as cassettes:
        return [_row(cassette, directory, commits, now) for cassette in cassettes]


def _row(cassette: Cassette, directory: Path, commits: dict[Path, int], now: float) -> CassetteRow:
    files = [file for file in (cassette.golden, cassette.tape) if file.is_file()]
    sizes = {file: file.stat().st_size for file in files}
    golden_bytes, tape_bytes = sizes.get(cassette.golden, 0), sizes.get(cassette.tape, 0)
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
    changed = max((commits.get(file.resolve(), file.stat().st_mtime) for file in files), default=now)
    return CassetteRow(
        owner=golden.test,
        folder=_folder(cassette.golden, directory),
        totals=golden.totals,
        models=by_model,
        golden_bytes=golden_bytes,
        tape_bytes=tape_bytes,
        age=max(now - changed, 0.0),
    )


def _folder(golden: Path, directory: Path) -> str:
    """The folder of the tests, as seen from the one that was named."""
    whole = golden.absolute()
    tests = next((one.parent for one in whole.parents if one.name == FOLDER), whole.parent)
    base = directory.absolute()
    return tests.relative_to(base).as_posix() if tests.is_relative_to(base) else tests.as_posix()
