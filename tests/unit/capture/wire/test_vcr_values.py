"""Requests and responses in vcrpy's shape."""

import pytest
from vcr.request import Request

from pytest_llmtrace._capture.wire.vcr_values import as_vcr, request_of
from pytest_llmtrace._model.http import HttpRequest, HttpResponse


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": 1}', b'{"a": 1}'),
        ('{"a": 1}', b'{"a": 1}'),
        ({"a": 1}, b'{"a":1}'),
        (iter([b'{"a"', b": 1}"]), b'{"a": 1}'),
        (None, b""),
    ],
)
def test_a_request_is_the_same_however_the_client_handed_it_over(body, expected):
    """Aiohttp hands over method and body as its caller spelled them, and a call in lower case is still a call."""
    request = Request("post", "http://127.0.0.1:9/v1/messages", body, {"X-Api-Key": "k"})
    assert request_of(request) == HttpRequest(
        method="POST", url="http://127.0.0.1:9/v1/messages", headers=(("x-api-key", "k"),), body=expected
    )


def test_what_no_stub_takes_is_replaced() -> None:
    """A tape holds whatever a server sent; a header beyond ASCII, or with a line end, would end a replay in a crash."""
    response = HttpResponse(status=200, reason="Schön", headers=(("x-city", "北京\r\nx: y"), ("x-a", "b c")))
    made = as_vcr(response)
    assert made["headers"] == {"x-city": ["????x: y"], "x-a": ["b c"], "content-length": ["0"]}
    assert made["status"] == {"code": 200, "message": "Sch?n"}
