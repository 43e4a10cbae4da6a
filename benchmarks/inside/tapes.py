"""What a tape of the scripted agent holds, without a recording."""

from __future__ import annotations

import json
from typing import Any

import workload

from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._model.matching import request_key

_HEADERS = (("content-type", "application/json"),)


def request_of(messages: list[dict[str, Any]]) -> HttpRequest:
    """The request that the SDK makes of these messages."""
    body = {"messages": messages, "model": workload.MODEL, "tools": workload.TOOLS}
    return HttpRequest(
        method="POST",
        url="https://api.openai.com/v1/chat/completions",
        headers=_HEADERS,
        body=json.dumps(body, separators=(",", ":")).encode(),
    )


def interaction(messages: list[dict[str, Any]], test: int, turn: int) -> Interaction:
    """It, with its answer."""
    request = request_of(messages)
    response = HttpResponse(status=200, headers=_HEADERS, body=workload.completion(test, turn))
    return Interaction(request=request, response=response, key=request_key(request))
