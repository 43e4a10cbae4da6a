"""Who makes a call in LangChain: told from tags, names and metadata of the runs around it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pytest_llmtrace._capture.labels import Labels, stated_labels

LEAD: Final = "lead_agent"
"""The caller where nothing says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one run is told of its caller. Runs inside are told the same again, so only what is new says anything."""

    tag: str | None = None
    """The last of its tags, or else its name, that names a caller."""
    agent_name: str | None = None
    """The name that `create_agent` gave."""
    middleware: str | None = None
    """The middleware whose hook runs."""
    labels: Labels
    """Labels in its metadata and configuration: session, agent, task."""


def told(tags: Iterable[str], name: str | None, *sources: Mapping[str, Any]) -> Told:
    """What a run is told of its caller.

    Args:
        tags: Its tags, those of the runs around it included.
        name: Its name.
        sources: Its metadata, and what it was configured with.
    """
    metadata = sources[0]
    named = [tag for tag in (*tags, name or "") if _CALLER.fullmatch(tag)]
    hook = _HOOK.fullmatch(str(metadata.get("langgraph_node") or ""))
    source = metadata.get("lc_source")
    return Told(
        tag=named[-1] if named else None,
        agent_name=_text(metadata.get("lc_agent_name")),
        middleware=hook[1] if hook else _text(source),
        labels=stated_labels(sources),
    )


def labels_of(run: Told, parent: Told | None, around: Labels) -> Labels:
    """The labels of what a run does: a caller that is new in it, else the one around it, else the lead agent."""
    agent = _new_caller(run, parent)
    own = replace(run.labels, agent=agent, parent=run.labels.parent if agent is not None else None)
    made = own.inside(around)
    return made if made.agent is not None else replace(made, agent=LEAD)


def _new_caller(run: Told, parent: Told | None) -> str | None:
    if run.tag is not None and (parent is None or run.tag != parent.tag):
        return run.tag.removeprefix("agent:")
    if run.agent_name is not None and (parent is None or run.agent_name != parent.agent_name):
        return run.agent_name
    if run.middleware is not None and (parent is None or run.middleware != parent.middleware):
        return f"middleware:{run.middleware}"
    stated = run.labels.agent
    return stated if stated is not None and (parent is None or stated != parent.labels.agent) else None


def own_tags(tags: Iterable[str]) -> list[str]:
    """The tags that the application gave."""
    return [tag for tag in tags if not _FRAMEWORK.match(tag)]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


_CALLER: Final = re.compile(r"lead_agent|(?:subagent|middleware|agent):.+", re.DOTALL)
_HOOK: Final = re.compile(r"(.+)\.(?:before|after)_(?:agent|model)")
"""The nodes in which `create_agent` runs the hooks of a middleware."""
_FRAMEWORK: Final = re.compile(r"(?:seq:step|graph:step|map:key|condition|branch|langsmith):")
