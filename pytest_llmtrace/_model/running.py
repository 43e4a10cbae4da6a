"""What the messages of a history come to, taken over from the history before it: what is new in a turn is looked at.

Applications that write their system prompt anew in every turn, or take a reminder out of the last question, change a
few messages of a long history. Where two histories hold other messages is told at the speed of C.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import accumulate, compress
from typing import Generic, TypeVar

from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.prefixes import anchors, changed_places

Key = TypeVar("Key", bound=Hashable)


class Running(Generic[Key]):
    """The key of each message of one history after the other. What a message's key is must depend on it alone."""

    def __init__(self, key: Callable[[Message], Key], seed: int = 0) -> None:
        """Whose messages come to what.

        Args:
            key: What a message comes to; asked for each that stands where none did, or another one.
            seed: The hash of an empty history.
        """
        self._key = key
        self._sums = [seed]
        """Of the first keys, as many as were asked for and are as they were."""
        self.messages: Sequence[Message] = ()
        """The history that it is at."""
        self.keys: list[Key] = []
        """What its messages come to; changed by `go_to`."""

    def go_to(self, messages: Sequence[Message]) -> None:
        """Go on to another history."""
        before, keys = self.messages, self.keys
        changed = changed_places(before, messages)
        del keys[len(messages) :]
        for at in changed:
            keys[at] = self._key(messages[at])
        keys.extend(map(self._key, messages[len(before) :]))
        self.messages = messages
        del self._sums[(changed[0] if changed else len(keys)) + 1 :]

    def last(self, holds: Callable[[Key], bool]) -> Iterator[int]:
        """Positions of the messages whose key a function takes, from the last one backward."""
        keys = self.keys
        return compress(range(len(keys) - 1, -1, -1), map(holds, reversed(keys)))

    def beginnings(self) -> list[int]:
        """A hash of each beginning of the history, of the empty one first: equal for equal keys. Not to be changed."""
        sums = self._sums
        known = len(sums) - 1
        sums.extend(accumulate(map(hash, enumerate(self.keys[known:], known)), initial=sums.pop()))
        return sums


class Several(Generic[Key]):
    """The same where conversations take turns: each history goes on from one that has a message of its beginning."""

    def __init__(self, key: Callable[[Message], Key]) -> None:
        """Args: key: as of `Running`."""
        self._key = key
        self._running: dict[tuple[str | None, int], Running[Key]] = {}
        """By label and the `id` of a message, which a running history keeps alive."""

    def at(self, messages: Sequence[Message], label: str | None = None) -> Running[Key]:
        """What goes on to a history. Args: label: what histories are told apart by besides."""
        places = [(label, one) for one in anchors(messages)]
        known = (self._running[place] for place in places if place in self._running)
        running = next(known, None) or Running(self._key, hash(label))
        running.go_to(messages)
        self._running.update(dict.fromkeys(places, running))
        return running
