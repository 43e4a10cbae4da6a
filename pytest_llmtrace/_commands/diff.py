"""`llmtrace diff`: two golden traces, or two folders of them, compared as pytest compares."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pytest_llmtrace._commands.output import UnusableError, print_json, print_lines, width
from pytest_llmtrace._compare.custom import custom_policies
from pytest_llmtrace._compare.normalize import absorbed_by
from pytest_llmtrace._compare.policy import POLICIES, adjusted, named_policy
from pytest_llmtrace._report.commands.diff import diff_data, diff_lines
from pytest_llmtrace._run.diffing import compared
from pytest_llmtrace._settings.pyproject import PYPROJECT, Pyproject, policy_tables
from pytest_llmtrace.errors import LlmtraceError


@click.command(short_help="Compare two traces, or two folders of traces.")
@click.argument("a", type=click.Path(exists=True, path_type=Path))
@click.argument("b", type=click.Path(exists=True, path_type=Path))
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
def diff(a: Path, b: Path, *, policy: str, ignore: tuple[str, ...], normalize: tuple[str, ...], as_json: bool) -> None:
    """Compare two traces, or two folders of traces: A as the golden side, B as the observed one.

    Files of two folders are paired by their names below them. Folders are such as `pytest --llm-save=DIR` writes, or
    those of a project. Exits with 0 where nothing differs that the policy fails on, 1 where something does, and 2
    where something cannot be read.

    \b
    Examples:
      llmtrace diff old.trace.yaml new.trace.yaml
      llmtrace diff . observed
      llmtrace diff monday tuesday --policy tools --json
    """  # noqa: D301  # click looks for the character itself
    try:
        own = custom_policies(policy_tables(Pyproject(Path(PYPROJECT))), PYPROJECT)
        chosen = adjusted(named_policy(policy, own), ignore=ignore, normalize=normalize)
        chosen.load()
        found = compared(a, b, chosen)
    except (LlmtraceError, OSError) as error:
        raise UnusableError(str(error)) from None
    if as_json:
        print_json(diff_data(found))
    else:
        print_lines(diff_lines(found, width(), absorbed_by=absorbed_by))
    sys.exit(0 if found.equal else 1)
