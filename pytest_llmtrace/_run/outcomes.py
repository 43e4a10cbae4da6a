"""How phases of a test begin and end: what pytest, unittest and event loops need of us there."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest

from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._report.clean import inert
from pytest_llmtrace._run.stops import is_stop

Undo = Callable[[], None] | None
"""What puts something back as it was, where it was changed."""


def fail(text: str, *, skipped: bool = False) -> NoReturn:
    """End the phase as failed, with the text alone: what it replaces is not shown again."""
    raise _failure(text, skipped=skipped) from None


def fail_for_all(fixturedef: Any, request: Any, text: str, *, skipped: bool = False) -> NoReturn:
    """End the setup of a fixture as failed, for whoever asks for it later too: pytest keeps how a setup ended.

    It does not begin one anew that ended before it began: it would fail on an assertion of its own.
    """
    failure = _failure(text, skipped=skipped)
    kept = fixturedef.cached_result
    fixturedef.cached_result = (None, kept[1] if kept is not None else fixturedef.cache_key(request), (failure, None))
    raise failure from None


def _failure(text: str, *, skipped: bool) -> BaseException:
    text = inert(text)  # names of files, and what an error quotes from one, among them
    return pytest.skip.Exception(text) if skipped else pytest.fail.Exception(text, pytrace=False)


def shorten_crash(report: pytest.TestReport) -> None:
    """Leave the first line alone, without the node id, for where pytest names the test and has room for no more.

    Its short summary begins with the node id, and in CI it repeats the whole message.
    """
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return
    first = crash.message.partition("\n")[0]
    said = first.removeprefix(f"Failed: {report.nodeid} ")
    if said != first:
        crash.message = said


def screen(verdict: Verdict) -> str:
    """What the user reads."""
    from pytest_llmtrace._report.failure.screen import failure_text  # noqa: PLC0415  # only where something failed

    return failure_text(verdict)


def is_no_outcome(exception: BaseException | None) -> bool:
    """Whether a phase ended for a reason that is no result of the test: skipped, interrupted, pytest told to exit."""
    return isinstance(exception, (pytest.skip.Exception, pytest.exit.Exception, KeyboardInterrupt, SystemExit))


def is_skip(exception: BaseException | None) -> bool:
    """Whether a phase ended in a skip. After we stopped it that is what came of the stop, and hides nothing."""
    return isinstance(exception, pytest.skip.Exception)


def told_in(error: BaseException) -> list[str]:
    """The verdicts on fixtures of wider scope among what pytest gathered from one teardown."""
    return [str(one) for one in _gathered(error) if _is_verdict(one)] if is_told(error) else []


def is_told(error: BaseException) -> bool:
    """Whether a teardown ended in stops and nothing else, besides the verdicts that explain them."""
    found = list(_gathered(error))
    return any(is_stop(one) for one in found) and all(is_stop(one) or _is_verdict(one) for one in found)


def _is_verdict(error: BaseException) -> bool:
    return isinstance(error, pytest.fail.Exception) and not (error.pytrace or is_stop(error))


def _gathered(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _gathered(one)
    else:
        yield error


def is_interruption(exception: BaseException | None) -> bool:
    """Whether somebody ended the run in the middle of a phase: what that did not do says nothing."""
    return isinstance(exception, (pytest.exit.Exception, KeyboardInterrupt))


def forget_unittest_failure(item: pytest.Item) -> None:
    """`TestCase` items keep their exception on the item, and it would be reported in place of the verdict."""
    kept = getattr(item, "_excinfo", None)
    if isinstance(kept, list):
        kept.clear()


def _is_plain(function: Any) -> bool:
    """Whether this is surely no coroutine function, as nearly all tests are none: `inspect` takes eight steps.

    By its code, and by what else is set on it: Python 3.12 lets functions be marked for some.
    """
    try:
        is_coroutine, marks = function.__code__.co_flags & inspect.CO_COROUTINE, function.__dict__
    except AttributeError:
        return False
    return not is_coroutine and (not marks or (len(marks) == 1 and "pytestmark" in marks))


def drained(item: pytest.Item) -> Undo:
    """Let a coroutine test, or an `IsolatedAsyncioTestCase`, drain litellm in its own event loop.

    Returns what must be called after the test, if anything.
    """
    function, instance = getattr(item, "obj", None), getattr(item, "instance", None)
    add_cleanup = getattr(instance, "addAsyncCleanup", None) if instance is not None else None
    if add_cleanup is not None:
        from pytest_llmtrace._capture.from_litellm.drain import drain_in_loop  # noqa: PLC0415

        add_cleanup(drain_in_loop)
        return None
    if _is_plain(function) or not inspect.iscoroutinefunction(function) or hasattr(function, "hypothesis"):
        return None
    from pytest_llmtrace._capture.from_litellm.drain import draining  # noqa: PLC0415

    item.obj = draining(function)  # type: ignore[attr-defined]
    return functools.partial(setattr, item, "obj", function)
