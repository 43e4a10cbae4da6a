"""Whether two requests are the same: because they ask the same, or by the rules of a policy.

What is compared decides what matches: a policy's `ignore` and `normalize` serve the tape as well as the golden trace,
and a request that an SDK merely spells differently than last year is answered by what was recorded then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from urllib.parse import urlsplit

from pytest_llmtrace._capture.dialects.parsing import parse_request, parse_response
from pytest_llmtrace._capture.dialects.unread import unread
from pytest_llmtrace._capture.tape import Same
from pytest_llmtrace._compare.differences.values import plain
from pytest_llmtrace._compare.policies.policy import Policy
from pytest_llmtrace._model.canonical import canonical_json, digest
from pytest_llmtrace._model.fanout import fan_outs
from pytest_llmtrace._model.http import HttpRequest, Interaction
from pytest_llmtrace._model.matching import matching_host, matching_query
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace.errors import SettingsError


class RecordedRequests:
    """The requests of a tape, and those that are looked for on it: each recorded one, and what is shared, is read once.

    Whether a request is recorded in other words, or quotes a fan-out in another order, is found by reading all.
    """

    def __init__(self, recorded: Sequence[Interaction] = ()) -> None:
        """Args: recorded: whose requests are remembered as they were read; nothing is read before it is asked for."""
        self.table = MessageTable()
        self._recorded = recorded
        self._calls: dict[int, LLMCall | None] = {}
        """By identity; only what is recorded, which lives as long as this."""

    def call(self, request: HttpRequest) -> LLMCall | None:
        """What a request asks; `None` for no LLM call."""
        known = self._calls.get(id(request), self)
        if not isinstance(known, RecordedRequests):
            return known
        call = parse_request(request, self.table)
        if id(request) in self._identities:
            self._calls[id(request)] = call
        return call

    @cached_property
    def _identities(self) -> frozenset[int]:
        return frozenset(id(one.request) for one in self._recorded)

    def outline(self, request: HttpRequest) -> str | None:
        """What requests that mean the same, or read the same, have in common at least; `None` for no LLM call."""
        call = self.call(request)
        if call is None:
            return None
        last = call.messages[-1].digest if call.messages else ""
        return digest(canonical_json([_place(request), call.operation, call.model, len(call.messages), last]))


def means_the_same(one: HttpRequest, other: HttpRequest) -> bool:
    """Whether two requests ask the same, however they are spelled."""
    return meaning(one) == meaning(other)


def meaning(request: HttpRequest) -> str | None:
    """Digest of all that a request asks, and of where it goes; `None` for one that is no LLM call."""
    call = parse_request(request, MessageTable())
    if call is None:
        return None
    return digest(canonical_json([_read(request, call), call.streamed, unread(request)]))


def reading(request: HttpRequest) -> str | None:
    """Digest of all that a trace shows of a request, and of where it goes; `None` for one that is no LLM call."""
    call = parse_request(request, MessageTable())
    return None if call is None else digest(canonical_json(_read(request, call)))


def _read(request: HttpRequest, call: LLMCall) -> list[object]:
    messages = [message.digest for message in call.messages]
    return [_place(request), matching_query(request.url), _asked(call), messages]


def same_request(policy: Policy, recorded: Sequence[Interaction], requests: RecordedRequests | None = None) -> Same:
    """A comparison of a recorded request with another one that means something else, so that it may yet be the same.

    By the policy's own rules; and the request of an aggregator is the same whatever the order in which it quotes the
    answers of a fan-out, as for the golden trace.

    Args:
        policy: Whose rules hold.
        recorded: What is on the tape.
        requests: Who else reads it.
    """
    by_rules = _by_rules(policy)
    aggregators = _Aggregators(recorded, requests or RecordedRequests(recorded))

    def same(one: HttpRequest, other: HttpRequest) -> bool:
        # Asked of every recorded request for each one that is not on the tape: bodies are read only where it may help.
        if _place(one) != _place(other) or not (by_rules is not None or aggregators.knows(one)):
            return False
        if unread(one) != unread(other):
            return False
        return (by_rules is not None and by_rules(one, other)) or aggregators.same(one, other)

    return same


def _by_rules(policy: Policy) -> Same | None:
    if not policy.reshapes:
        return None
    from pytest_llmtrace._compare.drift import compare  # noqa: PLC0415  # 40 ms, where a policy has such rules

    table = MessageTable()
    whole = replace(policy, view="calls", match="strict", severities={}, text_tolerance=0.0, text_scorer=None)

    def same(one: HttpRequest, other: HttpRequest) -> bool:
        calls = [parse_request(request, table) for request in (one, other)]
        if calls[0] is None or calls[1] is None:
            return False
        golden, observed = (Trace(owner="", entries=(call,)) for call in calls if call is not None)
        try:
            return not compare(golden, observed, whole)
        except SettingsError:  # of a function that a policy names: the judgement of the test says it, not an SDK
            return False

    return same


class _Aggregators:
    """The calls among recorded ones that quote the answers of a fan-out; looked for when it is first asked."""

    def __init__(self, recorded: Sequence[Interaction], requests: RecordedRequests) -> None:
        self._recorded = recorded
        self._requests = requests

    def knows(self, one: HttpRequest) -> bool:
        """Whether a recorded request is one of an aggregator."""
        return id(one) in self._found

    def same(self, one: HttpRequest, other: HttpRequest) -> bool:
        """Whether a recorded request of an aggregator and another one differ only in the order of what they quote."""
        from pytest_llmtrace._compare.conversations.fan_outs import only_order_of_quotes_differs  # noqa: PLC0415

        found = self._found.get(id(one))
        call = self._requests.call(other) if found is not None else None
        if found is None or call is None:
            return False
        aggregator, answers = found
        return (
            _asked(aggregator) == _asked(call)
            and aggregator.streamed == call.streamed
            and len(aggregator.messages) == len(call.messages)
            and all(
                here.digest == there.digest or only_order_of_quotes_differs(here, there, answers)
                for here, there in zip(aggregator.messages, call.messages, strict=True)
            )
        )

    @cached_property
    def _found(self) -> dict[int, tuple[LLMCall, tuple[str, ...]]]:
        """By identity of its request, each aggregator and the answers that it quotes."""
        requests: dict[int, HttpRequest] = {}
        calls: list[LLMCall] = []
        for interaction in self._recorded:
            call = self._requests.call(interaction.request)
            if call is not None:
                call = parse_response(call, interaction.response, self._requests.table)
                requests[id(call)] = interaction.request
                calls.append(call)
        return {
            id(requests[id(one.aggregator)]): (
                one.aggregator,
                tuple(member.call.output.text for member in one.members if member.call.output),
            )
            for one in fan_outs(calls)
        }


def _asked(call: LLMCall) -> list[object]:
    """What a call asks besides its messages, as it is compared: 1 is 1.0, and an answer the same whole or streamed."""
    return [call.operation, call.provider, call.model, plain(call.params), plain(call.tools)]


def _place(request: HttpRequest) -> tuple[str, str, str]:
    parts = urlsplit(request.url)
    return request.method, matching_host(request.url), parts.path
