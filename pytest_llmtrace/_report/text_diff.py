"""Two texts against each other, in few lines, so that the change is what is seen."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final

from pytest_llmtrace._report.clean import clean
from pytest_llmtrace._report.layout import CUT, cut_end
from pytest_llmtrace._report.line_diff import common_ends, pair, similar
from pytest_llmtrace._report.wording import plural

_WORK: Final = 250_000
"""Pairs of lines up to which an exact alignment is worth its time."""


def text_diff(golden: str | None, observed: str | None, width: int, limit: int = 16) -> list[str]:
    """The difference as lines that begin with ``-``, ``+`` or blanks, of at most `width` columns.

    `None` is nothing at all, so only the other side is shown, in quotes where it is blank. Single lines are cut around
    the change, longer texts compared line by line. Where two texts would look the same, their invisible characters are
    spelled out. About `limit` lines; what is left out is counted.
    """
    if golden is None or observed is None:
        mark, text = ("-", golden) if observed is None else ("+", observed)
        lines = [f'"{_spaces_shown(text)}"'] if text and text.isspace() else clean(text or "").split("\n")
        return _side(mark, lines, width, limit)
    old, new = _distinct(golden, observed)
    if "\n" not in old and "\n" not in new:
        return pair(old, new, width)
    return _by_line(old.split("\n"), new.split("\n"), width, limit)


def _distinct(golden: str, observed: str) -> tuple[str, str]:
    """Both texts as they can be shown, with enough spelled out to tell them apart."""
    if golden.split() == observed.split():
        old, new = _spaces_shown(golden), _spaces_shown(observed)
        return (f'"{old}"', f'"{new}"') if old.strip(" ") == new.strip(" ") else (old, new)
    old, new = clean(golden), clean(observed)
    if unicodedata.normalize("NFKC", old) == unicodedata.normalize("NFKC", new):
        return _ascii(golden), _ascii(observed)
    return old, new


def _spaces_shown(text: str) -> str:
    return clean(text.replace("\t", "\\t").replace("\n", "\\n"))


def _ascii(text: str) -> str:
    return clean(text).encode("ascii", "backslashreplace").decode("ascii")


def _by_line(old: Sequence[str], new: Sequence[str], width: int, limit: int) -> list[str]:
    lines: list[str] = []
    left_out = 0
    shown_until = 0
    for tag, old_from, old_to, new_from, new_to in _changes(old, new):
        if left_out or len(lines) >= limit:
            left_out += max(old_to - old_from, new_to - new_from)
            continue
        if old_from - 1 > shown_until:
            lines.append(f"   {CUT}")
        lines.extend(_context(old[max(shown_until, old_from - 1) : old_from], width))
        lines.extend(_block(tag, old[old_from:old_to], new[new_from:new_to], width, limit))
        shown_until = old_to
    if left_out:
        lines.append(f"   {CUT} {plural(left_out, 'more changed line')}")
    else:
        lines.extend(_context(old[shown_until : shown_until + 1], width))
        lines.extend([f"   {CUT}"] if any(old[shown_until + 1 :]) else [])
    return lines


def _context(lines: Sequence[str], width: int) -> list[str]:
    """Unchanged lines beside a change; blank ones say nothing."""
    return [f"   {cut_end(line, width - 3)}" for line in lines if line.strip()]


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """What differs, in difflib's terms; one block where an exact alignment would take too long."""
    start, end = common_ends(old, new)
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    if len(middle_old) * len(middle_new) > _WORK:
        yield "replace", start, len(old) - end, start, len(new) - end
        return
    for tag, *place in SequenceMatcher(None, middle_old, middle_new, autojunk=False).get_opcodes():
        if tag != "equal":
            old_from, old_to, new_from, new_to = (number + start for number in place)
            yield tag, old_from, old_to, new_from, new_to


def _block(tag: str, old: Sequence[str], new: Sequence[str], width: int, limit: int) -> list[str]:
    """Lines that stand in each other's place: like ones at either end in pairs, the rest old before new."""
    most = min(len(old), len(new), limit // 2) if tag == "replace" else 0
    head = _alike(old, new, most)
    tail = _alike(old[::-1], new[::-1], most - head)
    each = max(limit // 2, 2)
    return [
        *_pairs(old[:head], new[:head], width),
        *_side("-", old[head : len(old) - tail], width, each),
        *_side("+", new[head : len(new) - tail], width, each),
        *_pairs(old[len(old) - tail :], new[len(new) - tail :], width),
    ]


def _alike(old: Sequence[str], new: Sequence[str], most: int) -> int:
    """How many lines, of the first so many, can be read as lines that changed."""
    return next((number for number in range(most) if not similar(old[number], new[number])), most)


def _pairs(old: Sequence[str], new: Sequence[str], width: int) -> list[str]:
    return [line for one, other in zip(old, new, strict=True) for line in pair(*_distinct(one, other), width)]


def _side(mark: str, lines: Sequence[str], width: int, limit: int) -> list[str]:
    shown = [f"{mark}  {cut_end(line, width - 3)}".rstrip() for line in lines[:limit]]
    if len(lines) > limit:
        shown.append(f"{mark}  {CUT} {plural(len(lines) - limit, 'more line')}")
    return shown
