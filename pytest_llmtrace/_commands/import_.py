"""`llmtrace import`: cassettes of vcrpy become tapes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from pytest_llmtrace._commands.output import UnusableError, print_json, print_lines, say, width
from pytest_llmtrace._model.personal.book import Book
from pytest_llmtrace._model.personal.kind import Kind
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._report.commands.imports import import_lines
from pytest_llmtrace._run.commands.importing import import_file, vcrpy_files
from pytest_llmtrace._settings.project_file import personal_of_project
from pytest_llmtrace.errors import SettingsError


@click.command(name="import", short_help="Convert cassettes of vcrpy into tapes.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="PATH...")
@click.option("--force", is_flag=True, help="Replace tapes that are there already.")
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="What became of each file, as JSON.")
def import_(paths: tuple[Path, ...], *, force: bool, dry_run: bool, as_json: bool) -> None:
    """Convert cassettes of vcrpy and pytest-recording into tapes: each PATH is a file or a folder to search.

    The tape is written beside its cassette, which stays as it is. Keys and other secrets are left out, and personal
    data as the project's llm_pii and llm_redact say. Exits with 1 where a cassette cannot be read, after all others
    were converted.

    \b
    Examples:
      llmtrace import tests --dry-run
      llmtrace import tests/cassettes/test_chat/test_hello.yaml --force
    """  # noqa: D301  # click looks for the character itself
    try:
        personal = personal_of_project(_around(paths))
    except SettingsError as error:
        raise UnusableError(str(error)) from None
    rows = _imported(paths, personal, force=force, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, "files": rows})
    elif rows:
        print_lines(import_lines(rows, dry_run=dry_run, width=width()))
    else:
        say(f"No vcrpy cassettes at {', '.join(map(str, paths))}")
    if any(row["outcome"] == "broken" for row in rows):
        sys.exit(1)


def _around(paths: tuple[Path, ...]) -> Path:
    """The folder that holds all of them."""
    return Path(os.path.commonpath([one if one.is_dir() else one.parent for one in map(Path.absolute, paths)]))


def _imported(paths: tuple[Path, ...], personal: Sequence[Kind], *, force: bool, dry_run: bool) -> list[dict[str, Any]]:
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
            hiding = redactor.hiding(Book(personal)) if personal else redactor
            done = import_file(file, redactor=hiding, force=force, dry_run=dry_run, made=made)
            if done.outcome == "not_a_cassette" and file in paths:
                done = replace(done, outcome="broken", reason=f"{file}: this is no cassette of vcrpy")
            if done.outcome == "converted" and done.tape is not None:
                made.append(done.tape)
            if done.outcome != "not_a_cassette":
                rows.append(asdict(done) | {"source": str(file), "tape": str(done.tape) if done.tape else None})
    return rows
