"""What pytest-mockllm's recorder answers from its own cassette: it sits above our stub, which never sees that.

The only module that touches its names. What it records live passes our stub, like any request.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, Literal
from unittest import mock


def watching_mockllm(
    observed: Callable[[Any, Any, Literal["live", "tape"]], None], refused: Callable[[Any, str], None]
) -> Iterator[contextlib.AbstractContextManager[Any]]:
    """Patches that show us what its cassettes answer and refuse, in vcrpy's shape; see `other_cassettes`."""
    recorder = getattr(sys.modules.get("pytest_mockllm.recording"), "LLMRecorder", None)
    answer, prepare = getattr(recorder, "http_response", None), getattr(recorder, "prepare", None)
    if answer is None or prepare is None:
        return

    def answer_and_note(http: Any, request: Any, replay: Any) -> Any:
        response = answer(http, request, replay)
        observed(_request(request), _response(response), "tape")
        return response

    def prepare_and_note(recording: Any, provider: str, request: Any, **options: Any) -> Any:
        try:
            return prepare(recording, provider, request, **options)
        except Exception as error:
            if type(error).__name__ == "CassetteMissError":
                refused(_request(request), str(recording.cassette_path))
            raise

    yield mock.patch.object(recorder, "http_response", staticmethod(answer_and_note))
    yield mock.patch.object(recorder, "prepare", prepare_and_note)


def _request(request: Any) -> Any:
    return SimpleNamespace(
        method=request.method, uri=str(request.url), headers=dict(request.headers), body=request.content
    )


def _response(response: Any) -> dict[str, Any]:
    return {
        "status": {"code": response.status_code, "message": response.reason_phrase},
        "headers": {name: [value] for name, value in response.headers.items()},
        "body": {"string": response.content},
    }
