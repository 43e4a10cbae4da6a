"""`llmtrace accept`: other trajectories that live mode is content with."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_llmtrace._commands.cassette_argument import CassettePath
from pytest_llmtrace._commands.output import UnusableError, print_lines, say
from pytest_llmtrace._report.commands.variants import accepted_lines
from pytest_llmtrace._run.judging.variants import accepted, add_variant, remove_variant
from pytest_llmtrace.errors import LlmtraceError

_FILE = CassettePath()


@click.command(short_help="Accept more than one trajectory of a test.")
@click.argument("file", type=_FILE)
@click.option("--variant", "trace", type=_FILE, metavar="TRACE", help="Accept this trace as well.")
@click.option("--remove", type=click.IntRange(min=1), metavar="N", help="Accept variant N no more.")
@click.option("--list", "listed", is_flag=True, help="Say what is accepted.")
def accept(file: Path, *, trace: Path | None, remove: int | None, listed: bool) -> None:
    """Accept more than one trajectory of a test: a live run passes when it matches the golden trace or a variant.

    FILE is the golden trace, or the node id of its test; TRACE is one that `pytest --llm-live --llm-save=DIR` kept.
    Variants lie beside FILE, as `<test>.variant-1.trace.yaml`, to be reviewed and committed like it. Replay compares
    with the golden trace alone.

    \b
    Examples:
      llmtrace accept cassettes/test_a/test_x.trace.yaml --variant observed/cassettes/test_a/test_x.trace.yaml
      llmtrace accept FILE --list
      llmtrace accept FILE --remove 1
    """  # noqa: D301  # click looks for the character itself
    if (trace is not None) + (remove is not None) + listed != 1:
        raise click.UsageError("give one of --variant TRACE, --list and --remove N")
    try:
        if trace is not None:
            added = add_variant(file, trace)
            say(f"accepted: {added.path}" if added else f"nothing to do: {file} accepts this trajectory already")
        elif remove is not None:
            say(f"removed: {remove_variant(file, remove)}")
        else:
            print_lines(accepted_lines([(str(one.path), one.golden.trace) for one in accepted(file)]))
    except (LlmtraceError, OSError) as error:
        raise UnusableError(str(error)) from None
