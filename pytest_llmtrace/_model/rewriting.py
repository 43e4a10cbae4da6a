"""What became of a conversation's context from one turn to the next: continued as it was, or rewritten.

Applications that run out of context drop messages, put a summary in their place, or clear old tool results. All of it
is derived from the messages themselves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, pairwise, takewhile
from operator import attrgetter
from typing import Final, Literal

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.grouping import answer_key, given_answers, grouped
from pytest_llmtrace._model.lately import Lately
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.prefixes import changed_places, common_prefix, runs, shared_prefix, shared_suffix
from pytest_llmtrace._model.running import Running
from pytest_llmtrace._model.trace import LLMCall

Rewriting = Literal["truncated", "summarised", "edited"]
"""`truncated`: messages were dropped. `summarised`: messages were dropped, and fewer came in their place. `edited`: as
many came in their place, or more (a clock in the system prompt, a cleared tool result)."""


@frozen
class Rewritten:
    """How a call's history differs from the history that it continues."""

    kind: Rewriting
    """The gravest of what happened: a summary, then dropped messages, then edited ones."""
    dropped: tuple[int, ...]
    """Messages that are gone: positions, from 0, in the history of the turn that is continued, its answer included."""
    inserted: tuple[int, ...] = ()
    """Messages in their place: positions, from 0, in this call's own."""


@frozen
class Link:
    """How a call hangs on the calls of its conversation before it."""

    follows: int | None = None
    """The call that it continues, as a position in the conversation from 0; `None`: it begins afresh."""
    repeated: int = 0
    """How many of its messages, from the first, are that history or stand for it."""
    rewritten: Rewritten | None = None
    """`None`: the history is as it was."""


Linked = tuple[Sequence[LLMCall], Sequence[Link]]
"""The calls of one conversation, and how each hangs on those before it."""


_LATELY: Final = Lately[list[Linked]]()


def linked_calls(calls: Iterable[LLMCall]) -> list[Linked]:
    """The conversations of a trace, given its calls in the order in which they began."""
    given = tuple(calls)
    return list(_LATELY.of(given, lambda: _straight(given) or [(group, links(group)) for group in grouped(given)]))


def _straight(calls: Sequence[LLMCall]) -> list[Linked]:
    """What grouping and linking come to where each call repeats the history of the one before, and its answer, whole.

    Nearly all conversations are like that; nothing else needs to be known of one that is alone. Empty: it is not so.
    """
    made = [Link()]
    for position, (before, call) in enumerate(pairwise(calls)):
        if not _goes_straight_on(before, call):
            return []
        made.append(Link(follows=position, repeated=len(before.messages) + 1))
    return [(calls, made)] if calls else []


def _goes_straight_on(before: LLMCall, call: LLMCall) -> bool:
    sent, messages, answer = before.messages, call.messages, before.output
    length = len(sent)
    if answer is None or not 0 < length < len(messages) or shared_prefix(sent, messages) < length:
        return False
    echo, *new = messages[length:]
    return (
        echo["role"] == "assistant"
        and (echo is answer or answer_key(echo) == answer_key(answer))
        and all(message["role"] != "assistant" for message in new)
        and before.session is None is call.session
        and before.agent == call.agent
        and call.fallback_from is None
        and call.operation != "embeddings" != before.operation
    )


def links(calls: Sequence[LLMCall]) -> list[Link]:
    """How each call of a conversation hangs on those before it. Linear in the messages of all calls."""
    known = _Known()
    made: list[Link] = []
    for position, call in enumerate(calls):
        made.append(_link(call, calls, made, known) if position else Link())
        known.add(call)
    return made


class _Known:
    """The calls of a conversation so far, by what later ones repeat of them."""

    def __init__(self) -> None:
        self._calls: list[LLMCall] = []
        self._said = Running(lambda one: answer_key(one) if one["role"] == "assistant" else "")
        """The answers in the history of the call that is looked at."""
        self._rewritten = Running(_digest)
        """The history of the call that one goes on from which was rewritten."""
        self._begun = Running(_digest)
        self._sent: dict[int, int] = {}
        """By a hash of the messages; of the calls up to `_hashed`."""
        self._hashed = 0
        self._replies: dict[tuple[str, str], list[int]] = {}
        """By the last message sent, and the answer."""
        self._answers: dict[str, int] = {}
        self._given: frozenset[str] = frozenset()

    def add(self, call: LLMCall) -> None:
        """Note the next call."""
        position = len(self._calls)
        self._calls.append(call)
        if position == 0:
            self._given = given_answers(call)
        if call.messages and call.output is not None:
            key = answer_key(call.output)
            self._replies.setdefault((call.messages[-1].digest, key), []).append(position)
            self._answers[key] = position

    def repeated(self, messages: Sequence[Message]) -> tuple[int, int] | None:
        """The call whose answer these messages repeat last, and where they do."""
        self._said.go_to(messages)
        for at in self._said.last(self._answers.__contains__):
            key = self._said.keys[at]
            found = self._replies.get((messages[at - 1].digest if at else "", key))
            if found:
                return self._closest(found[-_TRIED:], messages, at), at
            if key not in self._given:
                return self._answers[key], at
        return None

    def begun(self, messages: Sequence[Message]) -> tuple[int, int] | None:
        """The call whose messages these begin with, the longest, and how many those are."""
        for position in range(self._hashed, len(self._calls)):
            if self._calls[position].messages:
                self._begun.go_to(self._calls[position].messages)
                self._sent.setdefault(self._begun.beginnings()[-1], position)
        self._hashed = len(self._calls)
        self._begun.go_to(messages)
        beginnings = self._begun.beginnings()
        lengths = range(len(messages), 0, -1)
        length = next(compress(lengths, map(self._sent.__contains__, reversed(beginnings))), None)
        return None if length is None else (self._sent[beginnings[length]], length)

    def digests(self, position: int) -> list[str]:
        """Of the messages of a call. Not to be changed."""
        self._rewritten.go_to(self._calls[position].messages)
        return self._rewritten.keys

    def _closest(self, found: Sequence[int], messages: Sequence[Message], at: int) -> int:
        """Of calls that answered the same to the same, the latest whose whole history is repeated, else the latest."""
        for position in reversed(found) if len(found) > 1 else ():
            before = self._calls[position].messages
            if len(before) == at and common_prefix(before, messages) == at:
                return position
        return found[-1]


def _link(call: LLMCall, calls: Sequence[LLMCall], made: Sequence[Link], known: _Known) -> Link:
    messages = call.messages
    answered = known.repeated(messages)
    if answered is not None:
        base, at = answered
        before = calls[base].messages
        if at == len(before) and common_prefix(before, messages) == at:
            return Link(follows=base, repeated=at + 1)
        return Link(follows=base, repeated=at + 1, rewritten=_rewritten(before, messages[:at], known.digests(base)))
    begun = known.begun(messages)
    if begun is not None:
        base, length = begun
        return made[base] if length == len(messages) else Link(follows=base, repeated=length)
    base = len(made) - 1
    before = calls[base].messages
    answer = calls[base].output
    digests = known.digests(base)
    if answer is not None:
        before, digests = (*before, answer), [*digests, answer.digest]
    rewritten = _rewritten(before, messages[:-1], digests)
    if rewritten is None or not _goes_on(rewritten, before, messages):
        return Link()
    return Link(follows=base, repeated=len(messages) - 1, rewritten=rewritten)


def _goes_on(rewritten: Rewritten, before: Sequence[Message], messages: Sequence[Message]) -> bool:
    """Whether a call that repeats no answer goes on with what was said, and does not only share the system prompt."""
    gone = set(rewritten.dropped)
    if any(message["role"] not in _SYSTEM for at, message in enumerate(before) if at not in gone):
        return True
    instead = [messages[at] for at in rewritten.inserted if messages[at]["role"] not in _SYSTEM]
    return len(instead) == 1 < len(gone)


def _rewritten(before: Sequence[Message], now: Sequence[Message], digests: Sequence[str]) -> Rewritten | None:
    """How a history was rewritten, given its messages before, with their digests, and what may stand for them now."""
    dropped: list[int] = []
    inserted: list[int] = []
    kinds: set[Rewriting] = set()
    for gone, new in _few_edits(before, now, digests) or _stretches(before, now):
        dropped += gone
        inserted += new
        kinds.update(_kinds([before[at] for at in gone], [now[at] for at in new]))
    if not kinds:
        return None
    gravest = min(kinds, key=_GRAVEST_FIRST.index)
    return Rewritten(kind=gravest, dropped=tuple(dropped), inserted=tuple(inserted))


def _kinds(gone: Sequence[Message], new: Sequence[Message]) -> Iterator[Rewriting]:
    """What was done to one stretch of a history; a system message that was changed is edited, not a summary."""
    systems = [sum(message["role"] in _SYSTEM for message in side) for side in (gone, new)]
    if any(systems):
        yield "edited"
    left, instead = len(gone) - systems[0], len(new) - systems[1]
    if left > instead:
        yield "summarised" if instead else "truncated"
    elif instead:
        yield "edited"


def _few_edits(before: Sequence[Message], now: Sequence[Message], digests: Sequence[str]) -> list[tuple[range, range]]:
    """What `_stretches` finds, where few messages are new and none has moved; else nothing.

    A clock in the prompt, a cleared result, a reminder that is gone, a question that was dropped: what else there is in
    a thousand messages is found at the speed of C.
    """
    start = _start(before, now)
    kept = min(shared_suffix(before, now), min(len(before), len(now)) - start) if len(before) != len(now) else 0
    here, there = len(before) - kept, len(now) - kept
    both = min(here, there)
    edited = [range(run[0], run[-1] + 1) for run in runs(takewhile(both.__gt__, changed_places(before, now)))]
    found = [(one, one) for one in edited]
    if here != there:
        first = found.pop()[0][0] if found and found[-1][0][-1] == both - 1 else both
        found.append((range(first, here), range(first, there)))
    if sum(len(new) for _, new in found) > _FEW:
        return []
    for gone, new in found:
        moved = any(now[at].digest in digests for at in new)
        if moved or (new.start and now[new.start - 1].digest in digests[gone.start : gone.stop]):
            return []
    return found


def _stretches(before: Sequence[Message], now: Sequence[Message]) -> Iterator[tuple[range, range]]:
    """Where two histories differ: positions in the one and the other. What is kept is found from the end backward."""
    start = _start(before, now)
    places: dict[str, deque[int]] = {}
    for at in range(start, len(before)):
        places.setdefault(before[at].digest, deque()).append(at)
    kept: list[tuple[int, int]] = []
    limit = len(before)
    for at in range(len(now) - 1, start - 1, -1):
        found = places.get(now[at].digest)
        while found and found[-1] >= limit:
            found.pop()
        if found:
            limit = found.pop()
            kept.append((limit, at))
    here = there = start
    for one, other in (*reversed(kept), (len(before), len(now))):
        if here < one or there < other:
            yield range(here, one), range(there, other)
        here, there = one + 1, other + 1


def _start(before: Sequence[Message], now: Sequence[Message]) -> int:
    """Where two histories may begin to differ: not within the system messages that both begin with."""
    start = common_prefix(before, now)
    return next((at for at in range(start) if now[at]["role"] not in _SYSTEM), start)


_digest: Final = attrgetter("digest")
_FEW: Final = 16
"""Messages that are looked for one by one."""
_TRIED: Final = 4
"""Calls of one conversation that answered the same to the same message, and are looked at."""
_SYSTEM: Final = frozenset({"system", "developer"})
_GRAVEST_FIRST: Final[tuple[Rewriting, ...]] = ("summarised", "truncated", "edited")
