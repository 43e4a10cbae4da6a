"""Calls of an LLM that no test makes: a hook of the project does, or a thread that outlived its test.

No test is judged for them, and they are on no tape; so the run says so. It does where every test is traced: elsewhere
they are those of tests that are left alone.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_llmtrace._capture.llm_requests import is_llm_request
from pytest_llmtrace._capture.providers import is_provider_host
from pytest_llmtrace._model.http import HttpRequest


class Strays:
    """Those of one process. Safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noting = False
        self._found: Counter[tuple[str, bool]] = Counter()

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        """While this holds, they are noted."""
        self._noting = True
        try:
            yield
        finally:
            self._noting = False
            self.take()

    def note(self, request: HttpRequest, *, replay_only: bool) -> bool:
        """Note a request, where it is one, and say whether it must not go out: in replay, to a provider."""
        refused = replay_only and is_provider_host(urlsplit(request.url).hostname or "")
        if self._noting and is_llm_request(request):
            with self._lock:
                self._found[request.place, refused] += 1
        return refused

    def take(self) -> list[dict[str, Any]]:
        """Those so far, handed out once: `request`, its address; whether it was `refused`; and their `count`."""
        with self._lock:
            found, self._found = self._found, Counter()
        return [
            {"request": place, "refused": refused, "count": count} for (place, refused), count in sorted(found.items())
        ]


strays: Final = Strays()
