"""Fan-outs: several calls from one point whose answers all feed a later call, as in mixture-of-agents.

Derived from the messages alone, so that a golden trace, which holds no times, has the same fan-outs as the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from pytest_llmtrace._model.canonical import canonical_json, digest
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.lately import Lately
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.quoting import Quotations
from pytest_llmtrace._model.rewriting import Link, Linked, linked_calls
from pytest_llmtrace._model.trace import LLMCall
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.usage import Totals


@frozen
class FanOutMember:
    """One of the calls that a fan-out consists of; with the calls that led to it, where a member used tools."""

    label: str
    """What reports call it: the agent, else the model; numbered where several are called the same."""
    calls: tuple[LLMCall, ...]
    """In order; the last one gave the answer that was fed on."""

    @property
    def call(self) -> LLMCall:
        """The call that gave the answer."""
        return self.calls[-1]

    @property
    def totals(self) -> Totals:
        """What it used and cost."""
        return totals(self.calls)


@frozen
class FanOut:
    """Calls from one point, and the call that all their answers went into."""

    members: tuple[FanOutMember, ...]
    """At least two, in an order of their own: by what they are and say, not by when they began."""
    aggregator: LLMCall
    """The first call whose messages hold the answers of all members."""

    @property
    def totals(self) -> Totals:
        """What all members together used and cost, without the aggregator."""
        return sum((member.totals for member in self.members), Totals())


def fan_outs(calls: Iterable[LLMCall], linked: Iterable[Linked] | None = None) -> tuple[FanOut, ...]:
    """The fan-outs among calls, given in the order in which they began, in the order of their aggregators.

    Members ask the same: their first calls are equal in all but the system prompt, or have one parent (or agent) and
    the same last user message; and none was told what another one answered. Linear in the text of all calls.

    Args:
        calls: The calls.
        linked: What `linked_calls` makes of them, where it is known.
    """
    calls = tuple(calls)
    if len(calls) <= _FEWEST:  # members, and whom they feed
        return ()
    return _LATELY.of(calls, lambda: _fan_outs(calls, linked_calls(calls) if linked is None else linked))


def _fan_outs(calls: Sequence[LLMCall], linked: Iterable[Linked]) -> tuple[FanOut, ...]:
    strands = _strands(linked)
    if len(strands) < _FEWEST:
        return ()
    _find_starts(strands)
    if not any(strand.start for strand in strands):
        return ()
    places = {id(call): (strand, link) for strand in strands for call, link in strand.turns}
    quotations: Quotations[_Strand] = Quotations()
    found: list[FanOut] = []
    for call in calls:
        if id(call) not in places:
            continue
        own, link = places[id(call)]
        own.seen += 1
        for fed in _by_start(quotations.quoted(_heard(call, link)), own):
            members = list(fed)
            if len(members) >= _FEWEST:
                found.append(_fan_out(members, call))
            if len(members) >= _FEWEST or members[0].start == own.start:
                for member, head in fed.items():
                    member.closed = True
                    quotations.drop(head, member)
        if own.start and call.output is not None:
            own.answered = own.seen
            quotations.add(call.output.text, own)
    return tuple(found)


_LATELY: Final = Lately[tuple[FanOut, ...]]()


def content_key(call: LLMCall) -> tuple[str, ...]:
    """What calls are sorted by where the order in which they began is chance: nothing that a run makes up."""
    sent = digest("".join(_said(message) for message in call.messages))
    answer = _said(call.output) if call.output is not None else ""
    return (call.agent or "", call.name, canonical_json(dict(call.params)), sent, answer)


@dataclass(slots=True, kw_only=True, eq=False)
class _Strand:
    """Turns of one conversation that follow one another without a fork."""

    turns: list[tuple[LLMCall, Link]] = field(default_factory=list)
    start: tuple[str, ...] = ()
    """Equal for strands that start from one point; empty: no other does."""
    answered: int = 0
    """How many turns there were when it answered last."""
    seen: int = 0
    """How many turns there were so far."""
    closed: bool = False
    """Whether its answer went into a fan-out, or told another strand from the same point."""


def _strands(linked: Iterable[Linked]) -> list[_Strand]:
    made: list[_Strand] = []
    for group, hung in linked:
        if group[0].operation == "embeddings":
            continue
        followers = Counter(link.follows for link in hung)
        by_position: list[_Strand] = []
        for call, link in zip(group, hung, strict=True):
            if link.follows is not None and followers[link.follows] == 1:
                strand = by_position[link.follows]
            else:
                strand = _Strand()
                made.append(strand)
            strand.turns.append((call, link))
            by_position.append(strand)
    return made


def _find_starts(strands: Sequence[_Strand]) -> None:
    """Give strands from one point the same `start`."""
    firsts = {id(strand): strand.turns[0][0] for strand in strands}
    ends = {place: _last_asked(call) for place, call in firsts.items()}
    alike = Counter(ends.values())  # calls that ask the same end with the same: few need be looked at whole
    asked = {place: _asked(call) if alike[ends[place]] >= _FEWEST else () for place, call in firsts.items()}
    told = {place: _told(call) for place, call in firsts.items()}
    for keys in (asked, told):
        counts = Counter(keys.values())
        for strand in strands:
            key = keys[id(strand)]
            if not strand.start and key and counts[key] >= _FEWEST:
                strand.start = key


def _last_asked(call: LLMCall) -> tuple[str, ...]:
    """The last of what `_asked` looks at."""
    said = (message.digest for message in reversed(call.messages) if message["role"] not in _SYSTEM)
    return tuple(islice(said, _LAST))


def _asked(call: LLMCall) -> tuple[str, ...]:
    said = [message.digest for message in call.messages if message["role"] not in _SYSTEM]
    return ("asked", digest("".join(said))) if said else ()


def _told(call: LLMCall) -> tuple[str, ...]:
    starter = call.parent or call.agent
    said = next((message.digest for message in reversed(call.messages) if message["role"] == "user"), None)
    return ("told", starter, said) if starter and said else ()


def _said(message: Message) -> str:
    """What a message says, without the ids of tool calls."""
    calls = message["tool_calls"]
    asked = [call.get("function") for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []
    return canonical_json([message["role"], message["content"], asked])


def _heard(call: LLMCall, link: Link) -> Iterator[Message]:
    """The messages of a call that are not the history which it continues."""
    yield from call.messages[link.repeated :]
    if link.rewritten is not None:
        yield from (call.messages[at] for at in link.rewritten.inserted)


def _by_start(fed: Sequence[tuple[_Strand, str, int]], own: _Strand) -> Iterator[dict[_Strand, str]]:
    """The strands whose answers a call holds, each with its answer, those from one point together.

    Equal answers are several where they are told several times, or beside another answer; else they are one.
    """
    by_start: dict[tuple[str, ...], list[tuple[_Strand, str, int]]] = {}
    for strand, head, times in fed:
        if strand is not own and not strand.closed:
            by_start.setdefault(strand.start, []).append((strand, head, times))
    for members in by_start.values():
        several = len({head for _, head, _ in members}) > 1 or members[0][2] > 1
        yield {strand: head for strand, head, _ in (members if several else members[:1])}


def _fan_out(strands: Sequence[_Strand], aggregator: LLMCall) -> FanOut:
    members = sorted((_member(strand) for strand in strands), key=lambda one: [content_key(call) for call in one.calls])
    wanted = Counter(member.label for member in members)
    seen: Counter[str] = Counter()
    named = []
    for member in members:
        seen[member.label] += 1
        label = f"{member.label} #{seen[member.label]}" if wanted[member.label] > 1 else member.label
        named.append(replace(member, label=label))
    return FanOut(members=tuple(named), aggregator=aggregator)


def _member(strand: _Strand) -> FanOutMember:
    calls = tuple(call for call, _ in strand.turns[: strand.answered])
    return FanOutMember(label=calls[-1].agent or calls[-1].name, calls=calls)


_FEWEST: Final = 2
"""Members of a fan-out."""
_LAST: Final = 4
"""Messages that tell apart nearly all calls which ask something else."""
_SYSTEM: Final = frozenset({"system", "developer"})
