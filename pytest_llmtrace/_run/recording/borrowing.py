"""A tape that this plugin did not record: one that was imported, or the cassette that vcrpy keeps of a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from pytest_llmtrace._capture.dialects.parsing import parse_request, parse_response
from pytest_llmtrace._capture.llm_requests import is_llm_request
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._capture.providers import provider_of
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._run.recording.redacting import tape_without_secrets
from pytest_llmtrace._store.formats import IMPORTED
from pytest_llmtrace._store.reading import load_meta
from pytest_llmtrace._store.vcrpy.places import Places


@frozen
class Borrowed:
    """What serves as the tape of a test that has none of its own."""

    path: Path
    interactions: tuple[Interaction, ...]
    is_tape: bool
    """Whether it is an imported tape, else vcrpy's own file."""


def borrowed(places: Places, redactor: Redactor, *, own: str) -> Borrowed | None:
    """The first file in these places that holds LLM calls: an imported tape, else a cassette of vcrpy.

    Args:
        places: Where they may be.
        redactor: Removes secrets.
        own: The tape of the test itself, which is not there.

    Raises:
        CassetteError: a file cannot be read.
    """
    places = places.there()
    for path in places.imported_tapes(own):
        if IMPORTED in load_meta(path):  # else it is another test's own
            return Borrowed(path=path, interactions=tape_without_secrets(path, redactor).interactions, is_tape=True)
    for path in places.vcrpy_files():
        from pytest_llmtrace._store.vcrpy.cassette_file import load_vcrpy  # noqa: PLC0415  # most projects have none

        interactions = load_vcrpy(path, redactor)
        if interactions and holds_llm_calls(interactions):
            return Borrowed(path=path, interactions=interactions, is_tape=False)
    return None


def holds_llm_calls(interactions: Sequence[Interaction]) -> bool:
    """Whether any of the requests goes to an LLM."""
    return any(is_llm_request(one.request) for one in interactions)


def providers(interactions: Sequence[Interaction]) -> list[str]:
    """The providers that were called, each once, sorted."""
    hosts = {one.request.url for one in interactions if is_llm_request(one.request)}
    found = {call.provider for call in trace_of(interactions).calls} | {provider_of(_host(url)) for url in hosts}
    return sorted(name for name in found if name)


def trace_of(interactions: Sequence[Interaction], owner: str = "", prices: PriceBook | None = None) -> Trace:
    """The LLM calls that a tape holds, as the trace they would be: what there is to compare with before a golden."""
    table = MessageTable()
    calls: list[LLMCall] = []
    for one in interactions:
        call = parse_request(one.request, table) if is_llm_request(one.request) else None
        if call is not None:
            calls.append(_priced(parse_response(call, one.response, table), prices))
    return Trace(owner=owner, entries=tuple(calls))


def _priced(call: LLMCall, prices: PriceBook | None) -> LLMCall:
    if prices is None or call.usage is None or call.cost is not None:
        return call
    return replace(call, cost=prices.cost(call.model, call.provider, call.usage, call.operation, call.params))


def _host(url: str) -> str:

    return urlsplit(url).netloc
