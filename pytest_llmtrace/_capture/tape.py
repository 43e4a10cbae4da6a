"""The tape in use: answers by key, in recorded order, each once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from pytest_llmtrace._capture.transport_failures import is_failure
from pytest_llmtrace._model.http import HttpRequest, Interaction

Same = Callable[[HttpRequest, HttpRequest], bool]


class Tape:
    """Recorded interactions, searched by key in O(1). Safe to use from threads."""

    def __init__(self, interactions: Iterable[Interaction] = (), *, same: Same | None = None) -> None:
        """How a tape answers.

        Args:
            interactions: what was recorded.
            same: whether two requests with different keys are the same all the same (normalised, parts ignored).
        """
        self._same = same
        self.interactions: Sequence[Interaction] = tuple(interactions)
        self._waiting: dict[str, deque[int]] = {}
        for position, interaction in enumerate(self.interactions):
            self._waiting.setdefault(interaction.key, deque()).append(position)
        self._failures: set[int] = set()
        """Positions of recorded failures that were played: those stay where they are."""
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.interactions)

    def take(self, key: str) -> tuple[int, Interaction] | None:
        """The position and value of the next unused interaction with this key, or `None`."""
        with self._lock:
            waiting = self._waiting.get(key)
            if not waiting:
                return None
            position = waiting[0]
            if len(waiting) == 1 and is_failure(self.interactions[position].response):
                self._failures.add(position)  # every retry fails in the same way
            else:
                waiting.popleft()
        return position, self.interactions[position]

    def take_like(self, request: HttpRequest) -> tuple[int, Interaction] | None:
        """The first unused interaction that is the same request by the rules of the owner, or `None`.

        Looked for only where no key matches and there are rules, among requests to the same place.
        """
        if self._same is None:
            return None
        for position, interaction in enumerate(self.interactions):
            with self._lock:
                waiting = self._waiting.get(interaction.key)
                unused = waiting is not None and position in waiting
            if unused and self._same(interaction.request, request):
                with self._lock:
                    if waiting is not None and position in waiting:
                        waiting.remove(position)
                        return position, interaction
        return None

    def knows(self, key: str) -> bool:
        """Whether any interaction has this key, used or not."""
        return key in self._waiting

    def unplayed(self) -> tuple[Interaction, ...]:
        """The interactions that nobody asked for, in recorded order."""
        with self._lock:
            waiting = {position for queue in self._waiting.values() for position in queue}
            left = sorted(waiting - self._failures)
        return tuple(self.interactions[position] for position in left)
