"""Cassettes that seem to be unused, in words and as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._model.pruned import KEPT, Pruned, Unused, UnusedReason
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, wrapped
from pytest_llmtrace._report.wording import plural


def prune_lines(found: Pruned, width: int) -> Iterator[Line]:
    """What is unused and why, what was or would be deleted, and what was left and how that would go, too."""
    where = "" if found.collected is None else f"; {plural(found.collected, 'test')} collected"
    yield Line(text=f"{plural(found.cassettes, 'cassette')}{where}")
    sure = [one for one in found.unused if one.is_sure and one not in found.deleted]
    doubtful = [one for one in found.unused if not one.is_sure and one not in found.deleted]
    yield from _group(found.deleted, "deleted", width, red=True)
    yield from _group(sure, "unused", width, red=True)
    yield from _group([one for one in doubtful if one.reason not in KEPT], "perhaps unused", width, yellow=True)
    yield from _group([one for one in doubtful if one.reason in KEPT], "left alone", width, yellow=True)
    yield Line(text="")
    for text in _next(found, sure, doubtful):
        yield from (Line(text=line, markup={"bold": True}) for line in wrapped(text, width))


def prune_data(found: Pruned) -> dict[str, Any]:
    """The same as data."""
    return {
        "cassettes": found.cassettes,
        "collected": found.collected,
        "unused": [
            {
                "owner": one.owner,
                "reason": one.reason,
                "sure": one.is_sure,
                "files": [file.as_posix() for file in one.files],
                "untracked": [file.as_posix() for file in one.untracked],
                "deleted": one in found.deleted,
            }
            for one in found.unused
        ],
    }


def _group(unused: Sequence[Unused], title: str, width: int, **markup: bool) -> Iterator[Line]:
    if not unused:
        return
    yield Line(text="")
    yield Line(text=title, markup={"bold": True, **markup})
    for one in unused:
        name = clean_line(one.owner) if one.owner else one.files[0].as_posix()
        yield from (Line(text=f"  {line}") for line in wrapped(f"{name}: {_REASONS[one.reason]}", width - 2))
        for file in one.files:
            lost = "  (not in git)" if file in one.untracked else ""
            yield Line(text=f"    {clean_line(file.as_posix())}{lost}", markup={"faint": True})


def _next(found: Pruned, sure: Sequence[Unused], doubtful: Sequence[Unused]) -> Iterator[str]:
    deleted = sum(len(one.files) for one in found.deleted)
    if deleted:
        yield f"{plural(deleted, 'file')} deleted"
    if sure:
        files = [file for one in sure for file in one.files]
        lost = sum(len(one.untracked) for one in sure)
        text = f"{plural(len(files), 'file')} of {plural(len(sure), 'cassette')} would be deleted"
        yield f"{text} by --yes" + (f"; {lost} of them not in git, so nothing could bring them back" if lost else "")
    if any(one.reason not in KEPT for one in doubtful):
        yield "What is perhaps unused stays, unless you add --uncollected"
    if not found.unused:
        yield "nothing is unused"


_REASONS: Final[Mapping[UnusedReason, str]] = {
    "source_gone": "the file of its test is gone",
    "test_gone": "its test is gone",
    "parameter": "its test has no such parameter here (another platform may have it)",
    "elsewhere": "its test looks for its cassette in another place",
    "not_collected": "its test was not collected here, but it may be there",
    "unread": "its files cannot be read; `llmtrace check` says why",
    "no_owner": "it does not say whose it is",
    "fixture": "no source names this fixture",
    "recorded_since": "recorded since that report",
}
