"""Comparison: a trace has no difference from itself, any two traces can be compared, and what is found can be shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hypothesis import strategies as st

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES, Policy, adjusted
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.trace import Trace
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._report.clean import clean
from pytest_llmtrace._report.failure.screen import failure_text
from tests.fuzz.target import of_values
from tests.unit.compare import strategies
from tests.unit.store.traces import traces as hostile_traces

POLICY: Final[Sequence[Policy]] = (
    *POLICIES.values(),
    adjusted(
        POLICIES["exact"],
        order="strict",
        normalize=["date", "number", "number:1%", "unordered:tools.*.parameters.required"],
    ),
    adjusted(POLICIES["exact"], match="superset", ignore=["messages[*].content", "params"], tools={"f": "subset"}),
    adjusted(POLICIES["exact"], text_tolerance=0.3, severities={"prompt": "ignore", "user": "warn"}),
)


def comparison(case: tuple[Trace, Trace, Policy, bool]) -> None:
    """A trace has no difference from itself; any two are compared without an error, and the failure can be shown."""
    golden, observed, policy, stopped = case
    if all(call.status != "missed" for call in golden.calls):  # what had no answer is never accepted
        assert compare(golden, golden, policy) == ()
    found = compare(golden, observed, policy, stopped=stopped)
    assert compare(golden, observed, policy, stopped=stopped) == found
    verdict = Verdict(
        owner=golden.owner,
        mode="trace",
        findings=found,
        golden=conversations(golden.calls),
        golden_calls=golden.calls,
        observed=conversations(observed.calls),
        golden_totals=totals(golden.calls),
        observed_totals=totals(observed.calls),
        stopped=stopped,
    )
    if verdict.failed:
        text = failure_text(verdict)
        assert text.strip()
        assert clean(text) == text


def _near(draw: st.DrawFn) -> tuple[Trace, Trace]:
    golden = draw(strategies.traces())
    observed = golden
    for _ in range(draw(st.integers(0, 3))):
        if observed.entries:
            observed = draw(strategies.changed(observed))
    return golden, observed


@st.composite
def cases(draw: st.DrawFn) -> tuple[Trace, Trace, Policy, bool]:
    """Two traces that have much in common, or nothing; a policy; whether the run was stopped."""
    pair: tuple[Any, Any]
    pair = _near(draw) if draw(st.booleans()) else (draw(hostile_traces()), draw(hostile_traces()))
    return *pair, draw(st.sampled_from(POLICY)), draw(st.booleans())


TARGETS: Final = (of_values("comparison", comparison.__doc__ or "", comparison, cases()),)
