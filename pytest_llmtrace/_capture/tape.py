"""The tape in use: answers by key, in recorded order, each once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

from pytest_llmtrace._capture.recognition import Recognition
from pytest_llmtrace._capture.wire.transport_failures import is_failure
from pytest_llmtrace._model.flags import same_flags
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._model.matching import is_loopback

Same = Callable[[HttpRequest, HttpRequest], bool]
Outline = Callable[[HttpRequest], str | None]


class Tape:
    """Recorded interactions, searched by key in O(1). Safe to use from threads."""

    def __init__(
        self,
        interactions: Iterable[Interaction] = (),
        *,
        asked: Sequence[str | None] = (),
        outline: Outline | None = None,
        alike: Same | None = None,
        same: Same | None = None,
        agrees: Same = lambda _one, _other: True,
    ) -> None:
        """How a tape answers.

        Args:
            interactions: what was recorded.
            asked: digests of their requests' bodies, of some that are known for sure (`body_digests`).
            outline: what requests that mean the same have in common at least, so that few must be read whole. `None`
                for a request that cannot be read.
            alike: whether two requests with one outline mean the same, however they are spelled.
            same: whether two requests that do not mean the same are the same all the same (normalised, parts ignored).
            agrees: of requests that are equal but for personal data: whether that may be the same, too. One that is
                recorded and agrees answers first.
        """
        self._outline = outline
        self._alike = alike
        self._same = same
        self._agrees = agrees
        self.interactions: Sequence[Interaction] = tuple(interactions)
        self._waiting: dict[str, deque[int]] = {}
        for position, interaction in enumerate(self.interactions):
            self._waiting.setdefault(interaction.key, deque()).append(position)
        self.recognition = Recognition(self.interactions, asked)
        self._by_outline: dict[str, list[int]] | None = None
        self._failures: set[int] = set()
        """Positions of recorded failures that were played: those stay where they are."""
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.interactions)

    @cached_property
    def loopback_ports(self) -> frozenset[int | None]:
        """The ports of this machine at which something on it was recorded."""
        urls = [urlsplit(url) for url in {one.request.url for one in self.interactions}]
        return frozenset(url.port for url in urls if is_loopback(url.hostname or ""))

    def take(self, key: str, request: HttpRequest) -> tuple[int, Interaction] | None:
        """The position and value of the next unused interaction with the key of a request, or `None`."""
        with self._lock:
            waiting: Sequence[int] = self._waiting.get(key, ())
            position = waiting[0] if len(waiting) == 1 else self._agreeing(waiting, request)
            if position is None or not self._same_flags(position, request):
                return None
            return self._taken(position)

    def _agreeing(self, waiting: Iterable[int], request: HttpRequest) -> int | None:
        """Of several with one key the first that asks for the same; one that agrees in personal data, too, if any."""
        same = [one for one in waiting if self._same_flags(one, request)]
        agreeing = (one for one in same if self._agrees(self.interactions[one].request, request))
        return next(agreeing, same[0]) if same else None

    def take_like(self, request: HttpRequest) -> tuple[int, Interaction] | None:
        """The first unused interaction that is the same in other words, or by the rules of the owner, or `None`.

        Looked for only where no key matches: after an SDK began to spell its requests differently, or where the owner
        has rules. The recorded requests are read once, at the first such request.
        """
        found = self._take_first(self._outlined(request), request, self._alike)
        return found or self._take_first(range(len(self.interactions)), request, self._same)

    def _take_first(
        self, positions: Iterable[int], request: HttpRequest, same: Same | None
    ) -> tuple[int, Interaction] | None:
        for position in positions if same is not None else ():
            if not self._is_unused(position) or not self._same_flags(position, request):
                continue
            if same is not None and same(self.interactions[position].request, request):
                found = self._take_at(position)
                if found is not None:
                    return found
        return None

    def _outlined(self, request: HttpRequest) -> Sequence[int]:
        if self._outline is None or not self.interactions:
            return ()
        with self._lock:
            wanted = self._outline(request)
            if wanted is None:
                return ()
            if self._by_outline is None:
                self._by_outline = {}
                for position, interaction in enumerate(self.interactions):
                    outline = self._outline(interaction.request)
                    if outline is not None:
                        self._by_outline.setdefault(outline, []).append(position)
            return self._by_outline.get(wanted, ())

    def _same_flags(self, position: int, request: HttpRequest) -> bool:
        recorded = self.interactions[position].request
        return recorded is request or same_flags(recorded, request)

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
        return tuple([self.interactions[position] for position in self.unplayed_positions()])

    def unplayed_positions(self) -> list[int]:
        """Where they are."""
        with self._lock:
            waiting = {position for queue in self._waiting.values() for position in queue}
            return sorted(waiting - self._failures)


NO_TAPE: Final = Tape()
"""For all who have none: nothing was recorded on it, and nothing is ever taken from it."""


def replayed(response: HttpResponse) -> HttpResponse:
    """A recorded response as it is played: a recorded refusal must not make the client sleep before its retry."""
    if response.status in {408, 409, 429} or response.status >= 500:
        kept = tuple(header for header in response.headers if header[0] not in {"retry-after", "retry-after-ms"})
        return replace(response, headers=(*kept, ("retry-after-ms", "1")))
    return response
