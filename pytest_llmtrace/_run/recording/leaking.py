"""What an owner records, looked at once more before it is kept: a secret that is left fails it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._run.recording.names import relative

if TYPE_CHECKING:
    from pytest_llmtrace._model.http import Interaction
    from pytest_llmtrace._model.secrecy.eye import Eye
    from pytest_llmtrace._run.owner import OwnerRun
    from pytest_llmtrace._store.interactions import LaidOut


class Look:
    """The eye on one owner; none where nothing is recorded."""

    def __init__(self, redactor: Redactor, *, records: bool) -> None:
        self._eye = _eye(redactor) if records else None
        self.redactor = redactor.knowing(()) if self._eye is None else redactor.watched(self._eye)
        """What the owner's requests and answers go through; what it learns of them is of no other owner."""
        self.told: str | None = None
        """What the owner fails with, once it was judged: nothing, where it failed by itself."""
        self._well_named: str | None = None
        """The name that was looked at, and holds nothing: each live call asks about it."""

    @property
    def leaks(self) -> bool:
        """Whether anything was found, so that nothing may be written."""
        return self._eye is not None and bool(self._eye.leaks)

    @property
    def learned_late(self) -> bool:
        """Whether the journal may hold what was known for a secret only after it had been written."""
        return self.leaks and self._eye is not None and self._eye.learned

    def may_hold(self, tape: str) -> bool:
        """Whether a tape may be written: its text is searched once more as it is, whatever was searched before."""
        if self._eye is not None:
            self._eye.file(tape, "tape")
        return not self.leaks

    @property
    def mark(self) -> str:
        """What a tape that may be written says of that search."""
        return self.redactor.searched.lines.mark

    def may_hold_row(self, interaction: Interaction, made: LaidOut) -> bool:
        """Whether this may be kept of a call that nobody has searched yet; looked at once, as a tape will have it."""
        if self._eye is None or "json" not in made.data["response"]:  # in a text, fields mean less than their names say
            return False
        return self._eye.clears_row(interaction.request, interaction.response, made.data["request"], made.text)

    def unnamed(self, owner: str) -> str | None:
        """Why nothing may be recorded of an owner: files are named after it; `None` where they may be."""
        found = self._eye.name(owner) if self._eye is not None and owner != self._well_named else ()
        if not found:
            self._well_named = owner
            return None
        return (
            f"the name of this test holds {found[0].what} ({found[0].shown}), and files would be named after it; "
            "give the parameter an id: `pytest.param(..., id=...)`"
        )

    def judge(self, run: OwnerRun, exception: BaseException | None) -> None:
        """The call phase is over: look at the golden trace that it would make, too."""
        if self._eye is not None and run.assembled is not None:
            from pytest_llmtrace._model.personal.traces import trace_texts  # noqa: PLC0415  # where something is recorded

            run.recorder.redactor.look_around()  # a test may have set a key after its last call
            self._eye.texts(trace_texts(run.assembled.trace), "golden trace")
            if run.seen:
                self._eye.name(run.plan.owner)
            self.told = self.text(run) if exception is None else None

    def shown(self, run: OwnerRun, data: dict[str, Any]) -> dict[str, Any]:
        """What reports are told of an owner, without what was known for a secret only after it had been taken in."""
        from pytest_llmtrace._model.secrecy.bodies import body_without_secrets  # noqa: PLC0415  # nearly none has any

        written = json.dumps(data, ensure_ascii=False).encode("utf-8", "surrogatepass")
        made: dict[str, Any] = json.loads(body_without_secrets(written, run.recorder.redactor.known))
        return made

    def text(self, run: OwnerRun) -> str | None:
        """What the owner fails with; `None` where nothing was found."""
        if self._eye is None or not self._eye.leaks:
            return None
        from pytest_llmtrace._report.failure.leaks import leak_text  # noqa: PLC0415  # only where there are any

        journal = run.plan.cassette.journal
        kept = relative(journal, run.plan.root) if journal.exists() else None
        return leak_text(self._eye.leaks, journal=kept)


def _eye(redactor: Redactor) -> Eye:
    from pytest_llmtrace._model.secrecy.eye import Eye  # noqa: PLC0415  # a replay has none

    return Eye(redactor.searched, redactor.detector)
