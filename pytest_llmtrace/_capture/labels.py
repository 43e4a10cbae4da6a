"""Who makes a call: labels that calls inherit from where they are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Final

from pytest_llmtrace._model.frozen import frozen


@frozen
class Labels:
    """The common labels of an entry."""

    session: str | None = None
    agent: str | None = None
    parent: str | None = None
    task: str | None = None
    turn: int | None = None

    def over(self, other: Labels) -> Labels:
        """These labels, with the other's where these have none."""
        return Labels(
            session=self.session if self.session is not None else other.session,
            agent=self.agent if self.agent is not None else other.agent,
            parent=self.parent if self.parent is not None else other.parent,
            task=self.task if self.task is not None else other.task,
            turn=self.turn if self.turn is not None else other.turn,
        )

    def inside(self, around: Labels) -> Labels:
        """These labels inside of others: another agent has the one around it as its parent."""
        if self.agent is None or self.agent == around.agent:
            return self.over(around)
        started_by = Labels(session=around.session, parent=around.agent or around.parent, task=around.task)
        return self.over(started_by)


NO_LABELS = Labels()

current_labels: ContextVar[Labels] = ContextVar("llmtrace_labels", default=NO_LABELS)
"""The labels that `llmtrace.agent` gives to what happens in this context; `labels_here` knows of frameworks' too."""


def stated_labels(sources: Iterable[Any]) -> Labels:
    """Labels from the metadata that applications hand to frameworks, under our names and the common spellings.

    Args:
        sources: Mappings, the one that counts most first; anything else is passed over.
    """
    stated = [
        {name: value for name, value in source.items() if name in _NAMES and value}
        for source in sources
        if source and isinstance(source, Mapping) and not _NAMES.isdisjoint(source)
    ]
    if not any(stated):
        return NO_LABELS
    found: dict[str, Any] = {}
    for label, names in _SPELLINGS.items():
        for source in stated:
            value = next((source[name] for name in names if name in source), None)
            if value is not None:
                found.setdefault(label, value)
    turn = found.pop("turn", None)
    texts = {label: str(value) for label, value in found.items()}
    return Labels(**texts, turn=turn if isinstance(turn, int) else None)


_SPELLINGS: Final = {
    "session": ("session_key", "session_id", "conversation_id", "thread_id", "litellm_session_id"),
    "agent": ("agent_type", "agent_name", "agent"),
    "parent": ("parent_session", "parent_session_key", "parent_session_id", "parent"),
    "task": ("task_id", "task"),
    "turn": ("turn_count", "turn"),
}
_NAMES: Final = frozenset(name for names in _SPELLINGS.values() for name in names)
