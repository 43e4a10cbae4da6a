"""`llmtrace schema`: the JSON Schemas of the files that other programs may read."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import click

SCHEMAS: Final = ("golden-trace", "report", "tape")
"""Files of `_schemas/`, without their ending."""


@click.command(short_help="Print the JSON Schema of a file.")
@click.argument("name", type=click.Choice(SCHEMAS), metavar="NAME")
def schema(name: str) -> None:
    """Print the JSON Schema (draft 2020-12) of a file that this version writes.

    NAME is `report` (--llm-report=FILE.json, and what `llmtrace merge` writes), `tape` (.tape.json) or `golden-trace`
    (.trace.yaml).

    \b
    Examples:
      llmtrace schema report > report.schema.json
    """  # noqa: D301  # click looks for the character itself
    click.echo(schema_text(name), nl=False)


def schema_text(name: str) -> str:
    """The schema, as JSON."""
    return (files("pytest_llmtrace") / "_schemas" / f"{name}.schema.json").read_text("utf-8")
