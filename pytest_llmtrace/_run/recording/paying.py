"""What is asked before something is paid for, and what keeps it once it was.

It knows nothing of the recorder that asks: objects that know each other stay in memory until Python looks for such
circles, and an owner with its tape and its trace would be two hundred of them for each test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._run.money.spending import Spending
from pytest_llmtrace._run.plans.plan import Plan
from pytest_llmtrace._run.recording.leaking import Look
from pytest_llmtrace._run.recording.old import Old, seal
from pytest_llmtrace.errors import LlmtraceError, StorageError

if TYPE_CHECKING:
    from pytest_llmtrace._model.findings import Breach
    from pytest_llmtrace._store.journal import Journal


@dataclass(slots=True, kw_only=True, eq=False)
class Paying:
    """Of one owner."""

    plan: Plan
    old: Old
    look: Look
    spending: Spending
    records: bool
    """Whether what is paid for is written."""
    refusal: Breach | None = None
    """The budget because of which a live call was refused."""
    spare: Callable[[Path], int | None]
    """Gives the journal a file that another one needs no more."""
    _journal: Journal | None = None

    def __post_init__(self) -> None:
        if self.records:
            _ = self.journal  # before threads ask for it, who must not make one each

    @property
    def journal(self) -> Journal:
        """Where what is paid for is kept at once. A replay keeps nothing, and makes none until it is asked."""
        if self._journal is None:
            from pytest_llmtrace._store.journal import Journal  # noqa: PLC0415  # a replay has none

            sealed = seal(self.plan) if self.plan.privacy.tapes == "encrypted" else None
            self._journal = Journal(self.plan.cassette.journal, sealed, spare=self.spare)
        return self._journal

    def close(self) -> None:
        """Let go of the journal. Raises: StorageError."""
        if self._journal is not None:
            self._journal.close()

    def refused(self, exchange: Exchange | None) -> str | None:
        """Why no live call may be made now; `None` if it may."""
        unkept = self.look.unnamed(self.plan.owner) or self._unkept(self.journal.check) or self._unreplaceable()
        return unkept or self._spent(exchange)

    def keep(self, interaction: Interaction) -> str | None:
        """Keep what was paid for. Returns why it could not be, and nothing more may be: an SDK would pay again."""
        return self._unkept(lambda: self.journal.append(interaction))

    @property
    def keep_if_clean(self) -> Callable[[Interaction], bool] | None:
        """The gate of that name; `None`: nothing is kept."""
        return self._keep_if_clean if self.records and self.plan.tapes else None

    def _keep_if_clean(self, interaction: Interaction) -> bool:
        try:
            return self.journal.append(interaction, self.look.may_hold_row)
        except StorageError:  # `keep` meets it again, and says why
            return False

    def _unreplaceable(self) -> str | None:
        """Why the golden trace could not be written anew: a later version of this plugin wrote it."""
        try:
            if self.records:
                self.old.golden()
        except LlmtraceError as error:
            return f"{error}\nNothing is paid for that could not be written."
        return None

    def _spent(self, exchange: Exchange | None) -> str | None:
        refusal = self.spending.before(exchange)
        if refusal is None:
            return None
        from pytest_llmtrace._report.document.payload import finding_data  # noqa: PLC0415
        from pytest_llmtrace._report.wording import breach_line  # noqa: PLC0415

        self.refusal = refusal
        return f"a live call was refused: {breach_line(finding_data(refusal))}"

    def _unkept(self, use_journal: Callable[[], object]) -> str | None:
        """Why what is paid for cannot be kept; `None` where it can, or need not."""
        try:
            if self.records and self.plan.tapes:
                use_journal()
        except StorageError as error:
            return f"{error}; nothing is to be paid for that cannot be kept"
        return None
