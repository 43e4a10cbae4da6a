"""What a forked process does in the middle of a test: it has a copy of everything, and nobody sees what becomes of it.

So it leaves word of each call of an LLM, and of each connection that the guard stops, in a file for the test to find.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Final

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class Forks:
    """Those of one owner."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._before = len(_FORKED)
        self._number = next(_NUMBERS)
        _place()  # the same for a fork as for us

    @property
    def _file(self) -> str:
        return f"{_place()}-{self._pid}-{self._number}.jsonl"

    @property
    def is_one(self) -> bool:
        """Whether this process is a fork of the one that the owner runs in."""
        return os.getpid() != self._pid

    def tell(self, what: str, stack: tuple[str, ...]) -> None:
        """Leave word, from a fork. Args: what: the request or the address; stack: who made it."""
        line = json.dumps([f"{what} (in a process forked by this test)", stack]) + "\n"
        with contextlib.suppress(OSError), os.fdopen(os.open(self._file, _FLAGS, 0o600), "ab") as file:
            file.write(line.encode())  # one piece, so that those of several forks do not mix

    def told(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What forks have told, handed out once; each thing once."""
        if _TELLS_OF_FORKS and len(_FORKED) == self._before:  # nobody can know the file: nearly always
            return ()
        if not os.path.exists(self._file):  # noqa: PTH110  # a test costs less without `Path`
            return ()
        file = Path(self._file)
        lines = file.read_text("utf-8").splitlines()
        file.unlink()
        found = (json.loads(line) for line in lines)
        return tuple({str(what): (str(what), tuple(map(str, stack))) for what, stack in found}.values())


@functools.cache
def _place() -> str:
    """How the names of all files of this process and of its forks begin: nobody else can guess it."""
    return os.path.join(tempfile.gettempdir(), f"llmtrace-{secrets.token_hex(16)}")  # noqa: PTH118


_NUMBERS: Final = itertools.count(1)
_FORKED: Final[list[None]] = []
"""As long as this process was forked often, in Python: a process that was forked otherwise runs no Python."""
_TELLS_OF_FORKS: Final = hasattr(os, "register_at_fork")
if _TELLS_OF_FORKS:
    os.register_at_fork(after_in_parent=lambda: _FORKED.append(None))
