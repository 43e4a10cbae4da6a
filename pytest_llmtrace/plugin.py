"""The pytest plugin: hooks and fixtures. It decides nothing; `_run` does.

Loading it imports nothing heavy: `_run`, and with it every other part, is imported by the first test that is traced.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmtrace import _settings
from pytest_llmtrace.errors import SettingsError

if TYPE_CHECKING:
    from pytest_llmtrace._run.controller import Controller
    from pytest_llmtrace._run.live_trace import LLMTrace
    from pytest_llmtrace._run.money.ledger import Ledger
    from pytest_llmtrace._run.money.progress import Progress
    from pytest_llmtrace._run.run import Run
    from pytest_llmtrace._run.scope import Coverage

_HOOKS = "llmtrace-hooks"


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    _settings.declare(parser, pluginmanager)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(_settings.hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    if _settings.asks_for_tracing(early_config):
        _settings.keep_litellm_local()  # before a root conftest imports litellm


def pytest_configure(config: pytest.Config) -> None:
    for line in _settings.MARKER_HELP:
        config.addinivalue_line("markers", line)
    _settings.settle_record_flag(config)
    try:
        settings = _settings.read(config)
    except SettingsError as error:
        from pytest_llmtrace._report.clean import inert  # noqa: PLC0415

        raise pytest.UsageError(f"pytest-llmtrace: {inert(error)}") from None
    if not settings.disabled:
        config.pluginmanager.register(Hooks(config, settings), _HOOKS)


def pytest_unconfigure(config: pytest.Config) -> None:
    hooks = config.pluginmanager.get_plugin(_HOOKS)
    if hooks is not None:
        hooks.close()
    _settings.unsettle_record_flag()


@pytest.fixture
def llm_trace(request: pytest.FixtureRequest) -> LLMTrace:
    """The trace of this test, live: `.calls`, `.tools`, `.tool_names`, `.output`, `.usage`, `.cost`, ..."""
    from pytest_llmtrace._run.live_trace import empty_trace  # noqa: PLC0415

    hooks: Hooks | None = request.config.pluginmanager.get_plugin(_HOOKS)
    if hooks is None or not hooks.traces(request.node):
        return empty_trace(request.node.nodeid)
    return hooks.run.live_trace(request.node)


class Hooks:
    """The hooks of a run that is not disabled; holds the one `Run` and the one `Controller`."""

    def __init__(self, config: pytest.Config, settings: _settings.Settings) -> None:
        self._config = config
        self._settings = settings

    @cached_property
    def run(self) -> Run:
        """What happens in this process."""
        from pytest_llmtrace._run.run import Run  # noqa: PLC0415

        return Run(self._settings, ledger=self.ledger, hooks=self._config.hook)

    @cached_property
    def ledger(self) -> Ledger:
        """What is spent: of this process, or of all workers."""
        from pytest_llmtrace._run.money.ledger import Ledger  # noqa: PLC0415

        shared = getattr(self._config, "workerinput", {}).get("llmtrace_ledger")
        if shared is not None:
            return Ledger(Path(shared))
        return Ledger(listener=lambda: self.progress.within_a_test(self._config))

    @cached_property
    def progress(self) -> Progress:
        """What is said of it meanwhile."""
        from pytest_llmtrace._run.money.progress import Progress  # noqa: PLC0415

        return Progress(self._settings, self.controller.ledger or self.ledger)

    @cached_property
    def controller(self) -> Controller:
        """What is shown in the end; unused in xdist workers."""
        from pytest_llmtrace._run.controller import Controller  # noqa: PLC0415

        return Controller(self._settings)

    @cached_property
    def coverage(self) -> Coverage:
        """Which tests did not run."""
        from pytest_llmtrace._run.scope import Coverage  # noqa: PLC0415

        return Coverage()

    def close(self) -> None:
        """Take everything away, where anything was installed."""
        if "run" in self.__dict__:
            self.run.close()
        if "controller" in self.__dict__:
            self.controller.close()
        _settings.restore_environment()

    def pytest_report_header(self, config: pytest.Config) -> str | None:
        return _settings.header(self._settings, config)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, Any, Any]:
        with self._if(self._settings.run_mode != "off", lambda: self.run.collecting(session)):
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        if self._settings.spends and not hasattr(self._config, "workerinput"):
            self.progress.between_tests(self._config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        if self._settings.live.runs == 1 or not self.traces(item):
            return None
        from pytest_llmtrace._run.repeats import repeat  # noqa: PLC0415

        return repeat(self.run, item, nextitem)

    @pytest.hookimpl(wrapper=True, trylast=True)  # it may fail before the setup: other wrappers must be in place
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        with self._if(self.traces(item), lambda: self.run.setup(item)):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        with self._if(self.traces(item), lambda: self.run.call(item)):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        with self._if(self.traces(item), lambda: self.run.teardown()):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Generator[None, Any, Any]:
        with self._if("run" in self.__dict__, lambda: self.run.fixture(fixturedef, request)):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost: the outcome is known, xfail included
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if self.traces(item):
            self.run.note(report)
            if call.when == "teardown":
                report.llmtrace = self.run.take_payloads()  # type: ignore[attr-defined]  # rides to the controller
                report.user_properties += self.run.junit_properties(report.llmtrace)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not hasattr(self._config, "workerinput"):
            self.controller.take(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["llmtrace_ledger"] = self.controller.ledger_file()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        output = {} if error else getattr(node, "workeroutput", {}).get("llmtrace", {})
        self.coverage.add_worker(output.get("coverage"))
        self.controller.add(output.get("interrupted", []))

    def pytest_itemcollected(self) -> None:
        self.coverage.collected()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.coverage.kept(session)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.coverage.collect_report(report)

    @pytest.hookimpl(wrapper=True, trylast=True)  # innermost: fixtures are torn down by then, and the terminal waits
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        try:
            return (yield)
        finally:
            interrupted = self.run.interrupted() if "run" in self.__dict__ else []
            if hasattr(self._config, "workerinput"):
                output = {"coverage": self.coverage.to_data(), "interrupted": interrupted}
                self._config.workeroutput["llmtrace"] = output  # type: ignore[attr-defined]  # of xdist
            else:
                self.controller.add(interrupted)
                session.exitstatus = self.controller.finish(session, self.coverage)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        self.controller.summarise(terminalreporter)

    def traces(self, item: pytest.Item) -> bool:
        """Whether this test is traced."""
        return self._settings.mode_of(marked=item.get_closest_marker("llm_trace") is not None) != "off"

    @staticmethod
    @contextlib.contextmanager
    def _if(condition: bool, around: Any) -> Iterator[None]:  # noqa: FBT001
        if condition:
            with around():
                yield
        else:
            yield
