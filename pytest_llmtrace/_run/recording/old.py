"""The cassette of an owner as it was before."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pytest_llmtrace._model.bounded_reading import File, read_regular
from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._model.outline import Outline
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._run.plans.plan import Plan
from pytest_llmtrace._run.recording import redacting
from pytest_llmtrace._run.recording.names import relative
from pytest_llmtrace._run.recording.personal import book_of
from pytest_llmtrace._store.faults import Fault, broken
from pytest_llmtrace._store.formats import IMPORTED
from pytest_llmtrace._store.paths import variants_of
from pytest_llmtrace._store.sealed import Seal
from pytest_llmtrace.errors import BrokenCassetteError, CassetteError

if TYPE_CHECKING:
    from pytest_llmtrace._run.recording.borrowing import Borrowed
    from pytest_llmtrace._store.golden_file import Golden
    from pytest_llmtrace._store.tape_file import TapeFile


class Old:
    """The cassette as it lies on disk: the tape, and a digest of the golden trace, which is read when it is needed."""

    def __init__(self, plan: Plan, redactor: Redactor) -> None:
        """Read the tape, or what serves as one.

        Raises:
            CassetteError: a file cannot be read. Recording replaces a broken cassette of ours, but never a newer one,
                and never goes live because another's is broken.
        """
        self._plan = plan
        book = book_of(plan.personal)
        self.redactor = redactor if book is None else redactor.hiding(book)
        self._forgiving = plan.mode == "record"
        self._golden_exists = None if plan.mode == "trace" else os.path.isfile(plan.cassette.golden_file)  # noqa: PTH113  # as text
        """What it was before anything is written; a replay writes nothing, and looks when it is asked."""
        # Without tapes, one from before still feeds a recording, which removes it.
        takes_tape = plan.privacy.tapes != "off" or self._forgiving
        self.tape_exists = takes_tape and not plan.own_tape and plan.cassette.tape.is_file()
        self.interactions: tuple[Interaction, ...] = ()
        self._meta: dict[str, Any] = {}
        self.outline: Outline | None = None
        """What the calls on the tape come to, where nobody edited it since it was recorded."""
        self.asked: tuple[str | None, ...] = ()
        """Digests of bodies that it has, where that is so."""
        if takes_tape and plan.own_tape:
            try:
                tape = self._tape()
            except BrokenCassetteError:
                if not self._forgiving:
                    raise
                self.tape_exists = True
            else:
                if tape is not None:
                    self.tape_exists = True
                    self.interactions, self._meta = tape.interactions, dict(tape.meta)
                    self.outline, self.asked = tape.outline, tape.asked
        self.borrowed: Borrowed | None = None
        if plan.own_tape and plan.places is not None and not self.tape_exists and _may_answer(plan):
            from pytest_llmtrace._run.recording.borrowing import borrowed  # noqa: PLC0415  # what has no tape alone

            self.borrowed = borrowed(plan.places(), self.redactor, own=plan.cassette.tape_file)
            self.interactions = self.borrowed.interactions if self.borrowed else ()
        if plan.mode == "live":
            self._check_before_paying()

    def _tape(self) -> TapeFile | None:
        """The tape; `None` where there is none. Raises: CassetteError."""
        plan = self._plan
        if plan.mode != "trace":  # what is recorded again is searched in any case: it is written again
            return redacting.tape_if_there(plan.cassette.tape_file, self.redactor, lambda: seal(plan), trusting=False)
        ready = plan.ahead.take(plan.cassette) if plan.ahead is not None else None
        if ready is not None:
            self._golden_digest = ready.golden
            return ready.tape.searched(self.redactor, trusting=True)
        # The golden trace lies beside the tape: one after the other, both are read in less time.
        _ = self._golden_digest
        return redacting.tape_if_there(plan.cassette.tape_file, self.redactor, lambda: seal(plan), trusting=True)

    def _check_before_paying(self) -> None:
        """See that what a live run is compared with can be read. Raises: CassetteError."""
        from pytest_llmtrace._store.cassettes import load_golden  # noqa: PLC0415  # a replay that passes reads none

        golden = self.golden()
        for path in variants_of(self._plan.cassette.golden).values():
            load_golden(path)
        if golden is not None and not self._plan.tapes:
            self._plan.privacy.unlock(golden, self._plan.cassette.golden)

    @property
    def exists(self) -> bool:
        """Whether there is anything of ours."""
        return self.tape_exists or self.golden_exists

    @property
    def golden_exists(self) -> bool:
        """Whether there is a golden trace."""
        if self._golden_exists is None:
            self._golden_exists = self._golden_digest is not None or self._plan.cassette.golden.is_file()
        return self._golden_exists

    @property
    def tape_file(self) -> str | None:
        """What answers in replay: our own tape, or a borrowed one; relative to the root directory."""
        if self.borrowed is not None:
            return relative(self.borrowed.path, self._plan.root)
        return self.tape_name if self.tape_exists else None

    @property
    def is_accepted(self) -> bool:
        """Whether somebody recorded with this plugin what the tape holds: it is no mere import."""
        return self.golden_exists or (self.borrowed is None and IMPORTED not in self._meta)

    @cached_property
    def golden_name(self) -> str:
        """Path of the golden trace, relative to the root directory."""
        return relative(self._plan.cassette.golden_file, self._plan.root)

    @cached_property
    def tape_name(self) -> str:
        """Path of the tape, relative to the root directory."""
        return relative(self._plan.cassette.tape_file, self._plan.root)

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers that were recorded."""
        if self.borrowed is not None:
            from pytest_llmtrace._run.recording.borrowing import providers  # noqa: PLC0415

            return tuple(providers(self.borrowed.interactions))
        names = self._meta.get("providers")
        if names is None and self._plan.own_tape:
            try:
                golden = self.golden()
            except CassetteError:
                return ()  # the judge reads it again, and says so
            return tuple(sorted({call.provider for call in golden.trace.calls})) if golden is not None else ()
        return tuple(map(str, names)) if isinstance(names, list) else ()

    def says_unchanged(self, behaviour: str) -> bool:
        """Whether digests alone show that nothing differs, and the golden trace was not edited since."""
        return self._meta.get("behaviour") == behaviour and self._digests_hold

    @property
    def is_as_accepted(self) -> bool:
        """Whether what replays word for word is what the golden trace says: neither file was edited since.

        Totals that are none are an error, which whoever compares will meet.
        """
        return self.outline is not None and self._digests_hold and _are_totals(self.totals_on_tape)

    @property
    def is_whole(self) -> bool:
        """Whether the files were written together and not edited since; a golden trace without a tape always is."""
        return self._digests_hold or not self.tape_exists

    @cached_property
    def _digests_hold(self) -> bool:
        return bool(self._meta) and self._golden_digest is not None and self._meta.get("golden") == self._golden_digest

    @cached_property
    def _golden_digest(self) -> str | None:
        """Of the bytes of the golden trace; `None` where there is none that can be read."""
        try:
            return digest(read_regular(self._plan.cassette.golden_file))
        except OSError:
            return None

    @property
    def totals_on_tape(self) -> Mapping[str, Any]:
        """What the golden trace used and cost, as the tape has it; empty where it does not, or either was edited."""
        kept = self._meta.get("totals")
        return kept if isinstance(kept, dict) and self._digests_hold else {}

    @cached_property
    def totals(self) -> Totals | None:
        """What the golden trace used and cost; `None` where there is none."""
        if not self.golden_exists:
            return None
        kept = self.totals_on_tape
        if kept and (_are_totals(kept) or not self._forgiving):
            return _totals_from(kept, self._plan.cassette.tape_file)
        golden = self.golden()
        return golden.totals if golden is not None else None

    def golden(self) -> Golden | None:
        """The golden trace; `None` where there is none. Raises: CassetteError."""
        return self._golden

    @cached_property
    def _golden(self) -> Golden | None:
        if not self.golden_exists:
            return None
        try:
            return redacting.golden_without_secrets(self._plan.cassette.golden, self.redactor)
        except BrokenCassetteError:
            if self._forgiving:
                return None
            raise


def seal(plan: Plan) -> Seal:
    """What opens and closes the files of an owner. Recording takes the tape of a test that was renamed."""
    return plan.privacy.seal(plan.owner, strict=plan.mode != "record")


def _may_answer(plan: Plan) -> bool:
    return plan.mode == "trace" or (plan.mode == "record" and plan.record_mode != "all")


def _totals_from(data: Mapping[str, Any], path: File) -> Totals:
    if not _are_totals(data):
        raise broken(path, Fault(f"the totals in its `meta` are unreadable ({dict(data)!r:.200})"))
    return Totals(
        calls=data["calls"],
        usage=Usage.from_data(data["usage"]),
        priced_usd=float(data["priced_usd"]),
        unpriced_calls=data["unpriced_calls"],
    )


def _are_totals(data: Mapping[str, Any]) -> bool:
    """Whether totals are numbers of calls and tokens, and dollars."""
    usage, usd = data.get("usage"), data.get("priced_usd")
    if type(usage) is not dict or type(usd) not in _NUMBERS or not 0 <= usd <= _MOST:  # type: ignore[operator]
        return False
    if type(usage.get("estimated", False)) is not bool:
        return False
    tokens = [value for name, value in usage.items() if name != "estimated"]
    counts = [data.get("calls"), data.get("unpriced_calls"), *tokens]
    return set(map(type, counts)) == {int} and min(counts) >= 0 and max(counts) <= _MOST


_NUMBERS: Final = (float, int)
_MOST: Final = 2**53
"""What JSON can hold exactly."""
