"""pytest-mockllm: its recorder is a fixture."""

from __future__ import annotations

import pytest
from arm_plain import client

__all__ = ["client", "tape"]


@pytest.fixture
def tape(llm_recorder):
    """What a test must ask for to be replayed."""
