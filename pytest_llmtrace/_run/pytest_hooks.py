"""The hooks of pytest in a run that traces tests: registered with its mode, or by the first test that is marked."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_llmtrace._model.loading import collecting_nothing
from pytest_llmtrace._run.bugs import Bugs
from pytest_llmtrace._run.controller import Controller
from pytest_llmtrace._run.money.ledger import Ledger
from pytest_llmtrace._run.phase import Met, Phase, inside
from pytest_llmtrace._run.scope import Coverage
from pytest_llmtrace._settings import early
from pytest_llmtrace._settings.values import Settings

if TYPE_CHECKING:  # what only the process needs that runs tests, or spends
    from pytest_llmtrace._run.money.progress import Progress
    from pytest_llmtrace._run.run import Run


class Hooks:
    """Holds the one `Run` and the one `Controller`."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self._is_worker = hasattr(config, "workerinput")
        self._session: pytest.Session | None = None
        self._traces_all = None if settings.by_marker else settings.run_mode != "off"
        self.bugs = Bugs(self._redacted)
        """Bugs in this plugin that fail the run."""
        self.controller = Controller(settings)
        """What is shown in the end; unused in xdist workers."""
        self.coverage = Coverage()
        """Which tests did not run."""
        self._setup = Phase(
            lambda item: self.run.begin_setup(item),
            lambda *ended: self.run.end_setup(*ended),
            self._failing("the test could not be set up"),
        )
        self._call = Phase(
            lambda item: self.run.begin_call(item),
            lambda *ended: self.run.end_call(*ended),
            self._failing("the test could not be judged"),
        )
        self._teardown = Phase(
            lambda _item: self.run.attempt,
            lambda *ended: self.run.end_teardown(*ended),
            self._failing("what the test did could not be kept"),
            always=True,
        )
        self._of_tests: object = _UNSEEN
        """The scope of fixtures of one test, as pytest holds it."""

    def __dir__(self) -> list[str]:
        # pytest 8 asks for the value of all that is listed: what is made on first use would be made at once
        idle = self._idle()
        return [name for name in super().__dir__() if name.startswith("pytest_") and name not in idle]

    @cached_property
    def run(self) -> Run:
        """What happens in this process."""
        with collecting_nothing():
            from pytest_llmtrace._run.run import Run  # noqa: PLC0415

        run = Run(self._settings, ledger=self.ledger, hooks=self._config.hook, is_worker=self._is_worker)
        self._setup.do(run.begin_setup, run.end_setup)  # from now on without a detour
        self._call.do(run.begin_call, run.end_call)
        self._teardown.do(lambda _item: run.attempt, run.end_teardown)
        return run

    @cached_property
    def ledger(self) -> Ledger:
        """What is spent: of this process, or of all workers."""
        shared = getattr(self._config, "workerinput", {}).get("llmtrace_ledger")
        if shared is not None:
            return Ledger(Path(shared))
        every = self._settings.terminal.progress
        return Ledger(listener=lambda: self.progress.within_a_test(self._config), told_every=every)

    @cached_property
    def progress(self) -> Progress:
        """What is said of it meanwhile."""
        from pytest_llmtrace._run.money.progress import Progress  # noqa: PLC0415

        return Progress(self._settings, self.controller.ledger or self.ledger)

    def close(self) -> None:
        """Take everything away, where anything was installed."""
        for one in (self.__dict__.get("run"), self.controller):
            if one is not None:
                with self._noting("what it put in place could not be taken away"):
                    one.close()

    def header(self) -> str | None:
        """What pytest's header says of this run."""
        with self._noting("the header could not be written"):
            return early.header(self._config, self._settings)
        return None

    def setting_up(self, item: pytest.Item) -> AbstractContextManager[None]:
        """Around the setup of a test that is traced."""
        return inside(self._setup, item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, Any, Any]:
        if self._settings.run_mode == "off" or self._leaves_tests_to_workers:
            return (yield)
        with self.bugs.going_on(lambda: self.run.collecting(session), "the collection of tests could not be prepared"):
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        with self._noting("what is spent so far could not be shown"):
            self.progress.between_tests(self._config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        if not self.traces(item):
            return None
        from pytest_llmtrace._run.repeats import repeat  # noqa: PLC0415

        with self.bugs.failing_item(item, "the test could not be repeated"):
            repeat(self.run, item, nextitem)
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        __tracebackhide__ = early.is_no_verdict
        if not (self._traces_all or self.traces(item)):
            return (yield)
        with inside(self._call, item):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        __tracebackhide__ = early.is_no_verdict
        if not (self._traces_all or self.traces(item)):
            return (yield)
        with inside(self._teardown, item):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Generator[None, Any, Any]:
        __tracebackhide__ = early.is_no_verdict
        scope = getattr(fixturedef, "_scope", None)  # what `scope` makes a text of, whenever it is asked for
        if scope is self._of_tests or "run" not in self.__dict__:
            return (yield)
        if fixturedef.scope == "function":  # it belongs to its test
            self._of_tests = scope or _UNSEEN
            return (yield)
        with self.bugs.failing_fixture(self.run, fixturedef, request):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # outermost: the outcome is known, xfail included
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if self._traces_all or self.traces(item):
            try:
                if call.when == "call" or report.longrepr is not None:
                    self.run.note(report)
                if call.when == "teardown":
                    self.run.outbox.ride_on(report)
            except Exception as error:  # noqa: BLE001  # it is what the report says
                self.bugs.report_failed(error, self.run, report)
        return report

    @pytest.hookimpl(tryfirst=True)  # of a worker's reports, JUnit's among others read what is added here
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        try:  # as `_noting`, three times in each test
            self.controller.take(report)
        except Exception as error:  # noqa: BLE001  # it fails the run in the end
            self.bugs.note("the report of a test could not be taken in", error)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        output = getattr(node, "workeroutput", {})
        if output.get("llmtrace_bugs"):
            self.bugs.add(output["llmtrace_bugs"])
        with self._noting("what a worker had to say could not be taken in"):
            told = {} if error else output.get("llmtrace", {})
            self.coverage.add_worker(told.get("coverage"))
            self.controller.add(told.get("interrupted", []), told.get("strays", []), told.get("problems", []))

    def pytest_itemcollected(self) -> None:
        try:  # as `_noting`, for each test
            self.coverage.collected()
        except Exception as error:  # noqa: BLE001  # it fails the run in the end
            self.bugs.note("a test could not be counted", error)

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
        interrupted, strays, problems = [], [], []
        if "run" in self.__dict__:
            from pytest_llmtrace._run.capturing import take_strays  # noqa: PLC0415

            interrupted, strays = self.run.interrupted(), take_strays()
            problems = self.run.settling.finish()
            self.bugs.take_stray()
        self.settle()
        if self._is_worker:
            said = {"interrupted": interrupted, "strays": strays, "problems": problems}
            output = {"coverage": self.coverage.to_data(), **said}
            self._config.workeroutput["llmtrace"] = output  # type: ignore[attr-defined]  # of xdist
        else:
            self.controller.add(interrupted, strays, problems)
            session.exitstatus = self.controller.finish(session, self.coverage, self._noting)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        with self._noting("the summary could not be written"):
            self.controller.summarise(terminalreporter)
        self.settle(terminalreporter)

    def settle(self, terminal: pytest.TerminalReporter | None = None, *, show: bool = False) -> None:
        """Where bugs were met: fail the run, tell the controller of a worker, and show what was not shown yet."""
        if self._session is not None:
            self.bugs.settle(self._session, terminal, show=show)

    def traces(self, item: pytest.Item) -> bool:
        """Whether this test is traced. Who asks for each phase looks first whether all are."""
        return early.is_marked(item) if self._traces_all is None else self._traces_all

    @property
    def _leaves_tests_to_workers(self) -> bool:
        return self._config.pluginmanager.hasplugin("dsession")  # of xdist

    def _redacted(self, text: str) -> str:
        return self.run.redacted(text) if "run" in self.__dict__ or self._leaves_tests_to_workers else text

    def _idle(self) -> set[str]:
        """Hooks that pytest would call for each test, and that have nothing to do in this run or this process."""
        spends = self._settings.spends and not self._is_worker
        needed = {
            "pytest_runtest_logstart": spends,
            "pytest_runtest_protocol": self._settings.live.runs > 1,
            "pytest_runtest_logreport": not self._is_worker,
        }
        return {name for name, is_needed in needed.items() if not is_needed}

    def _noting(self, what: str) -> AbstractContextManager[None]:
        """A bug inside fails the run in the end, which goes on."""
        return _Noting(self, what)

    def _failing(self, what: str) -> Met:
        """A bug of ours fails the phase."""
        return self.bugs.failing(what, lambda found, item: self.run.broken(found, item.nodeid))


_UNSEEN: Final = object()


class _Noting:
    """As little as possible where there is no bug."""

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
