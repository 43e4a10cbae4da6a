"""Which agents were at work in a trace, and which of them started which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pytest_llmtrace._model.trace import Entry, Event

Label = tuple[str | None, str | None]
"""The names of an agent and of its session."""

NO_AGENT: Final[Label] = (None, None)


def label_of(entry: Entry) -> Label:
    """Who did this; a session without an agent is nobody in particular."""
    return (entry.agent, entry.session) if entry.agent else NO_AGENT


def starters(entries: Iterable[Entry]) -> dict[Label, Label]:
    """For each agent of a trace, in order, the one that started it; `NO_AGENT` where nobody in the trace did.

    Entries name the session or the agent that started theirs. Where those names go in a circle, nobody did.
    """
    parents: dict[Label, str | None] = {}
    for entry in entries:
        if (label := label_of(entry)) != NO_AGENT and not isinstance(entry, Event):
            parents[label] = parents.get(label) or entry.parent
    found: dict[Label, Label] = dict.fromkeys(parents, NO_AGENT)
    for label, parent in parents.items():
        starter = _named(parent, label, parents) if parent else NO_AGENT
        if label not in chain(starter, found):
            found[label] = starter
    return found


def chain(label: Label, above: Mapping[Label, Label]) -> Iterator[Label]:
    """An agent, who started it, who started that one, and so on."""
    while label != NO_AGENT:
        yield label
        label = above.get(label, NO_AGENT)


def _named(name: str, mine: Label, known: Iterable[Label]) -> Label:
    """The agent of this session or, where there is none, of this name."""
    others = [one for one in known if one != mine]
    by_session = (one for one in others if one[1] == name)
    by_agent = (one for one in others if one[0] == name)
    return next(by_session, next(by_agent, NO_AGENT))
