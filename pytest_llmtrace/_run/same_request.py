"""Whether two requests are the same: because they ask the same, or by the rules of a policy.

What is compared decides what matches: a policy's `ignore` and `normalize` serve the tape as well as the golden trace,
and a request that an SDK merely spells differently than last year is answered by what was recorded then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from pytest_llmtrace._capture.dialects import parse_request
from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policy import Policy
from pytest_llmtrace._model.canonical import canonical_json, digest
from pytest_llmtrace._model.http import HttpRequest
from pytest_llmtrace._model.matching import matching_host, matching_query
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import Trace


def meaning(request: HttpRequest) -> str | None:
    """Digest of all that is compared of a request, and of where it goes; `None` for one that is no LLM call."""
    call = parse_request(request, MessageTable())
    if call is None:
        return None
    asked = [
        call.operation,
        call.provider,
        call.model,
        call.streamed,
        dict(call.params),
        [dict(tool) for tool in call.tools],
    ]
    messages = [message.digest for message in call.messages]
    return digest(canonical_json([_place(request), matching_query(request.url), asked, messages]))


def same_request(policy: Policy) -> Callable[[HttpRequest, HttpRequest], bool] | None:
    """A comparison of requests by the policy's own rules; `None` where it has none, and only equal requests match."""
    if not (policy.ignore or policy.normalize):
        return None
    table = MessageTable()
    whole = replace(policy, view="calls", match="strict", severities={}, text_tolerance=0.0)

    def same(recorded: HttpRequest, request: HttpRequest) -> bool:
        if _place(recorded) != _place(request):
            return False
        calls = [parse_request(one, table) for one in (recorded, request)]
        if calls[0] is None or calls[1] is None:
            return False
        golden, observed = (Trace(owner="", entries=(call,)) for call in calls if call is not None)
        return not compare(golden, observed, whole)

    return same


def _place(request: HttpRequest) -> tuple[str, str, str]:
    parts = urlsplit(request.url)
    return request.method, matching_host(request.url), parts.path
