"""The markers of the plugin: their arguments are the keyword-only parameters of one class each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, TypeVar

from pytest_llmtrace._settings.amounts import WHATS, limit_problem
from pytest_llmtrace.errors import SettingsError

_EXAMPLES: Final = {"severities": '{"prompt": "warn"}', "tools": '{"search": "subset"}'}
MATCH_MODES: Final = ("strict", "unordered", "subset", "superset")


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceMarker:
    """Arguments of ``@pytest.mark.llm_trace(...)``."""

    policy: str | None = None
    """Named comparison policy."""
    match: str | None = None
    """Match mode for tool trajectories: `strict`, `unordered`, `subset`, `superset`."""
    order: str | None = None
    """Whether conversations may interleave in another way: `free`, `strict`."""
    ignore: tuple[str, ...] = ()
    """Paths that are not compared."""
    normalize: tuple[str, ...] = ()
    """Normalisation rules."""
    severities: Mapping[str, str] = field(default_factory=dict)
    """By kind of drift: `fail`, `warn`, `ignore`."""
    tools: Mapping[str, str] = field(default_factory=dict)
    """How the arguments of tools are matched: `exact`, `ignore`, `subset`, `superset`, or the name of a function."""
    text_tolerance: float | None = None
    """Share of the words of an answer that may differ, 0 to 1."""
    text_scorer: str | None = None
    """A function that judges two answers instead, as ``package.module:function``."""
    min_calls: int = 0
    """LLM calls that the test must make at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetMarker:
    """Arguments of ``@pytest.mark.llm_budget(...)``: what one test may use at most; `None`: as much as it takes."""

    usd: float | None = None
    tokens: int | None = None
    calls: int | None = None


Marker = TypeVar("Marker", TraceMarker, BudgetMarker)


def trace_marker(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> TraceMarker:
    """The marker's arguments as a value. Raises: SettingsError for an unknown or unusable one."""
    listed = {
        name: (value,) if isinstance(value, str) else tuple(value)
        for name, value in kwargs.items()
        if name in ("ignore", "normalize") and isinstance(value, (str, list, tuple, set))
    }
    marker = _made(TraceMarker, "llm_trace", args, {**kwargs, **listed})
    if marker.match is not None and marker.match not in MATCH_MODES:
        raise SettingsError(
            f"@pytest.mark.llm_trace(match={marker.match!r}): not a match mode; choose one of {', '.join(MATCH_MODES)}"
        )
    for name in ("ignore", "normalize"):
        written = getattr(marker, name)
        if not isinstance(written, tuple) or not all(isinstance(one, str) for one in written):
            raise SettingsError(f"@pytest.mark.llm_trace({name}={kwargs[name]!r}): must be a list of texts")
    for name in ("severities", "tools"):
        if not isinstance(getattr(marker, name), Mapping):
            raise SettingsError(
                f"@pytest.mark.llm_trace({name}={getattr(marker, name)!r}): must be a dict, such as {_EXAMPLES[name]}"
            )
    if not isinstance(marker.min_calls, int) or isinstance(marker.min_calls, bool) or marker.min_calls < 0:
        raise SettingsError(
            f"@pytest.mark.llm_trace(min_calls={marker.min_calls!r}): must be a whole number, 0 or more"
        )
    return marker


def budget_marker(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> BudgetMarker:
    """The marker's arguments as a value. Raises: SettingsError for an unknown or unusable one."""
    marker = _made(BudgetMarker, "llm_budget", args, kwargs)
    if not kwargs:
        raise SettingsError("@pytest.mark.llm_budget() needs at least one of usd=, tokens=, calls=")
    for what in WHATS:
        value = getattr(marker, what)
        problem = None if value is None else limit_problem(what, value)
        if problem is not None:
            raise SettingsError(f"@pytest.mark.llm_budget({what}={value!r}): {problem}, or None for no limit")
    return marker


def _made(kind: type[Marker], name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Marker:
    valid = [one.name for one in fields(kind)]
    if args:
        raise SettingsError(f"@pytest.mark.{name} takes keyword arguments only: {', '.join(valid)}; got {args[0]!r}")
    unknown = sorted(set(kwargs) - set(valid))
    if unknown:
        raise SettingsError(
            f"@pytest.mark.{name} has no argument {unknown[0]!r}; the valid ones are {', '.join(valid)}"
        )
    return kind(**kwargs)
