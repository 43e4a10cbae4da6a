"""From differences to drift: each cause once, with the places where it shows again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pytest_llmtrace._compare.differences.changes import Change, ToolKey
from pytest_llmtrace._compare.differences.values import join, parts
from pytest_llmtrace._compare.policies.policy import Policy
from pytest_llmtrace._compare.policies.tolerance import accepted
from pytest_llmtrace._compare.rules.ignore import ignored_paths
from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._model.severities import Severity

_MOST_PLACES: Final = 100
"""Places that are named; all are counted."""

_GRAVITY: Final[Mapping[Severity, int]] = {"ignore": 0, "warn": 1, "fail": 2}

Position = tuple[float, ...]
"""Where in the golden trace something happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One turn."""

    conversation: str
    turn: int
    position: Position
    name: str
    """How reports name it: ``lead turn 3``."""


def place(conversation: str, turn: int, position: Position) -> Place:
    """The place of a turn."""
    return Place(conversation=conversation, turn=turn, position=position, name=f"{conversation} turn {turn}")


@dataclass(slots=True, kw_only=True, eq=False)
class Root:
    """A difference that does not follow from another one."""

    change: Change
    at: Place
    severity: Severity
    absorbed: bool
    """Whether a path that is ignored, or a tolerance, takes it out, and not the severity of its kind."""
    excused: Severity | None = None
    """What the policy says about it, where it fails all the same."""
    number: int
    last: Position
    """The place where it was last seen."""
    folded: int = 0
    names: list[str] = field(default_factory=list)

    def blame(self) -> None:
        """Make it fail, whatever the policy says."""
        self.excused = None if self.absorbed else self.severity
        self.severity = "fail"

    def seen(self, where: Place, *, again: bool = False) -> None:
        """Count one more place; several times in one turn is once, unless it is there `again`."""
        if where.position == self.last and not again:
            return
        self.last = where.position
        self.folded += 1
        if len(self.names) < _MOST_PLACES:
            self.names.append(where.name)


class Ledger:
    """Collects the differences of one comparison, in the order of the golden trace."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._ignored: Callable[[str], bool] = ignored_paths(policy.ignore)
        self._roots: list[Root] = []
        self._causes: dict[tuple[str, ...], Root] = {}
        self._edits: dict[tuple[str, tuple[str, str]], Root] = {}
        self._tools: dict[ToolKey, Root] = {}

    def enter(self, change: Change, where: Place, severity: Severity | None = None) -> Root:
        """A difference at a place: of a known cause if the same difference was seen in another turn, else news.

        A prompt that is written anew for every turn, and in which the same words changed, is one difference too.

        Args:
            change: The difference.
            where: The turn in which it is.
            severity: Instead of what the policy says about its kind.
        """
        cause = change.cause
        known = self._causes.get(cause)
        if known is None and change.edit is not None:
            known = self._edits.get((where.conversation, change.edit))
        if known is not None and known.at.position != where.position:
            known.seen(where)
            return known
        return self._news(change, where, cause, severity or self._policy.severity(change.kind))

    def follow(self, change: Change, where: Place) -> Root | None:
        """Like `enter` for what can only follow from a known cause; `None` where there is none."""
        known = self._causes.get(change.cause) or self._blamed(change)
        if known is not None:
            known.seen(where)
        return known

    def leads(self, root: Root) -> bool:
        """Whether the same difference in a later turn will be this one."""
        return self._causes.get(root.change.cause) is root

    def entered(self, positions: Iterable[Position]) -> list[Root]:
        """The differences that are news at these places."""
        wanted = set(positions)
        return [root for root in self._roots if root.at.position in wanted]

    def drifts(self, *, ignored: bool) -> tuple[Drift, ...]:
        """Every root as a finding, in the order of the golden trace; the first divergence marked.

        Args:
            ignored: Whether what the policy ignores is listed too.
        """
        roots = sorted(self._roots, key=lambda root: (root.at.position, root.number))
        judged = [root for root in roots if root.severity != "ignore"]
        first = next(iter(judged or roots), None)
        return tuple(_drift(root, first=root is first) for root in (roots if ignored else judged))

    def _blamed(self, change: Change) -> Root | None:
        """A difference that was about a tool call of the change; none that matters less than the change does."""
        least = _GRAVITY[self._policy.severity(change.kind)]
        about = (self._tools[key] for key in change.tools if key in self._tools)
        return next((root for root in about if _GRAVITY[root.severity] >= least), None)

    def _ignores(self, change: Change) -> bool:
        """Whether what differs is ignored, be it part by part."""
        if self._ignored(change.path):
            return True
        if not self._policy.ignore:
            return False
        found = parts(change.golden, change.observed)
        return bool(found) and all(self._ignored(join(change.path, leaf.path)) for leaf in found)

    def _news(self, change: Change, where: Place, cause: tuple[str, ...], severity: Severity) -> Root:
        ignored = self._ignores(change) or accepted(change, self._policy)
        root = Root(
            change=change,
            at=where,
            severity="ignore" if ignored else severity,
            absorbed=ignored,
            number=len(self._roots),
            last=where.position,
        )
        self._roots.append(root)
        if not ignored:  # the same difference where it counts is news
            self._causes.setdefault(cause, root)
            if change.edit is not None:
                self._edits.setdefault((where.conversation, change.edit), root)
            for key in change.tools:
                known = self._tools.setdefault(key, root)
                if _GRAVITY[root.severity] > _GRAVITY[known.severity]:
                    self._tools[key] = root
        return root


def _drift(root: Root, *, first: bool) -> Drift:
    change = root.change
    return Drift(
        kind=change.kind,
        conversation=root.at.conversation,
        turn=root.at.turn,
        path=change.path,
        golden=change.golden,
        observed=change.observed,
        severity=root.severity,
        policy_severity=root.excused,
        role=change.role,
        first=first,
        folded=root.folded,
        folded_at=tuple(root.names),
    )
