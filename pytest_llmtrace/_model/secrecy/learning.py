"""What is secret by its value, as far as a redactor knows by now: of the run, of the environment, of requests."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from pytest_llmtrace._model.secrecy.environment import Variables, variables
from pytest_llmtrace._model.secrecy.searched import Searched


class Learning:
    """Of one redactor. What it learns on the way is of no other. Safe to use from threads."""

    def __init__(self, searched: Searched, *, live: bool) -> None:
        """Args: searched: what is known from the beginning; live: whether variables count that are set later."""
        self.searched = searched
        """What is secret by its value, with what was searched for it already."""
        self._begun = self._lasting = searched
        self._keys: dict[str, str] = {}
        """Of requests, the last one at the end."""
        self._live = live
        self.learned_from: Variables | None = None
        """The environment that was learned from last."""
        self._learned_of: tuple[str, ...] | None = None
        """What the last request proved itself with: nearly always the next one does the same."""
        self._own: tuple[Searched, tuple[str, ...], Searched] = searched, (), searched

    def may_learn_of(self, own: tuple[str, ...]) -> bool:
        """Whether there may be anything to learn: another proof than the last time, or another environment."""
        new = own != self._learned_of or self.environment is not self.learned_from
        self._learned_of = own
        return new

    @property
    def environment(self) -> Variables | None:
        """The environment now: another object than before where it has changed. `None`: it does not count."""
        return variables() if self._live else None

    @property
    def nothing(self) -> bool:
        """Whether no more is secret by now than what was known from the beginning."""
        return self.searched is self._begun

    def learn(self, keys: Iterable[str] = ()) -> bool:
        """Take in what requests prove themselves with, and what the environment holds by now.

        Returns:
            Whether more is secret than before: then nothing counts as searched.
        """
        with _LEARNING:
            now = self.environment
            learned = self._learned(keys, now)
            self.learned_from = now  # not before: whoever sees this goes on with what is known
        return learned

    def _learned(self, keys: Iterable[str], now: Variables | None) -> bool:
        known = self.searched
        changed = now.keys if now is not None and now is not self.learned_from else {}
        new = {one: "the key of a request" for one in keys if one not in known.values and not known.known.allows(one)}
        lasting = self._lasting.knowing({one: what for one, what in changed.items() if not known.known.allows(one)})
        if not new and lasting is self._lasting:
            return False
        self._lasting = lasting
        self._keys |= new
        if len(self._keys) > MOST:  # an application that makes a key for each request: searching stays linear
            self._keys = dict(list(self._keys.items())[-MOST // 2 :])
        self.searched = lasting.knowing(self._keys)
        return True

    def with_proof(self, own: Iterable[str]) -> Searched:
        """For what one request proved itself with, too."""
        own, searched, last = tuple(own), self.searched, self._own
        if not own:
            return searched
        if last[0] is not searched or last[1] != own:
            found = searched.knowing(dict.fromkeys(own, "the key of the request"))
            last = self._own = searched, own, found
        return last[2]


_LEARNING: Final = threading.Lock()
"""While one thread learns, no other does: of two that learn at once, what one has learned would be lost. That is rare,
so all redactors have the same."""
MOST: Final = 256
"""Keys of requests that are known at once."""
