"""pytest-agentreplay: it wraps the client, inside of a session."""

from __future__ import annotations

import pytest
from arm_plain import make_client


@pytest.fixture
def tape():
    """There is no client of litellm to be wrapped."""
    pytest.fail("pytest-agentreplay wraps a client object; litellm has none that a test could wrap")


@pytest.fixture
def client(agentreplay):
    """A wrapped client."""
    with agentreplay.session() as session:
        yield session.wrap_openai(make_client())
