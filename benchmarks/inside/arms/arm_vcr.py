"""pytest-recording and cassetter, as their manuals say: every test is marked `vcr`."""

from __future__ import annotations

import os

import pytest
from arm_plain import client, tape

__all__ = ["client", "tape"]


def pytest_collection_modifyitems(items):
    """Mark every test."""
    for item in items:
        item.add_marker(pytest.mark.vcr)


@pytest.fixture(scope="module")
def vcr_config():
    """The default, or with the body among what must match."""
    config = {}
    if wanted := os.environ.get("BENCH_MATCH_ON"):
        config["match_on"] = wanted.split(",")
    if wanted := os.environ.get("BENCH_SERIALIZER"):
        config["serializer"] = wanted
    return config
