"""The pytest plugin: hooks and fixtures. It decides nothing; `_run` does.

Loading it imports nothing heavy: `_run`, and with it every other part, is imported by the first test that is traced.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmtrace import _settings

if TYPE_CHECKING:
    from pytest_llmtrace._run.bugs import Around, Bugs
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
    except Exception as error:  # noqa: BLE001  # nothing runs: nothing would keep a replay off the network
        from pytest_llmtrace._run.bugs import settings_error  # noqa: PLC0415

        raise pytest.UsageError(settings_error(error)) from None
    if not settings.disabled:
        config.pluginmanager.register(Hooks(config, settings), _HOOKS)


def pytest_unconfigure(config: pytest.Config) -> None:
    hooks = config.pluginmanager.get_plugin(_HOOKS)
    if hooks is not None:
        hooks.close()
        hooks.settle(show=True)
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
        self._session: pytest.Session | None = None

    @cached_property
    def bugs(self) -> Bugs:
        """Bugs in this plugin that fail the run."""
        from pytest_llmtrace._run.bugs import Bugs  # noqa: PLC0415

        return Bugs(lambda text: self.run.redacted(text) if "run" in self.__dict__ else text)

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
        for name in ("run", "controller"):
            if name in self.__dict__:
                with self._noting("what it put in place could not be taken away"):
                    self.__dict__[name].close()
        _settings.restore_environment()

    def pytest_report_header(self, config: pytest.Config) -> str | None:
        with self._noting("the header could not be written"):
            return _settings.header(self._settings, config)
        return None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, Any, Any]:
        if self._settings.run_mode == "off":
            return (yield)
        with self.bugs.going_on(lambda: self.run.collecting(session), "the collection of tests could not be prepared"):
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        if self._settings.spends and not hasattr(self._config, "workerinput"):
            with self._noting("what is spent so far could not be shown"):
                self.progress.between_tests(self._config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        if self._settings.live.runs == 1 or not self.traces(item):
            return None
        from pytest_llmtrace._run.repeats import repeat  # noqa: PLC0415

        with self.bugs.failing_item(item, "the test could not be repeated"):
            repeat(self.run, item, nextitem)
        return True

    @pytest.hookimpl(wrapper=True, trylast=True)  # it may fail before the setup: other wrappers must be in place
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        with self._around(item, lambda: self.run.setup(item), "the test could not be set up"):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        with self._around(item, lambda: self.run.call(item), "the test could not be judged"):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        with self._around(item, lambda: self.run.teardown(), "what the test did could not be kept", always=True):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Generator[None, Any, Any]:
        if "run" not in self.__dict__:
            return (yield)
        with self.bugs.failing_fixture(self.run, fixturedef, request):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost: the outcome is known, xfail included
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if self.traces(item):
            with self.bugs.failing_report(self.run, report):
                self.run.note(report)
                if call.when == "teardown":
                    self.run.outbox.ride_on(report)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not hasattr(self._config, "workerinput"):
            with self._noting("the report of a test could not be taken in"):
                self.controller.take(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["llmtrace_ledger"] = self.controller.ledger_file()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        output = getattr(node, "workeroutput", {})
        if output.get("llmtrace_bugs"):
            self.bugs.add(output["llmtrace_bugs"])
        with self._noting("what a worker had to say could not be taken in"):
            told = {} if error else output.get("llmtrace", {})
            self.coverage.add_worker(told.get("coverage"))
            self.controller.add(told.get("interrupted", []), told.get("strays", []))

    def pytest_itemcollected(self) -> None:
        with self._noting("a test could not be counted"):
            self.coverage.collected()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        with self._noting("the tests that are left to run could not be counted"):
            self.coverage.kept(session)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        with self._noting("the report of a collection could not be taken in"):
            self.coverage.collect_report(report)

    @pytest.hookimpl(wrapper=True, trylast=True)  # innermost: fixtures are torn down by then, and the terminal waits
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        self._session = session
        try:
            return (yield)
        finally:
            with self._noting("what the run came to could not be reported"):
                self._finish(session)
            self.settle()

    def _finish(self, session: pytest.Session) -> None:
        interrupted, strays = [], []
        if "run" in self.__dict__:
            from pytest_llmtrace._run.capturing import take_strays  # noqa: PLC0415

            interrupted, strays = self.run.interrupted(), take_strays()
            self.bugs.take_stray()
        self.settle()
        if hasattr(self._config, "workerinput"):
            output = {"coverage": self.coverage.to_data(), "interrupted": interrupted, "strays": strays}
            self._config.workeroutput["llmtrace"] = output  # type: ignore[attr-defined]  # of xdist
        else:
            self.controller.add(interrupted, strays)
            session.exitstatus = self.controller.finish(session, self.coverage)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        with self._noting("the summary could not be written"):
            self.controller.summarise(terminalreporter)
        self.settle(terminalreporter)

    def settle(self, terminal: pytest.TerminalReporter | None = None, *, show: bool = False) -> None:
        """Where bugs were met: fail the run, tell the controller of a worker, and show what was not shown yet."""
        if "bugs" in self.__dict__ and self._session is not None:
            self.bugs.settle(self._session, terminal, show=show)

    def traces(self, item: pytest.Item) -> bool:
        """Whether this test is traced."""
        return self._settings.mode_of(marked=item.get_closest_marker("llm_trace") is not None) != "off"

    def _noting(self, what: str) -> AbstractContextManager[None]:
        """A bug inside fails the run in the end, which goes on."""
        return _Noting(self, what)

    def _around(
        self, item: pytest.Item, around: Around, what: str, *, always: bool = False
    ) -> AbstractContextManager[None]:
        """Around a phase of a test, where it is traced. A bug of ours fails the phase."""
        if not self.traces(item):
            return contextlib.nullcontext()
        return self.bugs.failing(around, what, lambda found: self.run.broken(found, item.nodeid), always=always)


class _Noting:
    """Nothing is imported where there is no bug: `pytest_itemcollected` of every test that is not traced comes here."""

    def __init__(self, hooks: Hooks, what: str) -> None:
        self._hooks = hooks
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, Exception):
            return False
        self._hooks.bugs.note(self._what, error)
        return True
