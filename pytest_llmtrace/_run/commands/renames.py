"""Which golden traces are others under a new name: a test was renamed, or moved to another file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final


def renamed(gone: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """For new names the old ones, where the texts are the same or have most of their lines in common.

    The most alike go first, and each is used once. Where there are very many of both, only equal texts are found.
    """
    made: dict[str, str] = {}
    left: dict[Lines, list[str]] = {}
    old = {name: _lines(text) for name, text in sorted(gone.items(), reverse=True)}
    for name, lines in old.items():
        left.setdefault(frozenset(lines.items()), []).append(name)
    rest: dict[str, Counter[str]] = {}
    for name, text in sorted(new.items()):
        lines = _lines(text)
        equal = left.get(frozenset(lines.items()))
        if equal:
            made[name] = equal.pop()
        else:
            rest[name] = lines
    found = {*made.values()}
    others = {name: lines for name, lines in old.items() if name not in found}
    if len(others) * len(rest) <= _MOST_PAIRS:
        _take_most_alike(made, others, rest)
    return made


def _take_most_alike(made: dict[str, str], old: Mapping[str, Counter[str]], new: Mapping[str, Counter[str]]) -> None:
    scores = sorted((-_alike(before, now), was, name) for was, before in old.items() for name, now in new.items())
    used = set[str]()
    for score, was, name in scores:
        if -score < _ALIKE:
            return
        if name not in made and was not in used:
            made[name] = was
            used.add(was)


def _alike(one: Counter[str], other: Counter[str]) -> float:
    """The share of lines that both have, 0 to 1."""
    return 2 * (one & other).total() / max(one.total() + other.total(), 1)


def _lines(text: str) -> Counter[str]:
    """The lines that say something of the behaviour: all but the name of the test."""
    return Counter(line for line in text.split("\n") if not line.startswith("test: "))


Lines = frozenset[tuple[str, int]]
_ALIKE: Final = 0.6
_MOST_PAIRS: Final = 40_000
