"""`llmtrace diff`: two golden traces, or two folders of them, compared as pytest compares."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pytest_llmtrace._commands.cassette_argument import CassettePath
from pytest_llmtrace._commands.output import UnusableError, print_json, print_lines, say, width
from pytest_llmtrace._compare.policies.custom import custom_policies
from pytest_llmtrace._compare.policies.policy import POLICIES, adjusted, named_policy
from pytest_llmtrace._report.commands.diff import diff_data, diff_lines
from pytest_llmtrace._run.commands.diffing import compared, compared_with_revision
from pytest_llmtrace._settings.pyproject import PYPROJECT, Pyproject, policy_tables
from pytest_llmtrace.errors import LlmtraceError


@click.command(short_help="Compare two traces, or two folders of traces.")
@click.argument("paths", nargs=-1, type=CassettePath(folders=True, must_exist=False), metavar="A B | --rev REV [PATH]")
@click.option("--rev", metavar="REV", help="Compare the golden traces at PATH with what they were: HEAD~1, main, ...")
@click.option(
    "--policy",
    default="exact",
    show_default=True,
    metavar="NAME",
    help=f"One of {', '.join(POLICIES)}, or of pyproject.toml here.",
)
@click.option("--ignore", multiple=True, metavar="PATH", help="A path that is not compared, such as params.seed.")
@click.option("--normalize", multiple=True, metavar="RULE", help="date, uuid, path, /regex/, ...: as llm_normalize.")
@click.option("--json", "as_json", is_flag=True, help="The differences as JSON.")
def diff(
    paths: tuple[Path, ...],
    *,
    rev: str | None,
    policy: str,
    ignore: tuple[str, ...],
    normalize: tuple[str, ...],
    as_json: bool,
) -> None:
    """Compare two traces, or two folders of traces: A as the golden side, B as the observed one.

    Files of two folders are paired by their names below them. Folders are such as `pytest --llm-save=DIR` writes, or
    those of a project. With --rev, one file or folder (this one, where none is named) is compared with what it was at
    a revision of git; golden traces that were renamed, added or deleted are named. Exits with 0 where nothing differs
    that the policy fails on, 1 where something does, and 2 where something cannot be read, after all else.

    \b
    Examples:
      llmtrace diff old.trace.yaml new.trace.yaml
      llmtrace diff . observed
      llmtrace diff --rev HEAD~1 tests
      llmtrace diff --rev main tests/test_refund.py::test_refund
      llmtrace diff monday tuesday --policy tools --json
    """  # noqa: D301  # click looks for the character itself
    if len(paths) > 1 if rev is not None else len(paths) != 2:
        raise click.UsageError("give two files or folders to compare, or --rev REV and at most one")
    try:
        own = custom_policies(policy_tables(Pyproject(Path(PYPROJECT))), PYPROJECT)
        chosen = adjusted(named_policy(policy, own), ignore=ignore, normalize=normalize)
        chosen.load()
        if rev is not None:
            found = compared_with_revision(paths[0] if paths else Path(), rev, chosen)
        else:
            found = compared(_existing(paths[0]), _existing(paths[1]), chosen)
    except (LlmtraceError, OSError) as error:
        raise UnusableError(str(error)) from None
    if as_json:
        print_json(diff_data(found))
    else:
        print_lines(diff_lines(found, width()))
    for said in found.unread:
        say(f"Error: {said}", err=True)
    sys.exit(2 if found.unread else 0 if found.equal else 1)


def _existing(path: Path) -> Path:
    if not path.exists():
        raise click.UsageError(f"{str(path)!r} does not exist")
    return path
