"""Requests and responses whose bodies are made when they are read."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, replace

import pytest

from pytest_llmtrace._model.http import HttpRequest, HttpResponse, held_body


class Made:
    """A body that counts how often it is made."""

    def __init__(self) -> None:
        self.count = 0

    def __bytes__(self) -> bytes:
        self.count += 1
        return b"made"


def test_a_body_is_bytes_however_it_is_held() -> None:
    """A body that is held as something else is read as bytes, and equal to the same bytes."""
    request = HttpRequest(method="POST", url="u", body=Made())
    same = HttpRequest(method="POST", url="u", body=b"made")
    assert request.body == b"made"
    assert request == same
    assert hash(request) == hash(same)
    assert repr(request) == repr(same)
    assert HttpResponse(status=200, body=Made()) == HttpResponse(status=200, body=b"made")


def test_a_body_is_made_only_when_it_is_read() -> None:
    """Nobody pays for a body that nobody reads; storage finds what it put there."""
    made = Made()
    request = HttpRequest(method="POST", url="u", body=made)
    assert held_body(request) is made
    assert made.count == 0


def test_bodies_default_to_nothing() -> None:
    """A request without a body has an empty one."""
    assert (HttpRequest(method="GET", url="u").body, HttpResponse(status=204).body) == (b"", b"")


def test_requests_are_values() -> None:
    """A request can be copied with changes, pickled and compared, and not be changed."""
    request = HttpRequest(method="POST", url="u", headers=(("a", "b"),), body=Made())
    assert replace(request, url="v") == HttpRequest(method="POST", url="v", headers=(("a", "b"),), body=b"made")
    assert copy.deepcopy(request) == pickle.loads(pickle.dumps(request)) == request
    with pytest.raises(FrozenInstanceError):
        request.body = b"other"  # type: ignore[misc]
