"""`llmtrace show`: a cassette as a transcript."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pytest_llmtrace._commands.cassette_argument import CassettePath
from pytest_llmtrace._commands.output import page_lines, print_json, width
from pytest_llmtrace._commands.reading import cassette_of, golden_at
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.fanout import fan_outs
from pytest_llmtrace._model.selection import only, selected
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._report.amounts import totals_data
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.commands.transcript import transcript
from pytest_llmtrace._report.document.entries import packed_entries, unpacked_entries
from pytest_llmtrace._report.layout import Line
from pytest_llmtrace._run.commands.unsealing import opened_tape
from pytest_llmtrace._store.golden_file import Golden
from pytest_llmtrace._store.paths import TAPE
from pytest_llmtrace.errors import LlmtraceError


@click.command(short_help="Print a cassette as a transcript.")
@click.argument("file", type=CassettePath(), metavar="FILE|NODEID")
@click.option("--conversation", metavar="LABEL", help="This one alone: its label as shown, or its number, from 1.")
@click.option("--turn", metavar="N", help="These turns alone: 3, or 2-5.")
@click.option("--pager/--no-pager", default=None, help="Page what is longer than the terminal; on a terminal it is.")
@click.option("--json", "as_json", is_flag=True, help="Every entry as JSON, with the full histories.")
def show(file: Path, *, conversation: str | None, turn: str | None, pager: bool | None, as_json: bool) -> None:
    """Print a cassette as a transcript: each conversation, turn by turn, with tools executed, events, tokens and cost.

    FILE is a golden trace (.trace.yaml) or the tape beside it (.tape.json); a node id names the one of its test. Of an
    encrypted tape, what it holds is printed, with the key in LLMTRACE_KEY.

    \b
    Examples:
      llmtrace show tests/cassettes/test_refund/test_refund.trace.yaml
      llmtrace show tests/test_refund.py::test_refund
      llmtrace show tests/test_refund.py::test_refund --conversation lead --turn 2-3
      llmtrace show --json FILE | jq .totals
    """  # noqa: D301  # click looks for the character itself
    golden = _shown(file)
    trace, found, amounts = golden.trace, conversations(golden.trace.calls), golden.totals
    gathered = fan_outs(trace.calls)
    if conversation is not None or turn is not None:
        try:
            found = selected(found, conversation, turn)
        except ValueError as error:
            raise click.UsageError(f"{error}") from None
        trace, gathered = only(trace, found), ()
        amounts = totals(trace.calls)
    if as_json:
        entries = list(unpacked_entries(packed_entries(trace)))
        print_json({"test": golden.test, "totals": totals_data(amounts), "entries": entries})
        return
    title = [Line(text=clean_line(golden.test), markup={"bold": True}), Line(text="")]
    said = transcript(found, amounts, width(), gathered=gathered, entries=trace.entries)
    page_lines([*title, *said], pager=pager)


def _shown(file: Path) -> Golden:
    """What there is to show of a cassette: its golden trace, or the texts that an encrypted tape holds."""
    cassette = cassette_of(file)
    try:
        opened = opened_tape(cassette.tape, os.environ) if file.name.endswith(TAPE) else None
        return opened or golden_at(cassette.golden)
    except (LlmtraceError, OSError) as error:
        raise click.ClickException(str(error)) from None
