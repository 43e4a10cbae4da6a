"""Answers to requests that are not on the tape, where a run is to go on and show the whole trajectory at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pytest_llmtrace._capture.dialects.parsing import parse_request, parse_response
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.tape import Tape
from pytest_llmtrace._capture.wire.transport_failures import is_failure
from pytest_llmtrace._model.http import HttpRequest, Interaction, json_body
from pytest_llmtrace._model.matching import matching_host
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import LLMCall
from pytest_llmtrace._store.bodies import JsonBody

if TYPE_CHECKING:  # imported where something is missed
    from pytest_llmtrace._compare.nearest.calls import NearestCalls
    from pytest_llmtrace._compare.nearest.shortlist import Likely, Shortlist

_MOST: Final = 25
"""How often one recorded answer is given: an agent that gets the same one again and again must end."""
_FIRST_ERROR: Final = 400


class NearestAnswers:
    """The recorded LLM calls of one tape, searched for the one that comes nearest. Safe to use from threads."""

    def __init__(self, tape: Tape, table: MessageTable | None = None) -> None:
        """Nothing is read before the first request that is not on the tape.

        Args:
            tape: The tape.
            table: Into which others read it, too.
        """
        self._tape = tape
        self._table = table if table is not None else MessageTable()
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
            position = self._nearest(request)
        return None if position is None else self._tape.interactions[position].request

    def _nearest(self, request: HttpRequest) -> int | None:
        """The position of the recorded request that comes nearest; only the likeliest are read, where these will do."""
        index = self.__dict__.get("_index")  # read already, and it knows which conversation goes on
        body = json_body(request)
        for likely in self._shortlist.of(request, body) if index is None else ():
            position = self._nearest_of(likely, request, body)
            if position is not None:
                return position
        call = parse_request(request, self._table)
        return None if call is None else self._index.nearest(call, _place(request))

    def _nearest_of(self, likely: Likely, request: HttpRequest, body: dict[str, Any]) -> int | None:
        """The position of the nearest of a few requests, all read without what they have in common from the start."""
        from pytest_llmtrace._compare.nearest.calls import NearestCalls  # noqa: PLC0415
        from pytest_llmtrace._compare.nearest.shortlist import without_beginning  # noqa: PLC0415

        few = [self._tape.interactions[position] for position in likely.positions]
        requests = [request, *(one.request for one in few)]
        bodies = [body, *(json_body(one.request) for one in few)]
        asked, *recorded = [
            one if cut is whole else HttpRequest(method=one.method, url=one.url, body=JsonBody(cut))
            for one, whole, cut in zip(requests, bodies, without_beginning(bodies, likely.shared), strict=True)
        ]
        call = parse_request(asked, self._table)
        if call is None:
            return None
        calls = (self._answered(replace(one, request=cut)) for one, cut in zip(few, recorded, strict=True))
        places = (_place(one.request) for one in few)
        read = [(at, where, one) for at, where, one in zip(likely.positions, places, calls, strict=True) if one]
        return NearestCalls(read).nearest(call, _place(request), least=likely.least)

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
        from pytest_llmtrace._compare.nearest.calls import NearestCalls  # noqa: PLC0415

        return NearestCalls(self._read())

    @cached_property
    def _shortlist(self) -> Shortlist:
        from pytest_llmtrace._compare.nearest.shortlist import Shortlist  # noqa: PLC0415

        return Shortlist(
            (position, one.request) for position, one in enumerate(self._tape.interactions) if _is_answered(one)
        )

    def _read(self) -> Iterator[tuple[int, str, LLMCall]]:
        for position, one in enumerate(self._tape.interactions):
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
