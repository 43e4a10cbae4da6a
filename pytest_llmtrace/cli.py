"""The `llmtrace` command: looks at cassettes outside of pytest."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from pytest_llmtrace import __version__
from pytest_llmtrace._commands.accept import accept
from pytest_llmtrace._commands.diff import diff
from pytest_llmtrace._commands.output import print_json, print_lines, width
from pytest_llmtrace._commands.policy import policy
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.fanout import fan_outs
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.trace import LLMCall
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._report.amounts import totals_data
from pytest_llmtrace._report.entries import entry_lines, packed_entries, unpacked_entries
from pytest_llmtrace._report.imports import import_lines
from pytest_llmtrace._report.stats import CassetteRow, stats_table
from pytest_llmtrace._report.transcript import transcript
from pytest_llmtrace._run.importing import import_file, vcrpy_files
from pytest_llmtrace._run.unsealing import opened_tape
from pytest_llmtrace._store.cassettes import load_golden
from pytest_llmtrace._store.golden_file import Golden
from pytest_llmtrace._store.paths import GOLDEN, TAPE, Cassette, discover
from pytest_llmtrace.errors import LlmtraceError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="llmtrace")
def main() -> None:
    """Look at the cassettes that `pytest --llm-record` wrote.

    \b
    Examples:
      llmtrace show tests/cassettes/test_refund/test_refund.trace.yaml
      llmtrace stats tests
      llmtrace diff . observed
      llmtrace policy tests/test_refund.py::test_refund
      llmtrace export tests > calls.jsonl
      llmtrace import tests
    """  # noqa: D301  # click looks for the character itself


@main.command(short_help="Print a cassette as a transcript.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Every entry as JSON, with the full histories.")
def show(file: Path, *, as_json: bool) -> None:
    """Print a cassette as a transcript: each conversation, turn by turn, with tokens and cost.

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
    calls = golden.trace.calls
    print_lines(transcript(conversations(calls), golden.totals, width(), gathered=fan_outs(calls)))


@main.command(short_help="Print what recordings hold: calls, tokens, cost, size.")
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


@main.command(short_help="Write every recorded call as a JSON line.")
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
            golden = _load(cassette.golden)
        except (LlmtraceError, OSError) as error:
            broken = True
            click.echo(f"Error: {error}", err=True)
            continue
        for line in entry_lines(golden.test, packed_entries(golden.trace)):
            click.echo(line)
    if broken:
        sys.exit(1)


@main.command(name="import", short_help="Convert cassettes of vcrpy into tapes.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="PATH...")
@click.option("--force", is_flag=True, help="Replace tapes that are there already.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="What became of each file, as JSON.")
def import_(paths: tuple[Path, ...], *, force: bool, dry_run: bool, as_json: bool) -> None:
    """Convert cassettes of vcrpy and pytest-recording into tapes: each PATH is a file or a folder to search.

    The tape is written beside its cassette, which stays as it is. Keys and other secrets are left out. Exits with 1
    where a cassette cannot be read, after all others were converted.

    \b
    Examples:
      llmtrace import tests --dry-run
      llmtrace import tests/cassettes/test_chat/test_hello.yaml --force
    """  # noqa: D301  # click looks for the character itself
    rows = _imported(paths, force=force, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, "files": rows})
    elif rows:
        print_lines(import_lines(rows, dry_run=dry_run, width=width()))
    else:
        click.echo(f"No vcrpy cassettes at {', '.join(map(str, paths))}")
    if any(row["outcome"] == "broken" for row in rows):
        sys.exit(1)


def _imported(paths: tuple[Path, ...], *, force: bool, dry_run: bool) -> list[dict[str, Any]]:
    """Convert everything, with progress where somebody watches; a file that was named must be a cassette."""
    redactor, made, rows = Redactor.from_environment(), list[Path](), list[dict[str, Any]]()
    with click.progressbar(
        list(vcrpy_files(paths)),
        label="importing",
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        item_show_func=lambda file: file.name if file else None,
    ) as files:
        for file in files:
            done = import_file(file, redactor=redactor, force=force, dry_run=dry_run, made=made)
            if done.outcome == "not_a_cassette" and file in paths:
                done = replace(done, outcome="broken", reason=f"{file}: this is no cassette of vcrpy")
            if done.outcome == "converted" and done.tape is not None:
                made.append(done.tape)
            if done.outcome != "not_a_cassette":
                rows.append(asdict(done) | {"source": str(file), "tape": str(done.tape) if done.tape else None})
    return rows


def _cassette(file: Path) -> Cassette:
    for ending in (GOLDEN, TAPE):
        if file.name.endswith(ending):
            return Cassette.at(file.parent, file.name.removesuffix(ending))
    raise click.ClickException(f"{file}: neither a golden trace ({GOLDEN}) nor a tape ({TAPE})")


def _shown(file: Path) -> Golden:
    """What there is to show of a cassette: its golden trace, or the texts that an encrypted tape holds."""
    cassette = _cassette(file)
    try:
        opened = opened_tape(cassette.tape, os.environ) if file.name.endswith(TAPE) else None
    except LlmtraceError as error:
        raise click.ClickException(str(error)) from None
    return opened or _golden(cassette.golden)


def _load(path: Path) -> Golden:
    try:
        return load_golden(path)
    except FileNotFoundError:
        text = f"{path}: there is no golden trace, only a tape; `pytest --llm-record` makes it, from the tape"
        raise LlmtraceError(text) from None


def _golden(path: Path) -> Golden:
    try:
        return _load(path)
    except (LlmtraceError, OSError) as error:
        raise click.ClickException(str(error)) from None


def _row(cassette: Cassette) -> CassetteRow:
    golden_bytes, tape_bytes = _size(cassette.golden), _size(cassette.tape)
    try:
        golden = _load(cassette.golden)
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


main.add_command(accept)
main.add_command(diff)
main.add_command(policy)
