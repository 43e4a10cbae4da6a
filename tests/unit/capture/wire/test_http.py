"""What the stub says of requests that nobody answers for."""

from __future__ import annotations

import http.client

import pytest

from pytest_llmtrace._capture.wire.http import Interception


def test_a_request_outside_of_any_test_is_refused_without_its_key() -> None:
    """Gemini's key stands in the address, and the text of the refusal in logs."""
    stub = Interception(stop=LookupError, replay_only=True)
    stub.install()
    try:
        client = http.client.HTTPSConnection("generativelanguage.googleapis.com")
        client.request("GET", "/v1beta/models?key=AIzaSyA-not-a-key")
        with pytest.raises(LookupError) as caught:
            client.getresponse()
    finally:
        stub.remove()
    place = "https://generativelanguage.googleapis.com/v1beta/models"
    assert str(caught.value) == f"llmtrace: GET {place} was sent outside of any test"
