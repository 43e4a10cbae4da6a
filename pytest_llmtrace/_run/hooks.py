"""The functions that conftest files and plugins add: `pytest_llmtrace_normalize`, `_score` and `_redact`."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._run.recording.personal import book_of
from pytest_llmtrace._run.stops import stop
from pytest_llmtrace._settings.values import Settings
from pytest_llmtrace.errors import SettingsError

if TYPE_CHECKING:  # few projects have such functions
    from pytest_llmtrace._compare.policies.policy import Policy
    from pytest_llmtrace._compare.rules.dotted import Named
    from pytest_llmtrace._compare.rules.normalize import FunctionRule

NORMALIZE = "pytest_llmtrace_normalize"
SCORE = "pytest_llmtrace_score"
REDACT = "pytest_llmtrace_redact"


def has_rules(hooks: Any) -> bool:
    """Whether there is any implementation of `pytest_llmtrace_normalize` or `_score`, for whichever tests.

    Args:
        hooks: pytest's, with those of all conftest files and plugins that there are by now.
    """
    return bool(hooks.pytest_llmtrace_normalize.get_hookimpls() or hooks.pytest_llmtrace_score.get_hookimpls())


def normalize_rules(hooks: Any, nodeid: str) -> tuple[FunctionRule, ...]:
    """The rules that implementations add for an owner; none where there is no implementation.

    Args:
        hooks: pytest's, as they hold for the owner: those of its own conftest files are among them.
        nodeid: The owner.
    """
    found = _implementations(hooks, NORMALIZE)
    if not found:
        return ()
    from pytest_llmtrace._compare.rules.normalize import FunctionRule  # noqa: PLC0415

    return tuple(
        FunctionRule(name=f"{NORMALIZE} of {one.plugin_name}", apply=_applied(one, NORMALIZE, nodeid=nodeid))
        for one in found
    )


def with_hooks(policy: Policy, hooks: Any, nodeid: str) -> Policy:
    """A policy with what implementations add to it for a test: rules, and what judges wording where it names nothing.

    Args:
        policy: Of the test.
        hooks: As for `normalize_rules`.
        nodeid: The test.
    """
    rules, judge = normalize_rules(hooks, nodeid), policy.text_scorer or scorer(hooks, nodeid)
    if not rules and judge is policy.text_scorer:
        return policy
    return replace(policy, normalize=(*policy.normalize, *rules), text_scorer=judge)


def scorer(hooks: Any, nodeid: str) -> Named | None:
    """What judges the wording of a test's answers where its policy names no function; `None` without implementations.

    Args:
        hooks: pytest's, as they hold for the test.
        nodeid: The test.
    """
    found = _implementations(hooks, SCORE)
    if not found:
        return None
    from pytest_llmtrace._compare.rules.dotted import Named  # noqa: PLC0415

    def score(golden: str, observed: str) -> Any:
        given = {"golden": golden, "observed": observed, "nodeid": nodeid}
        for one in found:
            said = one.function(*(given[argument] for argument in one.argnames))
            if said is not None:
                return said
        return None

    return Named(f"{SCORE} of {', '.join(str(one.plugin_name) for one in found)}", "text_scorer", score)


def redactor(hooks: Any, settings: Settings) -> Redactor:
    """What removes secrets in this run: implementations may still come, with the conftest files of folders.

    Each owner has a book of personal data of its own; the one here is for what belongs to none.

    Args:
        hooks: pytest's.
        settings: say what is none, and whether something else looks for them while recording.
    """
    secrets = settings.secrets
    detector = None
    if secrets.detector and settings.mode == "record":
        from pytest_llmtrace._run.recording import from_detect_secrets  # noqa: PLC0415  # only where it is asked for

        detector = from_detect_secrets.detector()
    made = Redactor.from_environment(more=lambda: redaction(hooks), allowed=secrets.allowed, detector=detector)
    book = book_of(settings.personal)
    return made if book is None else made.hiding(book)


def redaction(hooks: Any) -> Callable[[str], str] | None:
    """What implementations remove from a text; `None` where there are none. Ends the test where one raises."""
    if not getattr(hooks, REDACT).get_hookimpls():  # as nearly always, and each text asks
        return None
    functions = [_applied(one, REDACT) for one in _implementations(hooks, REDACT)]
    if not functions:
        return None

    def redact(text: str) -> str:
        try:
            for function in functions:
                text = function(text)
        except SettingsError as error:
            said = str(error)
        else:
            return text
        raise stop(said)  # no SDK may take it for a failed connection, and nothing unredacted may be written

    return redact


def _implementations(hooks: Any, name: str) -> list[Any]:
    """In the order in which pytest would call them."""
    return [one for one in reversed(getattr(hooks, name).get_hookimpls()) if not (one.wrapper or one.hookwrapper)]


def _applied(implementation: Any, name: str, **context: str) -> Callable[[str], str]:
    def applied(text: str) -> str:
        given = {"text": text, **context}
        try:
            made = implementation.function(*(given[argument] for argument in implementation.argnames))
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            raise SettingsError(
                f"{name} of {implementation.plugin_name}: it raised {type(error).__name__}: {error} "
                f"({last.filename}:{last.lineno})"
            ) from error
        if made is not None and not isinstance(made, str):
            raise SettingsError(
                f"{name} of {implementation.plugin_name}: it must return a text, or None where nothing is to be done, "
                f"not {made!r:.100}"
            )
        return text if made is None else made

    return applied
