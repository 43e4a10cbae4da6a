"""Functions of others in a version of ours, which can be put back in place and taken away again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import is_
from typing import Any, Final

_OTHER_GUARDS: Final = frozenset({"pytest_recording", "pytest_socket"})


class Patch:
    """A function in our version. What a user put over it, a mock say, is left alone."""

    def __init__(self, owner: Any, name: str, guarding: Callable[[Any], Any]) -> None:
        self.owner = owner
        self.name = name
        self._guarding = guarding
        self._genuine = getattr(owner, name)
        self._inherited = name not in vars(owner)
        self.ours: Any = None
        """Our version, once it was put in place."""
        self._replaced: dict[Any, Any] = {}
        """What each of our versions replaced."""

    def install(self) -> None:
        """Also over the guards of plugins that put their own over what they found when they were imported."""
        found = getattr(self.owner, self.name)
        if found is self.ours:
            return
        if found is self._genuine or _module_of(found) in _OTHER_GUARDS:
            self.ours = ours = self._guarding(found)
            self._replaced = {ours: found}
            setattr(self.owner, self.name, ours)

    def remove(self) -> None:
        found = self._replaced.get(getattr(self.owner, self.name))
        if found is None:
            return
        if found is self._genuine and self._inherited:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, found)


class Patches:
    """Several of them. Three times in each test they are to be in place, and nearly always are."""

    def __init__(self, patches: Iterable[Patch]) -> None:
        self._patches = [*patches]
        self._places: tuple[list[Any], list[str], list[Any]] = ([], [], [])
        """Where they are, under which names, and what should be there."""

    def add(self, patch: Patch) -> None:
        """One more, unless there is one for this function. It is not put in place yet."""
        if not any(one.owner is patch.owner and one.name == patch.name for one in self._patches):
            self._patches.append(patch)
            self._places = ([], [], [])

    def install(self) -> None:
        """Put those in place that are not: see `Patch.install`."""
        owners, names, ours = self._places
        if ours and all(map(is_, map(getattr, owners, names), ours)):  # as one step, and not as two for each
            return
        for patch in self._patches:
            patch.install()
        self._places = (
            [one.owner for one in self._patches],
            [one.name for one in self._patches],
            [one.ours for one in self._patches],
        )

    def remove(self) -> None:
        for patch in self._patches:
            patch.remove()


def _module_of(function: Any) -> str:
    return str(getattr(function, "__module__", "")).partition(".")[0]
