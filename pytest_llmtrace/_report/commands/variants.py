"""The accepted trajectories of a test, a line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_llmtrace._model.trace import Trace
from pytest_llmtrace._model.trajectory import tool_calls
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line
from pytest_llmtrace._report.wording import plural


def accepted_lines(traces: Sequence[tuple[str, Trace]]) -> Iterator[Line]:
    """The file of each trajectory, and below it its calls and tools: ``3 calls: lookup, refund``."""
    for path, trace in traces:
        names = [clean_line(tool.name) for tool in tool_calls(trace)]
        yield Line(text=clean_line(path), markup={"bold": True})
        yield Line(text=f"  {plural(len(trace.calls), 'call')}: {', '.join(names) or 'no tools'}")
