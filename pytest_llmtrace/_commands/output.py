"""How commands print: lines with their colours, data as JSON."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, TypeVar

import click

from pytest_llmtrace._report.clean import escaped_json, inert
from pytest_llmtrace._report.layout import Line

_Thing = TypeVar("_Thing")
_WIDEST: Final = 120
_COLORS: Final = ("red", "green", "yellow", "blue", "cyan", "magenta")


class UnusableError(click.ClickException):
    """What a command was given cannot be used: exit status 2, as for wrong usage."""

    exit_code = 2


def print_lines(lines: Iterable[Line]) -> None:
    """Print lines in their colours."""
    for line in lines:
        click.echo(_styled(line))


def page_lines(lines: Sequence[Line], *, pager: bool | None = None) -> None:
    """Print lines, in a pager where they are more than a terminal holds; `pager` says yes or no to that."""
    longer = sys.stdout.isatty() and len(lines) >= shutil.get_terminal_size().lines
    if pager if pager is not None else longer:
        click.echo_via_pager(f"{_styled(line)}\n" for line in lines)
    else:
        print_lines(lines)


def _styled(line: Line) -> str:
    color = next((name for name in _COLORS if line.markup.get(name)), None)
    return click.style(line.text, fg=color, bold=line.markup.get("bold"), dim=line.markup.get("faint"))


def say(text: str, *, err: bool = False) -> None:
    """Print a text, made harmless; `err`: on standard error."""
    click.echo(inert(text), err=err)


def print_json(data: Any) -> None:
    """Print data as JSON, whatever it holds harmless on a terminal."""
    click.echo(escaped_json(json.dumps(data, indent=1, ensure_ascii=False, default=str)))


def progress(things: Sequence[_Thing], label: str) -> AbstractContextManager[Iterable[_Thing]]:
    """The things one by one, with a bar on standard error where somebody watches."""
    return click.progressbar(things, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())


def width() -> int:
    """Columns that there are, and that a line should have at most."""
    return min(shutil.get_terminal_size().columns, _WIDEST)
