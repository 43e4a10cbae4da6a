"""What is done before and after a phase of a test, as one thing that hooks can be inside of; a bug in it is no end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

Held = TypeVar("Held")
Around = Callable[[], AbstractContextManager[None]]
Met = Callable[[Any, Exception, BaseException | None], None]
"""Told of a bug: what it was met in, the bug, and the exception from inside that was lost over it."""


class Phase(Generic[Held]):
    """A phase that many tests go through, or something else that is done around many things. Made once."""

    __slots__ = ("always", "begin", "end", "met")

    def __init__(
        self,
        begin: Callable[[Any], Held],
        end: Callable[[Any, Held, BaseException | None], None],
        met: Met,
        *,
        always: bool = False,
    ) -> None:
        """What is done.

        Args:
            begin: called before, with whom it is about.
            end: called after, with the same, with what `begin` gave, and with what was raised inside. That goes on,
                unless this raises something in its place.
            met: told of a bug in either.
            always: whether the inside happens even where `begin` has a bug.
        """
        self.begin = begin
        self.end = end
        self.met = met
        self.always = always

    def do(self, begin: Callable[[Any], Held], end: Callable[[Any, Held, BaseException | None], None]) -> None:
        """Do the same from now on by these functions, to which those that were given lead."""
        self.begin = begin
        self.end = end


class inside:  # noqa: N801  # used as a function
    """Be inside of a phase. What the phase raises itself is a bug, what happens inside is not.

    A class, and one for both, because each test enters three: a generator takes four times as many steps.
    """

    __slots__ = ("_about", "_bug", "_held", "_phase")

    def __init__(self, phase: Phase[Any], about: Any) -> None:
        """Args: phase: which; about: whom it is about, a test as a rule."""
        self._phase = phase
        self._about = about
        self._bug: Exception | None = None

    def __enter__(self) -> None:
        phase = self._phase
        try:
            self._held = phase.begin(self._about)
        except Exception as error:  # noqa: BLE001  # it is told below, outside of the `except`
            self._bug = error
        else:
            return
        if not phase.always:
            phase.met(self._about, self._bug, None)

    def __exit__(self, _kind: object, inner: BaseException | None, _trace: object) -> None:
        phase, bug = self._phase, self._bug
        if bug is None:
            try:
                phase.end(self._about, self._held, inner)
            except Exception as error:  # noqa: BLE001  # as above
                if error is not inner:
                    bug = error
        elif inner is not None:
            return  # the bug is the least of it
        if bug is not None:
            phase.met(self._about, bug, inner)


def inside_of(around: Around, met: Met, *, always: bool = False) -> inside:
    """Be inside of a context manager likewise. Args: around: makes it; the others: as of `Phase`."""

    def begin(_about: None) -> AbstractContextManager[None]:
        entered = around()
        entered.__enter__()
        return entered

    def end(_about: None, entered: AbstractContextManager[None], error: BaseException | None) -> None:
        entered.__exit__(type(error) if error is not None else None, error, error.__traceback__ if error else None)

    return inside(Phase(begin, end, met, always=always), None)
