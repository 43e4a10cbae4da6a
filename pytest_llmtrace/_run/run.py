"""One pytest run in one process: what all owners share, and who is running now."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from pytest_llmtrace._capture.faults import Fault, fault
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._run import outcomes
from pytest_llmtrace._run.bugs import internal_text
from pytest_llmtrace._run.capturing import Capturing
from pytest_llmtrace._run.hooks import redactor
from pytest_llmtrace._run.money.ledger import Ledger
from pytest_llmtrace._run.outbox import Outbox
from pytest_llmtrace._run.outcomes import Undo, drained, fail, fail_for_all, screen
from pytest_llmtrace._run.owner import OwnerRun
from pytest_llmtrace._run.plans.placeholders import missing_keys, missing_keys_of_tree
from pytest_llmtrace._run.plans.plan import Plan
from pytest_llmtrace._run.plans.planning import Plans, plan_of_fixture
from pytest_llmtrace._run.plans.unreadable import broken_payload, told, unreadable_payload
from pytest_llmtrace._run.plans.variables import Variables, variables
from pytest_llmtrace._run.recording.dry_run import OTHER_TAPE, would_text
from pytest_llmtrace._run.scope import search_roots
from pytest_llmtrace._run.stops import comes_of_stop
from pytest_llmtrace._settings.early import IN_PYTHON, litellm_is_in_python
from pytest_llmtrace._settings.values import Settings
from pytest_llmtrace._store.settling import Settling
from pytest_llmtrace.errors import LlmtraceError

if TYPE_CHECKING:
    from pytest_llmtrace._run.live_trace import LLMTrace


class Run:
    """Everything the plugin's hooks call, in the order in which pytest calls them."""

    def __init__(self, settings: Settings, *, ledger: Ledger, hooks: Any, is_worker: bool = False) -> None:
        self.settings = settings
        self._ledger = ledger
        self._prices = PriceBook(settings.prices)
        self._redactor = redactor(hooks, settings)
        self.settling = Settling()
        self._plans = Plans(settings)
        self._capturing = Capturing(settings)
        self.attempt: OwnerRun | None = None
        """The test that runs now, where it is traced."""
        self._variables = Variables()
        """That are set while a test runs."""
        self.outbox = Outbox(settings, travels=is_worker)
        self._failed = False
        self.number: int | None = None
        """The run of a test that is repeated, from 1."""

    # The process

    def close(self) -> None:
        """Take everything away again."""
        self._variables.put_back()
        self._capturing.remove()

    @contextlib.contextmanager
    def collecting(self, session: pytest.Session) -> Iterator[None]:
        """While test modules are imported, many build their SDK client: replay gives it a placeholder key."""
        keys = missing_keys_of_tree(search_roots(session.config)) if self.settings.offline else {}
        with variables(keys):
            yield

    # One test

    def begin_setup(self, item: pytest.Item) -> OwnerRun | None:
        """Before the setup phase. Raises: pytest's failure for a bad marker or an unreadable cassette."""
        self._failed = False
        run = self._opened(lambda: self._plans.of_test(item, self.number))
        if run is None:
            return None
        if not litellm_is_in_python():
            self._variables.set(IN_PYTHON)  # even where a conftest has asked for its native client
        if run.plan.mode == "trace" or run.dry:
            self._variables.set(missing_keys(run.old.providers))
        self.attempt = run
        run.enter()
        if run.dry and not run.plan.own_tape:
            self._failed = True
            pytest.skip(OTHER_TAPE)
        return run

    def end_setup(self, item: pytest.Item, run: OwnerRun | None, error: BaseException | None) -> None:
        """After it, where it failed because of us. Raises: pytest's failure with the verdict in place of `error`."""
        if error is None:
            return
        self._failed = True
        if run is not None and run.is_cause_of(error):
            text = self._judged(run, item, error)
            if text is not None:
                fail(text, skipped=run.skips)

    def begin_call(self, item: pytest.Item) -> tuple[OwnerRun, Undo] | None:
        """Before the call phase."""
        run = self.attempt
        if run is None:
            return None
        self._capturing.hold(item)
        return run, drained(item)

    def end_call(self, item: pytest.Item, held: tuple[OwnerRun, Undo] | None, error: BaseException | None) -> None:
        """After it. Raises: pytest's failure with the verdict, in place of what the test ended with."""
        if held is None:
            return
        run, undo = held
        if undo is not None:
            undo()
        if error is not None:
            self._failed = True
        text = self._judged(run, item, error)
        if text is not None:
            self._failed = True
            fail(text, skipped=run.skips)

    def end_teardown(self, _item: pytest.Item, run: OwnerRun | None, error: BaseException | None) -> None:
        """After the teardown phase: what was recorded is saved when all three phases passed."""
        if error is None:
            text = self._torn_down()
            if text is not None:
                fail(text)
            return
        self._failed = True
        texts = [self._torn_down(), *outcomes.told_in(error)]
        if run is not None and run.dry and comes_of_stop(error):
            pytest.skip(would_text(run))
        text = "\n\n".join(one for one in texts if one is not None) or None
        if text is not None and outcomes.is_told(error):
            fail(text)

    def _torn_down(self) -> str | None:
        """The text that the teardown of a test fails with, or `None`."""
        run, self.attempt = self.attempt, None
        if run is not None:
            run.leave()  # whatever comes now, the next test is not to be recorded here
        self._variables.put_back()
        return self._finished(run, passed=not self._failed) if run is not None else None

    def note(self, report: pytest.TestReport) -> None:
        """Take in the outcome of the call phase: a test that xfailed or skipped ended as it should, and is recorded."""
        if report.longrepr is not None:
            outcomes.shorten_crash(report)
        if report.when == "call" and report.outcome != "failed" and self.attempt is not None:
            self._failed = self.attempt.stopped_it

    def interrupted(self) -> list[str]:
        """The run is over, maybe in the middle of a test: what that has paid for must be in the reports, too."""
        if self.attempt is not None:
            self.attempt.leave()
            self._finished(self.attempt, passed=False)
            self.attempt = None
        return self.outbox.texts()

    @property
    def worth_repeating(self) -> bool:
        """Whether the running test may run again: it is about an LLM, and no budget is spent."""
        run = self.attempt
        return run is not None and run.seen and run.recorder.refused is None

    def redacted(self, text: str) -> str:
        """A text of ours without secrets."""
        return self._redactor.text(text)

    def broken(self, found: Fault, owner: str, *, late: bool = False) -> str:
        """Take in a bug of ours. Returns what the test fails with. Args: late: whether it was reported already."""
        self._failed = True
        if self.attempt is not None:
            return self.attempt.broken(found)
        told, mode = self.outbox.with_entries, self.settings.run_mode
        self.outbox.add(broken_payload(owner, mode, found, late=late, with_entries=told))
        return internal_text(found, owner)

    def _judged(self, run: OwnerRun, item: pytest.Item, ended: BaseException | None) -> str | None:
        """The text that the test fails with, or `None` where it stays as it ended."""
        try:
            verdict = run.close_call_phase(ended)
        except LlmtraceError as error:  # a golden trace that cannot be read
            return run.unreadable(error)
        if run.dry and run.stopped_it:
            outcomes.forget_unittest_failure(item)
            return would_text(run)
        if run.refused is not None:
            outcomes.forget_unittest_failure(item)
            return run.refused
        if (
            verdict is None
            or not verdict.failed
            or (outcomes.is_no_outcome(ended) and not (run.stopped_it and outcomes.is_skip(ended)))
        ):
            return None
        if ended is not None and not run.stopped_it:
            item.add_report_section("call", "llmtrace", screen(verdict))
            return None
        outcomes.forget_unittest_failure(item)
        return screen(verdict)

    def _finished(self, run: OwnerRun, *, passed: bool) -> str | None:
        """The text that the teardown fails with, or `None`. The owner has left."""
        try:
            late = run.finish(passed=passed)
            return screen(late) if late is not None else run.look.text(run) if passed and run.records else None
        except LlmtraceError:
            raise
        except Exception as error:  # noqa: BLE001  # it is what the teardown fails with
            return run.broken(fault("what the test did could not be kept", error, self.redacted))
        finally:
            if run.seen:
                self.outbox.add_owner(run)

    # One fixture of wider scope

    @contextlib.contextmanager
    def fixture(self, fixturedef: Any, request: Any) -> Iterator[None]:
        """Around the setup of a fixture: one of wider scope has a recorder and a cassette of its own."""
        run = self._opened(
            lambda: plan_of_fixture(fixturedef, request, self.attempt, self.settings),
            fails=lambda text: fail_for_all(fixturedef, request, text),
        )
        if run is None:
            yield
            return
        fixturedef.addfinalizer(lambda: self._fixture_over(run, fixturedef))  # runs last
        run.enter()
        ended: BaseException | None = None
        try:
            yield
        except BaseException as error:  # noqa: BLE001  # raised again below, unless the verdict replaces it
            ended = error
        text = self._judged_fixture(run, ended)
        if text is None and ended is not None and fixturedef.cached_result is None:
            self._finished(run, passed=False)  # interrupted: pytest 9 will not tear it down, and pytest 8 will
            raise ended
        fixturedef.addfinalizer(run.enter)  # runs first
        if text is not None:
            fail_for_all(fixturedef, request, text, skipped=run.skips)
        if ended is not None:
            raise ended

    def _judged_fixture(self, run: OwnerRun, ended: BaseException | None) -> str | None:
        """The text that the setup of a fixture fails with, or `None`."""
        run.leave()
        try:
            verdict = run.close_call_phase(ended)
        except LlmtraceError as error:
            return run.unreadable(error)
        failed = verdict is not None and verdict.failed
        run.passed = ended is None and not failed and run.refused is None
        if run.dry and run.stopped_it:
            return would_text(run)
        if run.refused is not None:
            return run.refused
        return screen(verdict) if verdict is not None and failed and (ended is None or run.stopped_it) else None

    def _fixture_over(self, run: OwnerRun, fixturedef: Any) -> None:
        """The fixture's own teardown may have made calls too: they belong to its cassette, not to the last test's."""
        if fixturedef.cached_result is None:  # it was interrupted, and is over
            return
        run.leave()
        text = self._finished(run, passed=run.passed)
        if text is not None:
            fail(text)

    # What the `llm_trace` fixture shows

    def live_trace(self, item: pytest.Item) -> LLMTrace:
        """The trace of the running test; empty where it is not traced."""
        from pytest_llmtrace._run.live_trace import LLMTrace, as_text, empty_trace  # noqa: PLC0415  # where it is asked for

        if (run := self.attempt) is None:
            return empty_trace(item.nodeid)
        return LLMTrace(run.shown_trace, lambda trace: as_text(run.plan.privacy.shown(trace)))

    def _opened(  # noqa: RET503  # `fails` raises
        self, planned: Callable[[], Plan | None], fails: Callable[[str], NoReturn] = fail
    ) -> OwnerRun | None:
        """The owner of a plan, ready to run. Raises: pytest's failure for a bad marker or an unreadable cassette."""
        plan: Plan | None = None
        try:
            plan = planned()
            if plan is None:
                return None
            self._capturing.install()
            return OwnerRun(
                plan, redactor=self._redactor, prices=self._prices, ledger=self._ledger, settling=self.settling
            )
        except LlmtraceError as error:
            text = str(error) if plan is None else told(error, plan)
        if plan is not None:
            self.outbox.add(unreadable_payload(plan, text, with_entries=self.outbox.with_entries))
        fails(text)
