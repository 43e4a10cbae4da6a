"""`llmtrace whatif`: what the recorded usage would cost with other models."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from pathlib import Path

import click

from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._commands.cassette_argument import CassettePath
from pytest_llmtrace._commands.output import UnusableError, print_json, print_lines, say, width
from pytest_llmtrace._commands.reading import Broken, goldens_at
from pytest_llmtrace._model.record_flag import record_flag
from pytest_llmtrace._report.commands.whatif import Column, CostRow, whatif_data, whatif_lines
from pytest_llmtrace._run.commands.what_if import Moved, Scenario, WhatIfRow, scenarios_of, unmatched, what_if
from pytest_llmtrace._settings.pyproject import PYPROJECT, Pyproject, prices
from pytest_llmtrace.errors import LlmtraceError


@click.command(short_help="Print what recordings would cost with other models.")
@click.argument("paths", nargs=-1, type=CassettePath(folders=True), metavar="[PATH]...")
@click.option(
    "--model",
    "models",
    multiple=True,
    required=True,
    metavar="[OLD=]NEW",
    help="A model for every call that it could answer, or for those of OLD alone. Several NEW stand side by side; "
    "several OLD=NEW count together.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def whatif(paths: tuple[Path, ...], models: tuple[str, ...], *, as_json: bool) -> None:
    """Print what the usage recorded at or below each PATH would cost with other models. No LLM is called.

    Prices are those of [tool.llmtrace.prices] in pyproject.toml here, and litellm's. Tokens are the recorded ones: what
    that assumes is said below the table. Exits with 1 where a cassette cannot be read, and with 2 where a model has no
    price.

    \b
    Examples:
      llmtrace whatif --model gpt-4.1-mini tests
      llmtrace whatif --model gpt-4.1-mini --model anthropic/claude-haiku-4-5 tests
      llmtrace whatif --model gpt-4o=gpt-4o-mini --json tests | jq .totals
    """  # noqa: D301  # click looks for the character itself
    try:
        book = PriceBook(prices(Pyproject(Path(PYPROJECT))))
        scenarios = scenarios_of(models, book)
    except LlmtraceError as error:
        raise UnusableError(str(error)) from None
    found, broken = _rows(paths or (Path(),), scenarios, book)
    if not found:
        say(f"No recorded calls there. Record some: pytest {record_flag()}")
        sys.exit(1 if broken else 0)
    _check(scenarios, found)
    ordered = sorted(found.values(), key=lambda row: (-row.recorded.priced_usd, row.model))
    whole = _sum(ordered)
    rows = [_cost_row(row) for row in ordered]
    columns = [_column(scenario, moved, book) for scenario, moved in zip(scenarios, whole.scenarios, strict=True)]
    if as_json:
        print_json(whatif_data(rows, _cost_row(whole), columns, whole.today))
    else:
        print_lines(whatif_lines(rows, _cost_row(whole), columns, whole.today, width()))
    if broken:
        sys.exit(1)


def _rows(
    paths: tuple[Path, ...], scenarios: tuple[Scenario, ...], book: PriceBook
) -> tuple[dict[str, WhatIfRow], bool]:
    """A row per recorded model of the whole tree, one cassette after the other; and whether any cannot be read."""
    rows: dict[str, WhatIfRow] = {}
    broken = False
    for golden in goldens_at(paths):
        if isinstance(golden, Broken):
            broken = True
            say(f"Error: {golden.text}", err=True)
            continue
        for name, row in what_if(golden.trace.calls, scenarios, book).items():
            rows[name] = rows[name] + row if name in rows else row
    return rows, broken


def _check(scenarios: tuple[Scenario, ...], rows: dict[str, WhatIfRow]) -> None:
    for old in unmatched(scenarios, rows):
        near = get_close_matches(old, [*rows, *(name.partition("/")[2] for name in rows)], n=1)
        hint = f"; did you mean {near[0]}?" if near else f". Recorded are {', '.join(sorted(rows))}."
        raise UnusableError(f"--model {old}=...: no recorded call asks for {old}{hint}")


def _sum(rows: list[WhatIfRow]) -> WhatIfRow:
    whole = rows[0]
    for row in rows[1:]:
        whole += row
    return WhatIfRow(model="all", recorded=whole.recorded, today=whole.today, scenarios=whole.scenarios)


def _cost_row(row: WhatIfRow) -> CostRow:
    return CostRow(model=row.model, recorded=row.recorded, scenarios=tuple(one.totals for one in row.scenarios))


def _column(scenario: Scenario, moved: Moved, book: PriceBook) -> Column:
    return Column(
        name=scenario.name,
        selective=scenario.everything is None,
        uncached=tuple(model for model in scenario.models if not book.prices_cached_tokens(model)),
        swapped=moved.swapped,
        swapped_calls=moved.swapped_calls,
    )
