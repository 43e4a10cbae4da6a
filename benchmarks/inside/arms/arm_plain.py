"""The arm that needs nothing in the project: no plugin at all, or ours."""

from __future__ import annotations

import os

import pytest

SHARED = os.environ.get("BENCH_CLIENT") != "per-test"
_client = []


def make_client(**options):
    """A client as a project makes it; one for all tests, or one for each."""
    from openai import OpenAI

    if not SHARED:
        return OpenAI(**options)
    if not _client:
        _client.append(OpenAI(**options))
    return _client[0]


@pytest.fixture
def tape():
    """What a test must ask for to be replayed; nothing here."""


@pytest.fixture
def client(tape):
    """The client that tests use."""
    return make_client()
