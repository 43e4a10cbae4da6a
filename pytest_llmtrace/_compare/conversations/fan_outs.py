"""Fan-outs of both sides: their members are a set, and what quotes them is no difference of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from pytest_llmtrace._compare.calls.fingerprints import SYSTEM_ROLES, TurnPrint
from pytest_llmtrace._compare.differences.align import prefix_length
from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._model.fanout import FanOut, fan_outs
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import LLMCall

_HOLE: Final = "\0"
"""Stands for what is quoted."""
_LEAST: Final = 8
"""Characters of an answer that is looked for inside a line."""
_HEAD: Final = 64
"""Characters by which an answer is found that is quoted in part."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gathering:
    """One fan-out as the comparison sees it."""

    members: tuple[TurnPrint, ...]
    """The calls whose answers are quoted."""
    question: tuple[str, ...]
    """Digests of what the members were asked, the system prompt left out."""
    answers: tuple[str, ...] = field(default=(), repr=False)
    """Their texts, the longest first."""


def gatherings(calls: Sequence[LLMCall], prints: Iterable[Sequence[TurnPrint]]) -> dict[int, Gathering]:
    """The fan-outs of one side, by the position of the aggregator's call among those of its trace."""
    known = {id(one.call): one for turns in prints for one in turns}
    if not any(one.fan_out for one in known.values()):
        return {}
    made: dict[int, Gathering] = {}
    for found in fan_outs(calls):
        if id(found.aggregator) in known and all(id(member.call) in known for member in found.members):
            made[known[id(found.aggregator)].at] = _gathering(found, known)
    return made


def only_quotes_differ(golden: Message, observed: Message, here: Gathering, there: Gathering) -> bool:
    """Whether two messages of aggregators say the same but for the answers that they quote, whatever their order.

    Where a member is on one side only, its lines are, too; one line that quotes several may then read otherwise.
    """
    if golden["role"] != observed["role"]:
        return False
    same = set(here.answers) & set(there.answers)
    one, other = _lines(golden.text, here.answers, same), _lines(observed.text, there.answers, same)
    if not any(_HOLE in line for line in (*one, *other)):
        return False
    if [line for line in one if _HOLE not in line] != [line for line in other if _HOLE not in line]:
        return False
    quotes = [_quotes(one), _quotes(other)]
    if len(here.members) > len(there.members):
        here, there, quotes = there, here, quotes[::-1]
    alone = len(here.members) < len(there.members)
    if alone:
        quotes = [_without_numbers(side) for side in quotes]
    changed = (Counter(here.answers) - Counter(there.answers)).total()
    left = [
        Counter(_ANSWER.sub("", line) for line in (side - ours).elements()) for side, ours in (quotes, quotes[::-1])
    ]
    return (left[0] <= left[1] if alone else left[0] == left[1]) and left[0].total() <= changed


def _quotes(lines: Iterable[str]) -> Counter[str]:
    """The lines that quote something, without their numbers in a list."""
    return Counter(_NUMBER.sub("", line) for line in lines if _HOLE in line)


def _without_numbers(quotes: Counter[str]) -> Counter[str]:
    """The lines that quote one answer, without the numbers that change where a member comes or goes."""
    made: Counter[str] = Counter()
    for line, times in quotes.items():
        if line.count(_HOLE) == 1:
            made[_DIGITS.sub(lambda found: found[1] or "#", line)] += times
    return made


def only_order_of_quotes_differs(golden: Message, observed: Message, answers: Sequence[str]) -> bool:
    """Whether two messages say the same but for the order in which they quote these answers."""
    quoted = tuple(sorted((answer.strip() for answer in answers), key=lambda text: (-len(text), text)))
    gathering = Gathering(members=(), question=(), answers=quoted)
    return only_quotes_differ(golden, observed, gathering, gathering)


def _gathering(found: FanOut, known: dict[int, TurnPrint]) -> Gathering:
    first = known.get(id(found.members[0].calls[0]), known[id(found.members[0].call)])
    messages = zip(first.keys, first.call.messages, strict=True)
    texts = [member.call.output.text.strip() for member in found.members if member.call.output is not None]
    return Gathering(
        members=tuple(known[id(member.call)] for member in found.members),
        question=tuple(key for key, message in messages if message["role"] not in SYSTEM_ROLES),
        answers=tuple(sorted(texts, key=lambda text: (-len(text), text))),
    )


def _lines(text: str, answers: Iterable[str], same: Collection[str]) -> list[str]:
    """The lines of a text with holes in place of answers, cut ones too; those `same` on both sides keep apart."""
    for answer in dict.fromkeys(answers):
        hole = f"{_HOLE}{digest(answer)}" if answer in same else _HOLE
        if len(answer) >= _LEAST and answer in text:
            text = text.replace(answer, hole)
        elif len(answer) > _HEAD and answer[:_HEAD] in text:
            text = "".join(_cut(text, answer, hole, told=answer in same))
        elif len(answer) < _LEAST:
            text = "\n".join(_line(line, answer, hole) for line in text.split("\n"))
    return text.split("\n")


def _cut(text: str, answer: str, hole: str, *, told: bool) -> Iterator[str]:
    """A text with holes in place of the beginnings of an answer; `told`: how much of it is quoted counts."""
    before, *quotes = text.split(answer[:_HEAD])
    yield before
    for quote in quotes:
        length = prefix_length(quote, answer[_HEAD:])
        yield hole + (f"[:{_HEAD + length}]" if told else "") + quote[length:]


def _line(line: str, answer: str, hole: str) -> str:
    """A line that ends with a short answer, with a hole in its place."""
    said = line.rstrip()
    if said == answer or (said.endswith(answer) and said[-len(answer) - 1] in " :"):
        return said[: -len(answer)] + hole
    return line


_ANSWER: Final = re.compile(rf"(?<={_HOLE})[0-9a-f]{{32}}")
_DIGITS: Final = re.compile(rf"({_HOLE}(?:[0-9a-f]{{32}})?(?:\[:\d+\])?)|\d+")
"""What stands for an answer, or a number elsewhere."""
_NUMBER: Final = re.compile(rf"^[^\w{_HOLE}]*\d+[^\w{_HOLE}]*(?={_HOLE})")
"""Which answer fills a hole, and the number of a quote in a list: which is first is chance."""
