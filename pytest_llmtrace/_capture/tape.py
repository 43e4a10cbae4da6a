"""The tape in use: answers by key, in recorded order, each once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from pytest_llmtrace._capture.wire.transport_failures import is_failure
from pytest_llmtrace._model.flags import same_flags
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction

Same = Callable[[HttpRequest, HttpRequest], bool]
Meaning = Callable[[HttpRequest], str | None]


class Tape:
    """Recorded interactions, searched by key in O(1). Safe to use from threads."""

    def __init__(
        self, interactions: Iterable[Interaction] = (), *, meaning: Meaning | None = None, same: Same | None = None
    ) -> None:
        """How a tape answers.

        Args:
            interactions: what was recorded.
            meaning: what a request asks, however it is spelled: requests that mean the same are the same. `None` for
                a request that cannot be read.
            same: whether two requests that do not mean the same are the same all the same (normalised, parts ignored).
        """
        self._meaning = meaning
        self._same = same
        self.interactions: Sequence[Interaction] = tuple(interactions)
        self._waiting: dict[str, deque[int]] = {}
        for position, interaction in enumerate(self.interactions):
            self._waiting.setdefault(interaction.key, deque()).append(position)
        self._by_meaning: dict[str, list[int]] | None = None
        self._failures: set[int] = set()
        """Positions of recorded failures that were played: those stay where they are."""
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.interactions)

    def take(self, key: str, request: HttpRequest) -> tuple[int, Interaction] | None:
        """The position and value of the next unused interaction with the key of a request, or `None`."""
        with self._lock:
            waiting = self._waiting.get(key, ())
            position = next((one for one in waiting if self._same_flags(one, request)), None)
            return None if position is None else self._taken(position)

    def take_like(self, request: HttpRequest) -> tuple[int, Interaction] | None:
        """The first unused interaction that is the same in other words, or by the rules of the owner, or `None`.

        Looked for only where no key matches: after an SDK began to spell its requests differently, or where the owner
        has rules. The recorded requests are read once, at the first such request.
        """
        for position in self._meaning_the_same(request):
            if self._same_flags(position, request) and (found := self._take_at(position)) is not None:
                return found
        if self._same is None:
            return None
        for position, interaction in enumerate(self.interactions):
            if not self._is_unused(position) or not self._same_flags(position, request):
                continue
            if self._same(interaction.request, request):
                found = self._take_at(position)
                if found is not None:
                    return found
        return None

    def _meaning_the_same(self, request: HttpRequest) -> Sequence[int]:
        wanted = self._meaning(request) if self._meaning is not None and self.interactions else None
        if wanted is None or self._meaning is None:
            return ()
        with self._lock:
            if self._by_meaning is None:
                self._by_meaning = {}
                for position, interaction in enumerate(self.interactions):
                    meaning = self._meaning(interaction.request)
                    if meaning is not None:
                        self._by_meaning.setdefault(meaning, []).append(position)
        return self._by_meaning.get(wanted, ())

    def _same_flags(self, position: int, request: HttpRequest) -> bool:
        return same_flags(self.interactions[position].request, request)

    def use(self, position: int) -> None:
        """Take what is at this position as asked for, whether or not it was before."""
        self._take_at(position)

    def _is_unused(self, position: int) -> bool:
        with self._lock:
            return position in self._waiting.get(self.interactions[position].key, ())

    def _take_at(self, position: int) -> tuple[int, Interaction] | None:
        with self._lock:
            unused = position in self._waiting.get(self.interactions[position].key, ())
            return self._taken(position) if unused else None

    def _taken(self, position: int) -> tuple[int, Interaction]:
        """Take one that is unused; the lock is held."""
        interaction = self.interactions[position]
        waiting = self._waiting[interaction.key]
        if len(waiting) == 1 and is_failure(interaction.response):
            self._failures.add(position)  # every retry fails in the same way
        else:
            waiting.remove(position)
        return position, interaction

    def knows(self, key: str) -> bool:
        """Whether any interaction has this key, used or not."""
        return key in self._waiting

    def unplayed(self) -> tuple[Interaction, ...]:
        """The interactions that nobody asked for, in recorded order."""
        with self._lock:
            waiting = {position for queue in self._waiting.values() for position in queue}
            left = sorted(waiting - self._failures)
        return tuple(self.interactions[position] for position in left)


def replayed(response: HttpResponse) -> HttpResponse:
    """A recorded response as it is played: a recorded refusal must not make the client sleep before its retry."""
    if response.status in {408, 409, 429} or response.status >= 500:
        kept = tuple(header for header in response.headers if header[0] not in {"retry-after", "retry-after-ms"})
        return replace(response, headers=(*kept, ("retry-after-ms", "1")))
    return response
