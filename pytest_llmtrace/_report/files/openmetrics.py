"""Totals as OpenMetrics text: for GitLab's metrics report, and whatever else reads Prometheus' format.

The form is that of https://prometheus.io/docs/specs/om/open_metrics_spec/: each family once, gauges only, no times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.topics.outcome import rows_of

Sample = tuple[Mapping[str, str], float | None]
"""Labels and value; no sample where the value is not known."""

_PER_ROW: Final = (
    ("calls", "LLM calls"),
    ("input_tokens", "Tokens sent, cached ones included"),
    ("output_tokens", "Tokens received"),
    ("cost_usd", "US dollars that the calls cost, replayed ones included; missing where a price is unknown"),
)


def openmetrics(document: Mapping[str, Any]) -> Iterator[str]:
    """The lines of the text: totals of the run, then per model, per agent and per test."""
    totals = document["totals"]
    run = (
        ("tests", "Tests that were traced", totals["tests"]),
        *((name, help_text, _amount(totals, name)) for name, help_text in _PER_ROW),
        ("cache_read_tokens", "Tokens sent that came from a provider's cache", _cached(totals)),
        ("unpriced_calls", "LLM calls whose price is unknown", totals["unpriced_calls"]),
        ("live_calls", "LLM calls that went to a provider", totals["live_calls"]),
        ("live_cost_usd", "US dollars paid for live calls; missing where a price is unknown", totals["live_cost_usd"]),
        ("breaches", "Budgets of the run that were breached", len(document["breaches"])),
    )
    for name, help_text, value in run:
        yield from _family(name, help_text, [({}, value)])
    yield from _family("findings", "Findings of tests, by type and severity", _findings(document))
    for label, rows in (("model", document["models"]), ("agent", document["agents"]), ("test", rows_of(document))):
        key = "nodeid" if label == "test" else label
        for name, help_text in _PER_ROW:
            samples = [({label: row[key]}, _amount(row, name)) for row in rows]
            yield from _family(f"{label}_{name}", f"{help_text}, per {label}", samples)
    yield "# EOF"


def _findings(document: Mapping[str, Any]) -> list[Sample]:
    found = Counter((one["type"], one["severity"]) for row in rows_of(document) for one in row["findings"])
    return [({"type": kind, "severity": severity}, number) for (kind, severity), number in sorted(found.items())]


def _amount(row: Mapping[str, Any], name: str) -> float | None:
    value: float | None = row["usage"][name] if name in row["usage"] else row[name]
    return value


def _cached(totals: Mapping[str, Any]) -> int:
    cached: int = totals["usage"].get("cache_read_tokens", 0)
    return cached


def _family(name: str, help_text: str, samples: Iterable[Sample]) -> Iterator[str]:
    known = [(labels, value) for labels, value in samples if value is not None]
    if not known:
        return
    yield from (f"# HELP llmtrace_{name} {help_text}.", f"# TYPE llmtrace_{name} gauge")
    for labels, value in known:
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        number = f"{value:.12f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
        yield f"llmtrace_{name}{f'{{{inside}}}' if inside else ''} {number}"


def _escaped(text: str) -> str:
    return clean_line(text).replace("\\", "\\\\").replace('"', '\\"')
