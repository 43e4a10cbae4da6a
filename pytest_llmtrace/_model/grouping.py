"""Which conversation a call belongs to: by session label, by the failed call it replaces, else by what it repeats."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.prefixes import common_prefix
from pytest_llmtrace._model.running import Running, Several
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
    """A conversation, as far as it was found."""

    calls: list[LLMCall] = field(default_factory=list)
    end: int = 0
    """Hash of all it holds, the last answer included; agents are told apart."""
    given: frozenset[str] = frozenset()


class _Histories:
    """The conversations without a session label, by what later calls may repeat of them."""

    def __init__(self) -> None:
        self._ends: dict[int, deque[_Group]] = {}
        """By all they held after a call, answer included: those that no call has continued from there, if still so."""
        self._known: dict[int, _Group] = {}
        """By the same: the one that came first."""
        self._sent: defaultdict[str | None, dict[int, _Group]] = defaultdict(dict)
        """By agent, and the messages of a call, without its answer."""
        self._replies: dict[tuple[str | None, str, str], _Group] = {}
        """By agent, the last message sent, and the answer to it."""
        self._answers: defaultdict[str | None, dict[str, _Group]] = defaultdict(dict)
        """By agent, and answer."""
        self._keys: dict[int, str] = {}
        """What messages are recognised by, under their `id`: the calls keep them alive."""
        self._said: set[str] = set()
        """Of those, what the model said."""
        self._running = Several(self._key)

    def place(self, call: LLMCall, replaced: _Group | None) -> _Group:
        """The conversation that a call continues, or a new one; the call is noted in it.

        Args:
            call: The call.
            replaced: The conversation whose last call failed, where this one was made in its place.
        """
        running = self._running.at(call.messages, call.agent)
        group = replaced or self._repeated(running) or self._rewritten(call, running) or self._unanswered(call, running)
        group = group or _Group()
        if call.messages:
            self._note(call, running, group)
        return group

    def _note(self, call: LLMCall, running: Running[str], group: _Group) -> None:
        if not group.calls:
            group.given = given_answers(call)
        group.end = running.beginnings()[-1]
        self._sent[call.agent][group.end] = group
        if call.output is not None:
            key = answer_key(call.output)
            group.end += hash((len(call.messages), key))
            self._ends.setdefault(group.end, deque()).append(group)
            self._known.setdefault(group.end, group)
            self._replies[call.agent, call.messages[-1].digest, key] = group
            self._answers[call.agent][key] = group

    def _repeated(self, running: Running[str]) -> _Group | None:
        """The conversation whose whole history, last answer included, the call repeats: parallel ones may answer alike.

        Of conversations that are equal so far, each is continued in turn.
        """
        position = next(running.last(self._said.__contains__), None)
        if position is None:
            return None
        end = running.beginnings()[position + 1]
        ends = self._ends.get(end, deque())
        while ends:
            group = ends.popleft()
            if group.end == end:
                return group
        return self._known.get(end)

    def _rewritten(self, call: LLMCall, running: Running[str]) -> _Group | None:
        """The conversation that gave the last answer which the call repeats, after the same message if possible."""
        answers = self._answers[call.agent]
        for position in running.last(answers.__contains__):
            key = running.keys[position]
            before = call.messages[position - 1].digest if position else ""
            group = self._replies.get((call.agent, before, key))
            if group is not None:
                return group
            if key not in answers[key].given:
                return answers[key]
        return None

    def _unanswered(self, call: LLMCall, running: Running[str]) -> _Group | None:
        """The conversation whose messages the call begins with, the longest one."""
        sent, beginnings = self._sent[call.agent], running.beginnings()
        found = next(filter(sent.__contains__, reversed(beginnings[1:-1])), None)
        return None if found is None else sent[found]

    def _key(self, message: Message) -> str:
        key = self._keys.get(id(message))
        if key is None:
            said = message["role"] == "assistant"
            key = self._keys[id(message)] = answer_key(message) if said else message.digest
            if said:
                self._said.add(key)
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
