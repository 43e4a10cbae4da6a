"""The `llmtrace` command: looks at cassettes outside of pytest."""

from __future__ import annotations

import click

from pytest_llmtrace import __version__
from pytest_llmtrace._commands.registry import Commands, color_option


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="llmtrace")
def main() -> None:
    """Look at the cassettes that `pytest --llm-record` wrote.

    \b
    Examples:
      llmtrace show tests/test_refund.py::test_refund
      llmtrace check
      llmtrace stats --sort age tests
      llmtrace diff --rev main tests
      llmtrace prune tests
      llmtrace policy tests/test_refund.py::test_refund
      llmtrace export tests > calls.jsonl
      llmtrace whatif --model gpt-4.1-mini tests
      llmtrace import tests
      llmtrace history --branch main
      llmtrace schema report
      llmtrace merge shard-*.json --budget 0.50
    """  # noqa: D301  # click looks for the character itself


main.params.append(color_option())
