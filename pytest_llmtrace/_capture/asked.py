"""A request as a file may hold it, and its key: searched for secrets when somebody asks for it, or with its answer."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pytest_llmtrace._model.http import HttpRequest

Search = Callable[[], tuple[HttpRequest, str]]
"""Removes what is secret. Gives the request as a file may hold it, and its key."""


class Asked:
    """What an exchange asks. Safe to use from threads."""

    __slots__ = ("_found", "_lock", "_search", "unsearched")

    def __init__(self, request: HttpRequest, key: str) -> None:
        """A request that was searched, and its key."""
        self._found: tuple[HttpRequest, str] | None = request, key
        self._search: Search | None = None
        self._lock: threading.Lock | None = None
        self.unsearched: HttpRequest | None = None
        """The request as it was sent, with the head that a file may hold; `None`: it was searched."""

    @classmethod
    def late(cls, unsearched: HttpRequest, search: Search) -> Asked:
        """A request that is yet to be searched: nobody but who does that may see its body."""
        made = cls(unsearched, "")
        made._found, made._search, made._lock, made.unsearched = None, search, threading.Lock(), unsearched
        return made

    @property
    def request(self) -> HttpRequest:
        """As a file may hold it."""
        return (self._found or self._searched())[0]

    @property
    def key(self) -> str:
        """What it is found by on a tape."""
        return (self._found or self._searched())[1]

    def search(self) -> None:
        """Search it now, if it was not."""
        if self._found is None:
            self._searched()

    def holds_none(self, key: str) -> None:
        """It was searched, and nothing secret is in it. Args: key: the one that it has as it was sent."""
        unsearched = self.unsearched  # asked once: another thread may just have searched it
        if unsearched is not None:
            self._found, self.unsearched, self._search = (unsearched, key), None, None

    def _searched(self) -> tuple[HttpRequest, str]:
        assert self._lock is not None  # noqa: S101  # what was not searched has one
        with self._lock:
            if self._found is None and self._search is not None:
                self._found = self._search()
                self.unsearched = self._search = None
        assert self._found is not None  # noqa: S101
        return self._found
