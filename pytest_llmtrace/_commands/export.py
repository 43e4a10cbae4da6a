"""`llmtrace export`: every recorded call, for other programs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pytest_llmtrace._commands.reading import golden_at
from pytest_llmtrace._report.document.entries import entry_lines, packed_entries
from pytest_llmtrace._store.paths import discover
from pytest_llmtrace.errors import LlmtraceError


@click.command(short_help="Write every recorded call as a JSON line.")
@click.argument(
    "directory", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".", metavar="[DIR]"
)
def export(directory: Path) -> None:
    """Write everything that is recorded below DIR as JSON lines to standard output: one entry a line.

    Each line has the form of the `.jsonl` report: `type`, `nodeid`, the labels, and of a call the full history,
    output, usage and cost. Exits with 1 where a cassette cannot be read, after all others were written.

    \b
    Examples:
      llmtrace export tests > calls.jsonl
      llmtrace export tests | jq -r 'select(.type == "llm_call") | [.nodeid, .cost_usd] | @tsv'
    """  # noqa: D301  # click looks for the character itself
    broken = False
    for cassette in discover(directory):
        try:
            golden = golden_at(cassette.golden)
        except (LlmtraceError, OSError) as error:
            broken = True
            click.echo(f"Error: {error}", err=True)
            continue
        for line in entry_lines(golden.test, packed_entries(golden.trace)):
            click.echo(line)
    if broken:
        sys.exit(1)
