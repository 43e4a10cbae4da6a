"""One attempt of one owner: opened before it runs, judged when its call phase ends, saved when it is over."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llmtrace._capture import current, dspy_cache
from pytest_llmtrace._capture.assembly.outlining import is_word_for_word
from pytest_llmtrace._capture.exchange import Exchange, interaction_of
from pytest_llmtrace._capture.faults import Fault, stopping
from pytest_llmtrace._capture.from_litellm.drain import drain, settle
from pytest_llmtrace._capture.gates import Gates
from pytest_llmtrace._capture.overtaken import give_up_unsent
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._capture.tape import NO_TAPE, Tape
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._run.bugs import internal_text
from pytest_llmtrace._run.judging.other_words import OtherWords
from pytest_llmtrace._run.judging.word_for_word import verdict_on, word_for_word
from pytest_llmtrace._run.money.ledger import Ledger
from pytest_llmtrace._run.money.spending import Spending
from pytest_llmtrace._run.plans.keyless import lacks_key
from pytest_llmtrace._run.plans.plan import Plan, wire_of
from pytest_llmtrace._run.plans.unreadable import told, unreadable_verdict
from pytest_llmtrace._run.recording import leaking, personal, saving
from pytest_llmtrace._run.recording.dry_run import dry_verdict
from pytest_llmtrace._run.recording.old import Old
from pytest_llmtrace._run.recording.paying import Paying
from pytest_llmtrace._run.stops import stop
from pytest_llmtrace._store.settling import Settling
from pytest_llmtrace.errors import LlmtraceError

if TYPE_CHECKING:  # assembling and judging are imported where a replay was not the recording, word for word
    from pytest_llmtrace._capture.assembly.assemble import Assembled
    from pytest_llmtrace._capture.assembly.assembler import Assembler
    from pytest_llmtrace._compare.nearest.requests import NearestRequests
    from pytest_llmtrace._model.outline import Outline
    from pytest_llmtrace._model.trace import Trace
    from pytest_llmtrace._run.judging.nearest_answers import NearestAnswers


class OwnerRun:
    """The life of one owner, from setup to teardown."""

    def __init__(
        self, plan: Plan, *, redactor: Redactor, prices: PriceBook, ledger: Ledger, settling: Settling
    ) -> None:
        settling.before(plan.cassette)
        self._settling = settling
        self.plan = plan
        self.prices = prices
        self.spending = Spending(plan, prices, ledger)
        self.old = Old(plan, redactor)
        replays = plan.mode == "trace" or (
            plan.mode == "record" and plan.record_mode == "new" and self.old.golden_exists
        )
        self.compares = replays or plan.mode == "live"
        self.dry = plan.dry_run and plan.mode == "record" and not replays
        self.ended_by_itself = False
        """Of a dry run: whether it ended with an exception that is not ours."""
        self.records = plan.mode == "record" and not replays and not self.dry
        self.look = leaking.Look(redactor, records=self.records)
        self.paying = Paying(
            plan=plan,
            old=self.old,
            look=self.look,
            spending=self.spending,
            records=self.records,
            spare=settling.spare,
        )
        journalled: tuple[Interaction, ...] = ()
        if (self.records or self.dry) and plan.record_mode != "all":
            journalled = saving.journalled(plan, redactor)
        anew = self.dry and plan.record_mode == "all"
        recorded = self.old.interactions if plan.own_tape and not anew else ()
        self.words = OtherWords(plan.policy, recorded)
        book = personal.book_of(plan.personal)
        self._tape = personal.tape(book, recorded, self.words, asked=self.old.asked if recorded else ())
        self.nearest_requests: NearestRequests | None = None
        """Index of what is recorded, made for the first request that must be explained."""
        self.recorder = Recorder(
            plan.owner,
            wire=wire_of(plan, replays=replays or self.dry),
            tape=self._tape,
            journal=Tape(journalled) if journalled else NO_TAPE,
            has_cassette=self.old.exists or self.old.borrowed is not None,
            redactor=self.look.redactor,
            book=book,
            gates=Gates(
                stop=plan.privacy.stop(stop),
                nearest=self.nearest.answer if replays and plan.on_miss == "nearest" else lambda *_: None,
                allow_live=self.paying.refused,
                went_live=self.spending.answered,
                live_failed=self.spending.failed,
                keep=self.paying.keep,
                keep_if_clean=self.paying.keep_if_clean,
            ),
        )
        self.older_threads = frozenset(threading.enumerate()) - {threading.current_thread()}
        """A call that one of them makes may belong to an earlier test."""
        self.assembled: Assembled | None = None
        """What the call phase came to; set when it is judged, unless that was known before."""
        self._word_for_word: Outline | None = None
        """In place of that, where the replay was the recording: its outline. Nothing had to be looked at."""
        self.replayed: Outline | None = None
        """The same when it is over, where nothing else happened since it was judged."""
        self.verdict_told: Verdict | None = None
        """The verdict, but for that on such a replay, which is not made until somebody asks."""
        self._broken = False
        self.bypassed_in_call = 0
        """How many connections past the tape were stopped before it was judged."""
        self.saved = saving.NOTHING
        self.variant: int | None = None
        """The variant of the golden trace that a live run comes nearest to, where it is not the golden trace itself."""
        self.passed = False
        """Of a fixture: whether its setup went well, so that it is saved when it is torn down."""
        self.keyless = False
        """Whether it ended because a client wants a key, for which only a recording has a placeholder."""

    @property
    def seen(self) -> bool:
        """Whether there is anything to report: an LLM was called, or a cassette was there to be used."""
        if self.old.exists:
            return True
        recorder = self.recorder
        calls_llm = any(one.is_llm for one in recorder.exchanges)
        executed = any(not one.from_framework for one in recorder.executions)
        by_hand = recorder.hand_calls or executed or recorder.entries
        past = recorder.bypassed or recorder.gone_past() or recorder.faults.so_far()
        unrun = self.keyless or self._broken or recorder.refused or (self.dry and not self.plan.own_tape)
        return bool(calls_llm or recorder.litellm_calls or by_hand or past or unrun)

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, if there is one by now."""
        if self.verdict_told is None and self._word_for_word is not None:
            self.verdict_told = verdict_on(self, self._word_for_word)
        return self.verdict_told

    @property
    def stopped_it(self) -> bool:
        """Whether it was this plugin that stopped the owner, so that the verdict replaces whatever came of that."""
        recorder = self.recorder
        stopped = recorder.misses or recorder.bypassed or recorder.refused or recorder.faults.stopped
        went_on = self.plan.on_miss == "nearest" and self.went_on
        return bool(stopped or went_on or self.keyless)

    @property
    def refused(self) -> str | None:
        """Why it was stopped before it paid for something, where no finding says so."""
        why = self.recorder.refused
        return f"llmtrace: {why}" if why is not None and self.paying.refusal is None else self.look.told

    @property
    def skips(self) -> bool:
        """Whether this is a dry run, which judges nothing: where it stops a test, the rest is skipped."""
        return self.dry and self.verdict is not None

    @property
    def went_on(self) -> tuple[Exchange, ...]:
        """The requests that are not on the tape and were answered with what comes nearest."""
        return tuple(one for one in self.recorder.exchanges if one.nearest)

    def is_cause_of(self, exception: BaseException) -> bool:
        """Whether it was this plugin that ended a phase, or the want of a recording."""
        self.keyless = self._is_unrecorded and lacks_key(exception)
        return self.stopped_it

    @property
    def _is_unrecorded(self) -> bool:
        nothing = not (self.old.exists or self.old.borrowed or self.recorder.exchanges)
        return nothing and self.plan.mode == "trace" and self.plan.own_tape

    @cached_property
    def nearest(self) -> NearestAnswers:
        """What is on the tape, searched for what comes nearest to a request that is not."""
        from pytest_llmtrace._run.judging.nearest_answers import NearestAnswers  # noqa: PLC0415

        return NearestAnswers(self._tape, self.words.requests.table)

    @cached_property
    def _assembler(self) -> Assembler:
        from pytest_llmtrace._capture.assembly.assembler import Assembler  # noqa: PLC0415

        return Assembler(self.recorder, self.prices, self.spending.reader)

    # Its life

    def enter(self) -> None:
        """Become the current recorder."""
        current.push(self.recorder)
        dspy_cache.begin(self)

    def leave(self) -> None:
        """Stop being the current recorder."""
        current.pop(self.recorder)
        dspy_cache.end(self)

    def trace(self) -> Trace:
        """The trace so far."""
        settle()
        return personal.told(self, self._assembler.assembled().trace)

    def shown_trace(self) -> Trace:
        """The same for the test itself, which a bug of ours stops."""
        with stopping(self.recorder, "the trace so far could not be told"):
            return self.trace()

    def close_call_phase(self, exception: BaseException | None) -> Verdict | None:
        """Wait for what is still on its way, and judge. What happens later belongs to the teardown.

        `None` says as much as a verdict without findings: the replay was the recording, word for word.
        """
        drain(self.recorder)
        self.recorder.hear_forks()
        self.bypassed_in_call = len(self.recorder.bypassed)
        self._word_for_word = word_for_word(self, exception)
        if self._word_for_word is not None:
            self.recorder.phase = "teardown"
            return None
        give_up_unsent(self.recorder, exception)
        assembled = self._assembler.assembled()
        self.assembled = replace(assembled, trace=personal.told(self, assembled.trace, for_good=True))
        self.look.judge(self, exception)
        self.recorder.phase = "teardown"
        self.keyless = self._is_unrecorded and lacks_key(exception)
        from pytest_llmtrace._run.judging.judge import verdict  # noqa: PLC0415

        self.verdict_told = (dry_verdict if self.dry else verdict)(self, exception)
        return self.verdict_told

    def unreadable(self, error: LlmtraceError) -> str:
        """Take in that the golden trace cannot be read. Returns what the owner fails with."""
        text = told(error, self.plan)
        if not self.dry:
            self.verdict_told = unreadable_verdict(self.plan, text)
        return text

    def broken(self, found: Fault) -> str:
        """Take in a bug of ours. Returns what the owner fails with."""
        self._broken = True
        from pytest_llmtrace._run.judging.judge import internal  # noqa: PLC0415

        before = self.verdict or Verdict(owner=self.plan.owner, mode=self.plan.mode)
        self.verdict_told = replace(before, findings=(*before.findings, internal(self, found)), stopped=True)
        return internal_text(found, self.plan.owner)

    def finish(self, *, passed: bool) -> Verdict | None:
        """Save what was recorded, if everything passed; give the verdict on what the teardown did, if it has one."""
        drain(self.recorder)
        self.spending.close()
        self.recorder.hear_forks()
        self.recorder.framework.release()
        if self._word_for_word is not None and is_word_for_word(self.recorder, self._word_for_word, again=True):
            self.replayed = self._word_for_word
        late = None if self.dry or self.replayed is not None else self._late_verdict()
        self.recorder.faults.over()
        if late is not None and self.verdict is not None:  # reports tell of it, too
            self.verdict_told = replace(self.verdict, findings=(*self.verdict.findings, *late.findings))
        try:
            if self.records and passed and late is None and not self.look.leaks and self.assembled is not None:
                journal, made = self.paying.journal, self.recorder.exchanges
                # Before it is saved; and that of a call that has none yet may be in the journal already.
                answers = sum(one.source == "live" and one.response is not None and one.is_llm for one in made)
                self.saved = saving.save(self, journal)
                if not self.look.leaks:
                    self._settling.saved(self.plan.cassette, journal, answers, written=self.saved.written)
            if self.records and self.look.learned_late:  # also where only the look at the tape has found it
                knowing = self.look.redactor.knowing(self.recorder.redactor.searched.values)
                self.paying.journal.replace(saving.journalled(self.plan, knowing))
        finally:
            self.paying.close()
        if self.plan.save is not None and not self.look.leaks:
            saving.save_observed(self, self.plan.save)
        return late

    def _late_verdict(self) -> Verdict | None:
        """What the teardown did that replay has no answer for; `None` where there is nothing to say."""
        from pytest_llmtrace._run.judging.judge import teardown_verdict  # noqa: PLC0415

        return teardown_verdict(self)

    @property
    def waits(self) -> bool:
        """Whether there is a journal, with answers that were paid for and are not saved."""
        return self.paying.journal.waits

    def recorded(self) -> tuple[Interaction, ...]:
        """What goes on the tape, in the order in which it began."""
        made = [interaction_of(exchange) for exchange in self.recorder.recorded()] if self.plan.tapes else []
        return personal.filed(self, made)
