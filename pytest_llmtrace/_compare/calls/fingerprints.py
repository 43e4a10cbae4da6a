"""Digests of what a policy sees: of messages, calls and conversations. Equal digests mean equal behaviour."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pytest_llmtrace._compare.calls.answered import Answered, answered
from pytest_llmtrace._compare.calls.keys import Keys
from pytest_llmtrace._compare.calls.lens import Data, Lens
from pytest_llmtrace._model.canonical import canonical_json, digest, written_value
from pytest_llmtrace._model.conversations import Conversation, conversations
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.prefixes import changed_places
from pytest_llmtrace._model.trace import LLMCall

SYSTEM_ROLES: Final = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TurnPrint:
    """One turn as the comparison sees it."""

    label: str
    """Label of its conversation."""
    number: int
    """Turn in its conversation, from 1."""
    call: LLMCall
    at: int
    """Position of the call among those of its trace."""
    head: str
    """Digest of model, parameters and tools."""
    keys: Keys
    """Digest of each message of the history sent."""
    reply: str
    """Digest of everything that came back; ``missed`` where replay had no answer."""
    kept: int = 0
    """How many messages of the history so far the call begins with."""
    brought: tuple[str, ...] = ()
    """Digests of the messages after those which the application said: neither system nor assistant messages."""

    fan_out: int | None = None
    """Number of the fan-out, in its trace, that it belongs to as a member."""

    rewritten: bool = False
    """Whether its history is not the one that it continues, but was cut, summarised or edited."""

    def adding(self, kept: int, brought: tuple[str, ...]) -> TurnPrint:
        """The turn with what it adds to the one before."""
        return TurnPrint(
            label=self.label,
            number=self.number,
            call=self.call,
            at=self.at,
            head=self.head,
            keys=self.keys,
            reply=self.reply,
            kept=kept,
            brought=brought,
            fan_out=self.fan_out,
            rewritten=self.rewritten,
        )

    @property
    def added(self) -> tuple[str, ...]:
        """Digests of the messages after those that were kept."""
        return self.keys.since(self.kept)

    @property
    def roles(self) -> tuple[str | None, ...]:
        """Roles of the messages that were added."""
        return tuple(message["role"] for message in self.call.messages[self.kept :])

    @property
    def name(self) -> str:
        """Its conversation, and its number there."""
        return f"{self.label} {self.number}"

    @property
    def embeds(self) -> bool:
        """Whether it asks for embeddings; such a call is never taken for one that asks for an answer."""
        return self.call.operation == "embeddings"

    @property
    def missed(self) -> bool:
        """Whether replay had no answer for it."""
        return self.call.status == "missed"

    @property
    def request(self) -> str:
        """Digest of everything that was sent."""
        return digest("".join((self.head, *self.keys)))


class Fingerprints:
    """Computes digests through one lens; each message object and each tool schema is looked at once."""

    def __init__(self, lens: Lens) -> None:
        self.lens = lens
        self._messages: dict[int, str] = {}
        self._answers: dict[tuple[int, tuple[int, int] | None], str] = {}
        self._echoes: dict[int, str] = {}
        self._tools: dict[int, str] = {}
        self._heads: dict[tuple[object, ...], str] = {}
        self._endings: dict[tuple[str | None, str], str] = {}
        self._said: set[str] = set()
        """Digests of messages that the application said: neither system nor assistant messages."""
        self._one: dict[str, str] = {}
        """One string object for equal digests, so that sequences of them compare by identity."""
        self._alive: list[object] = []
        """What the dictionaries above know by id must not be freed."""

    def prints(self, calls: Sequence[LLMCall]) -> list[list[TurnPrint]]:
        """The conversations of a trace, given its calls in order: their turns, see `settled`."""
        places: dict[int, deque[int]] = {}
        for at, call in enumerate(calls):
            places.setdefault(id(call), deque()).append(at)
        return [self._prints(conversation, places) for conversation in conversations(calls)]

    def settled(self, prints: Sequence[TurnPrint]) -> list[TurnPrint]:
        """Turns with what each adds to the one before.

        Calls that send the same messages one right after the other (a fan-out to several models) are a set: they are
        put in an order of their own.
        """
        made: list[TurnPrint] = []
        kept = 0
        for one in _fan_outs_sorted(prints):
            if made and not _same_messages(made[-1], one):
                kept = self._kept(made[-1], one)
            made.append(one.adding(kept, tuple(filter(self._said.__contains__, one.keys.since(kept)))))
        return made

    def _kept(self, before: TurnPrint, one: TurnPrint) -> int:
        """How many messages a turn begins with of the history after the one before it, the answer included."""
        kept, answer = before.keys.common(one.keys), before.call.output
        repeats = kept == len(before.keys) < len(one.keys) and answer is not None and one.keys[kept] == self.key(answer)
        return kept + repeats

    def conversation(self, prints: Iterable[TurnPrint]) -> str:
        """Digest of a conversation: of all its turns in order; its labels do not count."""
        return digest("\n".join(",".join((one.head, str(one.kept), *one.added, one.reply)) for one in prints))

    def keys(self, call: LLMCall, start: int = 0) -> list[str]:
        """Digest of each message of a call's history, from a position on."""
        messages = call.messages
        return [self._key_at(messages, position) for position in range(start, len(messages))]

    def _going_on(self, call: LLMCall, kept: int, before: LLMCall, sent: Keys) -> Keys:
        """Digests of a call's history, of which it has so many in common with the call before."""
        messages = call.messages
        if kept < len(sent):  # it was rewritten: what stands where it stood need not be looked at again
            places = changed_places(before.messages, messages)
            changed = [one[at] for at in places for one in (before.messages, messages)]
            if all(message["tool_calls"] is None for message in changed):  # results answer the calls that they did
                known = [*sent.since(0)[: len(messages)], *self.keys(call, len(sent))]
                for at in places:
                    known[at] = self._key_at(messages, at)
                return sent.going_on(kept, known[kept:])
        return sent.going_on(kept, self.keys(call, kept))

    def _key_at(self, messages: Sequence[Message], position: int) -> str:
        message = messages[position]
        key = self._messages.get(id(message))
        if key is None:
            if message["tool_call_id"] is None:
                key = self.key(message)
            else:
                key = self._answer(message, answered(messages, position))
        return key

    def key(self, message: Message) -> str:
        """Digest of a message that answers no tool call."""
        key = self._messages.get(id(message))
        if key is None:
            same = self.lens.untouched and message["tool_calls"] is None and message["tool_call_id"] is None
            key = message.digest if same else digest(canonical_json(self.lens.message(message)))
            key = self._one.setdefault(key, key)
            self._saw(message, key)
            if message["tool_call_id"] is None:
                self._messages[id(message)] = key
        return key

    def _saw(self, message: Message, key: str) -> None:
        self._alive.append(message)
        if message["role"] not in SYSTEM_ROLES and message["role"] != "assistant":
            self._said.add(key)

    def echo(self, message: Message) -> str:
        """Digest of what an application repeats of an answer: its content and its tool calls."""
        known = self._echoes.get(id(message))
        if known is None:
            known = digest(canonical_json(repeated(self.lens.message(message))))
            self._alive.append(message)
            self._echoes[id(message)] = known
        return known

    def head(self, call: LLMCall) -> str:
        """Digest of what a request has besides its messages: of those that have the same, looked at once."""
        params = written_value(dict(call.params))
        about = call.operation, call.provider, call.model, params, tuple(map(id, call.tools))
        known = self._heads.get(about) if params is not None else None
        if known is None:
            known = self._heads[about] = self._head(call)
            self._alive.append(call.tools)
        return known

    def _head(self, call: LLMCall) -> str:
        if not call.tools:
            return digest(canonical_json(self.lens.head(call)))
        tools = [self._tool(call, tool) for tool in call.tools]
        return digest(canonical_json({**self.lens.head(replace(call, tools=())), "tools": tools}))

    def _prints(self, conversation: Conversation, places: Mapping[int, deque[int]]) -> list[TurnPrint]:
        made: list[TurnPrint] = []
        sent = Keys()
        before: LLMCall | None = None
        for turn in conversation.turns:
            call = turn.call
            keys = self._going_on(call, min(turn.kept, len(sent)), before or call, sent)
            made.append(
                TurnPrint(
                    label=conversation.label,
                    number=turn.number,
                    call=call,
                    at=places[id(call)].popleft(),
                    head=self.head(call),
                    keys=keys,
                    reply=self._reply(call),
                    fan_out=turn.fan_out,
                    rewritten=turn.rewritten is not None,
                )
            )
            sent, before = keys, call
        return self.settled(made)

    def _tool(self, call: LLMCall, tool: object) -> str:
        known = self._tools.get(id(tool))
        if known is None:
            alone = self.lens.head(replace(call, tools=(tool,)))  # type: ignore[arg-type]
            known = digest(canonical_json(alone.get("tools")))
            self._alive.append(tool)
            self._tools[id(tool)] = known
        return known

    def _reply(self, call: LLMCall) -> str:
        if call.status == "missed":
            return "missed"
        output = f'"{self.key(call.output)}"' if call.output is not None else "null"
        return digest(f"[{output},{self._ending(call)}]")

    def _ending(self, call: LLMCall) -> str:
        """What the answer has besides its message, in canonical form."""
        if call.error is not None or not isinstance(call.finish_reason, str | None):
            return canonical_json(self.lens.ending(call))
        about = call.finish_reason, call.status
        known = self._endings.get(about)
        if known is None:
            known = self._endings[about] = canonical_json(self.lens.ending(call))
        return known

    def _answer(self, message: Message, found: Answered | None) -> str:
        link = (found.back, found.place) if found is not None else None
        at = (id(message), link)
        known = self._answers.get(at)
        if known is None:
            known = digest(f"{digest(canonical_json(self.lens.message(message)))} answers {link}")
            known = self._one.setdefault(known, known)
            self._saw(message, known)
            self._answers[at] = known
        return known


def repeated(message: Data) -> Data:
    """The part of an answer that later histories repeat; applications drop the rest."""
    return {name: message.get(name) for name in ("content", "tool_calls")}


def _fan_outs_sorted(prints: Sequence[TurnPrint]) -> list[TurnPrint]:
    made: list[TurnPrint] = []
    start = 0
    for position in range(1, len(prints) + 1):
        if position == len(prints) or not _same_messages(prints[start], prints[position]):
            run = prints[start:position]
            made.extend(sorted(run, key=_place_in_set) if len(run) > 1 else run)
            start = position
    return made


def _place_in_set(one: TurnPrint) -> tuple[str, str]:
    """Answers to equal requests have an order, which replay keeps, unless all of them feed one later call."""
    return one.head, one.reply if one.fan_out is not None else ""


def _same_messages(one: TurnPrint, other: TurnPrint) -> bool:
    return len(one.keys) == len(other.keys) and one.keys == other.keys
