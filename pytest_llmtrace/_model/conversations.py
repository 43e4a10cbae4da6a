"""Conversations: the calls of a trace that share a history, turn by turn.

A call belongs to the conversation of its explicit session label; without one, to the conversation whose history
it continues: because it repeats the whole of that history, or because it carries that conversation's last answer.
Otherwise it opens a new conversation.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import LLMCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One LLM call inside its conversation."""

    number: int
    """From 1."""
    call: LLMCall
    kept: int
    """How many messages of the history so far this call begins with."""
    added: tuple[Message, ...]
    """The messages after those: what this turn brought (everything, in the first turn)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Calls that share a history, in order."""

    label: str
    """What reports call it: the agent, else the session, else ``conversation N`` (``main`` if it is the only one)."""
    session: str | None
    agent: str | None
    turns: tuple[Turn, ...]

    @property
    def calls(self) -> tuple[LLMCall, ...]:
        """The LLM calls, in order."""
        return tuple(turn.call for turn in self.turns)

    @property
    def opening(self) -> str:
        """Digest of the first call's messages: what identifies a conversation that has no label."""
        return history_digest(self.turns[0].call.messages) if self.turns else ""


def history(call: LLMCall) -> tuple[Message, ...]:
    """What the conversation holds after a call: the messages sent, and the answer."""
    return (*call.messages, call.output) if call.output is not None else call.messages


def history_digest(messages: Iterable[Message]) -> str:
    """One digest for a sequence of messages."""
    return digest("".join(message.digest for message in messages))


def conversations(calls: Iterable[LLMCall]) -> tuple[Conversation, ...]:
    """Group calls, given in the order in which they began, into conversations in the order in which those began.

    Linear in the messages of all calls.
    """
    groups: list[list[LLMCall]] = []
    labelled: dict[tuple[str, str | None], list[LLMCall]] = {}
    by_history: dict[int, list[LLMCall]] = {}
    by_answer: dict[str, list[LLMCall]] = {}
    answered: dict[int, deque[list[LLMCall]]] = {}
    for call in calls:
        prefixes = _prefixes(call) if call.session is None and call.operation != "embeddings" else []
        if call.session is not None:
            group = labelled.get((call.session, call.agent))
        else:
            group = _answered(call, prefixes, answered) or _continued(call, prefixes, by_history, by_answer)
        if group is None:
            group = []
            groups.append(group)
        group.append(call)
        if call.session is not None:
            labelled[call.session, call.agent] = group
        elif prefixes:
            by_history[prefixes[-1]] = group
            if call.output is not None:
                answered.setdefault(hash((prefixes[-1], call.output.digest)), deque()).append(group)
                by_answer[_answer_key(call, call.output)] = group
    return _labelled([_turns(group) for group in groups])


def _answered(
    call: LLMCall, prefixes: Sequence[int], answered: dict[int, deque[list[LLMCall]]]
) -> list[LLMCall] | None:
    """The conversation whose whole history, last answer included, the call repeats: parallel ones may answer alike.

    Of conversations that are equal so far, each is continued in turn.
    """
    for position in range(len(prefixes) - 1, -1, -1):
        if call.messages[position]["role"] == "assistant":
            groups = answered.get(prefixes[position])
            if groups is None:
                return None
            return groups.popleft() if len(groups) > 1 else groups[0]
    return None


def _continued(
    call: LLMCall,
    prefixes: Sequence[int],
    by_history: dict[int, list[LLMCall]],
    by_answer: dict[str, list[LLMCall]],
) -> list[LLMCall] | None:
    if len(prefixes) < 2:
        return None
    for message in reversed(call.messages):
        if message["role"] == "assistant":
            group = by_answer.get(_answer_key(call, message))
            if group is not None:
                return group
    for prefix in reversed(prefixes[:-1]):
        group = by_history.get(prefix)
        if group is not None:
            return group
    return None


def _prefixes(call: LLMCall) -> list[int]:
    """A hash of each beginning of a call's history, told apart by agent: one step a message."""
    hashes = []
    chain = hash(call.agent)
    for message in call.messages:
        chain = hash((chain, message.digest))
        hashes.append(chain)
    return hashes


def _answer_key(call: LLMCall, answer: Message) -> str:
    """An answer is recognised by its text and tool calls alone: applications drop the rest when they repeat it."""
    tools = answer["tool_calls"]
    requested = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    calls = [(tool.get("id"), _name(tool)) for tool in requested]
    return f"{call.agent}\0{answer.text}\0{calls}"


def _name(tool: dict[str, Any]) -> Any:
    function = tool.get("function")
    return function.get("name") if isinstance(function, dict) else None


def _turns(calls: Sequence[LLMCall]) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    known: tuple[Message, ...] = ()
    for number, call in enumerate(calls, start=1):
        kept = common_prefix(known, call.messages)
        turns.append(Turn(number=number, call=call, kept=kept, added=call.messages[kept:]))
        known = history(call)
    return tuple(turns)


def common_prefix(first: Sequence[Message], second: Sequence[Message]) -> int:
    """How many messages two histories begin with in common."""
    length = 0
    for one, other in zip(first, second, strict=False):
        if one is not other and one.digest != other.digest:
            break
        length += 1
    return length


def _labelled(groups: Sequence[tuple[Turn, ...]]) -> tuple[Conversation, ...]:
    wanted = [turns[0].call.agent or turns[0].call.session or "" for turns in groups]
    repeated = {label for label, count in Counter(wanted).items() if count > 1 or not label}
    seen: Counter[str] = Counter()
    made = []
    for label, turns in zip(wanted, groups, strict=True):
        seen[label] += 1
        if not label:
            shown = "main" if len(groups) == 1 else f"conversation {seen[label]}"
        else:
            shown = f"{label} #{seen[label]}" if label in repeated else label
        call = turns[0].call
        made.append(Conversation(label=shown, session=call.session, agent=call.agent, turns=turns))
    return tuple(made)
