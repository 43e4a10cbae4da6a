"""The policies of tests, found by collecting them: no test runs, and nothing is called."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_llmtrace._model.verdict import Mode
from pytest_llmtrace._run.hooks import NORMALIZE, SCORE, normalize_rules, scorer
from pytest_llmtrace._run.plans.marks import marks_of, said_by
from pytest_llmtrace._run.plans.planning import trace_markers
from pytest_llmtrace._run.plans.policies import EffectivePolicy, effective_policy
from pytest_llmtrace._run.recording.names import relative
from pytest_llmtrace._settings.early import litellm_kept_local
from pytest_llmtrace._settings.values import Settings, read
from pytest_llmtrace.errors import LlmtraceError, SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPolicy:
    """The policy of one test; `problem` where it has none because something is not possible."""

    __test__ = False

    nodeid: str
    effective: EffectivePolicy | None = None
    hooks: tuple[str, ...] = ()
    """What adds rules besides, by name."""
    problem: str | None = None


def collected_policies(arguments: tuple[str, ...], mode: Mode) -> tuple[TestPolicy, ...]:
    """The policies of the tests that pytest collects for these arguments, in its order.

    Raises:
        SettingsError: pytest could not collect them; the text is what it said.
    """
    collector = _Collector(mode)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), litellm_kept_local():
        code = pytest.main([*arguments, "--collect-only", "-q", "-s"], plugins=[collector])
    if code != pytest.ExitCode.OK or not collector.found:
        raise SettingsError(f"pytest collects no test for {' '.join(arguments)}:\n{said.getvalue().strip()}")
    return tuple(collector.found)


class _Collector:
    """A plugin of that run."""

    def __init__(self, mode: Mode) -> None:
        self._mode: Mode = mode
        self.found: list[TestPolicy] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """All tests are known."""
        settings = read(session.config, {})
        self.found = [self._policy(item, settings) for item in session.items]

    def _policy(self, item: pytest.Item, settings: Settings) -> TestPolicy:
        try:
            effective = effective_policy(self._mode, settings, trace_markers(said_by(marks_of(item))))
            effective.policy.load()
        except LlmtraceError as error:
            return TestPolicy(nodeid=item.nodeid, problem=str(error))
        hooks = [(NORMALIZE, rule.name) for rule in normalize_rules(item.ihook, item.nodeid)]
        judge = scorer(item.ihook, item.nodeid) if effective.policy.text_scorer is None else None
        hooks += [(SCORE, judge.name)] if judge is not None else []
        places = [(hook, name.partition(" of ")[2].split(", ")) for hook, name in hooks]
        return TestPolicy(
            nodeid=item.nodeid,
            effective=effective,
            hooks=tuple(
                f"{hook} ({', '.join(relative(Path(one), settings.root) for one in files)})" for hook, files in places
            ),
        )
