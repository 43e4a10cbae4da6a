"""Functions of others in a version of ours, which can be put back in place and taken away again."""

from __future__ import annotations

from collections.abc import Callable
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
        self._ours: Any = None
        self._replaced: dict[Any, Any] = {}
        """What each of our versions replaced."""

    def install(self) -> None:
        """Also over the guards of plugins that put their own over what they found when they were imported."""
        found = getattr(self.owner, self.name)
        if found is self._ours:  # three times in each test
            return
        if found is self._genuine or _module_of(found) in _OTHER_GUARDS:
            self._ours = ours = self._guarding(found)
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


def _module_of(function: Any) -> str:
    return str(getattr(function, "__module__", "")).partition(".")[0]
