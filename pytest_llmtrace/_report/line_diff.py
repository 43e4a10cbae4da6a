"""Two lines of text against each other, cut around what changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._report.layout import CUT, cut_end, display_width

_TOKEN: Final = expression(r"[^\W\u2e80-\U0003ffff]+|\s+|.", re.DOTALL)
"""Words, white space, and single characters: of marks, and of scripts that put no blanks between words."""
_WORK: Final = 60_000
"""Pairs of words up to which an exact alignment is worth its time."""
_LONG: Final = 40
"""Characters from which a word is compared character by character."""
_CONTEXTS: Final = (60, 45, 35, 28, 22, 17, 13, 10, 7, 4)
"""How many unchanged characters may stand on either side of a change; the widest that fits is taken."""


@frozen
class _Span:
    """A change: characters of the old line, and those of the new line in their place."""

    old: tuple[int, int]
    new: tuple[int, int]


def pair(old: str, new: str, width: int) -> list[str]:
    """Both lines, ``-`` and ``+``, of at most `width` columns, with ``^`` under what changed in prose."""
    room = width - 3
    spans = _spans(old, new)
    context = None
    if max(display_width(old), display_width(new)) > room:
        context = next((one for one in _CONTEXTS if _fits(old, new, spans, one, room)), _CONTEXTS[-2])
    old_shown, old_marks = _shown(old, [span.old for span in spans], context)
    new_shown, new_marks = _shown(new, [span.new for span in spans], context)
    lines = [f"-  {cut_end(old_shown, room)}".rstrip()]
    prose = _prose(old, new, spans)
    if prose and not new_marks.strip():
        lines.append(f"   {old_marks[:room]}".rstrip())
    lines.append(f"+  {cut_end(new_shown, room)}".rstrip())
    if prose and new_marks.strip():
        lines.append(f"   {new_marks[:room]}".rstrip())
    return [line for line in lines if line]


def similar(old: str, new: str) -> bool:
    """Whether two lines have enough in common to be read as one line that changed."""
    changed = sum(max(span.old[1] - span.old[0], span.new[1] - span.new[0]) for span in _spans(old, new))
    return 2 * changed <= max(len(old), len(new))


def common_ends(one: Sequence[str], other: Sequence[str]) -> tuple[int, int]:
    """How many items two sequences begin with in common, and how many of the rest they end with."""
    shortest = min(len(one), len(other))
    start = 0
    while start < shortest and one[start] == other[start]:
        start += 1
    end = 0
    while end < shortest - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return start, end


def _spans(old: str, new: str) -> list[_Span]:
    """What changed, word by word; changes with hardly a character between them are one."""
    old_words, new_words = _TOKEN.findall(old), _TOKEN.findall(new)
    start, end = common_ends(old_words, new_words)
    old_at, new_at = _offsets(old_words), _offsets(new_words)
    old_middle, new_middle = old_words[start : len(old_words) - end], new_words[start : len(new_words) - end]
    places = [(0, len(old_middle), 0, len(new_middle))]
    if len(old_middle) * len(new_middle) <= _WORK:
        codes = SequenceMatcher(None, old_middle, new_middle, autojunk=False).get_opcodes()
        places = [place for tag, *place in codes if tag != "equal"]  # type: ignore[misc]
    spans: list[_Span] = []
    for place in places:
        old_from, old_to, new_from, new_to = (number + start for number in place)
        span = _Span(old=(old_at[old_from], old_at[old_to]), new=(new_at[new_from], new_at[new_to]))
        if spans and span.old[0] - spans[-1].old[1] < 3:
            before = spans.pop()
            span = _Span(old=(before.old[0], span.old[1]), new=(before.new[0], span.new[1]))
        spans.append(span)
    return [_narrowed(old, new, span) for span in spans]


def _narrowed(old: str, new: str, span: _Span) -> _Span:
    """The change without what the two have in common at its ends, where it is one very long word."""
    one, other = old[slice(*span.old)], new[slice(*span.new)]
    if max(len(one), len(other)) <= _LONG or " " in one or " " in other:
        return span
    start, end = common_ends(one, other)
    return _Span(
        old=(span.old[0] + start, span.old[1] - end),
        new=(span.new[0] + start, span.new[1] - end),
    )


def _offsets(words: Sequence[str]) -> list[int]:
    offsets = [0]
    for word in words:
        offsets.append(offsets[-1] + len(word))
    return offsets


def _prose(old: str, new: str, spans: Sequence[_Span]) -> bool:
    """Whether marks help: several words, or wide characters, most of them unchanged."""
    changed = sum(max(span.old[1] - span.old[0], span.new[1] - span.new[0]) for span in spans)
    several = min(old.count(" ") + _wide(old) // 3, new.count(" ") + _wide(new) // 3) >= 3
    return several and 2 * changed <= max(len(old), len(new))


def _wide(text: str) -> int:
    """How many characters take two columns, about."""
    return max(display_width(text) - len(text), 0)


def _fits(old: str, new: str, spans: Sequence[_Span], context: int, room: int) -> bool:
    return all(
        display_width(_shown(text, places, context)[0]) <= room
        for text, places in ((old, [span.old for span in spans]), (new, [span.new for span in spans]))
    )


def _shown(text: str, places: Sequence[tuple[int, int]], context: int | None) -> tuple[str, str]:
    """The line with so many unchanged characters around each change, and the marks below it.

    The unchanged text between two changes is the same on both sides, so both are cut at the same places.
    """
    shown: list[str] = []
    marks: list[str] = []

    def put(piece: str, mark: str) -> None:
        shown.append(piece)
        marks.append(mark * display_width(piece))

    at = 0
    for index, (start, end) in enumerate(places):
        before = text[at:start]
        if context is not None:
            before = _last(before, context) if index == 0 else _around(before, context)
        put(before, " ")
        put(text[start:end], "^")
        at = end
    rest = text[at:]
    put(rest if context is None else _first(rest, context), " ")
    return "".join(shown), "".join(marks)


def _around(text: str, context: int) -> str:
    """Text between two changes without its middle."""
    if len(text) <= 2 * context + 3:
        return text
    return f"{_first(text, context)[:-1]} {CUT} {_last(text, context)[1:]}"


def _first(text: str, context: int) -> str:
    """The beginning of a text, ending with a word where one ends."""
    if len(text) <= context + 1:
        return text
    blank = text.rfind(" ", context // 2, context)
    return text[: blank if blank > 0 else context] + CUT


def _last(text: str, context: int) -> str:
    """The end of a text, beginning with a word where one begins."""
    if len(text) <= context + 1:
        return text
    blank = text.find(" ", len(text) - context, len(text) - context // 2)
    return CUT + text[blank + 1 if blank >= 0 else len(text) - context :]
