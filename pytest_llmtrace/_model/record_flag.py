"""Under which name this plugin records: pytest-mockllm and others own ``--llm-record`` too, and may have been first.

Every text that proposes to record names an option that works here.
"""

from __future__ import annotations

import importlib.util
import re
from typing import Final

RECORD_FLAG: Final = "--llm-record"
RECORD_ALIAS: Final = "--llmtrace-record"
"""Works in every case."""

_settled: list[bool] = []
"""Whether each of the runs of pytest in this process, one within another, found the flag taken."""


def mockllm_is_installed() -> bool:
    """Whether pytest-mockllm, which owns the flag too, is there to be loaded."""
    return importlib.util.find_spec("pytest_mockllm") is not None


def settle(*, taken: bool) -> None:
    """A run of pytest begins, and knows whether the flag is another plugin's."""
    _settled.append(taken)


def unsettle() -> None:
    """That run is over."""
    if _settled:
        _settled.pop()


def record_flag() -> str:
    """The option that records. Outside of a run, the `llmtrace` command say, what is installed decides."""
    taken = _settled[-1] if _settled else mockllm_is_installed()
    return RECORD_ALIAS if taken else RECORD_FLAG


def working(text: str) -> str:
    """A text that proposes ``pytest --llm-record``, in the words that work here."""
    return re.sub(rf"pytest {RECORD_FLAG}\b(?!-)", f"pytest {record_flag()}", text)
