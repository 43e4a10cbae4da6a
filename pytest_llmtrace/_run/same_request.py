"""Whether two requests are the same by a policy: its `ignore` and `normalize` serve the tape as well as the golden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from pytest_llmtrace._capture.dialects import parse_request
from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policy import Policy
from pytest_llmtrace._model.http import HttpRequest
from pytest_llmtrace._model.matching import matching_host
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._model.trace import Trace


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
