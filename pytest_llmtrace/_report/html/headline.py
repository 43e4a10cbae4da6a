"""What the head of the page says: the verdict in one sentence, and the run's figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._model.limits import RUN
from pytest_llmtrace._report.document.payload import is_fixture
from pytest_llmtrace._report.money import count, usd, usd_or_part
from pytest_llmtrace._report.wording import FINDING_NAMES, counted_as, joined, plural

_FAILED: Final = frozenset({"failed", "error"})


def headline(document: Mapping[str, Any]) -> str:
    """The verdict in a sentence: ``3 tests drifted and 1 test over budget.``."""
    rows = [*document["tests"], *document.get("fixtures", ())]
    failing: Counter[str] = Counter()
    warned = 0
    for row in rows:
        failing.update({counted_as(one) for one in row["findings"] if one["severity"] == "fail"})
        warned += any(one["severity"] == "warn" for one in row["findings"])
    parts = [f"{plural(failing[kind], 'test')} {name}" for kind, name in FINDING_NAMES.items() if failing[kind]]
    others = sum(
        row["outcome"] in _FAILED and all(one["severity"] != "fail" for one in row["findings"]) for row in rows
    )
    if others:
        parts.append(
            f"{plural(others, 'test')} failed for other reasons" if parts else f"{plural(others, 'test')} failed"
        )
    parts += _over_budget(document["breaches"])
    if parts:
        text = joined(parts)
        return f"{text[0].upper()}{text[1:]}."
    if document["exit"] != "ok":
        return "The run failed."
    calm = _calm(document, rows)
    return f"{calm}, {plural(warned, 'test')} with warnings." if warned else f"{calm}."


def _calm(document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """What there is to say where nothing failed."""
    if "dry_run" in document:
        return "A dry run: nothing was recorded"
    recorded = [row["recorded"] for row in rows if row.get("recorded")]
    if recorded:
        written = sum(bool(one.get("written")) for one in recorded)
        kept = len(recorded) - written
        parts = [f"{plural(written, 'test')} recorded"] if written else []
        parts += [f"{plural(kept, 'test')} unchanged"] if kept else []
        return ", ".join(parts)
    return "No drift" if document["totals"]["calls"] else "No model was called"


def _over_budget(breaches: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    scopes = {breach["scope"] for breach in breaches}
    if RUN in scopes:
        yield "the run is over budget"
    tests = {scope for scope in scopes if "::" in scope or is_fixture(scope)}
    if tests:
        yield f"{plural(len(tests), 'test')} grew beyond the limit"
    if directories := scopes - tests - {RUN}:
        yield (
            "1 directory is over budget" if len(directories) == 1 else f"{len(directories)} directories are over budget"
        )


def facts(document: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The figures: each with its `name`, its `value`, and a `note` in small print."""
    totals = document["totals"]
    usage = totals["usage"]
    live = totals["live_calls"]
    cached = f", {count(usage['cache_read_tokens'])} cached" if usage.get("cache_read_tokens") else ""
    estimated = ", partly estimated" if usage.get("estimated") else ""
    yield {"name": "tests", "value": count(totals["tests"]), "note": ""}
    note = f"{count(live)} live" if live else "all replayed" if totals["calls"] else ""
    yield {"name": "calls", "value": count(totals["calls"]), "note": note}
    yield {
        "name": "tokens",
        "value": count(usage["input_tokens"] + usage["output_tokens"]),
        "note": f"{count(usage['input_tokens'])} in{cached}, {count(usage['output_tokens'])} out{estimated}",
    }
    paid = usd_or_part(totals["live_cost_usd"], totals.get("live_priced_usd", 0.0))
    part = f"at least {usd(totals.get('priced_usd', 0.0))}, " if totals["cost_usd"] is None else ""
    yield {
        "name": "cost",
        "value": usd(totals["cost_usd"]),
        "note": part + (f"{paid} paid" if live else "nothing paid"),
    }
