"""Requests that are searched for secrets with their answers: once, in the very text that is kept of both.

Where nothing is there that could answer a request, nobody need know what it is before it is answered. Then it is not
searched before it is sent, its answer by itself, and what both make on the tape once more (docs/design/0052).
"""

from __future__ import annotations

from collections.abc import Callable

from pytest_llmtrace._capture.asked import Asked
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.recognition import read
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._model.matching import request_key
from pytest_llmtrace._model.redaction import Redactor


class LateSearch:
    """Of one owner that records, and has nothing that answers. Safe to use from threads."""

    def __init__(self, redactor: Redactor, keep_if_clean: Callable[[Interaction], bool]) -> None:
        """Args: redactor: what removes secrets; keep_if_clean: searches and keeps."""
        self._redactor = redactor
        self._keep = keep_if_clean

    def asked(self, raw: HttpRequest) -> Asked | None:
        """A request that is about to be sent; `None`: it is one to be searched before."""
        unsearched = self._redactor.unsearched(raw)
        if unsearched is None:
            return None
        return Asked.late(unsearched, lambda: read(raw, self._redactor, None))

    def keeps(self, exchange: Exchange, raw: HttpResponse) -> bool:
        """Keep an exchange with the answer that has come, and say whether it was kept.

        Not where it was searched before, or something may be in it: then both are to be searched one by one, by all
        that removes secrets.
        """
        request = exchange.asked.unsearched
        if request is not None and self._kept(exchange, request, raw):
            return True
        exchange.asked.search()  # before its answer, so that what is found is told in order
        return False

    def _kept(self, exchange: Exchange, request: HttpRequest, raw: HttpResponse) -> bool:
        response = self._redactor.unsearched_answer(raw, exchange.proof) if exchange.is_llm else None
        if response is None:
            return False
        made = Interaction(request=request, response=response, key=request_key(request), phase=exchange.phase)
        if not self._keep(made):
            return False
        exchange.asked.holds_none(made.key)
        exchange.answered(response, "live")
        return True
