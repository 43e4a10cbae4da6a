"""Files of older formats: what turns the data of one number into that of the next.

The readers know the current format alone, and what they read is written in it by the next recording. Whoever raises
`FORMAT` adds a function for each kind of file, also where nothing of it changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

from pytest_llmtrace._store.formats import FORMAT, FORMAT_KEY

Kind = Literal["golden", "tape", "journal"]
Data = dict[str, Any]

UPGRADES: Final[dict[tuple[Kind, int], Callable[[Data], Data]]] = {}
"""By kind of file and number: what makes the data of the next number, of a journal line by line. It leaves what it does
not understand as it is, since the reader says what is wrong. None is needed yet: there is one format."""


def is_known(kind: Kind, number: int) -> bool:
    """Whether files of this number, not beyond the current one, can be read."""
    return all((kind, step) in UPGRADES for step in range(number, FORMAT))


def upgraded(kind: Kind, data: Any, number: int) -> Any:
    """The data of a file of a known number, or of a line of a journal, in the current format."""
    if number == FORMAT or not isinstance(data, dict):
        return data
    for step in range(number, FORMAT):
        data = UPGRADES[kind, step](data)
    return {**data, FORMAT_KEY: FORMAT} if FORMAT_KEY in data else data
