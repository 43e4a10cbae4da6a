"""Conversations: the calls of a trace that share a history, turn by turn.

A call belongs to the conversation of its explicit session label; without one, to the conversation whose history
it continues: because it repeats the whole of that history, because it carries that conversation's last answer, or
because it was made in place of that conversation's last call, which failed.
Otherwise it opens a new conversation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._model.fanout import FanOut, fan_outs
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.lately import Lately
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.prefixes import common_prefix
from pytest_llmtrace._model.rewriting import Link, Rewritten, linked_calls
from pytest_llmtrace._model.trace import LLMCall


@frozen
class Turn:
    """One LLM call inside its conversation."""

    number: int
    """From 1."""
    call: LLMCall
    kept: int
    """How many messages of the history so far this call begins with."""
    added: tuple[Message, ...]
    """The messages after those: what this turn brought (everything, in the first turn)."""
    follows: int | None = None
    """Number of the turn whose history it continues; `None`: it begins afresh."""
    repeated: int = 0
    """How many of its messages, from the first, are that history, the answer included, or stand for it."""
    rewritten: Rewritten | None = None
    """How it differs from the history that it continues; `None`: it repeats that as it was."""

    fan_out: int | None = None
    """Number of the fan-out, from 1, that it belongs to as a member; `None`: of none."""

    @property
    def new(self) -> tuple[Message, ...]:
        """The messages that stand in no turn before: those in place of what was dropped, and those that were added."""
        if self.rewritten is None:
            return self.added
        messages = self.call.messages
        return (*(messages[at] for at in self.rewritten.inserted), *messages[self.repeated :])


@frozen
class Conversation:
    """Calls that share a history, in order."""

    label: str
    """What reports call it: the agent, else the session, else ``MODEL (fan-out)`` for a member of one, else
    ``conversation N`` (``main`` if it is the only one)."""
    id: str
    """Twelve hexadecimal digits made of its agent and its first messages: the same in any run that begins it so. A
    second one that begins the same has ``-2`` after them, and so on."""
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


_LATELY: Final = Lately[tuple[Conversation, ...]]()
_ID: Final = 12
"""Digits of a conversation's id."""


def history(call: LLMCall) -> tuple[Message, ...]:
    """What the conversation holds after a call: the messages sent, and the answer."""
    return (*call.messages, call.output) if call.output is not None else call.messages


def history_digest(messages: Iterable[Message]) -> str:
    """One digest for a sequence of messages."""
    return digest("".join([message.digest for message in messages]))


def conversations(calls: Iterable[LLMCall]) -> tuple[Conversation, ...]:
    """Group calls, given in the order in which they began, into conversations in the order in which those began.

    Linear in the messages of all calls.
    """
    given = tuple(calls)
    return _LATELY.of(given, lambda: _conversations(given))


def _conversations(calls: tuple[LLMCall, ...]) -> tuple[Conversation, ...]:
    linked = linked_calls(calls)
    found = fan_outs(calls, linked)
    members = {id(call): at for at, one in enumerate(found, 1) for member in one.members for call in member.calls}
    return _labelled([_turns(group, hung, members) for group, hung in linked], found)


def _turns(calls: Sequence[LLMCall], hung: Sequence[Link], members: Mapping[int, int]) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    before: LLMCall | None = None
    for number, (call, link) in enumerate(zip(calls, hung, strict=True), start=1):
        kept = 0 if before is None else _kept(before, call, link, follows=link.follows == number - 2)
        turns.append(
            Turn(
                number=number,
                call=call,
                kept=kept,
                added=call.messages[kept:],
                follows=None if link.follows is None else link.follows + 1,
                repeated=link.repeated,
                rewritten=link.rewritten,
                fan_out=members.get(id(call)),
            )
        )
        before = call
    return tuple(turns)


def _kept(before: LLMCall, call: LLMCall, link: Link, *, follows: bool) -> int:
    """How many messages a call begins with of the history after the one before it; its link knows, if it follows it."""
    sent, messages, answer = before.messages, call.messages, before.output
    known = follows and link.rewritten is None and link.repeated == len(sent) + 1
    kept = len(sent) if known else common_prefix(sent, messages)
    repeats = kept == len(sent) < len(messages) and answer is not None and messages[kept].digest == answer.digest
    return kept + repeats


def _labelled(groups: Sequence[tuple[Turn, ...]], found: Sequence[FanOut]) -> tuple[Conversation, ...]:
    if len(groups) == 1 and not found:  # as nearly always
        return (_conversation(groups[0], _label(groups[0], {}) or "main", name=_name(groups[0][0].call)),)
    names = {
        id(call): f"{member.label} (fan-out{f' {number}' if len(found) > 1 else ''})"
        for number, one in enumerate(found, start=1)
        for member in one.members
        for call in member.calls
    }
    wanted = [_label(turns, names) for turns in groups]
    repeated = {label for label, count in Counter(wanted).items() if count > 1 or not label}
    seen: Counter[str] = Counter()
    begun: Counter[str] = Counter()
    made = []
    for label, turns in zip(wanted, groups, strict=True):
        seen[label] += 1
        if not label:
            shown = "main" if len(groups) == 1 else f"conversation {seen[label]}"
        else:
            shown = f"{label} #{seen[label]}" if label in repeated else label
        name = _name(turns[0].call)
        begun[name] += 1
        made.append(_conversation(turns, shown, name=name if begun[name] == 1 else f"{name}-{begun[name]}"))
    return tuple(made)


def _conversation(turns: tuple[Turn, ...], label: str, *, name: str) -> Conversation:
    call = turns[0].call
    return Conversation(label=label, id=name, session=call.session, agent=call.agent, turns=turns)


def _name(call: LLMCall) -> str:
    """What a conversation is called that this call begins, if it is the only one that begins so."""
    return digest(f"{call.agent or ''}\0{history_digest(call.messages)}")[:_ID]


def _label(turns: Sequence[Turn], members: Mapping[int, str]) -> str:
    """The agent, else the session, else the member of a fan-out that a conversation is; empty where it is none."""
    call = turns[0].call
    names = {members.get(id(turn.call), "") for turn in turns}
    return call.agent or call.session or (names.pop() if len(names) == 1 else "")
