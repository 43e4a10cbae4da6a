"""Which observed conversation is which golden one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeVar

from pytest_llmtrace._compare.calls.fingerprints import SYSTEM_ROLES, Fingerprints, TurnPrint
from pytest_llmtrace._compare.calls.keys import Keys
from pytest_llmtrace._compare.conversations.fan_outs import Gathering

_COMMON: Final = 8
"""A message that occurs in more conversations than this says nothing about which one it is."""
_TABLE: Final = 2_500
"""Pairs of conversations up to which words are compared."""
_SHORT: Final = 2_000
"""Characters of a question whose words are compared."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A conversation as the comparison sees it."""

    prints: list[TurnPrint]
    digest: str
    """Digest of everything in it."""
    opening: Keys
    """Digests of the first call's messages."""
    question: tuple[str, ...]
    """Of those, the ones that are no system message."""
    head: str
    """Digest of what else the first call asks for: its model, parameters and tools."""
    gathers: tuple[str, ...] | None
    """Of a conversation whose call aggregates a fan-out, what the members were asked."""
    embeds: bool
    agent: str | None
    session: str | None


@dataclass(slots=True, kw_only=True, eq=False)
class Pairing:
    """Golden and observed turns that are one conversation; one of the sides may be empty."""

    golden: list[TurnPrint] = field(default_factory=list)
    observed: list[TurnPrint] = field(default_factory=list)
    same: bool = False
    """Whether both sides are known to be equal."""


def candidate(
    prints: list[TurnPrint], fingerprints: Fingerprints, gathered: Mapping[int, Gathering] | None = None
) -> Candidate:
    """A conversation with what is needed to find its counterpart.

    Args:
        prints: Its turns, at least one.
        fingerprints: What made them.
        gathered: The fan-outs of its trace, by the position of the aggregator's call.
    """
    first = prints[0]
    question = tuple(
        key for key, message in zip(first.keys, first.call.messages, strict=True) if message["role"] not in SYSTEM_ROLES
    )
    return Candidate(
        prints=prints,
        digest=fingerprints.conversation(prints),
        opening=first.keys,
        question=question,
        head=first.head,
        gathers=next((gathered[one.at].question for one in prints if one.at in gathered), None) if gathered else None,
        embeds=first.embeds,
        agent=first.call.agent,
        session=first.call.session,
    )


def pairings(golden: Sequence[Candidate], observed: Sequence[Candidate], fingerprints: Fingerprints) -> list[Pairing]:
    """Pair conversations, each step with what the steps before have left.

    Equal ones; those of one label; those with the same first messages; those that share messages, which also puts a
    conversation that fell apart together again; those whose words are alike; and what is then left, in order.
    Near-linear in the number of messages.
    """
    pairs = _Pairs(golden, observed)
    pairs.match(lambda one: (one.digest, one.agent, one.session))
    pairs.match(lambda one: one.digest)
    for made in pairs.made:
        made.same = True
    pairs.match(_unique_agent(pairs.golden, pairs.observed))
    pairs.match(lambda one: (one.embeds, one.session, one.agent) if one.session is not None else None)
    pairs.match(lambda one: (one.agent, one.gathers) if one.gathers is not None else None)
    pairs.match(lambda one: (one.embeds, one.agent, one.opening, one.head))
    pairs.match(lambda one: (one.embeds, one.agent, one.opening))
    pairs.set_aside_members()
    pairs.match(lambda one: (one.embeds, one.agent, one.question) if one.question else None)
    pairs.match_by_messages(fingerprints)
    pairs.match_by_words()
    pairs.match(lambda one: (one.embeds, one.agent))
    pairs.match(lambda one: one.embeds)
    alone = [Pairing(golden=one.prints) for one in pairs.golden]
    alone.extend(Pairing(observed=other.prints) for other in pairs.observed)
    return pairs.made + pairs.aside + alone


class _Pairs:
    """What is paired, and what is left on both sides."""

    def __init__(self, golden: Sequence[Candidate], observed: Sequence[Candidate]) -> None:
        self.golden = list(golden)
        self.observed = list(observed)
        self.made: list[Pairing] = []
        self.aside: list[Pairing] = []
        """What has no counterpart."""
        self._fanned = [
            {one.opening for one in side if one.prints[0].fan_out is not None} for side in (self.golden, self.observed)
        ]

    def set_aside_members(self) -> None:
        """What begins as a fan-out of the other side, all of whose members are paired, is one more member of that."""
        free = [{one.opening for one in side} for side in (self.golden, self.observed)]
        more = [self._fanned[0] - free[0], self._fanned[1] - free[1]]
        self.aside.extend(Pairing(golden=one.prints) for one in self.golden if one.opening in more[1])
        self.aside.extend(Pairing(observed=one.prints) for one in self.observed if one.opening in more[0])
        self.golden = [one for one in self.golden if one.opening not in more[1]]
        self.observed = [one for one in self.observed if one.opening not in more[0]]

    def match(self, label: Callable[[Candidate], Hashable | None]) -> None:
        """Pair conversations of equal label: where there are a few, those that are most alike; `None` is no label."""
        if not self.golden or not self.observed:
            return
        waiting: dict[Hashable, tuple[list[Candidate], list[Candidate]]] = defaultdict(lambda: ([], []))
        for side, candidates in enumerate((self.golden, self.observed)):
            for one in candidates:
                waiting[label(one)][side].append(one)
        waiting.pop(None, None)
        self._pair([pair for here, there in waiting.values() if here and there for pair in _closest(here, there)])

    def match_by_messages(self, fingerprints: Fingerprints) -> None:
        """Pair what shares messages, system messages aside.

        A conversation that shares its messages with one that is paired already and has fewer turns than its
        counterpart is the rest of it: a history that was rewritten makes one conversation look like two.
        """
        if not self.golden and not self.observed:
            return
        split: list[Pairing] = []
        places = _Places(fingerprints, ((one, one.prints) for one in self.golden))
        self._pair(list(places.closest(self.observed)))
        short = [(made, made.golden) for made in self.made if len(made.golden) > len(made.observed)]
        for made, other in _Places(fingerprints, short).closest(self.observed, again=True):
            if len(made.golden) > len(made.observed):
                made.observed.extend(other.prints)
                self.observed.remove(other)
                split.append(made)
        short = [(made, made.observed) for made in self.made if len(made.observed) > len(made.golden)]
        for made, one in _Places(fingerprints, short).closest(self.golden, again=True):
            if len(made.observed) > len(made.golden):
                made.golden.extend(one.prints)
                self.golden.remove(one)
                split.append(made)
        for made in split:
            made.golden = fingerprints.settled(sorted(made.golden, key=lambda one: one.at))
            after = sorted(made.observed, key=lambda one: one.at)
            made.observed = fingerprints.settled([replace(one, number=at) for at, one in enumerate(after, start=1)])

    def match_by_words(self) -> None:
        """Pair what is left of one agent by the words of the first question, where that is little."""
        if not 1 < len(self.golden) * len(self.observed) <= _TABLE:
            return
        here, there = [_words(one) for one in self.golden], [_words(other) for other in self.observed]
        scores = {
            (at, to): _alike(here[at], there[to])
            for at, one in enumerate(self.golden)
            for to, other in enumerate(self.observed)
            if (one.embeds, one.agent) == (other.embeds, other.agent)
        }
        best = _best({places: score for places, score in scores.items() if score > 0})
        self._pair([(self.golden[at], self.observed[to]) for at, to in best])

    def _pair(self, found: Iterable[tuple[Candidate, Candidate]]) -> None:
        taken: set[int] = set()
        for one, other in found:
            taken.update((id(one), id(other)))
            self.made.append(Pairing(golden=list(one.prints), observed=list(other.prints)))
        self.golden = [one for one in self.golden if id(one) not in taken]
        self.observed = [other for other in self.observed if id(other) not in taken]


Where = TypeVar("Where", bound="Candidate | Pairing")


class _Places(Generic[Where]):
    """An index of conversations by the messages in them."""

    def __init__(self, fingerprints: Fingerprints, hosts: Iterable[tuple[Where, Sequence[TurnPrint]]]) -> None:
        self._fingerprints = fingerprints
        self._by_message: dict[str, list[Where]] = defaultdict(list)
        for host, prints in hosts:
            for message in {*_said(prints, fingerprints), *_answered(prints, fingerprints)}:
                self._by_message[message].append(host)

    def closest(self, candidates: Sequence[Candidate], *, again: bool = False) -> Iterator[tuple[Where, Candidate]]:
        """For each conversation the one that it shares most with, if any; each host once, unless `again`."""
        taken: set[int] = set()
        for one in list(candidates) if self._by_message else ():
            votes: dict[int, float] = defaultdict(float)
            hosts: dict[int, Where] = {}
            for message in _said(one.prints, self._fingerprints):
                found = self._by_message.get(message, [])
                for host in found if len(found) <= _COMMON else ():
                    if id(host) not in taken and _embeds(host) == one.embeds:
                        hosts[id(host)] = host
                        votes[id(host)] += 1 / len(found)
            if votes:
                best = max(votes, key=lambda at: votes[at])
                if not again:
                    taken.add(best)
                yield hosts[best], one


def _closest(golden: Sequence[Candidate], observed: Sequence[Candidate]) -> list[tuple[Candidate, Candidate]]:
    """Pairs of conversations: the most alike first, in order where none is more alike, or where there are many."""
    if len(golden) == len(observed) == 1 or len(golden) * len(observed) > _TABLE:
        return list(zip(golden, observed, strict=False))
    here, there = [_parts(one) for one in golden], [_parts(other) for other in observed]
    scores = {(at, to): _alike(one, other) for at, one in enumerate(here) for to, other in enumerate(there)}
    return [(golden[at], observed[to]) for at, to in _best(scores)]


def _best(scores: Mapping[tuple[int, int], float]) -> Iterator[tuple[int, int]]:
    """Pairs of positions, each used once: those with the highest score first."""
    here: set[int] = set()
    there: set[int] = set()
    for at, to in sorted(scores, key=lambda places: (-scores[places], abs(places[0] - places[1]), places)):
        if at not in here and to not in there:
            here.add(at)
            there.add(to)
            yield at, to


def _parts(one: Candidate) -> frozenset[str]:
    """Digests of what was asked for, said and answered in a conversation."""
    return frozenset(part for turn in one.prints for part in (turn.head, *turn.brought, turn.reply))


def _said(prints: Sequence[TurnPrint], fingerprints: Fingerprints) -> list[str]:
    """Digests of what the application said in a conversation, and of the answers that it began with."""
    found = dict.fromkeys(key for one in prints for key in one.brought)
    for message in prints[0].call.messages:
        if message["role"] == "assistant":
            found[fingerprints.echo(message)] = None
    return list(found)


def _answered(prints: Sequence[TurnPrint], fingerprints: Fingerprints) -> list[str]:
    """Digests of what the model answered, as later histories repeat it."""
    return [fingerprints.echo(one.call.output) for one in prints if one.call.output is not None]


def _embeds(host: Candidate | Pairing) -> bool:
    return host.embeds if isinstance(host, Candidate) else host.golden[0].embeds


def _unique_agent(golden: Sequence[Candidate], observed: Sequence[Candidate]) -> Callable[[Candidate], Hashable | None]:
    """The agent's name as a label, where each side has one conversation of it."""
    counts = [Counter((one.embeds, one.agent) for one in side) for side in (golden, observed)]
    return lambda one: (
        (one.embeds, one.agent)
        if one.agent is not None and all(count[one.embeds, one.agent] == 1 for count in counts)
        else None
    )


def _words(one: Candidate) -> frozenset[str]:
    messages = one.prints[0].call.messages
    text = " ".join(message.text[:_SHORT] for message in messages if message["role"] not in SYSTEM_ROLES)
    return frozenset(text[:_SHORT].lower().split())


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(len(one | other), 1)
