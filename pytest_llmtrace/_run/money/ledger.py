"""What live calls have used so far, in this process or in all xdist workers together."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.limits import RUN, Limit, lies_in


@frozen
class Spent:
    """An amount; what was set aside for a call that is under way is given back as a negative one."""

    usd: float = 0.0
    tokens: int = 0
    calls: int = 0
    unpriced: Mapping[str, int] = field(default_factory=dict)
    """Models that were called and have no price, and how often."""

    @property
    def models(self) -> tuple[str, ...]:
        """The models without a price, by name."""
        return tuple(sorted(name for name, count in self.unpriced.items() if count > 0))

    def __add__(self, other: Spent) -> Spent:
        names = {*self.unpriced, *other.unpriced}
        return Spent(
            usd=self.usd + other.usd,
            tokens=self.tokens + other.tokens,
            calls=self.calls + other.calls,
            unpriced={name: self.unpriced.get(name, 0) + other.unpriced.get(name, 0) for name in names},
        )

    def __sub__(self, other: Spent) -> Spent:
        return self + Spent(
            usd=-other.usd,
            tokens=-other.tokens,
            calls=-other.calls,
            unpriced={name: -count for name, count in other.unpriced.items()},
        )


class Sums:
    """What was spent, by directory."""

    def __init__(self, by_directory: Mapping[str, Spent]) -> None:
        self._by_directory = by_directory

    def of(self, scope: str | None) -> Spent:
        """What was spent in a directory and below it; in all of them together for `None`."""
        found = Spent()
        for directory, amount in self._by_directory.items():
            if scope is None or lies_in(directory, scope):
                found += amount
        return found


def is_spent(limit: Limit, spent: Spent) -> bool:
    """Whether a limit is reached, or nobody can know whether it is."""
    used: float = getattr(spent, limit.what)
    return used >= limit.value or (limit.what == "usd" and bool(spent.models))


PAUSE: Final = 1.0


class Ledger:
    """A running sum of live spending. With a file, all processes that use the file share it.

    An entry and what stood in the ledger before it are one step, also between processes: entries have one order, that
    of the file, which is only ever appended to, in whole lines. So of two calls that want the last of a budget one
    comes first, and no lock is needed. An entry names the limits it needs something left of; where one was spent when
    its turn came, whoever reads it knows, and it counts for nobody.
    """

    def __init__(
        self, path: Path | None = None, *, listener: Callable[[], None] = lambda: None, told_every: float | None = None
    ) -> None:
        """An empty one.

        Args:
            path: the file.
            listener: is called after each entry that was made in this process.
            told_every: seconds between two of its answers to whoever watches, where that is asked for.
        """
        self._path = path
        self.pause = 0.0 if path is not None else min(PAUSE, PAUSE if told_every is None else told_every)
        """Seconds for which calls that no budget counts may wait for others, and be entered together."""
        self._listener = listener
        self._lock = threading.Lock()
        self._read_up_to = 0
        self._sums: dict[str, Spent] = {}

    def enter(self, directory: str, amount: Spent, limits: Sequence[Limit] = ()) -> Sums:
        """Enter an amount, unless one of these limits is spent. Returns what stood here before it."""
        with self._lock:
            before = dict(self._sums)
            if self._path is None:
                self._count(directory, amount, limits)
            else:
                before = self._appended(self._path, directory, amount, limits)
        self._listener()
        return Sums(before)

    def sums(self) -> Sums:
        """What was spent so far."""
        with self._lock:
            if self._path is not None:
                self._catch_up(self._path)
            return Sums(dict(self._sums))

    def _appended(self, path: Path, directory: str, amount: Spent, limits: Sequence[Limit]) -> dict[str, Spent]:
        needs = [[one.scope, one.what, one.value] for one in limits]
        data = [directory, amount.usd, amount.tokens, amount.calls, dict(amount.unpriced), needs]
        line = json.dumps(data).encode("ascii") + b"\n"
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line)  # one write of one short line: whole lines, whoever else writes
            end = os.lseek(handle, 0, os.SEEK_CUR)
        finally:
            os.close(handle)
        self._catch_up(path, end - len(line))
        before = dict(self._sums)
        self._catch_up(path)
        return before

    def _catch_up(self, path: Path, end: int | None = None) -> None:
        """Read what is new, up to a position."""
        try:
            with path.open("rb") as file:
                file.seek(self._read_up_to)
                new = file.read() if end is None else file.read(max(end - self._read_up_to, 0))
        except FileNotFoundError:
            return
        whole = new[: new.rfind(b"\n") + 1]
        self._read_up_to += len(whole)
        for line in whole.splitlines():
            directory, usd, tokens, calls, unpriced, needs = json.loads(line)
            limits = [Limit(scope=scope, what=what, value=value) for scope, what, value in needs]
            self._count(directory, Spent(usd=usd, tokens=tokens, calls=calls, unpriced=unpriced), limits)

    def _count(self, directory: str, amount: Spent, limits: Sequence[Limit]) -> None:
        before = Sums(self._sums)
        if not any(is_spent(one, before.of(one.scope if one.scope != RUN else None)) for one in limits):
            self._sums[directory] = self._sums.get(directory, Spent()) + amount
