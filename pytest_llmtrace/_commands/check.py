"""`llmtrace check`: whether cassettes are fit to be committed."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from pytest_llmtrace._commands.cassette_argument import CassettePath
from pytest_llmtrace._commands.output import UnusableError, print_json, print_lines, progress, width
from pytest_llmtrace._model.checked import Checked
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._report.commands.check import check_data, check_lines
from pytest_llmtrace._run.commands.check_targets import targets
from pytest_llmtrace._run.commands.checking import Checker
from pytest_llmtrace._run.commands.searching import Searcher, text_files
from pytest_llmtrace._run.recording import from_detect_secrets
from pytest_llmtrace._settings.ini_values import DETECTORS
from pytest_llmtrace.errors import LlmtraceError, SettingsError


@click.command(short_help="Check that cassettes are valid, whole and without secrets.")
@click.argument("paths", nargs=-1, type=CassettePath(folders=True), metavar="[PATH]...")
@click.option("--allow", multiple=True, metavar="REGEX", help="What looks like a key and is none.")
@click.option("--secrets", is_flag=True, help="Search all recordings and reports for secrets, and do no more.")
@click.option(
    "--detector",
    type=click.Choice(DETECTORS),
    help="What else looks for secrets (pip install 'pytest-llmtrace[secrets]').",
)
@click.option("--strict", is_flag=True, help="Let warnings fail, too.")
@click.option("--json", "as_json", is_flag=True, help="What was found, as JSON.")
def check(  # click calls it so
    paths: tuple[Path, ...],
    *,
    allow: tuple[str, ...],
    secrets: bool,
    detector: str | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Check cassettes: each PATH is a file of one, the node id of its test, or a folder of many, this one by default.

    Each cassette can be read and has no conflict markers; holds no key, token or password, and no history twice; has
    golden trace and tape, which agree; and belongs to a test that is still there, in the place where that looks for
    it. Nothing is run, imported or called. Exits with 0 where all is well, 1 where something is not, and 2 where a
    PATH or an option cannot be used.

    With --secrets any file can be named, and of a folder the cassettes, journals, reports, cassettes of vcrpy and other
    texts are searched: .json, .jsonl, .yaml, .md, .html, .txt, .log, .xml, .csv, .har, .env.

    \b
    Examples:
      llmtrace check tests
      llmtrace check tests --json | jq .problems
      llmtrace check --secrets . --allow 'sk-test-.*'
      llmtrace check $(git diff --cached --name-only --diff-filter=d -- '*.trace.yaml' '*.tape.json')
    """  # noqa: D301  # click looks for the character itself
    try:
        known = _redactor([re.compile(one) for one in allow], detector)
        found = (_searched if secrets else _checked)(paths or (Path(),), known)
    except re.error as error:
        raise click.BadParameter(f"{error.pattern!r} is no regular expression: {error}", param_hint="--allow") from None
    except (LlmtraceError, OSError) as error:
        raise UnusableError(str(error)) from None
    if as_json:
        print_json(check_data(found))
    else:
        print_lines(check_lines(found, width()))
    sys.exit(1 if found.failed or (strict and found.problems) else 0)


def _redactor(allowed: list[re.Pattern[str]], detector: str | None) -> Redactor:
    """What knows secrets. Raises: SettingsError, where the detector is not installed."""
    if detector is not None and not from_detect_secrets.is_installed():
        raise SettingsError(f"{detector} is not installed: pip install 'pytest-llmtrace[secrets]'")
    return Redactor.from_environment(
        allowed=allowed, detector=from_detect_secrets.detector() if detector is not None else None
    )


def _searched(paths: tuple[Path, ...], redactor: Redactor) -> Checked:
    searcher = Searcher(redactor)
    with progress(list(text_files(paths)), "searching") as found:
        for one in found:
            searcher.search(one)
    return searcher.searched()


def _checked(paths: tuple[Path, ...], redactor: Redactor) -> Checked:
    checker = Checker(redactor)
    with progress(list(targets(paths)), "checking") as found:
        for one in found:
            checker.check(one)
    return checker.checked()
