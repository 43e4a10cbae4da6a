"""What requests and their answers say, each read once: its cost is counted at once, the trace is assembled later."""

from __future__ import annotations

from pytest_llmtrace._capture.dialects.parsing import parse_request, parse_response
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._model.http import HttpResponse
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import LLMCall


class Reader:
    """Reads the exchanges of one owner; equal messages of theirs are one object. Safe to use from threads."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self.table = MessageTable()
        self._read: dict[int, tuple[Exchange, HttpResponse, LLMCall]] = {}
        """By identity; the exchange is held, so that no other can have it."""

    def answered(self, exchange: Exchange) -> LLMCall | None:
        """The call that an exchange with an answer is; `None` where it is no call of a model, or has no answer."""
        response = exchange.response
        if response is None:
            return None
        known = self._read.get(id(exchange))
        if known is not None and known[1] is response:
            return known[2]
        call = parse_request(exchange.request, self.table)
        if call is None:
            return None
        made = parse_response(call, response, self.table)
        self._read[id(exchange)] = exchange, response, made
        return made
