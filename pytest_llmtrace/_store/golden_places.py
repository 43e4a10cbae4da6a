"""Where messages stand in the history of a conversation, corrected where the next turn has other ones."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence

from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.prefixes import changed_places


class Places:
    """Of one history after the other: each costs what is new in it, or stands elsewhere."""

    def __init__(self) -> None:
        self._sent: Sequence[Message] = ()
        self._answer: Message | None = None
        self._by_digest: dict[str, list[int]] = {}
        """Rising positions; none where a message does not stand in it any more."""

    def go_to(self, sent: Sequence[Message], answer: Message | None) -> Iterator[tuple[int, str]]:
        """Go on to another history. Gives the position and the digest of what was not there before."""
        before, answered = self._sent, self._answer
        self._sent, self._answer = sent, answer
        both = min(len(before), len(sent))
        ends = range(both, max(len(before), len(sent)) + 1)
        for position in (*changed_places(before, sent), *ends):
            gone, new = _at(before, answered, position), _at(sent, answer, position)
            if gone is not None:
                places = self._by_digest[gone.digest]
                del places[bisect_left(places, position)]
            if new is not None:
                insort(self._by_digest.setdefault(new.digest, []), position)
                yield position, new.digest

    def last(self, digest: str) -> int | None:
        """The last position of a message; `None` where it is not there."""
        places = self._by_digest.get(digest)
        return places[-1] if places else None


def _at(sent: Sequence[Message], answer: Message | None, position: int) -> Message | None:
    """What stands at a position of a history that ends with an answer."""
    if position < len(sent):
        return sent[position]
    return answer if position == len(sent) else None
