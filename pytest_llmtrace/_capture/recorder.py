"""The recorder of one owner: decides who answers each request, and keeps what happened."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Literal, NoReturn
from urllib.parse import SplitResult, urlsplit

from pytest_llmtrace._capture.asked import Asked
from pytest_llmtrace._capture.enclosing import enclosing, is_hidden, labels_in
from pytest_llmtrace._capture.exchange import Exchange, interaction_of, local_port, local_ports
from pytest_llmtrace._capture.faults import Faults, noting, stop_for
from pytest_llmtrace._capture.forks import Forks
from pytest_llmtrace._capture.framework import Framework
from pytest_llmtrace._capture.gates import Gates, Wire
from pytest_llmtrace._capture.guard.passages import Passage, Passages
from pytest_llmtrace._capture.guard.user_stack import user_stack
from pytest_llmtrace._capture.overtaken import marked
from pytest_llmtrace._capture.recognition import read
from pytest_llmtrace._capture.tape import Tape
from pytest_llmtrace._capture.wire.transport_failures import failure_of
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction, Phase
from pytest_llmtrace._model.matching import is_loopback
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy.proofs import real_keys

if TYPE_CHECKING:  # what few tests have
    from pytest_llmtrace._capture.from_litellm.call import LitellmCall
    from pytest_llmtrace._capture.late_search import LateSearch
    from pytest_llmtrace._capture.manual.calls import Record
    from pytest_llmtrace._capture.manual.executions import Execution
    from pytest_llmtrace._model.personal.book import Book
    from pytest_llmtrace._model.trace import AnyEntry


class Recorder:
    """Everything that one owner does with HTTP and LLMs. Safe to use from threads."""

    def __init__(
        self,
        owner: str,
        *,
        wire: Wire,
        tape: Tape,
        journal: Tape,
        has_cassette: bool,
        redactor: Redactor,
        gates: Gates,
        book: Book | None = None,
    ) -> None:
        self.owner = owner
        self.wire: Wire = wire
        self.tape = tape
        self.journal = journal
        self.has_cassette = has_cassette
        self.phase: Phase = "call"
        self.began = time.perf_counter()
        self.began_clock = time.time()
        self.exchanges: list[Exchange] = []
        self.litellm_calls: list[LitellmCall] = []
        self.entries: list[AnyEntry] = []  # that were observed as such: events
        self.hand_calls: list[Record] = []
        self.hand_messages = MessageTable()  # of calls given by hand, each distinct one once
        self.executions: list[Execution] = []
        self.framework = Framework()
        self.forks = Forks()
        self.misses: list[Exchange] = []
        self.refused: str | None = None
        """Why a live call was refused, once one was."""
        self.unswapped: set[str] = set()
        """``OLD=NEW`` of models that were asked for and could not be replaced."""
        self.bypassed: list[tuple[str, tuple[str, ...]]] = []
        """Connections past the tape that were stopped: address and stack."""
        self.passages = Passages()  # those that were not
        self.answered_in_process: list[tuple[float, float]] = []
        """When HTTP clients sent requests that no HTTP library passed on: mocks and transports of the test answered."""
        self.book = book  # which placeholders stand for which personal data; `None` where none is taken out
        self.redactor = redactor if book is None else redactor.hiding(book)
        self.faults = Faults(self.redactor.text)  # bugs of ours that were met
        self._gates = gates
        self._lock = threading.Lock()
        self._late: LateSearch | None = None  # searches requests with their answers
        if gates.keep_if_clean is not None and not (journal or (tape and wire != "live")):  # nothing here may answer
            from pytest_llmtrace._capture.late_search import LateSearch  # noqa: PLC0415  # a replay has none

            self._late = LateSearch(self.redactor, gates.keep_if_clean)

    # Requests, as the interception sees them

    def open(self, raw: HttpRequest, context: LitellmCall | None) -> Exchange:
        """A request is about to be sent. The exchange comes back answered when nothing must be sent.

        Raises: what `Gates.stop` makes, where replay has no answer or a budget forbids a live call.
        """
        try:
            return self._opened(raw, context)
        except Exception as error:
            stop_for(error, self, "a request could not be looked up")
            raise

    def _opened(self, raw: HttpRequest, context: LitellmCall | None) -> Exchange:
        exchange = self._made(raw, context)
        with self._lock:
            self.exchanges.append(exchange)
        if self.forks.is_one and exchange.is_llm:
            self.forks.tell(f"{exchange.request.method} {exchange.request.url}", user_stack())
        if self.wire in ("tape", "fill") and self.tape:
            found = self.tape.take(exchange.key, exchange.request) or self.tape.take_like(exchange.request)
            if found is not None:
                exchange.position = found[0]
                return self._played(exchange, found[1], "tape")
        exchange.proof = real_keys(raw)
        if self.wire != "watch" and self.journal:
            found = self.journal.take(exchange.key, exchange.request)
            if found is not None:
                return self._played(exchange, found[1], "journal")
        if self.wire == "tape":
            if exchange.is_llm and (near := self._gates.nearest(exchange, self.exchanges)) is not None:
                exchange.position, exchange.nearest = near[0], True
                return self._played(exchange, near[1], "tape")
            self._replay_without_answer(exchange, urlsplit(raw.url))
        elif exchange.is_llm:
            self._before_live(exchange)
        return exchange

    def _played(self, exchange: Exchange, recorded: Interaction, source: Literal["tape", "journal"]) -> Exchange:
        if self.book is not None:
            answer = self.book.answer(recorded, exchange.request, alone=source == "journal")
            exchange.played(answer, self.book.restored(recorded.given or answer), source)
        else:
            exchange.played(recorded.response, recorded.given or recorded.response, source)
        return exchange

    def answered(self, exchange: Exchange, raw: HttpResponse) -> None:
        """The answer of a live request has come."""
        with noting(self.faults, "the answer of a live request could not be kept"):
            if not (kept := self._late is not None and self._late.keeps(exchange, raw)):
                exchange.answered(self.redactor.response(raw, exchange.proof), "live")
            self._after_live(exchange, kept=kept)

    def failed(self, exchange: Exchange, error: BaseException) -> None:
        """A live request ended without an answer."""
        with noting(self.faults, "the failure of a live request could not be kept"):
            failure = failure_of(error)
            if failure is not None:
                failure = marked(self.redactor.response(failure, exchange.proof), exchange, self)
            exchange.failed(failure)
            self._gates.live_failed(exchange)

    def observe(
        self, raw: HttpRequest, response: HttpResponse, source: Literal["live", "tape"], context: LitellmCall | None
    ) -> None:
        """A request that another plugin's cassette answered or recorded: it is traced, and stays off our tape."""
        exchange = self._made(raw, context, taped=False)
        exchange.answered(self.redactor.response(response, real_keys(raw)), source)
        with self._lock:
            self.exchanges.append(exchange)
            if source == "live" and self.wire == "tape" and exchange.is_llm:
                self.bypassed.append((f"{exchange.request.url} (recorded by another cassette in trace mode)", ()))
        if source == "live" and exchange.is_llm:
            self._gates.went_live(exchange)

    def refuse(self, raw: HttpRequest, context: LitellmCall | None, path: str) -> None:
        """Another plugin's cassette cannot answer a request: in replay, a miss like that of a tape of ours.

        Raises: what `Gates.stop` makes, so that the SDK does not try again and report a connection error.
        """
        exchange = self._made(raw, context, taped=False)
        if self.wire != "tape" or not exchange.is_llm or not self.has_cassette:
            return
        exchange.missed, exchange.refused_by = True, path
        exchange.ended = time.perf_counter()
        with self._lock:
            self.exchanges.append(exchange)
            self.misses.append(exchange)
        self.stop(f"llmtrace: {path} did not record {exchange.request.method} {exchange.request.url}")

    def _made(self, raw: HttpRequest, context: LitellmCall | None, *, taped: bool = True) -> Exchange:
        scope = enclosing()
        known = self.tape.recognition if self.wire == "tape" and self.book is None else None
        asked = self._late.asked(raw) if self._late is not None else None
        return Exchange(
            asked=asked or Asked(*read(raw, self.redactor, known)),
            taped=taped and not is_hidden(scope),
            labels=labels_in(scope),
            context=context if context is not None and context.heard_by() is self else None,  # else of an earlier test
            enclosing=scope,
            phase=self.phase,
        )

    # What replay does with a request that is not on the tape

    def _replay_without_answer(self, exchange: Exchange, url: SplitResult) -> None:
        is_other_server = is_loopback(url.hostname or "") and not self.is_recorded_port(url.port)
        if not exchange.is_llm and (not self.guarded or is_other_server):
            exchange.taped = False
            return
        exchange.missed = True
        exchange.ended = time.perf_counter()
        with self._lock:
            self.misses.append(exchange)
        what = "has no recording of" if not self.has_cassette else "did not record"
        self.stop(f"llmtrace: this test {what} {exchange.request.method} {exchange.request.url}")

    @property
    def guarded(self) -> bool:
        """Whether this owner may not reach the network: it has a cassette, or has called an LLM."""
        return self.wire == "tape" and (self.has_cassette or any(one.is_llm for one in self.exchanges))

    def cut_off(self, error: BaseException | None) -> bool:
        """Whether it was we who ended what an exception ended: it was not reached, and says nothing."""
        if error is None or isinstance(error, Exception | GeneratorExit):
            return False
        return bool(self.misses or self.bypassed or self.refused or self.faults.stopped)

    def redacted(self, data: Any) -> Any:
        """JSON-like data as a file may hold it."""
        return self.redactor.data(data)

    def hear_forks(self) -> None:
        """Take in what forked processes did in the meantime."""
        for what, stack in self.forks.told():
            self.went_past(what, stack)

    def is_recorded_port(self, port: int | None) -> bool:
        """Whether a provider on this loopback port was recorded: replay answers for it."""
        return port in self.tape.loopback_ports

    def bypass(self, address: str, stack: tuple[str, ...]) -> NoReturn:
        """A connection past the tape was attempted: note it and stop it."""
        self.went_past(address, stack)
        self.stop(f"llmtrace: a connection to {address} went past the tape")

    def went_past(self, address: str, stack: tuple[str, ...]) -> None:
        """A connection past the tape was stopped, by whatever means."""
        if self.forks.is_one:
            self.forks.tell(address, stack)
        with self._lock:
            if (address, stack) not in self.bypassed:  # clients try again
                self.bypassed.append((address, stack))

    def let_through(self, address: str, stack: tuple[str, ...]) -> None:
        """A connection to a provider goes past the tape. Raises: the stop, where a budget is spent."""
        self.passages.to_provider(Passage(address=address, stack=stack, phase=self.phase))
        self._refuse_for(self._gates.allow_live(None))

    def gone_past(self) -> tuple[Passage, ...]:
        """The connections to LLMs that went past the tape."""
        return self.passages.found(lambda: local_ports(one for one in self.exchanges if one.is_llm and not one.missed))

    def stop(self, text: str) -> NoReturn:
        """End what runs, with an exception that nothing swallows by accident."""
        raise self._gates.stop(text)

    # Live requests

    def _before_live(self, exchange: Exchange) -> None:
        try:
            self._refuse_for(self._gates.allow_live(exchange))
        except BaseException:
            exchange.failed(None)
            exchange.taped, exchange.unsent = False, True
            raise

    def refuse_live(self, why: str) -> NoReturn:
        """Nothing is to be sent: note why, and stop what runs."""
        self.refused = why
        self.stop(f"llmtrace: {why}")

    def _refuse_for(self, why: str | None) -> None:
        if why is not None:
            self.refuse_live(why)

    def _after_live(self, exchange: Exchange, *, kept: bool) -> None:
        if exchange.is_llm:
            with noting(self.faults, "what a live call has cost could not be counted"):
                self._gates.went_live(exchange)
            if not kept and self.wire in ("fill", "live"):
                self._refuse_for(self._gates.keep(interaction_of(exchange)))

    # What goes on the tape

    def recorded(self) -> tuple[Exchange, ...]:
        """The exchanges that belong on the tape, in the order in which they began.

        Of requests that got no answer so far only LLM calls that were not tried again after that: what a retry repaired
        is gone. Local traffic is left alone unless an LLM answered on the same port: databases and test servers stay
        real.
        """
        began = {one.key: one.started for one in self.exchanges}  # the last time
        llm_ports = local_ports(one for one in self.exchanges if one.is_llm)
        return tuple(
            one
            for one in self.exchanges
            if (one.response is not None or (one.got_nothing and one.is_llm and not one.ended_before(began[one.key])))
            and one.taped
            and (one.is_llm or one.source == "tape" or not one.is_local or local_port(one.request.url) in llm_ports)
        )
