"""The cassettes of a folder in a table: what each test calls, uses and costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, plain_lines, table, wrapped
from pytest_llmtrace._report.money import count, usd, usd_or_part
from pytest_llmtrace._report.wording import plural

_AMOUNTS = ("calls", "in", "cached", "out", "cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class CassetteRow:
    """One cassette, as far as it could be read."""

    owner: str
    """The node id; of a cassette that cannot be read, its path."""
    totals: Totals = Totals()
    models: Mapping[str, Totals] = field(default_factory=dict)
    """Totals by model name."""
    golden_bytes: int = 0
    tape_bytes: int = 0
    problem: str | None = None
    """Why it cannot be read."""


def stats_table(rows: Sequence[CassetteRow], width: int = 80) -> Iterator[Line]:
    """A row per cassette, the dearest first, their sum, a row per model, and the cassettes that cannot be read."""
    readable = sorted((row for row in rows if row.problem is None), key=lambda row: (-row.totals.priced_usd, row.owner))
    whole = sum((row.totals for row in readable), Totals())
    if readable:
        cells = [(clean_line(row.owner), *_cells(row.totals), _size(row)) for row in readable]
        sizes = _kilobytes(sum(row.golden_bytes + row.tape_bytes for row in readable))
        cells.append((plural(len(readable), "cassette"), *_cells(whole), sizes))
        lines = table(("test", *_AMOUNTS, "size"), cells, width)
        yield Line(text=lines[0], markup={"bold": True})
        for row, text in zip(readable, lines[1:-1], strict=True):
            yield Line(text=text, markup={"yellow": True} if row.totals.cost_usd is None else {})
        yield Line(text=lines[-1], markup={"bold": True})
        yield from _models(readable, width)
        if whole.unpriced_calls:
            text = f"cost {usd_or_part(None, whole.priced_usd)}: {plural(whole.unpriced_calls, 'call')} without a price"
            yield from plain_lines(["", text], yellow=True)
    for row in sorted((row for row in rows if row.problem is not None), key=lambda row: row.owner):
        text = f"{clean_line(row.owner)}: {clean_line(row.problem)}"
        yield from plain_lines(wrapped(text, width), red=True)
    if not rows:
        yield Line(text="no cassettes")


def _models(rows: Sequence[CassetteRow], width: int) -> Iterator[Line]:
    models: dict[str, Totals] = {}
    for row in rows:
        for name, amounts in row.models.items():
            models[name] = models.get(name, Totals()) + amounts
    if not models:
        return
    ordered = sorted(models.items(), key=lambda item: (-item[1].priced_usd, item[0]))
    lines = table(("model", *_AMOUNTS), [(clean_line(name), *_cells(amounts)) for name, amounts in ordered], width)
    yield Line(text="")
    yield Line(text=lines[0], markup={"bold": True})
    for (_, amounts), text in zip(ordered, lines[1:], strict=True):
        yield Line(text=text, markup={"yellow": True} if amounts.cost_usd is None else {})


def _cells(amounts: Totals) -> tuple[str, ...]:
    usage = amounts.usage
    return (
        count(amounts.calls),
        count(usage.input_tokens),
        count(usage.cache_read_tokens) if usage.cache_read_tokens else "",
        count(usage.output_tokens),
        usd(amounts.cost_usd),
    )


def _size(row: CassetteRow) -> str:
    return _kilobytes(row.golden_bytes + row.tape_bytes)


def _kilobytes(size: int) -> str:
    """``812 B``, ``12.9 kB``, ``3.4 MB``, in units of 1,000."""
    if size < 1_000:
        return f"{size} B"
    return f"{size / 1_000:,.1f} kB" if size < 999_950 else f"{size / 1_000_000:,.1f} MB"
