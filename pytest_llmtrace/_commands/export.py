"""`llmtrace export`: what is recorded, for other programs."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

import click

from pytest_llmtrace import __version__
from pytest_llmtrace._commands.cassette_argument import CassettePath
from pytest_llmtrace._commands.output import say
from pytest_llmtrace._commands.reading import Broken, goldens_at
from pytest_llmtrace._report.clean import escaped_json
from pytest_llmtrace._report.document.entries import entry_lines, packed_entries
from pytest_llmtrace._store.golden_file import Golden

FORMATS: Final = ("jsonl", "otlp", "finetune")
_FIRST: Final = "2000-01-01T00:00:00Z"
_GAP: Final = 1_000_000
"""Nanoseconds between the spans of two tests."""


@click.command(short_help="Write what is recorded for other programs.")
@click.argument("paths", nargs=-1, type=CassettePath(folders=True), metavar="[PATH]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="jsonl",
    show_default=True,
    help="jsonl: every entry, as in the .jsonl report. otlp: OpenTelemetry spans (GenAI conventions). "
    "finetune: training examples in OpenAI's chat format.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="A file, not standard output.",
)
@click.option(
    "--at",
    default=_FIRST,
    show_default=True,
    metavar="TIME",
    help="otlp: when the first test began, or `now`; recordings hold no times.",
)
@click.option("--per-turn", is_flag=True, help="finetune: an example per call, not one per conversation.")
def export(paths: tuple[Path, ...], form: str, output: Path | None, at: str, *, per_turn: bool) -> None:
    """Write what is recorded for other programs.

    Each PATH is a folder, a file of a cassette, or the node id of its test; this folder by default. Exits with 1 where
    a cassette cannot be read, after all others were written. Large trees are streamed.

    \b
    Examples:
      llmtrace export tests > calls.jsonl
      llmtrace export tests | jq -r 'select(.type == "llm_call") | [.nodeid, .cost_usd] | @tsv'
      llmtrace export --format otlp --at now -o spans.json tests
      llmtrace export --format finetune -o train.jsonl tests
    """  # noqa: D301  # click looks for the character itself
    notes = _Notes()
    begins = _nanoseconds(at)
    found = notes.readable(goldens_at(paths or (Path(),)))
    if form == "otlp":
        pieces = _spans(found, begins)
    elif form == "finetune":
        pieces = _examples(found, notes, per_turn=per_turn)
    else:
        pieces = _entries(found)
    _write(pieces, None if output == Path("-") else output)
    notes.say(form)
    if notes.broken:
        sys.exit(1)


class _Notes:
    """What the user is told on standard error, besides what was written."""

    def __init__(self) -> None:
        self.broken = False
        self.written = 0
        self.skipped: Counter[str] = Counter()

    def readable(self, found: Iterator[Golden | Broken]) -> Iterator[Golden]:
        for one in found:
            if isinstance(one, Broken):
                self.broken = True
                say(f"Error: {one.text}", err=True)
            else:
                yield one

    def say(self, form: str) -> None:
        if form != "finetune":
            return
        click.echo(f"{self.written} example{'' if self.written == 1 else 's'} written", err=True)
        for reason, number in sorted(self.skipped.items()):
            say(f"  {number} skipped: {reason}", err=True)


def _entries(found: Iterator[Golden]) -> Iterator[str]:
    for golden in found:
        for line in entry_lines(golden.test, packed_entries(golden.trace)):
            yield f"{line}\n"


def _spans(found: Iterator[Golden], begins: int) -> Iterator[str]:
    from pytest_llmtrace._report.spans.from_trace import spans  # noqa: PLC0415  # not for the other forms
    from pytest_llmtrace._report.spans.otlp import otlp_document  # noqa: PLC0415
    from pytest_llmtrace._report.spans.span import Span  # noqa: PLC0415

    def all_spans() -> Iterator[Span]:
        now = begins
        for golden in found:
            made = spans(golden.trace, now)
            now = made[0].ends + _GAP
            yield from made

    service = os.environ.get("OTEL_SERVICE_NAME") or "pytest-llmtrace"
    return otlp_document(all_spans(), resource={"service.name": service}, version=__version__)


def _examples(found: Iterator[Golden], notes: _Notes, *, per_turn: bool) -> Iterator[str]:
    from pytest_llmtrace._model.canonical import digest  # noqa: PLC0415  # not for the other forms
    from pytest_llmtrace._report.fine_tuning import Skipped, examples  # noqa: PLC0415

    seen: set[str] = set()
    for golden in found:
        if golden.privacy is not None:
            notes.skipped["cassette without texts (llm_privacy = hash)"] += 1
            continue
        for one in examples(golden.trace, per_turn=per_turn):
            if isinstance(one, Skipped):
                notes.skipped[f"call: {one.reason}"] += 1
                continue
            line = json.dumps(one.data, ensure_ascii=False, allow_nan=False)
            if digest(line) in seen:
                notes.skipped["example that another test has, too"] += 1
                continue
            if one.left_out:
                notes.skipped["tool of an example: the provider executes it, and the format has no place for it"] += (
                    one.left_out
                )
            seen.add(digest(line))
            notes.written += 1
            yield f"{line}\n"


def _write(pieces: Iterator[str], output: Path | None) -> None:
    """Write the pieces as they come; a file appears when it is whole."""
    if output is None:
        for piece in pieces:
            click.echo(escaped_json(piece), nl=False)
        return
    try:
        with click.open_file(str(output), "w", encoding="utf-8", atomic=True) as file:
            _copy(pieces, file)
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror or error}") from None


def _copy(pieces: Iterator[str], file: IO[Any]) -> None:
    for piece in pieces:
        file.write(piece)


def _nanoseconds(at: str) -> int:
    """A time as OTLP has it. Raises: BadParameter for what is none."""
    try:
        moment = datetime.now(UTC) if at == "now" else datetime.fromisoformat(at)
    except ValueError:
        text = f"{at!r} is no time; write `now`, or for example {_FIRST}"
        raise click.BadParameter(text, param_hint="--at") from None
    whole = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(whole.timestamp()) * 1_000_000_000 + whole.microsecond * 1000
