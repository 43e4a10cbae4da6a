"""Budgets of a run, of directories and of tests, and the growth that is accepted: read once."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.limits import RUN, Limit, MaxGrowth, What
from pytest_llmtrace._settings.amounts import WHATS, limit_problem, parse_amount, parse_growth, parsed
from pytest_llmtrace._settings.pyproject import PYPROJECT, Pyproject
from pytest_llmtrace.errors import SettingsError

SUFFIXES: Final[dict[What, str]] = {"usd": "", "tokens": "-tokens", "calls": "-calls"}
"""What follows `--llm-budget`, and, with an underscore, `llm_budget` and `llm_test_budget`."""


@frozen
class Budgets:
    """Every limit that is no marker's."""

    run: tuple[Limit, ...] = ()
    directories: tuple[Limit, ...] = ()
    test: tuple[Limit, ...] = ()
    """What each test may use that has no marker which says so; their scope is empty."""
    growth: MaxGrowth | None = None


def read_budgets(config: pytest.Config, pyproject: Pyproject) -> Budgets:
    """Read them. Raises: SettingsError that names option or table, value, and what is possible."""
    ini_file = config.inipath.name if config.inipath is not None else "the ini file"
    flag, ini = config.option.llmtrace_max_growth, str(config.getini("llm_max_growth") or "")
    growth = None
    if flag is not None:
        growth = parsed("--llm-max-growth", lambda: parse_growth(flag, "--llm-max-growth"))
    elif ini:
        growth = parsed("llm_max_growth", lambda: parse_growth(ini, f"llm_max_growth in {ini_file}"))
    return Budgets(
        run=tuple(_run_limits(config, ini_file)),
        directories=directory_limits(pyproject),
        test=tuple(_test_limits(config, ini_file)),
        growth=growth,
    )


def directory_limits(pyproject: Pyproject) -> tuple[Limit, ...]:
    """The tables ``[tool.llmtrace.budgets."tests/agents"]``. Raises: SettingsError that names table, key and value."""
    file, tables = pyproject.path, pyproject.table("budgets")
    if not isinstance(tables, dict):
        raise SettingsError(f"{file}: tool.llmtrace.budgets = {tables!r}: must hold tables, {_table('tests/agents')}")
    written: dict[str, str] = {}
    limits: list[Limit] = []
    for name, fields in tables.items():
        directory = _directory(file, name, fields)
        if directory in written:
            raise SettingsError(f"{file}: {_table(written[directory])} and {_table(name)} are the same directory")
        written[directory] = name
        limits += _of_directory(file, name, directory, fields)
    return tuple(sorted(limits, key=lambda one: (one.scope, WHATS.index(one.what))))


def _run_limits(config: pytest.Config, ini_file: str) -> Iterator[Limit]:
    for what in WHATS:
        flag, name = getattr(config.option, f"llmtrace_budget_{what}"), f"--llm-budget{SUFFIXES[what]}"
        if flag is not None:
            yield Limit(scope=RUN, what=what, value=_amount(name, what, flag), source=name)
        else:
            yield from _of_ini(config, "llm_budget", what, RUN, ini_file)


def _test_limits(config: pytest.Config, ini_file: str) -> Iterator[Limit]:
    for what in WHATS:
        yield from _of_ini(config, "llm_test_budget", what, "", ini_file)


def _of_ini(config: pytest.Config, name: str, what: What, scope: str, ini_file: str) -> Iterator[Limit]:
    name = _ini(name, what)
    text = str(config.getini(name) or "").strip()
    if text:
        yield Limit(scope=scope, what=what, value=_amount(name, what, text), source=f"{name} in {ini_file}")


def _directory(file: Path, name: str, fields: object) -> str:
    """The directory of a table, as node ids spell it."""
    if not isinstance(fields, dict):
        raise SettingsError(
            f"{file}: tool.llmtrace.budgets.{name} = {fields!r}: must be a table, such as "
            f"{_table('tests/agents')} with usd, tokens or calls; the budget of the run is `llm_budget` of the ini file"
        )
    directory = posixpath.normpath(name.replace("\\", "/"))
    if not name or directory == ".." or directory.startswith(("/", "../")) or Path(name).is_absolute():
        raise SettingsError(f"{file}: {_table(name)}: must be a directory below {file.parent}, written relative to it")
    if directory == RUN:
        raise SettingsError(
            f"{file}: {_table(name)}: `{RUN}` is what reports call the whole run, so a directory of that name can "
            "have no budget; give one to the directories in it, or use another name"
        )
    if not (file.parent / directory).is_dir():
        what = (
            "is a file; a budget per test is set by a marker" if (file.parent / directory).is_file() else "is not there"
        )
        raise SettingsError(f"{file}: {_table(name)}: the directory {file.parent / directory} {what}")
    return directory


def _of_directory(file: Path, name: str, directory: str, fields: dict[str, Any]) -> Iterator[Limit]:
    if not fields:
        raise SettingsError(f"{file}: {_table(name)} is empty; it takes {', '.join(WHATS)}")
    for key, value in fields.items():
        if key not in WHATS:
            hint = (
                " (a directory whose name has dots or slashes is written in quotes)" if isinstance(value, dict) else ""
            )
            raise SettingsError(f"{file}: {_table(name)} has no key {key!r}; it takes {', '.join(WHATS)}{hint}")
        problem = limit_problem(key, value)
        if problem is not None:
            raise SettingsError(f"{file}: {_table(name)} {key} = {value!r}: {problem}")
        yield Limit(scope=directory, what=key, value=value, source=f"{key} of {_table(name)} in {PYPROJECT}")


def _table(name: str) -> str:
    return f'[tool.llmtrace.budgets."{name}"]'


def _ini(name: str, what: What) -> str:
    return f"{name}{SUFFIXES[what]}".replace("-", "_")


def _amount(source: str, what: What, text: str) -> float:
    return parsed(source, lambda: parse_amount(what, text))
