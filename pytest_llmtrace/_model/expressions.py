"""Regular expressions that are compiled when they are first used.

Compiling one takes 0.1 to 1 ms, of the start of every traced run, and a replay that passes uses one in five of ours.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


def expression(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` makes, as far as its methods go, made when one of them is first looked up."""
    return cast("re.Pattern[AnyStr]", _Later(text, flags))


class _Later:
    def __init__(self, text: Any, flags: int) -> None:
        self._asked = text, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(
                name
            )  # of an expression nothing private is asked; of an object that is copied, much is
        found = getattr(re.compile(*self._asked), name)
        setattr(self, name, found)  # the next time it is not asked for here
        return found
