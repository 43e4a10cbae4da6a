"""Answers to requests that are not on the tape, where a run is to go on and show the whole trajectory at once."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pytest_llmtrace._capture.dialects import parse_request, parse_response
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.tape import Tape
from pytest_llmtrace._capture.wire.transport_failures import is_failure
from pytest_llmtrace._model.http import HttpRequest, Interaction
from pytest_llmtrace._model.matching import matching_host
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import LLMCall

if TYPE_CHECKING:  # imported where something is missed
    from pytest_llmtrace._compare.nearest.calls import NearestCalls
    from pytest_llmtrace._compare.nearest.shortlist import Shortlist

_MOST: Final = 25
"""How often one recorded answer is given: an agent that gets the same one again and again must end."""
_FIRST_ERROR: Final = 400


class NearestAnswers:
    """The recorded LLM calls of one tape, searched for the one that comes nearest. Safe to use from threads."""

    def __init__(self, tape: Tape) -> None:
        """Nothing is read before the first request that is not on the tape."""
        self._tape = tape
        self._table = MessageTable()
        self._told = 0
        self._lock = threading.Lock()

    def answer(self, exchange: Exchange, made: Sequence[Exchange]) -> tuple[int, Interaction] | None:
        """Position and value of the interaction to answer with; `None` where none comes near.

        Args:
            exchange: A request that is not on the tape.
            made: All requests so far: those answered tell which conversation goes on.
        """
        with self._lock:
            call = parse_request(exchange.request, self._table)
            if call is None:
                return None
            self._tell(made)
            position = self._index.nearest(call, _place(exchange.request), most=_MOST)
            if position is None:
                return None
            self._index.answered(call, position)
        self._tape.use(position)
        return position, self._tape.interactions[position]

    def nearest_request(self, request: HttpRequest) -> HttpRequest | None:
        """The recorded request that comes nearest, for an explanation."""
        with self._lock:
            call = parse_request(request, self._table)
            position = None if call is None else self._nearest(call, request)
        return None if position is None else self._tape.interactions[position].request

    def _nearest(self, call: LLMCall, request: HttpRequest) -> int | None:
        """The position of the recorded request that comes nearest; only the likeliest are read, where these will do."""
        index = self.__dict__.get("_index")  # read already, and it knows which conversation goes on
        for likely in self._shortlist.of(request) if index is None else ():
            few = self._indexed(likely.positions)
            position = few.nearest(call, _place(request), least=likely.least)
            if position is not None:
                return position
        return self._index.nearest(call, _place(request))

    def _tell(self, made: Sequence[Exchange]) -> None:
        """Take in the requests that the tape has answered since."""
        for exchange in made[self._told :]:
            if exchange.is_llm and exchange.position is not None and not exchange.nearest:
                call = parse_request(exchange.request, self._table)
                if call is not None:
                    self._index.answered(call, exchange.position)
        self._told = len(made)

    @cached_property
    def _index(self) -> NearestCalls:
        return self._indexed(range(len(self._tape)))

    def _indexed(self, positions: Iterable[int]) -> NearestCalls:
        from pytest_llmtrace._compare.nearest.calls import NearestCalls  # noqa: PLC0415

        return NearestCalls(self._read(positions))

    @cached_property
    def _shortlist(self) -> Shortlist:
        from pytest_llmtrace._compare.nearest.shortlist import Shortlist  # noqa: PLC0415

        return Shortlist(
            (position, one.request) for position, one in enumerate(self._tape.interactions) if _is_answered(one)
        )

    def _read(self, positions: Iterable[int]) -> Iterator[tuple[int, str, LLMCall]]:
        for position in positions:
            one = self._tape.interactions[position]
            call = self._answered(one)
            if call is not None:
                yield position, _place(one.request), call

    def _answered(self, one: Interaction) -> LLMCall | None:
        """A recorded call with a usable answer."""
        if not _is_answered(one):
            return None
        call = parse_request(one.request, self._table)
        return None if call is None else parse_response(call, one.response, self._table)


def _is_answered(one: Interaction) -> bool:
    return one.response.status < _FIRST_ERROR and not is_failure(one.response)


def _place(request: HttpRequest) -> str:
    return matching_host(request.url) + urlsplit(request.url).path
