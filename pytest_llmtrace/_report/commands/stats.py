"""The cassettes of a folder in tables: what each test calls, uses and costs, how large and how old it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._report.amounts import totals_data
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, plain_lines, table, wrapped
from pytest_llmtrace._report.money import count, usd, usd_or_part
from pytest_llmtrace._report.wording import plural

SortKey = Literal["cost", "tokens", "size", "age", "calls", "test"]
SORT_KEYS: Final[tuple[SortKey, ...]] = get_args(SortKey)
_AMOUNTS: Final = ("calls", "in", "cached", "out", "cost")
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class CassetteRow:
    """One cassette, as far as it could be read."""

    owner: str
    """The node id; of a cassette that cannot be read, its path."""
    folder: str = ""
    """Where the test is: the folder that holds its ``cassettes``."""
    totals: Totals = Totals()
    models: Mapping[str, Totals] = field(default_factory=dict)
    """Totals by model name."""
    golden_bytes: int = 0
    tape_bytes: int = 0
    age: float | None = None
    """Seconds since it was last committed, or changed since."""
    problem: str | None = None
    """Why it cannot be read."""

    @property
    def size(self) -> int:
        """Bytes of both files."""
        return self.golden_bytes + self.tape_bytes


def stats_table(
    rows: Sequence[CassetteRow], width: int = 80, *, sort: SortKey = "cost", top: int | None = None
) -> Iterator[Line]:
    """A row per cassette, a row per folder of tests and per model, and the cassettes that cannot be read.

    Args:
        rows: The cassettes.
        width: Columns of the terminal.
        sort: What comes first: the dearest, the one with most tokens, the largest, the oldest, ...
        top: How many cassettes are shown; the sums are of all.
    """
    readable = sorted((row for row in rows if row.problem is None), key=lambda row: (_ORDERS[sort](row), row.owner))
    whole = sum((row.totals for row in readable), Totals())
    if readable:
        shown = readable[:top]
        cells = [(clean_line(row.owner), *_cells(row.totals), _size(row.size), _age(row.age)) for row in shown]
        last = (plural(len(readable), "cassette"), *_cells(whole), _size(sum(row.size for row in readable)), "")
        lines = table(("test", *_AMOUNTS, "size", "age"), [*cells, last], width)
        yield Line(text=lines[0], markup={"bold": True})
        for row, text in zip(shown, lines[1:-1], strict=True):
            yield Line(text=text, markup={"yellow": True} if row.totals.cost_usd is None else {})
        if len(readable) > len(shown):
            yield Line(text=f"… {count(len(readable) - len(shown))} more", markup={"faint": True})
        yield Line(text=lines[-1], markup={"bold": True})
        folders = _folders(readable)
        if len(folders) > 1:
            sizes = [_size(folder.size) for folder in folders]
            yield from _sums("folder", [(folder.owner, folder.totals) for folder in folders], sizes, width)
        yield from _sums("model", _models(readable), None, width)
        if whole.unpriced_calls:
            text = f"cost {usd_or_part(None, whole.priced_usd)}: {plural(whole.unpriced_calls, 'call')} without a price"
            yield from plain_lines(["", text], yellow=True)
    for row in sorted((row for row in rows if row.problem is not None), key=lambda row: row.owner):
        text = f"{clean_line(row.owner)}: {clean_line(row.problem)}"
        yield from plain_lines(wrapped(text, width), red=True)
    if not rows:
        yield Line(text="no cassettes")


def stats_data(rows: Sequence[CassetteRow], *, sort: SortKey = "cost", top: int | None = None) -> dict[str, Any]:
    """The same as data; ages are in days."""
    readable = sorted((row for row in rows if row.problem is None), key=lambda row: (_ORDERS[sort](row), row.owner))
    return {
        "totals": totals_data(sum((row.totals for row in readable), Totals())),
        "cassettes": [
            {
                "test": row.owner,
                **totals_data(row.totals),
                "golden_bytes": row.golden_bytes,
                "tape_bytes": row.tape_bytes,
                "age_days": None if row.age is None else round(row.age / _DAY, 1),
                "models": {name: totals_data(amounts) for name, amounts in sorted(row.models.items())},
            }
            for row in readable[:top]
        ],
        "folders": [
            {"folder": folder.owner, **totals_data(folder.totals), "bytes": folder.size}
            for folder in _folders(readable)
        ],
        "models": [{"model": name, **totals_data(amounts)} for name, amounts in _models(readable)],
        "problems": [{"file": row.owner, "problem": row.problem} for row in rows if row.problem is not None],
    }


def _models(rows: Sequence[CassetteRow]) -> list[tuple[str, Totals]]:
    """What each model used and cost, the dearest first."""
    models: dict[str, Totals] = {}
    for row in rows:
        for name, amounts in row.models.items():
            models[name] = models.get(name, Totals()) + amounts
    return sorted(models.items(), key=lambda item: (-item[1].priced_usd, item[0]))


def _folders(rows: Sequence[CassetteRow]) -> list[CassetteRow]:
    """The sums of each folder of tests, by name."""
    found: dict[str, list[CassetteRow]] = {}
    for row in rows:
        found.setdefault(row.folder, []).append(row)
    return [
        CassetteRow(
            owner=name or ".",
            totals=sum((row.totals for row in members), Totals()),
            golden_bytes=sum(row.golden_bytes for row in members),
            tape_bytes=sum(row.tape_bytes for row in members),
        )
        for name, members in sorted(found.items())
    ]


def _sums(title: str, sums: Sequence[tuple[str, Totals]], sizes: Sequence[str] | None, width: int) -> Iterator[Line]:
    if not sums:
        return
    rows = [
        (clean_line(name), *_cells(amounts), *([sizes[number]] if sizes else []))
        for number, (name, amounts) in enumerate(sums)
    ]
    lines = table((title, *_AMOUNTS, *(["size"] if sizes else [])), rows, width)
    yield Line(text="")
    yield Line(text=lines[0], markup={"bold": True})
    for (_, amounts), text in zip(sums, lines[1:], strict=True):
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


def _size(size: int) -> str:
    """``812 B``, ``12.9 kB``, ``3.4 MB``, in units of 1,000."""
    if size < 1_000:
        return f"{size} B"
    return f"{size / 1_000:,.1f} kB" if size < 999_950 else f"{size / 1_000_000:,.1f} MB"


def _age(seconds: float | None) -> str:
    """``3 h``, ``12 d``, ``7 mo``, ``2 y``, rounded down."""
    if seconds is None:
        return ""
    days = int(seconds // _DAY)
    if days < 1:
        return f"{max(int(seconds // 3_600), 0)} h"
    return f"{days} d" if days < 60 else f"{days // 30} mo" if days < 730 else f"{days // 365} y"


_ORDERS: Final[Mapping[SortKey, Callable[[CassetteRow], Any]]] = {
    "cost": lambda row: -row.totals.priced_usd,
    "tokens": lambda row: -(row.totals.usage.input_tokens + row.totals.usage.output_tokens),
    "size": lambda row: -row.size,
    "age": lambda row: -(row.age or 0),
    "calls": lambda row: -row.totals.calls,
    "test": lambda row: row.owner,
}
"""The order of the rows: the largest first, names from A to Z."""
