"""Which rule would absorb a difference that is no behaviour: a date, an id, float noise, the order of a set."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from pytest_llmtrace._compare.differences.values import path_text
from pytest_llmtrace._compare.rules.names import is_name
from pytest_llmtrace._compare.rules.normalize import absorbed_by
from pytest_llmtrace._compare.rules.numbers import number_tolerance
from pytest_llmtrace._compare.rules.unordered import PREFIX as UNORDERED
from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.findings import Drift, Finding

Found = TypeVar("Found", bound=Finding)

_NOISE: Final = ("number:1e-9", "number:0.0001%")
"""Tolerances that only noise needs."""
_ITEM: Final = re.compile(r"^(?P<list>.*)\[(?P<at>\d+)\](?P<rest>[^\[\]]*)$")
_IN_JSON: Final = re.compile(r"\bcontent[.\[]")
"""Of a path below a text: the text is JSON, and rules see the whole of it."""
_DIGEST: Final = ".digest"
"""Stands for an image, say: to ignore digests is to ignore what they are digests of."""


def suggested(findings: Iterable[Found]) -> tuple[Found, ...]:
    """The findings; drift that a rule would absorb says so."""
    made = list(findings)
    for at, finding in enumerate(made):
        if isinstance(finding, Drift):
            made[at] = _with(finding, _rules(finding))
    drifts = [(at, one) for at, one in enumerate(made) if isinstance(one, Drift) and not one.suggestion]
    rules: dict[int, list[str]] = {}
    for path, places in _sets([drift for _, drift in drifts]).items():
        for place in places:
            rules.setdefault(place, []).append(f"{UNORDERED}{path}")
    for place, written in rules.items():
        at, drift = drifts[place]
        made[at] = _with(drift, tuple(written))
    return tuple(made)


def _with(finding: Found, rules: tuple[str, ...]) -> Found:
    return replace(finding, suggestion=rules) if isinstance(finding, Drift) else finding


def _rules(drift: Drift) -> tuple[str, ...]:
    golden, observed = drift.golden, drift.observed
    if is_name(drift.kind, drift.path) or golden is None or observed is None or drift.path.endswith(_DIGEST):
        return ()
    for noise in _NOISE if drift.kind != "tools" else ():
        if number_tolerance(noise).near(golden, observed):
            return (noise,)
    rules = absorbed_by(golden, observed)
    if rules or drift.kind == "tools":  # how a tool is described is news, but for a date in it, say
        return () if "number" in rules else rules  # another number is mostly news
    return _of_spelling(golden, observed, in_json=_IN_JSON.search(drift.path) is not None)


def _of_spelling(golden: Any, observed: Any, *, in_json: bool) -> tuple[str, ...]:
    if not (isinstance(golden, str) and isinstance(observed, str)):
        return ()
    if golden.lower() == observed.lower():
        return ("case",)
    if " ".join(golden.split()) == " ".join(observed.split()) and not in_json:
        return ("whitespace",)
    return ()


def _sets(drifts: Sequence[Drift]) -> dict[str, list[int]]:
    """Paths of lists of which only the order differs, and the positions of the drifts that say so."""
    lists: dict[tuple[str, int, str], list[int]] = {}
    found: dict[str, list[int]] = {}
    for at, drift in enumerate(drifts):
        if drift.kind == "tools" or is_name(drift.kind, drift.path):
            continue
        inside = _reordered(drift.golden, drift.observed, drift.path) or []
        for path in inside:
            found.setdefault(_pattern(path), []).append(at)
        if inside:
            continue
        item = _ITEM.match(drift.path)
        if item is not None and _is_list_path(item["list"]):
            lists.setdefault((drift.conversation, drift.turn, item["list"]), []).append(at)
    for (_, _, path), places in lists.items():
        golden, observed = (_items([drifts[at] for at in places], side) for side in ("golden", "observed"))
        if len(places) > 1 and golden == observed:
            found.setdefault(_pattern(path), []).extend(places)
    return found


def _items(drifts: Iterable[Drift], side: str) -> Counter[str]:
    """What differs of each item of a list, put together again."""
    items: dict[str, dict[str, Any]] = {}
    for drift in drifts:
        item = _ITEM.match(drift.path)
        if item is not None:
            items.setdefault(item["at"], {})[item["rest"]] = getattr(drift, side)
    return Counter(canonical_json(one) for one in items.values())


def _reordered(golden: Any, observed: Any, path: str) -> list[str] | None:
    """The paths of the lists by whose order alone two values differ; `None` where they differ otherwise."""
    if canonical_json(golden) == canonical_json(observed):
        return []
    if isinstance(golden, dict) and isinstance(observed, dict) and golden.keys() == observed.keys():
        parts = [_reordered(golden[key], observed[key], f"{path}{path_text((key,))}") for key in sorted(golden)]
        return None if None in parts else [one for part in parts for one in part or ()]
    if isinstance(golden, list) and isinstance(observed, list) and _is_list_path(path):
        same = Counter(map(canonical_json, golden)) == Counter(map(canonical_json, observed))
        return [path] if same else None
    return None


def _is_list_path(path: str) -> bool:
    """Whether a list is at the path that may be a set: not the messages, nor the tool calls."""
    return bool(path) and not path.endswith(("messages", "tool_calls")) and "(" not in path


def _pattern(path: str) -> str:
    """The path with any position in place of each."""
    return re.sub(r"\[\d+\]", "[*]", path)
