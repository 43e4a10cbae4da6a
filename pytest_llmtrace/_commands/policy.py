"""`llmtrace policy`: what counts as drift in a test, and who says so."""

from __future__ import annotations

import sys
from typing import Any

import click

from pytest_llmtrace._commands.cassette_argument import complete_node_ids
from pytest_llmtrace._commands.output import UnusableError, print_json, print_lines
from pytest_llmtrace._model.verdict import Mode
from pytest_llmtrace._report.commands.policy import policy_lines, problem_lines
from pytest_llmtrace._run.commands.show_policy import TestPolicy, collected_policies
from pytest_llmtrace._run.hooks import SCORE
from pytest_llmtrace.errors import LlmtraceError


@click.command(short_help="Print what counts as drift in a test, and who says so.")
@click.argument("nodeids", nargs=-1, required=True, metavar="NODEID...", shell_complete=complete_node_ids)
@click.option("--live", is_flag=True, help="The policy of --llm-live in place of that of replay.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, one object per test.")
def policy(nodeids: tuple[str, ...], *, live: bool, as_json: bool) -> None:
    """Print the comparison policy of a test, and where each of its settings came from.

    The tests are collected, not run, and no LLM is called. A marker beats the ini file, which beats the tables of
    pyproject.toml, which beat what is built in; lists of all places add up.

    \b
    Examples:
      llmtrace policy tests/test_refund.py::test_refund
      llmtrace policy --live --json tests/test_refund.py
    """  # noqa: D301  # click looks for the character itself
    mode: Mode = "live" if live else "trace"
    try:
        found = collected_policies(nodeids, mode)
    except LlmtraceError as error:
        raise UnusableError(str(error)) from None
    if as_json:
        print_json([_data(one, mode) for one in found])
    else:
        for number, one in enumerate(found):
            if number:
                click.echo()
            print_lines(_lines(one))
    sys.exit(1 if any(one.problem is not None for one in found) else 0)


def _lines(one: TestPolicy) -> Any:
    if one.effective is None:
        return problem_lines(one.nodeid, one.problem or "")
    rows = [(origin.setting, str(origin.value), origin.source) for origin in one.effective.origins]
    rows += [("text_scorer" if hook.startswith(SCORE) else "normalize", "(hook)", hook) for hook in one.hooks]
    return policy_lines(one.nodeid, one.effective.policy.name, one.effective.named_by, sorted(rows, key=_setting))


def _setting(row: tuple[str, str, str]) -> str:
    return row[0]


def _data(one: TestPolicy, mode: Mode) -> dict[str, Any]:
    data: dict[str, Any] = {"test": one.nodeid, "mode": mode}
    if one.effective is None:
        return {**data, "problem": one.problem}
    return {
        **data,
        "policy": one.effective.policy.name,
        "named_by": one.effective.named_by,
        "settings": [
            {"setting": origin.setting, "value": origin.value, "source": origin.source}
            for origin in one.effective.origins
        ],
        "hooks": list(one.hooks),
    }
