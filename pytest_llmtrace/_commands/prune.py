"""`llmtrace prune`: cassettes that no test uses any more."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_llmtrace._commands.output import UnusableError, print_json, print_lines, progress, width
from pytest_llmtrace._model.pruned import KEPT, Pruned, Unused
from pytest_llmtrace._report.commands.prune import prune_data, prune_lines
from pytest_llmtrace._run.commands.pruning import Report, Witnesses, cassettes_below, delete, folder_of_tests
from pytest_llmtrace.errors import LlmtraceError


@click.command(short_help="List, or delete, the cassettes of tests that are gone.")
@click.argument(
    "directory", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".", metavar="[DIR]"
)
@click.option("--yes", "--force", "yes", is_flag=True, help="Delete what is unused; without it nothing is.")
@click.option("--uncollected", is_flag=True, help="With --yes: delete what is perhaps unused, too.")
@click.option("--static", is_flag=True, help="Read the sources of the tests only; do not collect them.")
@click.option(
    "--report",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.json",
    help="Of a whole run, in place of collecting: what it calls unused.",
)
@click.option("--json", "as_json", is_flag=True, help="What was found, as JSON.")
def prune(directory: Path, *, yes: bool, uncollected: bool, static: bool, report: Path | None, as_json: bool) -> None:
    """List the cassettes below DIR that no test uses any more; delete them with --yes.

    A cassette is unused when pytest does not collect its test and the test's file does not show it either. A test that
    was deselected is in use. One that was not collected here, for whatever reason (a platform, a missing package), or
    whose parameter is not made here, is listed apart and stays. Where files cannot be collected, nothing is deleted.
    Tests are collected, not run, and no LLM is called. Deleted are golden trace, variants, tape and journal.

    \b
    Examples:
      llmtrace prune tests
      llmtrace prune tests --yes
      llmtrace prune tests --report llmtrace.json
    """  # noqa: D301  # click looks for the character itself
    if static and report is not None:
        raise click.UsageError("--static and --report are two ways to find what is unused; give one")
    try:
        found = _pruned(directory, yes=yes, uncollected=uncollected, static=static, report=report)
    except (LlmtraceError, OSError) as error:
        raise UnusableError(str(error)) from None
    if as_json:
        print_json(prune_data(found))
    else:
        print_lines(prune_lines(found, width()))


def _pruned(directory: Path, *, yes: bool, uncollected: bool, static: bool, report: Path | None) -> Pruned:
    collected = None
    if report is None and not static:
        from pytest_llmtrace._run.commands.collecting import collected_below  # noqa: PLC0415  # pytest, where it is needed

        collected = collected_below(folder_of_tests(directory))
    witnesses = Witnesses(collected, Report(report, Path.cwd()) if report is not None else None)
    cassettes, unused = cassettes_below(directory), list[Unused]()
    with progress(cassettes, "searching") as found:
        for one in found:
            if (seems := witnesses.unused(one)) is not None:
                unused.append(seems)
    chosen = [one for one in unused if one.is_sure or (uncollected and one.reason not in KEPT)] if yes else []
    for gone in chosen:
        delete(gone)
    return Pruned(
        cassettes=len(cassettes),
        collected=None if collected is None else collected.tests,
        unused=tuple(unused),
        deleted=tuple(chosen),
    )
