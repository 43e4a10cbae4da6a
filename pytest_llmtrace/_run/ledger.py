"""What live calls have cost so far, in this process or in all xdist workers together."""

from __future__ import annotations

import os
import threading
from pathlib import Path


class Ledger:
    """A running sum of live spending. With a file, all processes that use the file share it."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._read_up_to = 0
        self._usd = 0.0
        self._tokens = 0

    def add(self, usd: float, tokens: int) -> None:
        """Add what one call cost."""
        if self._path is None:
            with self._lock:
                self._usd += usd
                self._tokens += tokens
            return
        line = f"{usd!r} {tokens}\n".encode()
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line)  # one write of one short line: whole lines, whoever else writes
        finally:
            os.close(handle)

    def spent(self) -> tuple[float, int]:
        """US dollars and tokens so far."""
        if self._path is not None:
            self._catch_up(self._path)
        with self._lock:
            return self._usd, self._tokens

    def _catch_up(self, path: Path) -> None:
        with self._lock:
            try:
                with path.open("rb") as file:
                    file.seek(self._read_up_to)
                    new = file.read()
            except FileNotFoundError:
                return
            whole = new[: new.rfind(b"\n") + 1]
            self._read_up_to += len(whole)
            for line in whole.splitlines():
                usd, tokens = line.split()
                self._usd += float(usd)
                self._tokens += int(tokens)
