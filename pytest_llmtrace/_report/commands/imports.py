"""What an import of foreign cassettes came to, in words and as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._model.record_flag import working
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import Line, wrapped
from pytest_llmtrace._report.wording import plural

_NAMED: Final = 20
"""Files that are listed; the others are counted."""

_SKIPPED: Final = {
    "tape_exists": "skipped: a tape is there already (`--force` replaces it)",
    "no_llm_calls": "skipped: no LLM calls in them",
}
_NEXT: Final = (
    "Next: take the `vcr` marks off these tests and run `pytest --llm-record`. It makes the golden traces from the "
    "tapes, and makes live calls only for requests that no tape holds. Then the converted files can go."
)


def import_lines(rows: Sequence[Mapping[str, Any]], *, dry_run: bool, width: int) -> Iterator[Line]:
    """The summary: what was converted, what was skipped and why, what is broken, and what to do next.

    Args:
        rows: Of each file `source`, `outcome`, `tape`, `calls` and `reason`.
        dry_run: Whether nothing was written.
        width: Columns of the terminal.
    """
    by_outcome: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_outcome.setdefault(row["outcome"], []).append(row)
    converted = by_outcome.get("converted", [])
    calls = plural(sum(row["calls"] for row in converted), "LLM call")
    done = "would be converted" if dry_run else "converted"
    yield Line(text=f"{plural(len(converted), 'cassette')} {done} ({calls})", markup={"bold": True})
    yield from _listed([f"{row['source']} -> {row['tape']}" for row in converted])
    for outcome, words in _SKIPPED.items():
        skipped = by_outcome.get(outcome, [])
        if skipped:
            yield Line(text=f"{plural(len(skipped), 'cassette')} {words}", markup={"yellow": True})
            yield from _listed([row["source"] for row in skipped])
    broken = by_outcome.get("broken", [])
    if broken:
        yield Line(text=f"{plural(len(broken), 'cassette')} could not be read", markup={"red": True, "bold": True})
        for row in broken:
            yield from (Line(text=f"  {clean_line(line)}", markup={"red": True}) for line in row["reason"].split("\n"))
    if converted:
        yield Line(text="")
        yield from (Line(text=line) for line in wrapped(working(_NEXT), width))


def _listed(texts: Sequence[str]) -> Iterator[Line]:
    for text in texts[:_NAMED]:
        yield Line(text=f"  {clean_line(text)}", markup={"faint": True})
    if len(texts) > _NAMED:
        yield Line(text=f"  and {len(texts) - _NAMED} more", markup={"faint": True})
