"""The trace of a recorder, assembled again only where something happened since it was last asked for."""

from __future__ import annotations

from dataclasses import replace

from pytest_llmtrace._capture.assembly.assemble import Assembled, assemble
from pytest_llmtrace._capture.assembly.reader import Reader
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.from_litellm.call import LitellmCall
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._model.secrecy.traces import with_names


class Assembler:
    """Assembles one recorder's trace, and remembers it with the state that it shows."""

    def __init__(self, recorder: Recorder, prices: PriceBook, reader: Reader | None = None) -> None:
        """Args: recorder: whose trace; prices: what models cost; reader: who reads its exchanges for others, too."""
        self._recorder = recorder
        self._prices = prices
        self._reader = reader or Reader()
        self._known: tuple[object, Assembled] | None = None
        self._names: dict[str, str] = {}

    def assembled(self) -> Assembled:
        """The trace so far."""
        state = _state(self._recorder)  # before the trace: what happens meanwhile must be seen the next time
        known = self._known
        if state is None or known is None or known[0] != state:
            found = assemble(self._recorder, self._prices, self._reader)
            known = self._known = state, replace(found, trace=with_names(found.trace, self._name))
        return known[1]

    def _name(self, text: str) -> str:
        made = self._names.get(text)
        if made is None:
            made = self._names[text] = self._recorder.redactor.name(text)
        return made


def _state(recorder: Recorder) -> object:
    """Equal as long as the trace is; `None` where that cannot be told: what applications say by hand may change."""
    if recorder.hand_calls or recorder.executions or recorder.entries or recorder.framework.events:
        return None
    return (
        [_of_exchange(one) for one in list(recorder.exchanges)],
        [_of_litellm(one) for one in list(recorder.litellm_calls)],
        len(recorder.misses),
        recorder.refused,
        len(recorder.answered_in_process),
    )


def _of_exchange(one: Exchange) -> tuple[object, ...]:
    return id(one), one.ended, one.source, one.events_read, one.missed, one.unsent, one.swapped, one.position


def _of_litellm(one: LitellmCall) -> tuple[object, ...]:
    said = id(one.response), id(one.error), one.cost, one.local, len(one.kwargs)
    return id(one), one.ended, one.succeeded, one.labels, one.inherited, one.provider, *said
