"""One difference between two calls, before it is known whether it is news."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from pytest_llmtrace._compare.differences.align import prefix_length
from pytest_llmtrace._compare.differences.values import Leaf, join, leaves, text_leaves
from pytest_llmtrace._model.canonical import canonical_json, digest
from pytest_llmtrace._model.severities import DriftKind

ROLE_KINDS: Final[dict[str, DriftKind]] = {
    "system": "prompt",
    "developer": "prompt",
    "user": "user",
    "assistant": "output",
    "tool": "tool_result",
    "function": "tool_result",
}
"""What a change of a message of this role is called; any other role counts as `user`."""

_TELLING: Final = 20
"""Characters of an edit that say enough of it."""
_AROUND: Final = 64
_NEXT: Final = 3
"""Words, and white space, on each side of an edit that says little: the rest of its own word, and one more."""
_WORDS: Final = re.compile(r"\S+|\s+")

Side = Literal["golden", "observed"]

ToolKey = tuple[str, str]
"""A tool call: its name, and a digest of its arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A difference, with what it needs to be recognised when it comes back."""

    kind: DriftKind
    path: str
    """Where it is: within a message until `under` says where that is, then within the call."""
    golden: Any = None
    observed: Any = None
    role: str | None = None
    scope: str = ""
    """What must be the same for two changes to be one: the name of the tool."""
    place: str = ""
    """Where it is within what may be repeated elsewhere: without positions of messages and tool calls."""
    tools: tuple[ToolKey, ...] = ()
    """The tool calls that it is about: executions of these follow from it."""

    arguments: tuple[Any, Any] | None = None
    """Of a change in the arguments of a tool call, the whole arguments of both sides."""

    def under(self, parent: str) -> Change:
        """The same change with its path below another."""
        return replace(self, path=join(parent, self.path))

    @property
    def cause(self) -> tuple[str, ...]:
        """Equal for changes that have one cause: the same old and new value at the same kind of place."""
        values = digest(canonical_json([self.golden, self.observed]))
        return (self.kind, self.scope, self.place, values)

    @property
    def edit(self) -> tuple[str, str] | None:
        """Of a changed prompt, what was taken out and what was put in: equal where only the text around it differs.

        Few characters say little, so the words around them belong to it: a 1 that became a 2 elsewhere is another edit.
        """
        if self.kind != "prompt" or not isinstance(self.golden, str) or not isinstance(self.observed, str):
            return None
        start = prefix_length(self.golden, self.observed)
        golden, observed = self.golden[start:], self.observed[start:]
        end = prefix_length(golden[::-1], observed[::-1])
        golden, observed, rest = (
            golden[: len(golden) - end],
            observed[: len(observed) - end],
            golden[len(golden) - end :],
        )
        if max(len(golden), len(observed)) < _TELLING:
            before = "".join(_WORDS.findall(self.golden[max(start - _AROUND, 0) : start])[-_NEXT:]).lstrip()
            after = "".join(_WORDS.findall(rest[:_AROUND])[:_NEXT]).rstrip()
            golden, observed = before + golden + after, before + observed + after
        return golden, observed


def value_changes(kind: DriftKind, name: str, golden: Any, observed: Any, **more: Any) -> list[Change]:
    """The differences of two values with a name, none where they are equal; JSON in text is compared as JSON."""
    if canonical_json(golden) == canonical_json(observed):
        return []
    return _changes(kind, name, text_leaves(golden, observed), **more)


def data_changes(kind: DriftKind, name: str, golden: Any, observed: Any, **more: Any) -> list[Change]:
    """The differences of two values with a name, none where they are equal; text is compared as text."""
    if canonical_json(golden) == canonical_json(observed):
        return []
    return _changes(kind, name, leaves(golden, observed), **more)


def tool_key(name: str, arguments: Any) -> ToolKey:
    """What identifies a tool call without its id."""
    return name, digest(canonical_json(arguments))


def _changes(kind: DriftKind, name: str, found: Iterable[Leaf], **more: Any) -> list[Change]:
    made = []
    for leaf in found:
        path = join(name, leaf.path)
        made.append(Change(kind=kind, path=path, golden=leaf.golden, observed=leaf.observed, **{"place": path, **more}))
    return made
