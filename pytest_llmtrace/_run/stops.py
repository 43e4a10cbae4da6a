"""The exceptions that stop a test in the middle of a request.

They are pytest failures, hence BaseExceptions: no SDK retries them and no `except Exception` swallows them. What the
user reads in the end is the verdict, which replaces them.
"""

from __future__ import annotations

import pytest


class TapeStop(pytest.fail.Exception):  # type: ignore[misc,name-defined]  # it is no error of the program
    """Replay has no answer for a request, a connection went past the tape, or a budget forbids a live call."""


def stop(text: str) -> BaseException:
    """The exception for one line of text."""
    return TapeStop(text, pytrace=False)


def comes_of_stop(error: BaseException) -> bool:
    """Whether an exception is ours, or an accident of a framework with ours.

    LangChain's `ainvoke` takes whatever a task raised for a result: `'TapeStop' object has no attribute ...`.
    """
    return is_stop(error) or (isinstance(error, AttributeError) and repr(TapeStop.__name__) in str(error))


def is_stop(error: BaseException | None) -> bool:
    """Whether an exception is ours, or a group of nothing but ours."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_stop(one) for one in error.exceptions)
    return isinstance(error, TapeStop)
