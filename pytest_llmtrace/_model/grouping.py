"""Which conversation a call belongs to: by session label, by the failed call it replaces, else by what it repeats."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.prefixes import common_prefix, shared_prefix
from pytest_llmtrace._model.trace import LLMCall


def grouped(calls: Sequence[LLMCall]) -> list[list[LLMCall]]:
    """The calls, given in the order in which they began, conversation by conversation.

    Linear in the messages of all calls.
    """
    if len(calls) == 1:  # as in most tests: there is nothing that it could continue
        return [list(calls)]
    groups: list[_Group] = []
    labelled: dict[tuple[str, str | None], _Group] = {}
    histories = _Histories()
    failed: list[_Group] = []
    for call in calls:
        replaced = _replaced(call, failed)
        if call.session is not None:
            group = labelled.setdefault((call.session, call.agent), _Group())
        elif call.operation == "embeddings":
            group = replaced or _Group()
        else:
            group = histories.place(call, replaced)
        if not group.calls:
            groups.append(group)
        group.calls.append(call)
        if call.status == "error":
            failed.append(group)
    return [group.calls for group in groups]


def answer_key(answer: Message) -> str:
    """An answer is recognised by its text and tool calls alone: applications drop the rest when they repeat it."""
    tools = answer["tool_calls"]
    requested = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    calls = [(tool.get("id"), _name(tool)) for tool in requested]
    return f"{answer.text}\0{calls}"


def given_answers(opening: LLMCall) -> frozenset[str]:
    """The answers that a conversation began with, such as examples: they say nothing about who continues it."""
    return frozenset(answer_key(message) for message in opening.messages if message["role"] == "assistant")


@dataclass(slots=True, eq=False)
class _Group:
    calls: list[LLMCall] = field(default_factory=list)
    end: int = 0
    """Hash of all it holds, the last answer included."""
    given: frozenset[str] = frozenset()


class _Histories:
    """The conversations without a session label, by what later calls may repeat of them."""

    def __init__(self) -> None:
        self._ends: dict[int, deque[_Group]] = {}
        """By all they held after a call, answer included: those that no call has continued from there, if still so."""
        self._known: dict[int, _Group] = {}
        """By the same: the one that came first."""
        self._sent: dict[int, _Group] = {}
        """By the messages of a call, without its answer."""
        self._replies: dict[tuple[str | None, str, str], _Group] = {}
        """By agent, the last message sent, and the answer to it."""
        self._answers: dict[tuple[str | None, str], _Group] = {}
        """By agent and answer."""
        self._keys: dict[int, str] = {}
        """What messages are recognised by, under their `id`: the calls keep them alive."""
        self._hashed: dict[tuple[str | None, int], tuple[Sequence[Message], list[int]]] = {}
        """By agent and the `id` of the second message: the messages of the last such call, and their hashes."""

    def place(self, call: LLMCall, replaced: _Group | None) -> _Group:
        """The conversation that a call continues, or a new one; the call is noted in it.

        Args:
            call: The call.
            replaced: The conversation whose last call failed, where this one was made in its place.
        """
        prefixes = self._prefixes(call)
        group = replaced or self._repeated(call, prefixes) or self._rewritten(call) or self._unanswered(prefixes)
        group = group or _Group()
        if prefixes:
            self._note(call, prefixes[-1], group)
        return group

    def _note(self, call: LLMCall, sent: int, group: _Group) -> None:
        if not group.calls:
            group.given = given_answers(call)
        group.end = sent
        self._sent[sent] = group
        if call.output is not None:
            key = answer_key(call.output)
            group.end = hash((sent, key))
            self._ends.setdefault(group.end, deque()).append(group)
            self._known.setdefault(group.end, group)
            self._replies[call.agent, call.messages[-1].digest, key] = group
            self._answers[call.agent, key] = group

    def _repeated(self, call: LLMCall, prefixes: Sequence[int]) -> _Group | None:
        """The conversation whose whole history, last answer included, the call repeats: parallel ones may answer alike.

        Of conversations that are equal so far, each is continued in turn.
        """
        for position in range(len(prefixes) - 1, -1, -1):
            if call.messages[position]["role"] == "assistant":
                ends = self._ends.get(prefixes[position], deque())
                while ends:
                    group = ends.popleft()
                    if group.end == prefixes[position]:
                        return group
                return self._known.get(prefixes[position])
        return None

    def _rewritten(self, call: LLMCall) -> _Group | None:
        """The conversation that gave the last answer which the call repeats, after the same message if possible."""
        for position in range(len(call.messages) - 1, -1, -1):
            message = call.messages[position]
            if message["role"] != "assistant":
                continue
            key = self._key(message)
            before = call.messages[position - 1].digest if position else ""
            group = self._replies.get((call.agent, before, key))
            if group is not None:
                return group
            group = self._answers.get((call.agent, key))
            if group is not None and key not in group.given:
                return group
        return None

    def _unanswered(self, prefixes: Sequence[int]) -> _Group | None:
        """The conversation whose messages the call begins with, the longest one."""
        return next((self._sent[prefix] for prefix in reversed(prefixes[:-1]) if prefix in self._sent), None)

    def _prefixes(self, call: LLMCall) -> list[int]:
        """A hash of each beginning of a call's history, told apart by agent: one step a message that is new."""
        messages = call.messages
        begins = call.agent, id(messages[min(1, len(messages) - 1)]) if messages else 0
        before, hashes = self._hashed.get(begins, ((), []))
        kept = shared_prefix(before, messages)
        if kept < len(hashes):
            hashes = hashes[:kept]
        chain = hashes[-1] if hashes else hash(call.agent)
        for message in messages[len(hashes) :]:
            chain = hash((chain, self._key(message)))
            hashes.append(chain)
        self._hashed[begins] = messages, hashes
        return hashes

    def _key(self, message: Message) -> str:
        key = self._keys.get(id(message))
        if key is None:
            key = answer_key(message) if message["role"] == "assistant" else message.digest
            self._keys[id(message)] = key
        return key


def _replaced(call: LLMCall, failed: list[_Group]) -> _Group | None:
    """The conversation whose last call failed, so that this one was made: one that was asked the same, if there is."""
    wanted = call.fallback_from
    if wanted is None:
        return None
    found = [
        group
        for group in failed
        if (last := group.calls[-1]).status == "error" and last.name == wanted.model and last.agent == call.agent
    ]
    same = (one for one in found if _asks_the_same(one.calls[-1], call))
    group = next(same, found[-1] if found else None)
    failed[:] = [one for one in failed if one is not group]
    return group


def _asks_the_same(one: LLMCall, other: LLMCall) -> bool:
    length = len(one.messages)
    return length == len(other.messages) and common_prefix(one.messages, other.messages) == length


def _name(tool: dict[str, Any]) -> Any:
    function = tool.get("function")
    return function.get("name") if isinstance(function, dict) else None
