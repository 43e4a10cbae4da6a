"""A policy in lines: each setting, and where it came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line

Row = tuple[str, str, str]
"""Setting, value, source."""


def policy_lines(nodeid: str, name: str, named_by: str, rows: Sequence[Row]) -> Iterator[Line]:
    """The test, the name of its policy, and a table of settings.

    Args:
        nodeid: The test.
        name: The policy.
        named_by: What chose it.
        rows: Setting, value and source of each setting.
    """
    yield Line(text=clean_line(nodeid), markup={"bold": True})
    yield Line(text=clean_line(f"  policy {name}  ({named_by})"))
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for setting, value, source in rows:
        yield Line(text=clean_line(f"  {setting:<{widths[0]}}  {value:<{widths[1]}}  {source}"))


def problem_lines(nodeid: str, problem: str) -> Iterable[Line]:
    """A test whose policy is not possible."""
    return (
        Line(text=clean_line(nodeid), markup={"bold": True}),
        Line(text=f"  {clean_line(problem)}", markup={"red": True}),
    )
