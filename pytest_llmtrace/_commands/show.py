"""`llmtrace show`: a cassette as a transcript."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pytest_llmtrace._commands.output import print_json, print_lines, width
from pytest_llmtrace._commands.reading import cassette_of, golden_at
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.fanout import fan_outs
from pytest_llmtrace._report.amounts import totals_data
from pytest_llmtrace._report.commands.transcript import transcript
from pytest_llmtrace._report.document.entries import packed_entries, unpacked_entries
from pytest_llmtrace._run.unsealing import opened_tape
from pytest_llmtrace._store.golden_file import Golden
from pytest_llmtrace._store.paths import TAPE
from pytest_llmtrace.errors import LlmtraceError


@click.command(short_help="Print a cassette as a transcript.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Every entry as JSON, with the full histories.")
def show(file: Path, *, as_json: bool) -> None:
    """Print a cassette as a transcript: each conversation, turn by turn, with tools executed, events, tokens and cost.

    FILE is a golden trace (.trace.yaml) or the tape beside it (.tape.json). Of an encrypted tape, what it holds is
    printed, with the key in LLMTRACE_KEY.

    \b
    Examples:
      llmtrace show tests/cassettes/test_refund/test_refund.trace.yaml
      llmtrace show --json FILE | jq .usage
    """  # noqa: D301  # click looks for the character itself
    golden = _shown(file)
    if as_json:
        entries = list(unpacked_entries(packed_entries(golden.trace)))
        print_json({"test": golden.test, "totals": totals_data(golden.totals), "entries": entries})
        return
    click.secho(golden.test, bold=True)
    click.echo()
    trace = golden.trace
    calls = trace.calls
    shown = transcript(conversations(calls), golden.totals, width(), gathered=fan_outs(calls), entries=trace.entries)
    print_lines(shown)


def _shown(file: Path) -> Golden:
    """What there is to show of a cassette: its golden trace, or the texts that an encrypted tape holds."""
    cassette = cassette_of(file)
    try:
        opened = opened_tape(cassette.tape, os.environ) if file.name.endswith(TAPE) else None
        return opened or golden_at(cassette.golden)
    except (LlmtraceError, OSError) as error:
        raise click.ClickException(str(error)) from None
