"""What options, ini values, environment and pyproject come to: one frozen value, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.record_flag import record_flag
from pytest_llmtrace._model.secret_key import SecretKey
from pytest_llmtrace._settings.budgets import Budgets, read_budgets
from pytest_llmtrace._settings.ci import CI, read_ci
from pytest_llmtrace._settings.early import is_disabled
from pytest_llmtrace._settings.history import History, read_history
from pytest_llmtrace._settings.ini_values import MODES
from pytest_llmtrace._settings.live import Live, read_live
from pytest_llmtrace._settings.otlp import Otlp, read_otlp
from pytest_llmtrace._settings.personal import read_personal
from pytest_llmtrace._settings.private import Tapes, Texts, read_privacy
from pytest_llmtrace._settings.pyproject import (
    PYPROJECT,
    Pyproject,
    check_policy_name,
    checked_list,
    policy_tables,
    prices,
)
from pytest_llmtrace._settings.secrets import Secrets, read_secrets
from pytest_llmtrace._settings.terminal import Terminal, read_terminal
from pytest_llmtrace.errors import SettingsError

if TYPE_CHECKING:  # which would cost every run of pytest 40 ms
    from pytest_llmtrace._model.personal.kind import Kind
    from pytest_llmtrace._model.verdict import Mode, OnMiss, RecordMode


@frozen
class Settings:
    """How this run is to behave."""

    disabled: bool = False
    """LLMTRACE_DISABLED is set: nothing of the plugin acts."""
    mode: Mode | None = None
    """Mode by flag, which beats markers; `None`: no flag was given."""
    default_mode: Mode = "off"
    """Mode of unmarked tests where no flag was given (ini)."""
    record_mode: RecordMode = "changed"
    dry_run: bool = False
    """Record mode that only finds out what it would do."""
    on_miss: OnMiss = "stop"
    policy: str | None = None
    """Policy of trace and record mode (ini)."""
    live_policy: str | None = None
    """Policy of live mode (ini)."""
    policies: Mapping[str, Any] = field(default_factory=dict)
    """Tables of the project's own policies, which were checked."""
    ini_file: str = "ini"
    """Name of the file with the ini values."""
    ignore: tuple[str, ...] = ()
    """Paths that are not compared."""
    normalize: tuple[str, ...] = ()
    """Normalisation rules."""
    budgets: Budgets = field(default_factory=Budgets)
    privacy: Texts = "off"
    """Whether golden traces and reports hold texts, or digests of them."""
    tapes: Tapes = "on"
    """Whether tapes are written, and how."""
    key: SecretKey | None = None
    """What digests and encrypted tapes are made with."""
    personal: tuple[Kind, ...] = ()
    """What is personal data, for which files hold placeholders."""
    secrets: Secrets = field(default_factory=Secrets)
    live: Live = field(default_factory=Live)
    terminal: Terminal = field(default_factory=Terminal)
    reports: tuple[Path, ...] = ()
    history: History | None = None
    """Where the run is kept beyond its end, where it is."""
    otlp: Otlp = field(default_factory=Otlp)
    """Where spans of the run are sent, where they are."""
    ci: CI = field(default_factory=CI)
    allow_hosts: tuple[str, ...] = ()
    prices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Project prices: model, then litellm's field names, in US dollars per token."""
    root: Path = Path()

    @property
    def run_mode(self) -> Mode:
        """The mode of tests that are not marked."""
        return self.mode or self.default_mode

    @property
    def spends(self) -> bool:
        """Whether unmarked tests may make live calls."""
        return self.run_mode in ("record", "live") and not self.dry_run

    @property
    def offline(self) -> bool:
        """Whether no test of the run may reach a provider."""
        return self.run_mode == "trace" or self.dry_run

    @property
    def by_marker(self) -> bool:
        """Whether the marker of a test decides if it is traced: neither a flag nor the ini file says so."""
        return self.mode is None and self.default_mode == "off"

    def mode_of(self, *, marked: bool) -> Mode:
        """The mode of one test. Flags beat the marker, the marker beats the ini value."""
        if self.disabled:
            return "off"
        if self.mode is not None:
            return self.mode
        if marked and self.default_mode == "off":
            return "trace"
        return self.default_mode


def read(config: pytest.Config, environment: Mapping[str, str] | None = None) -> Settings:
    """Read everything once. Raises: SettingsError with the value and the way out."""
    env = os.environ if environment is None else environment
    if is_disabled(env):
        return Settings(disabled=True, root=config.rootpath)
    option = config.option
    mode = _mode_by_flag(option)
    default = str(config.getini("llm_mode") or "off").strip()
    if default not in MODES:
        raise SettingsError(f"llm_mode = {default!r}: not a mode; choose one of {', '.join(MODES)}")
    if default == "record":
        raise SettingsError(
            f"llm_mode = record: recording costs money and must be asked for each time: {record_flag()}"
        )
    if option.llmtrace_record_mode and mode != "record":
        raise SettingsError(f"--llm-record-mode={option.llmtrace_record_mode} has no effect without {record_flag()}")
    if option.llmtrace_on_miss and (mode or default) in ("record", "live"):
        raise SettingsError(
            f"--llm-on-miss={option.llmtrace_on_miss} has no effect in {mode or default} mode: it says what replay "
            "does with a request that is not on the tape; use it with --llm-trace"
        )
    if option.llmtrace_dry_run and mode != "record":
        raise SettingsError(f"--llm-dry-run has no effect without {record_flag()}: it says what a recording would do")
    spends = mode == "record" and not option.llmtrace_dry_run
    if spends and _is_ci(env) and not option.llmtrace_record_in_ci:
        raise SettingsError(
            f"{record_flag()} in CI (the CI variable is set) would spend money unattended; "
            "if that is intended, add --llm-record-in-ci"
        )
    privacy, tapes, key = read_privacy(config.getini("llm_privacy"), config.getini("llm_tapes"), env, mode)
    pyproject = Pyproject(config.rootpath / PYPROJECT)
    own_prices, policies = prices(pyproject), policy_tables(pyproject)
    ini_file = config.inipath.name if config.inipath is not None else "ini"
    return Settings(
        mode=mode,
        default_mode=default,  # type: ignore[arg-type]  # checked above
        record_mode=option.llmtrace_record_mode or "changed",
        dry_run=option.llmtrace_dry_run,
        on_miss=option.llmtrace_on_miss or "stop",
        policy=_policy_name("llm_policy", config, policies),
        live_policy=_policy_name("llm_live_policy", config, policies),
        policies=policies,
        ini_file=ini_file,
        ignore=checked_list("ignore", config.getini("llm_ignore"), ini_file),
        normalize=checked_list("normalize", config.getini("llm_normalize"), ini_file),
        budgets=read_budgets(config, pyproject),
        privacy=privacy,
        tapes=tapes,
        key=key,
        personal=read_personal(config.getini("llm_pii"), config.getini("llm_redact"), ini_file),
        secrets=read_secrets(config, mode),
        live=read_live(config, mode or default),  # type: ignore[arg-type]  # checked above
        terminal=read_terminal(config),
        reports=tuple(_report(file, config) for file in option.llmtrace_report),
        history=read_history(config, env),
        otlp=read_otlp(config, env),
        ci=read_ci(config.getini("llm_github"), env),
        allow_hosts=tuple(config.getini("llm_allow_hosts")),
        prices=own_prices,
        root=config.rootpath,
    )


def _policy_name(name: str, config: pytest.Config, policies: Mapping[str, Any]) -> str | None:
    value = str(config.getini(name) or "").strip()
    if value:
        check_policy_name(name, value, policies)
    return value or None


def _mode_by_flag(option: Any) -> Mode | None:
    if option.llmtrace_off:
        return "off"
    if option.llmtrace_record and option.llmtrace_live:
        raise SettingsError(
            f"{record_flag()} and --llm-live exclude each other: record writes cassettes, live never does"
        )
    if option.llmtrace_record:
        return "record"
    if option.llmtrace_live:
        return "live"
    return "trace" if option.llmtrace_trace else None


def _is_ci(env: Mapping[str, str]) -> bool:
    return env.get("CI", "").strip().lower() not in ("", "0", "false", "no")


def _report(file: str, config: pytest.Config) -> Path:
    from pytest_llmtrace._report.files.endings import check_ending  # noqa: PLC0415  # only where a report is asked for

    path = Path(file)
    check_ending(path)
    return path if path.is_absolute() else config.invocation_params.dir / path
