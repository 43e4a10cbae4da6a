"""What is asked of a provider but not of a model."""

from __future__ import annotations

import pytest

from pytest_llmtrace._capture.assembly.assemble import assemble
from pytest_llmtrace._capture.assembly.services import is_service
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._model.http import HttpRequest
from tests.unit.capture.conftest import Observed
from tests.unit.capture.dialects.dialect_wire import response


@pytest.mark.parametrize(
    "path",
    [
        "/v1/files",
        "/v1/files/file_1/content",
        "/upload/v1beta/files",
        "/v1/vector_stores/vs_1/files",
        "/v1/batches",
        "/v1/messages/batches",
        "/v1/messages/count_tokens",
        "/v1/responses/input_tokens",
        "/v1/responses/resp_1/cancel",
        "/v1/conversations",
        "/v1/conversations/conv_1/items",
        "/v1/realtime/client_secrets",
        "/v1/containers",
        "/v1beta/models/gemini-x:countTokens",
        "/v1beta/cachedContents",
        "/model/amazon.nova-lite-v1%3A0/count-tokens",
        "/v1/tokenize",
        "/api/show",
        "/v1/threads/t_1/messages",
    ],
)
def test_management_is_no_call(path: str) -> None:
    """Files, batches, token counts and the like."""
    assert is_service(HttpRequest(method="POST", url=f"https://h{path}"))


@pytest.mark.parametrize(
    "path",
    [
        "/v1/audio/transcriptions",
        "/v1/audio/speech",
        "/v1/images/variations",
        "/v1beta/models/imagen:predict",
        "/v1/novel",
        "/v1/threads/t_1/runs",
        "/hf-inference/models/org/name",
        "/v1/chat/completions",
    ],
)
def test_whatever_may_ask_a_model_is_not_explained_away(path: str) -> None:
    """What no dialect reads must be said to be unread."""
    assert not is_service(HttpRequest(method="POST", url=f"https://h{path}"))


def test_a_conversation_is_kept_by_openai_and_asked_by_mistral() -> None:
    """One path, told apart by what is sent."""
    url = "https://h/v1/conversations"

    assert is_service(HttpRequest(method="POST", url=url, body=b'{"items": []}'))
    assert not is_service(HttpRequest(method="POST", url=url, body=b'{"model": "m", "inputs": "hi"}'))


def test_reading_is_never_asking() -> None:
    """No provider generates on a GET."""
    assert is_service(HttpRequest(method="GET", url="https://api.openai.com/v1/novel"))


def test_what_no_dialect_reads_is_listed_without_its_query(observed: Observed) -> None:
    """Requests that manage something are not."""
    for path in ("novel?key=secret", "files"):
        asked = HttpRequest(method="POST", url=f"https://api.openai.com/v1/{path}", body=b"{}")
        observed.recorder.answered(observed.recorder.open(asked, None), response({}))

    assembled = assemble(observed.recorder, PriceBook())

    assert assembled.unknown == ("POST https://api.openai.com/v1/novel",)
    assert assembled.trace.calls == ()
