"""Paths that a policy leaves out of the comparison."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from pytest_llmtrace.errors import SettingsError

_ROOTS: Final = (
    *("model", "operation", "params", "tools", "messages", "output", "finish_reason", "error", "status"),
    *("call", "turn", "tool", "event"),
)
"""What paths of differences begin with."""
_FIRST: Final = re.compile(r"[^.\[ ]*")


def ignored_path(text: str) -> str:
    """The pattern that a setting holds. Raises: SettingsError where no path of a difference can match it."""
    pattern = text.strip()
    first = _FIRST.match(pattern)
    root = first[0] if first else ""
    if "*" not in root and root not in _ROOTS:
        raise SettingsError(
            f"ignore = {text!r}: no such path; a path begins with one of {', '.join(_ROOTS)}, as failures print it, or "
            "with **"
        )
    if pattern.startswith("messages.") and not pattern.startswith("messages.*"):
        raise SettingsError(
            f"ignore = {text!r}: messages are a list; write messages[*]{pattern.removeprefix('messages')}"
        )
    return pattern


def ignored_paths(patterns: Iterable[str]) -> Callable[[str], bool]:
    """A test whether a path is covered by any of the patterns.

    ``*`` stands for one key or position (``messages[*].content``, ``tools.*.description``), ``**`` for any number of
    them; a pattern covers everything below what it names.
    """
    expressions = [expression(pattern) for pattern in patterns]
    if not expressions:
        return lambda _path: False
    return lambda path: any(expression.fullmatch(path) for expression in expressions)


@lru_cache(maxsize=256)
def expression(pattern: str, *, below: bool = True) -> re.Pattern[str]:
    """A pattern as a regular expression; `below`: it covers what is below the path, too."""
    text = re.escape(pattern.strip())
    text = text.replace(r"\.\*\*", r"(?:[.\[].*)?").replace(r"\*\*", ".*")
    text = text.replace(r"\[\*\]", r"\[[^\]]*\]")
    text = text.replace(r"\.\*", r"""(?:\.[^.\[\]]+|\["[^"]*"\]|\[\d+\])""")
    text = text.replace(r"\*", r"[^.\[\]]*")
    return re.compile(rf"{text}(?:[.\[ ].*)?" if below else text, re.DOTALL)
