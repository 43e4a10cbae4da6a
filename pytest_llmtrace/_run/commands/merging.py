"""The reports of a suite that ran in shards, added up and held against the budgets of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, Final

from pytest_llmtrace._compare.budget import growth_breaches
from pytest_llmtrace._model.bounded_reading import read_regular
from pytest_llmtrace._model.exact_json import loads_finite
from pytest_llmtrace._model.findings import Breach
from pytest_llmtrace._model.limits import RUN, Limit, MaxGrowth
from pytest_llmtrace._report.document.attempts import PARTS
from pytest_llmtrace._report.document.counted import Counted, counted_row
from pytest_llmtrace._report.document.document import FORMAT_VERSION
from pytest_llmtrace._report.document.merging import in_several, merged_document, merged_rows
from pytest_llmtrace._report.wording import joined, plural
from pytest_llmtrace._run.money.gates import budget_uses, run_breaches
from pytest_llmtrace._settings.amounts import WHATS
from pytest_llmtrace._settings.budgets import SUFFIXES, directory_limits
from pytest_llmtrace._settings.pyproject import PYPROJECT, Pyproject
from pytest_llmtrace.errors import SettingsError

_NAMED: Final = 5
_KEYS: Final[Mapping[str, type]] = {
    "mode": str, "exit": str, "totals": dict, "models": list, "tests": list, "breaches": list, "unused": list,
}  # fmt: skip
_ROW_KEYS: Final[Mapping[str, type]] = {
    "nodeid": str, "outcome": str, "calls": int, "usage": dict, "findings": list,
}  # fmt: skip
_PARTS: Final[Mapping[str, type]] = {"by_model": list, "by_source": list}
"""What a row with calls is made of."""
DAMAGED: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What adding up a document raises that holds something else than a run wrote."""
DAMAGE: Final = "the report is damaged, or of an earlier version; write it again with `pytest --llm-report=FILE.json`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What several reports come to."""

    document: dict[str, Any]
    warnings: tuple[str, ...]
    """Texts for the user that belong to no test."""

    @property
    def failed(self) -> bool:
        """Whether a shard failed, a report is missing, or a budget of the whole is exceeded."""
        return bool(self.document["exit"] != "ok")


def merge(
    files: Sequence[Path],
    *,
    root: Path,
    limits: Sequence[Limit] = (),
    growth: MaxGrowth | None = None,
    expected: int | None = None,
) -> Merged:
    """Add up the reports of shards.

    The budgets of the whole are the given ones; those of ini files that held in the shards; and those of directories,
    of the shards or of pyproject.toml here. What a shard was given by a flag was a budget of that shard.

    Args:
        files: JSON reports, of runs of one suite.
        root: Where pyproject.toml may lie.
        limits: Of the whole, as given on the command line.
        growth: Likewise.
        expected: How many reports there must be.

    Raises:
        SettingsError: a file is no report, or pyproject.toml cannot be used.
    """
    documents = _read_all(files)
    for name, one in documents.items():
        try:
            _added_up({name: one}, root=root, limits=limits, growth=growth, expected=None)
        except DAMAGED as error:
            raise SettingsError(f"{name}: {DAMAGE} ({type(error).__name__}: {error})") from error
    return _added_up(documents, root=root, limits=limits, growth=growth, expected=expected)


def _added_up(
    documents: Mapping[str, Mapping[str, Any]],
    *,
    root: Path,
    limits: Sequence[Limit],
    growth: MaxGrowth | None,
    expected: int | None,
) -> Merged:
    held, held_growth, dropped = _held_in_shards(documents.values())
    here = directory_limits(Pyproject(root / PYPROJECT))
    of_all = {(one.scope, one.what): one for one in (*held, *here, *limits)}
    in_order = sorted(of_all.values(), key=lambda one: (one.scope != RUN, one.scope, WHATS.index(one.what)))
    growth = growth or held_growth
    tests, fixtures = (merged_rows(documents.values(), part) for part in ("tests", "fixtures"))
    counted = [counted_row(row) for row in (*tests, *fixtures)]
    breaches, budgets = run_breaches(counted, in_order, growth), list(budget_uses(counted, in_order, growth))
    if growth is not None:
        breaches += _grown(counted, growth, known=_known_to_have_grown((*tests, *fixtures)))
    if any("dry_run" in one for one in documents.values()):
        breaches, budgets = [], []  # a dry run spends nothing
    missing = expected is not None and len(documents) < expected
    document = merged_document(documents, tests, fixtures, breaches=breaches, budgets=budgets, incomplete=missing)
    return Merged(
        document=document,
        warnings=tuple(_warnings(documents, expected, dropped - {one.what for one in of_all.values()})),
    )


def _read_all(files: Sequence[Path]) -> dict[str, Mapping[str, Any]]:
    documents: dict[str, Mapping[str, Any]] = {}
    seen: dict[Path, Path] = {}
    for file in files:
        resolved = file.resolve()
        if resolved in seen:
            raise SettingsError(f"{file}: given twice; its calls would count double")
        seen[resolved] = file
        documents[str(file)] = _read(file)
    real = [name for name, one in documents.items() if "dry_run" not in one and one["tests"]]
    dry = [name for name, one in documents.items() if "dry_run" in one]
    if real and dry:
        raise SettingsError(f"{dry[0]} is of a dry run, and {real[0]} is not: they cannot be added up")
    return documents


def _read(file: Path) -> Mapping[str, Any]:
    """One report, checked as far as it is used. Raises: SettingsError that names the file."""
    try:
        data = loads_finite(read_regular(file))
    except (OSError, ValueError, RecursionError) as error:
        what = "one document per line: give the .json report" if file.suffix == ".jsonl" else str(error)
        raise SettingsError(f"{file}: cannot be read as a JSON report: {what}") from None
    number = data.get("llmtrace") if isinstance(data, dict) else None
    if isinstance(number, bool) or not isinstance(number, int):
        raise SettingsError(f"{file}: no report of pytest-llmtrace; write one with `pytest --llm-report=FILE.json`")
    if number > FORMAT_VERSION:
        raise SettingsError(
            f"{file}: written by a later version of pytest-llmtrace (format {number}, known is {FORMAT_VERSION}): "
            "merge with that version"
        )
    _check(file, data, _KEYS, "")
    for part in ("tests", "fixtures"):
        _check(file, data, {part: list} if part in data else {}, "")
        for row in data.get(part, ()):
            _check(file, row, _ROW_KEYS, f"a row of {part}: ")
            _check(file, row, _PARTS if row["calls"] else {}, f"a row of {part}: ")
            for key in PARTS:
                _check(file, row, {f"by_{key}": list} if f"by_{key}" in row else {}, f"a row of {part}: ")
                for one in row.get(f"by_{key}") or ():
                    _check(file, one, {key: str}, f"a row of by_{key}: ")
    return dict(data)


def _check(file: Path, data: object, keys: Mapping[str, type], where: str) -> None:
    for key, kind in keys.items():
        if not isinstance(data, dict) or not isinstance(data.get(key), kind):
            raise SettingsError(f"{file}: {where}{key!r} is missing or unusable: {DAMAGE}")


def _held_in_shards(documents: Iterable[Mapping[str, Any]]) -> tuple[list[Limit], MaxGrowth | None, set[str]]:
    """The limits of ini files and directories that held in the shards, growth, and what only flags limited there.

    Where shards disagree, the lower limit holds.
    """
    found: dict[tuple[str, str], Limit] = {}
    grown: dict[str, Mapping[str, Any]] = {}
    flags: set[str] = set()
    for budget in (budget for document in documents for budget in document.get("budgets", ())):
        source = str(budget.get("source") or "")
        if source.startswith("--"):
            flags.add(budget["what"])
        elif budget["what"] == "growth":
            grown[budget["of"]] = min(budget, grown.get(budget["of"], budget), key=_limit)
        else:
            limit = Limit(scope=budget["scope"], what=budget["what"], value=budget["limit"], source=source)
            before = found.get((limit.scope, limit.what), limit)
            found[limit.scope, limit.what] = min(before, limit, key=lambda one: one.value)
    growth = None
    if grown:
        usd, tokens = (grown[of]["limit"] if of in grown else None for of in ("usd", "tokens"))
        growth = MaxGrowth(usd=usd, tokens=tokens, source=next(iter(grown.values()))["source"])
    return list(found.values()), growth, flags


def _limit(budget: Mapping[str, Any]) -> float:
    return float(budget["limit"])


def _grown(counted: Iterable[Counted], growth: MaxGrowth, *, known: set[str]) -> Iterator[Breach]:
    """The tests that grew too much, and did not fail for it in their shard."""
    for one in counted:
        if one.golden is not None and one.nodeid not in known:
            yield from growth_breaches(reduce(add, [one.golden] * one.runs), one.amounts, growth, one.nodeid)


def _known_to_have_grown(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    return {row["nodeid"] for row in rows if any(finding.get("what") == "growth" for finding in row["findings"])}


def _warnings(documents: Mapping[str, Mapping[str, Any]], expected: int | None, dropped: set[str]) -> Iterator[str]:
    if expected is not None and len(documents) != expected:
        yield f"{plural(len(documents), 'report')}, {expected} expected (--shards={expected})"
    twice = in_several(documents.values())
    if twice:
        names = joined([*twice[:_NAMED], *([f"{len(twice) - _NAMED} more"] if len(twice) > _NAMED else [])])
        yield f"in more than one report, counted once, as failed where one failed: {names}"
    for what in sorted(dropped):
        name = "max-growth" if what == "growth" else f"budget{SUFFIXES[what]}"  # type: ignore[index]  # one of them
        yield f"shards had --llm-{name}, which limits each of them; to limit the sum, give --{name}"
