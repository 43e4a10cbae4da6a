"""`llmtrace merge`: the reports of a suite that ran in shards, as one, with the gates of the whole."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from pytest_llmtrace._commands.output import UnusableError, print_json, print_lines, width
from pytest_llmtrace._model.limits import RUN, Limit, MaxGrowth, What
from pytest_llmtrace._report.files.code_quality import code_quality
from pytest_llmtrace._report.files.endings import check_ending, write_report
from pytest_llmtrace._report.files.markdown import markdown
from pytest_llmtrace._report.files.openmetrics import openmetrics
from pytest_llmtrace._report.terminal.summary import summary
from pytest_llmtrace._run.commands.merging import DAMAGE, DAMAGED
from pytest_llmtrace._run.commands.merging import merge as merge_files
from pytest_llmtrace._settings.amounts import parse_amount, parse_growth, parsed
from pytest_llmtrace._settings.budgets import SUFFIXES
from pytest_llmtrace._settings.terminal import parse_shown
from pytest_llmtrace.errors import LlmtraceError, SettingsError


@click.command(short_help="Add up the reports of CI shards, and apply the budgets to the sum.")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="REPORT..."
)
@click.option("--budget", "--llm-budget", "usd", metavar="USD", help="US dollars that all may cost together.")
@click.option("--budget-tokens", "--llm-budget-tokens", "tokens", metavar="N", help="Tokens, input and output.")
@click.option("--budget-calls", "--llm-budget-calls", "calls", metavar="N", help="LLM calls.")
@click.option(
    "--max-growth", "--llm-max-growth", metavar="PERCENT", help="Growth against the golden traces: 10%, tokens:10%,..."
)
@click.option("--shards", type=click.IntRange(min=1), metavar="N", help="Fail where fewer reports were given.")
@click.option(
    "-o", "--report", "--llm-report", "reports", multiple=True, metavar="FILE", type=click.Path(path_type=Path),
    help="Write the sum as a report; may be given several times. The ending picks the form.",
)  # fmt: skip
@click.option(
    "--rootdir", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".", metavar="DIR",
    help="Where the pyproject.toml with budgets of directories lies (default: here).",
)  # fmt: skip
@click.option(
    "--summary", "--llm-summary", "shown", metavar="N|all|off",
    help="Rows of each table of the summary (default: 5), `all`, or `off` for nothing but breached budgets.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the document of all together, in place of the summary.")
def merge(
    files: tuple[Path, ...],
    *,
    usd: str | None,
    tokens: str | None,
    calls: str | None,
    max_growth: str | None,
    shards: int | None,
    reports: tuple[Path, ...],
    rootdir: Path,
    shown: str | None,
    as_json: bool,
) -> None:
    """Add up the JSON reports of a suite that ran in shards, and hold the sum against its budgets.

    Each REPORT is what `pytest --llm-report=FILE.json` wrote in one shard. Budgets of ini files and of directories that
    held in the shards hold for the sum; flags of the shards were theirs alone, so give those of the sum here. What two
    shards ran counts once, as failed where one of them failed.

    Exits with 1 where a shard failed, a budget is exceeded or reports are missing, with 2 where a file is no report.

    \b
    Examples:
      llmtrace merge shard-*.json --budget 0.50 --max-growth 10%
      llmtrace merge shard-*.json --shards 4 -o all.json -o all.md
      llmtrace merge --json shard-*.json | jq .totals.cost_usd
    """  # noqa: D301  # click looks for the character itself
    try:
        rows = None if shown is None else parse_shown("--summary", shown)
        for report in reports:
            _check_report(report)
        given: dict[What, str | None] = {"usd": usd, "tokens": tokens, "calls": calls}
        limits = [_limit(what, text) for what, text in given.items() if text is not None]
        growth = None if max_growth is None else _growth(max_growth)
        with _undamaged(files):
            found = merge_files(files, root=rootdir, limits=limits, growth=growth, expected=shards)
            lines = list(summary(found.document, width=width(), warnings=found.warnings, shown=rows))
            for report in reports:
                write_report(report, found.document, ())
    except LlmtraceError as error:
        raise UnusableError(str(error)) from None
    if as_json:
        print_json(found.document)
    else:
        print_lines(lines)
    sys.exit(1 if found.failed else 0)


@contextlib.contextmanager
def _undamaged(files: Sequence[Path]) -> Iterator[None]:
    """Reports are checked as far as adding them up needs it; of all else that is shown, showing it is the check.

    Raises:
        SettingsError: one of them does not hold what a report holds.
    """
    try:
        yield
    except DAMAGED as error:
        names = [str(file) for file in files if not _can_be_shown(file)] or [str(file) for file in files]
        raise SettingsError(f"{', '.join(names)}: {DAMAGE} ({type(error).__name__}: {error})") from error


def _can_be_shown(file: Path) -> bool:
    try:
        document = merge_files([file], root=file.parent).document
        _ = [*summary(document, width=width()), *markdown(document), *openmetrics(document), code_quality(document)]
    except (LlmtraceError, *DAMAGED):
        return False
    return True


def _limit(what: What, text: str) -> Limit:
    source = f"--budget{SUFFIXES[what]}"
    return Limit(scope=RUN, what=what, value=parsed(source, lambda: parse_amount(what, text)), source=source)


def _growth(text: str) -> MaxGrowth:
    return parsed("--max-growth", lambda: parse_growth(text, "--max-growth"))


def _check_report(path: Path) -> None:
    """Raises: SettingsError for a form that a sum of documents cannot have."""
    ending = check_ending(path, "-o ")
    if ending.endswith(".jsonl"):  # spans, too, are made of traces
        raise SettingsError(
            f"{path}: JSON reports hold no full traces; let the shards write {ending} too, and put those files one "
            f"after the other: cat shard-*{ending} > {path}"
        )
