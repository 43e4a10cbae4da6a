"""What is to be done with one owner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmtrace._capture.gates import Wire
from pytest_llmtrace._compare.policies.policy import Policy
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.verdict import Mode, OnMiss, RecordMode
from pytest_llmtrace._run.plans.privacy import Privacy
from pytest_llmtrace._store.paths import Cassette

if TYPE_CHECKING:
    from pytest_llmtrace._model.limits import Limit, MaxGrowth
    from pytest_llmtrace._model.personal.kind import Kind
    from pytest_llmtrace._run.recording.ahead import Ahead
    from pytest_llmtrace._store.vcrpy.places import Places


@frozen(slots=False)  # no slots: see `of`
class Plan:
    """What is to be done with one owner."""

    owner: str
    """Node id, or ``fixture <scope> <name>``."""
    mode: Mode
    record_mode: RecordMode
    cassette: Cassette
    root: Path
    policy: Policy
    directory: str = "."
    """Where it is, relative to the root directory: its calls count for the budgets of this directory."""
    limits: tuple[Limit, ...] = ()
    """The owner's own budgets."""
    shared_limits: tuple[Limit, ...] = ()
    """Those of the run and of directories, which it shares with others."""
    growth: MaxGrowth | None = None
    min_calls: int = 0
    dry_run: bool = False
    """Whether recording only finds out what it would do."""
    on_miss: OnMiss = "stop"
    """What replay does with an LLM request that is not on the tape."""
    own_tape: bool = True
    """False: another plugin keeps the tape of this test (a `vcr` marker); it is observed and compared."""
    places: Callable[[], Places] | None = None
    """Gives where another recording of this test may lie that serves as its tape: imported, or of vcrpy."""
    privacy: Privacy = field(default_factory=Privacy)
    personal: tuple[Kind, ...] = ()
    """The kinds of personal data that files hold placeholders for."""
    save: Path | None = None
    """The folder in which the observed trace is kept."""
    run: int | None = None
    """The how-manieth run this is, where a test is repeated."""
    ahead: Ahead | None = field(default=None, compare=False)
    """May have read its cassette before it was its turn."""
    accept: str = ""
    """The command that records this owner again."""
    accept_anew: str = ""
    """The same where another plugin keeps the tape and must make live calls for it."""

    def of(self, **own: Any) -> Plan:
        """This plan, with what is an owner's own: in one piece.

        The fields of a frozen class are set one by one, by name, with a call each, and each test has a plan.
        """
        made = object.__new__(Plan)
        vars(made).update(vars(self), **own)
        return made

    @property
    def tapes(self) -> bool:
        """Whether this owner has a tape of ours: another plugin may keep it, or the project may want none."""
        return self.own_tape and self.privacy.tapes != "off"


def wire_of(plan: Plan, *, replays: bool) -> Wire:
    """Who answers the requests of an owner that replays, records or watches."""
    if replays:
        return "tape"  # an empty one, where another plugin keeps the tape: what it does not answer must not go out
    if not plan.own_tape or plan.mode == "live":
        return "watch"
    return "live" if plan.record_mode == "all" else "fill"
