"""Two values against each other: which small parts differ, and where."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pytest_llmtrace._model.canonical import Json, canonical_json, parse_json

Steps = tuple[str | int, ...]
"""The way into a value: keys of objects and positions in lists."""

_MOST_LEAVES: Final = 12
"""Differences up to which a value is taken apart; beyond, the two values stand side by side as they are."""
_LONGEST: Final = 200_000
"""Characters of JSON up to which lists that grew or shrank are aligned."""
_NAME: Final = re.compile(r"[A-Za-z_][\w-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One small part that differs."""

    steps: Steps
    golden: Any = None
    observed: Any = None
    absent: Literal["golden", "observed"] | None = None
    """The side that has nothing at all there; its value is `None`."""

    @property
    def path(self) -> str:
        """The way in, as text: ``.parameters.properties[0]``.

        Where one side is null and the other has nothing, it ends in `` (added)`` or `` (removed)``.
        """
        text = path_text(self.steps)
        if self.absent is None or self.golden is not None or self.observed is not None:
            return text
        return f"{text} ({'added' if self.absent == 'golden' else 'removed'})"


def leaves(golden: Json, observed: Json) -> list[Leaf]:
    """Where two different values differ, in the order of their paths; never empty.

    Values are plain data, see `plain`. Objects and lists are taken apart; everything else, and what has hardly anything
    in common, is one difference.
    """
    found = parts(golden, observed)
    return found if 0 < len(found) <= _MOST_LEAVES else [Leaf(steps=(), golden=golden, observed=observed)]


def parts(golden: Json, observed: Json) -> list[Leaf]:
    """Like `leaves`, however many there are; empty where the values cannot be taken apart.

    DeepDiff takes them apart; of what is very large, lists of one length are compared item by item.
    """
    if not _both_containers(golden, observed):
        return []
    large = len(canonical_json(golden)) + len(canonical_json(observed)) > _LONGEST
    try:
        found = list(_place_by_place(golden, observed, ())) if large else _deep(golden, observed)
    except RecursionError:
        return []
    return sorted(found, key=_position)


def text_leaves(golden: Json, observed: Json) -> list[Leaf]:
    """Like `leaves`, with JSON inside text compared as JSON, unless only its spelling differs."""
    if isinstance(golden, str) and isinstance(observed, str):
        one, other = json_in(golden), json_in(observed)
        if _both_containers(one, other):
            one, other = plain(one), plain(other)
            if canonical_json(one) != canonical_json(other):
                return leaves(one, other)
    return leaves(golden, observed)


def json_in(text: str) -> Any:
    """The object or list that a text is the JSON of, or `None`."""
    return parse_json(text) if text.lstrip()[:1] in {"{", "["} else None


def plain(value: object) -> Any:
    """A value as JSON data in which equal things are equal: a whole float is an integer, NaN a string, a key a string.

    Raises: RecursionError where a value is nested too deeply.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if value.is_integer():
            return int(value)
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value)


def path_text(steps: Steps) -> str:
    """Steps as text: ``.name`` for a key, ``["odd key"]`` for one that is no name, ``[0]`` for a position."""
    return "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" if _NAME.fullmatch(step) else f'["{step}"]'
        for step in steps
    )


def join(parent: str, child: str) -> str:
    """Two pieces of a path as one; a dot in front of the first is dropped."""
    if child and parent and child[0] not in ".[ ":
        child = f".{child}"
    return (parent + child).removeprefix(".")


def _both_containers(golden: object, observed: object) -> bool:
    return (isinstance(golden, dict) and isinstance(observed, dict)) or (
        isinstance(golden, list) and isinstance(observed, list)
    )


def _deep(golden: Any, observed: Any) -> list[Leaf]:
    from deepdiff import DeepDiff  # noqa: PLC0415 - slow to import, needed only where something differs
    from deepdiff.helper import notpresent  # noqa: PLC0415

    difference = DeepDiff(
        golden,
        observed,
        view="tree",
        threshold_to_diff_deeper=0,
        ignore_private_variables=False,  # else keys that begin with `__` are not compared
        verbose_level=2,
    )
    found = []
    for levels in difference.values():
        for level in levels:
            absent: Literal["golden", "observed"] | None = None
            if level.t1 is notpresent:
                absent = "golden"
            elif level.t2 is notpresent:
                absent = "observed"
            found.append(
                Leaf(
                    steps=tuple(level.path(output_format="list")),
                    golden=None if absent == "golden" else level.t1,
                    observed=None if absent == "observed" else level.t2,
                    absent=absent,
                )
            )
    return found


def _place_by_place(golden: Any, observed: Any, steps: Steps) -> Iterator[Leaf]:
    """The parts that differ, in linear time: an item that was put into a list makes the whole list differ."""
    if isinstance(golden, dict) and isinstance(observed, dict):
        for key in golden.keys() | observed.keys():
            if key not in golden:
                yield Leaf(steps=(*steps, key), observed=observed[key], absent="golden")
            elif key not in observed:
                yield Leaf(steps=(*steps, key), golden=golden[key], absent="observed")
            else:
                yield from _place_by_place(golden[key], observed[key], (*steps, key))
    elif isinstance(golden, list) and isinstance(observed, list) and len(golden) == len(observed):
        for at, (one, other) in enumerate(zip(golden, observed, strict=True)):
            yield from _place_by_place(one, other, (*steps, at))
    elif type(golden) is not type(observed) or golden != observed:
        yield Leaf(steps=steps, golden=golden, observed=observed)


def _position(leaf: Leaf) -> list[tuple[bool, int, str]]:
    return [(False, step, "") if isinstance(step, int) else (True, 0, step) for step in leaf.steps]
