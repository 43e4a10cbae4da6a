"""A test that is run several times in live mode: fresh fixtures for each run, one report for all of them.

It is done where pytest runs one test (`pytest_runtest_protocol`), as pytest-rerunfailures does, so that node ids, and
with them cassettes, stay what they are, and so that any kind of test can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._report.amounts import totals_data, totals_from
from pytest_llmtrace._report.document.payload import is_property, properties
from pytest_llmtrace._report.document.payload_texts import as_texts, from_texts
from pytest_llmtrace._report.topics.rates import exceeds, rated, rates_text

if TYPE_CHECKING:
    from pytest_llmtrace._run.run import Run


def repeat(run: Run, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a test as often as is asked for, and report it once. A spent budget and a skipped test end it earlier."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    made: list[_Attempt] = []
    try:
        while not (made and made[-1].last):
            made.append(_attempt(run, item, nextitem, len(made) + 1))
    except BaseException:
        run.outbox.put_back([payload for attempt in made for payload in attempt.payloads])
        raise
    finally:
        run.number = None
    for report in _one_report(made, item.nodeid, run.settings.live.threshold):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def phase_runner(config: pytest.Config) -> Callable[..., pytest.TestReport]:
    """What pytest runs one phase of a test with; not public, see `tests/unit/run/test_repeats.py`."""
    runner: Callable[..., pytest.TestReport] = getattr(config.pluginmanager.get_plugin("runner"), "call_and_report")  # noqa: B009
    return runner


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One run of the test."""

    reports: tuple[pytest.TestReport, ...]
    payloads: list[dict[str, Any]]
    last: bool

    @property
    def call(self) -> pytest.TestReport | None:
        return next((report for report in self.reports if report.when == "call"), None)

    @property
    def failed(self) -> bool:
        """Whether the test itself failed."""
        return self.call is not None and bool(self.call.failed)

    @property
    def broken(self) -> bool:
        """Whether it failed in a way that no number of good runs makes up for: fixtures, budgets, traffic unseen."""
        return any(report.failed for report in self.reports if report.when != "call") or any(
            finding["severity"] == "fail" and finding["type"] != "drift"
            for payload in self.payloads
            for finding in payload["findings"]
        )

    @property
    def cut(self) -> bool:
        """Whether a spent budget ended it: then it was the last."""
        return any(finding.get("refused") for payload in self.payloads for finding in payload["findings"])


def _attempt(run: Run, item: pytest.Item, nextitem: pytest.Item | None, number: int) -> _Attempt:
    phase, session = phase_runner(item.config), item.session
    node: Any = item
    has_request = hasattr(node, "_request")
    if has_request and not node._request:  # noqa: SLF001  # as pytest's own runner does for a test that is run again
        node._initrequest()  # noqa: SLF001
        getattr(node, "_report_sections", []).clear()  # what earlier runs have printed
    run.number = number
    try:
        reports = [phase(item, "setup", log=False)]
        ran = bool(reports[0].passed) and not item.config.getoption("setuponly", default=False)
        if ran:
            reports.append(phase(item, "call", log=False))
        stopped = session.shouldfail or session.shouldstop
        last = number >= run.settings.live.runs or not ran or bool(stopped) or not run.worth_repeating
        following = nextitem if last else item.parent  # fixtures of wider scope stay for the next run
        reports.append(phase(item, "teardown", log=False, nextitem=None if stopped else following))
    finally:
        if has_request:
            node._request = False  # noqa: SLF001
            node.funcargs = None
    payloads = from_texts(getattr(reports[-1], "llmtrace", ()))
    return _Attempt(reports=tuple(reports), payloads=payloads, last=last)


def _one_report(made: list[_Attempt], nodeid: str, threshold: float) -> tuple[pytest.TestReport, ...]:
    """The reports of the run that shows best what became of all of them."""
    if len(made) == 1:
        return made[0].reports
    whole = [attempt for attempt in made if not attempt.cut] or made  # a spent budget says nothing about the model
    failed = sum(attempt.failed for attempt in whole)
    findings = rated([_findings(attempt, nodeid) for attempt in whole], failed, threshold)
    if len(whole) < len(made):
        findings[:0] = [one for one in _findings(made[-1], nodeid) if one["type"] == "breach"]
    runs = {"count": len(whole), "failed": failed, "threshold": threshold}
    shown = _shown(made, findings, threshold)
    payloads = list(_merged(made, nodeid, findings, runs))
    teardown = shown.reports[-1]
    teardown.llmtrace = as_texts(payloads)  # type: ignore[attr-defined]
    own = [payload for payload in payloads if payload["nodeid"] == nodeid]
    if own:
        amounts = totals_data(reduce(add, map(totals_from, own), Totals()))
        teardown.user_properties = [
            *(pair for pair in teardown.user_properties if not is_property(pair)),
            *properties({**amounts, "findings": findings}),
            ("llmtrace_runs", len(whole)),
            ("llmtrace_failed_runs", failed),
        ]
    if shown.call is not None:
        shown.call.duration = sum(one.call.duration for one in made if one.call is not None)
        if failed:
            shown.call.sections.append((f"llmtrace: {len(whole)} live runs", rates_text(runs, findings)))
    return shown.reports


def _shown(made: list[_Attempt], findings: list[dict[str, Any]], threshold: float) -> _Attempt:
    """The broken run if there is one; else one that did as the test did, of those that failed the most typical."""
    broken = [attempt for attempt in made if attempt.broken]
    if broken:
        return broken[0]
    failed = [attempt for attempt in made if attempt.failed]
    if not exceeds(len(failed), len(made), threshold):
        return next(attempt for attempt in made if not attempt.failed)
    typical = next((one["runs"][0] for one in findings if one["severity"] == "fail"), None)
    return made[typical - 1] if typical is not None and made[typical - 1].failed else failed[0]


def _merged(
    made: list[_Attempt], nodeid: str, findings: list[dict[str, Any]], runs: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The payloads of all runs: amounts add up; the first of the test has the findings of all."""
    first = True
    for attempt in made:
        for payload in attempt.payloads:
            if payload["nodeid"] != nodeid:
                yield payload
            elif first:
                yield {**payload, "findings": findings, "runs": runs}
                first = False
            else:
                yield {**payload, "phase": "again", "findings": []}


def _findings(attempt: _Attempt, nodeid: str) -> list[dict[str, Any]]:
    return [one for payload in attempt.payloads if payload["nodeid"] == nodeid for one in payload["findings"]]
