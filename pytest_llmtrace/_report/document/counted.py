"""What counts of one owner for budgets: the same from the payloads of a run and from the rows of a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._report.document.attempts import Owner
from pytest_llmtrace._report.topics.growth import row_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A test, or a fixture of wider scope."""

    nodeid: str
    directory: str
    """Relative to the root directory."""
    amounts: Totals
    golden: Totals | None
    """What its golden trace used; `None` where there is none that it was compared with, to its end."""
    runs: int = 1
    """How often it ran, where it was repeated: its amounts are those of all runs."""
    unpriced_models: tuple[str, ...] = ()


def counted_owner(owner: Owner) -> Counted:
    """From the payloads of a run."""
    return Counted(
        nodeid=owner.nodeid,
        directory=owner.directory,
        amounts=owner.amounts,
        golden=None if owner.recorded or owner.stopped else owner.golden_amounts,
        runs=owner.runs["count"] if owner.runs else 1,
        unpriced_models=tuple(sorted({name for payload in owner.last for name in payload["unpriced_models"]})),
    )


def counted_row(row: Mapping[str, Any]) -> Counted:
    """From a row of a document."""
    unpriced = [one for one in row.get("by_model", ()) if one["cost_usd"] is None]
    return Counted(
        nodeid=row["nodeid"],
        directory=row.get("directory") or PurePosixPath(row["nodeid"].partition("::")[0]).parent.as_posix(),
        amounts=row_totals(row),
        golden=None if row.get("recorded") or row.get("stopped") else row_golden(row),
        runs=row_runs(row),
        unpriced_models=tuple(sorted(one["model"] for one in unpriced)),
    )


def row_totals(row: Mapping[str, Any]) -> Totals:
    """The amounts of a row of a document: of a test, a model, an agent or a source."""
    return Totals(
        calls=row["calls"],
        usage=Usage.from_data(row["usage"]),
        priced_usd=row["priced_usd"] if row["cost_usd"] is None else row["cost_usd"],
        unpriced_calls=row.get("unpriced_calls", 0) or int(row["cost_usd"] is None),
        live_calls=row.get("live_calls", 0),
        live_seconds=row.get("live_s", 0.0),
    )


def row_golden(row: Mapping[str, Any]) -> Totals | None:
    """What the golden trace of a row used; `None` where there is none."""
    if "golden_usage" not in row:
        return None
    cost = row["golden_cost_usd"]
    return Totals(
        calls=row.get("golden_calls", 0),
        usage=Usage.from_data(row["golden_usage"]),
        priced_usd=cost or 0.0,
        unpriced_calls=int(cost is None),
    )


def row_paid(row: Mapping[str, Any]) -> Totals:
    """What all attempts of a row really paid, as totals whose unpriced calls are the live ones."""
    paid = row.get("paid", {})
    cost = paid.get("live_cost_usd", 0.0)
    return Totals(
        live_calls=paid.get("live_calls", 0),
        live_usd=paid.get("live_priced_usd", 0.0) if cost is None else cost,
        unpriced_calls=int(cost is None),
        live_seconds=paid.get("live_s", 0.0),
    )
