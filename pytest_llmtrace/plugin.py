"""The pytest plugin: what of it is in every run, traced or not. It decides nothing; `_run` does.

Loading it imports nothing but the names of options and ini values. Everything else, `_run.pytest_hooks` first, comes
with a mode, or with the first test that is marked.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmtrace._settings import early, hookspecs, ini_values, options

if TYPE_CHECKING:
    from pytest_llmtrace._run.live_trace import LLMTrace
    from pytest_llmtrace._run.pytest_hooks import Hooks
    from pytest_llmtrace._settings.values import Settings

_INSTALLED = "llmtrace-installed"
_HOOKS = "llmtrace-hooks"


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    options.declare_options(parser, pluginmanager)
    ini_values.declare_ini_values(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    if early.asks_for_tracing(early_config):
        from pytest_llmtrace._model.loading import bring_back, set_aside  # noqa: PLC0415

        early.keep_litellm_local()  # before a root conftest imports litellm
        early_config.add_cleanup(bring_back)  # called after pytest's own, which collect garbage
        set_aside()  # nothing of the application lives yet: its tests may look for what it drops


def pytest_configure(config: pytest.Config) -> None:
    for line in ini_values.MARKER_HELP:
        config.addinivalue_line("markers", line)
    if early.is_disabled(os.environ):
        return
    installed = Installed(config)
    try:
        mode = installed.settings.run_mode if early.asks_for_anything(config) else None
    except Exception as error:  # noqa: BLE001  # nothing runs: nothing would keep a replay off the network
        from pytest_llmtrace._run.bugs import settings_error  # noqa: PLC0415

        raise pytest.UsageError(settings_error(error)) from None
    config.pluginmanager.register(installed, _INSTALLED)
    if mode not in (None, "off"):
        _ = installed.hooks


def pytest_unconfigure(config: pytest.Config) -> None:
    hooks: Hooks | None = config.pluginmanager.get_plugin(_HOOKS)
    if hooks is not None:
        hooks.close()
        hooks.settle(show=True)
    early.restore_environment()


@pytest.fixture
def llm_trace(request: pytest.FixtureRequest) -> LLMTrace:
    """The trace of this test, live: `.calls`, `.tools`, `.tool_names`, `.output`, `.usage`, `.cost`, ..."""
    from pytest_llmtrace._run.live_trace import empty_trace  # noqa: PLC0415

    hooks: Hooks | None = request.config.pluginmanager.get_plugin(_HOOKS)
    if hooks is None or not hooks.traces(request.node):
        return empty_trace(request.node.nodeid)
    return hooks.run.live_trace(request.node)


class Installed:
    """What waits in every run that is not disabled for the first test that is to be traced.

    Each hook that is called for each test costs suites that trace nothing: there is one, and no more.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._environment = dict(os.environ)

    def __dir__(self) -> list[str]:
        # pytest 8 asks for the value of all that is listed: what is made on first use would be made at once
        return [name for name in super().__dir__() if name.startswith("pytest_")]

    @cached_property
    def settings(self) -> Settings:
        """Everything that was said before the run began, whenever it is asked for."""
        from pytest_llmtrace._model.record_flag import settle, unsettle  # noqa: PLC0415
        from pytest_llmtrace._settings.values import read  # noqa: PLC0415

        settle(taken=not options.owns_record_flag(self._config))  # texts name the option that records in this run
        self._config.add_cleanup(unsettle)
        return read(self._config, self._environment)

    @cached_property
    def hooks(self) -> Hooks:
        """The hooks of a run that traces tests, which are in place from now on."""
        from pytest_llmtrace._run.pytest_hooks import Hooks  # noqa: PLC0415

        hooks = Hooks(self._config, self.settings)
        self._config.pluginmanager.register(hooks, _HOOKS)
        return hooks

    def pytest_report_header(self, config: pytest.Config) -> str | None:
        return self.hooks.header() if "hooks" in self.__dict__ else early.header(config)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        traced = "hooks" in self.__dict__ and self.hooks.controller.traced
        line = early.idle_gates(self._config) if not traced else None
        if line is not None:
            terminalreporter.write_line(line, yellow=True)

    @pytest.hookimpl(wrapper=True, trylast=True)  # it may fail before the setup: other wrappers must be in place
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        __tracebackhide__ = early.is_no_verdict
        if "hooks" not in self.__dict__ and not early.is_marked(item):
            return (yield)
        if not self.hooks.traces(item):
            return (yield)
        with self.hooks.setting_up(item):
            return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # of xdist: what workers trace is reported here
        node.workerinput["llmtrace_ledger"] = self.hooks.controller.ledger_file()
