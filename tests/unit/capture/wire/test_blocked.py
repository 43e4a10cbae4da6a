"""Whose guard kept a call in."""

import pytest

from pytest_llmtrace._capture.wire.blocked import blocked


def test_a_guard_is_found_behind_what_a_library_made_of_its_error():
    """Clients wrap errors of the connection in their own."""
    error = ConnectionError("cannot connect")
    error.__cause__ = RuntimeError("Network is disabled for host 'llm.example'")
    assert blocked(error, "llm.example") == (
        "pytest-recording kept a live call from llm.example: Network is disabled for host 'llm.example'.\n"
        "Leave out --block-network, or let the host through: --allowed-hosts=llm.example"
    )


@pytest.mark.parametrize("error", [ConnectionRefusedError(111, "Connection refused"), TimeoutError()])
def test_a_failed_connection_is_nobodys_guard(error):
    """What the network itself refuses is the test's own matter."""
    assert blocked(error, "llm.example") is None
