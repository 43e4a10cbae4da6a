"""How the arguments of a tool are matched: each tool may have a way of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from pytest_llmtrace._compare.differences.changes import Change
from pytest_llmtrace._compare.rules.dotted import Named, is_dotted
from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace.errors import SettingsError

Way = Literal["exact", "ignore", "subset", "superset"]
"""All must be equal; none counts; the observed ones are among the golden ones; the golden ones among the observed."""

_MOST: Final = 200
"""Calls of one tool up to which every way to pair them is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolArguments:
    """How the arguments of one tool are matched."""

    way: Way | Named

    @property
    def name(self) -> str:
        """As it is written."""
        return self.way if isinstance(self.way, str) else self.way.name

    def agree(self, golden: Any, observed: Any) -> bool:
        """Whether observed arguments will do for golden ones. Raises: SettingsError where a function cannot tell."""
        if self.way == "ignore":
            return True
        if isinstance(self.way, Named):
            said = self.way(golden, observed)
            if not isinstance(said, bool):
                raise SettingsError(f"{self.way.setting} = {self.name!r}: it must return True or False, not {said!r}")
            return said
        if self.way == "subset":
            return _within(observed, golden)
        if self.way == "superset":
            return _within(golden, observed)
        return canonical_json(golden) == canonical_json(observed)


Tools = Mapping[str, ToolArguments]
"""By name of the tool; all others are `exact`."""


def tool_arguments(tool: str, way: object) -> ToolArguments:
    """The way that is written so. Raises: SettingsError that lists what is possible."""
    setting = f"arguments of tool {tool!r}"
    if way in get_args(Way):
        return ToolArguments(way=way)  # type: ignore[arg-type]  # checked
    if isinstance(way, str) and is_dotted(way):
        return ToolArguments(way=Named(way, setting))
    raise SettingsError(
        f"{setting} = {way!r}: not possible; choose one of {', '.join(get_args(Way))}, or name a function of "
        "(golden, observed) like package.module:function"
    )


def agreed(change: Change, tools: Tools) -> bool:
    """Whether a change is one of arguments that match in the way of their tool."""
    if change.arguments is None or change.scope not in tools:
        return False
    return tools[change.scope].agree(*change.arguments)


def same_calls(
    golden: Sequence[Mapping[str, Any]], observed: Sequence[Mapping[str, Any]], tools: Tools
) -> dict[int, int]:
    """Which golden call each observed one will do for, of tools that have a way of their own: by position.

    As many as possible are paired, those in the same place first.
    """
    found: dict[int, int] = {}
    for name, way in tools.items():
        here = [at for at, call in enumerate(golden) if call["name"] == name]
        there = [at for at, call in enumerate(observed) if call["name"] == name]
        if way.way != "exact" and here and there:
            pairing = _Pairing([golden[at] for at in here], [observed[at] for at in there], way)
            found.update({there[other]: here[one] for one, other in pairing.pairs().items()})
    return found


class _Pairing:
    """Pairs the calls of one tool, as many as possible."""

    def __init__(
        self, golden: Sequence[Mapping[str, Any]], observed: Sequence[Mapping[str, Any]], way: ToolArguments
    ) -> None:
        self._golden, self._observed, self._way = golden, observed, way
        self._taken: dict[int, int] = {}
        """Golden to observed."""

    def pairs(self) -> dict[int, int]:
        """Golden to observed positions."""
        both = range(min(len(self._golden), len(self._observed)))
        self._taken = {at: at for at in both if self._agree(at, at)}
        if len(self._golden) <= _MOST and len(self._observed) <= _MOST:
            for other in range(len(self._observed)):
                if self._taken.get(other) != other and len(self._taken) < len(self._golden):
                    self._place(other, set())
        return self._taken

    def _agree(self, one: int, other: int) -> bool:
        return self._way.agree(self._golden[one].get("arguments"), self._observed[other].get("arguments"))

    def _place(self, other: int, tried: set[int]) -> bool:
        """Find a golden call for an observed one; one that is placed already may move on."""
        for one in range(len(self._golden)):
            if one in tried or not self._agree(one, other):
                continue
            tried.add(one)
            if one not in self._taken or self._place(self._taken[one], tried):
                self._taken[one] = other
                return True
        return False


def _within(part: Any, whole: Any) -> bool:
    """Whether everything in one value is in the other: keys of objects at any depth; other values are equal."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _within(value, whole[key]) for key, value in part.items())
    return canonical_json(part) == canonical_json(whole)
