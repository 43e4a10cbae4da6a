"""What a full run found, as Markdown: one row a case in README, everything in docs/reference/benchmarks.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.environments import ROOT
from benchmarks.tables import figure, shown_cell

PUBLISHED: Final = ROOT / "benchmarks" / "published.json"
README: Final = ROOT / "README.md"
PAGE: Final = ROOT / "docs" / "reference" / "benchmarks.md"
BEGIN: Final = "<!-- benchmarks: drawn by `make bench-publish` -->\n"
END: Final = "<!-- end of benchmarks -->\n"


class CannotPublishError(Exception):
    """What is missing."""


def publish(folder: Path, cases: Sequence[str]) -> tuple[Path, ...]:
    """Write the results in a folder into the project; returns what was written. Raises: `CannotPublishError`."""
    results = {}
    for name in cases:
        file = folder / f"{name}.json"
        if not file.exists():
            raise CannotPublishError(f"there is no {file}: run `make bench` to its end")
        results[name] = json.loads(file.read_text("utf-8"))
        if "broke" in results[name]:
            raise CannotPublishError(f"the case {name} broke: run it again, BENCH_ARGS={name}")
    commits = {one["machine"]["pytest-llmtrace"] for one in results.values()}
    if len(commits) > 1:
        raise CannotPublishError(
            f"these are results of different commits, {', '.join(sorted(commits))}: run `make bench`"
        )
    first = results[cases[0]]
    published = {
        "date": first["date"],
        "machine": first["machine"],
        "seconds": round(sum(one["seconds"] for one in results.values())),
        "cases": {name: one["tables"] for name, one in results.items()},
    }
    PUBLISHED.write_text(json.dumps(published, indent=1, ensure_ascii=False) + "\n", "utf-8")
    README.write_text(with_table(README.read_text("utf-8"), published), "utf-8")
    PAGE.write_text(page(published), "utf-8")
    return PUBLISHED, README, PAGE


def with_table(readme: str, published: Mapping[str, Any] | None) -> str:
    """README with the table between its marks; `None`: nothing is published.

    Raises:
        CannotPublishError: README has no marks.
    """
    if BEGIN not in readme or END not in readme:
        raise CannotPublishError(f"README.md has no place for the table: {BEGIN.strip()} ... {END.strip()}")
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = "" if published is None else "".join(f"{line}\n" for line in _short(published))
    return f"{before}{BEGIN}{table}{END}{after}"


def _short(published: Mapping[str, Any]) -> Iterator[str]:
    found = [one for tables in published["cases"].values() for table in tables for one in table["headlines"]]
    yield ""
    where = f"{published['date']}, {published['machine']['processor']}"
    yield f"Measured on {where}; [all tables]({PAGE.relative_to(ROOT)}):"
    yield ""
    yield "| case | floor | ours | A/A | best peer that checks the body | goal | |"
    yield "|---|---|---|---|---|---|---|"
    for one in found:
        verdict = "met" if one["met"] else "**missed**"
        cells = (one["case"], one["floor"], one["ours"], one["noise"], one["peer"], one["goal"], verdict)
        yield f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")
    yield ""


def page(published: Mapping[str, Any] | None) -> str:
    """The whole page of the reference."""
    if published is None:
        return "# Benchmarks\n\nNo full run is published yet: `make bench`, then `make bench-publish`.\n"
    return "".join(f"{line}\n" for line in _page(published))


def _page(published: Mapping[str, Any]) -> Iterator[str]:
    machine = published["machine"]
    yield from (
        "# Benchmarks",
        "",
        f"Measured on {published['date']} with `make bench`, which took {published['seconds']} s.",
        "This page is generated: `make bench`, then `make bench-publish`.",
        "",
        "[What it costs, and where the time goes](../concepts/performance.md) says how to read it: what the floor is,",
        "what ratios are to, what A/A is, and why things cost what they cost.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in machine.items()),
    )
    for tables in published["cases"].values():
        for table in tables:
            yield from _table(table)


def _table(table: Mapping[str, Any]) -> Iterator[str]:
    columns = [name.strip() for name in table["columns"]]
    yield from ("", f"## {table['title']}", "", f"| {' | '.join(columns)} |", f"|---|{'---:|' * (len(columns) - 1)}")
    for row in table["rows"]:
        yield f"| {' | '.join(shown_cell(cell) for cell in row)} |"
    yield ""
    for note in table["notes"]:
        yield f"* {note}"
    for goal in table["goals"]:
        noise = f"; A/A {goal['noise']}" if goal["noise"] else ""
        unit = goal["unit"]
        yield (
            f"* {'met' if goal['met'] else '**missed**'}: {goal['what']}: {figure(goal['value'])}{unit} "
            f"(at most {figure(goal['limit'])}{unit}{noise})"
        )
