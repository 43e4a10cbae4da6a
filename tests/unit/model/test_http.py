"""What an address says of the server that it leads to."""

from __future__ import annotations

import pytest

from pytest_llmtrace._model.http import server_of


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("https://api.openai.com/v1/chat/completions", "api.openai.com:443"),
        ("http://localhost/v1", "localhost:80"),
        ("http://127.0.0.1:8000/v1?key=sk-1#sk-2", "127.0.0.1:8000"),
        ("https://me:sk-secret@Proxy.Example:8443/sk-3", "proxy.example:8443"),
        ("https://sk-a@sk-b@host/", "host:443"),
        ("http://[::1]:11434/api/chat", "::1:11434"),
        ("http://host:0/", "host:0"),
        ("http://host:port/", None),
        ("http://host:99999/", None),
        ("http://[broken/", None),
        ("/relative", None),
        ("", None),
    ],
)
def test_a_server_is_host_and_port_alone(url: str, server: str | None) -> None:
    """No user, password, path, query or fragment, which may hold a key; what cannot be read is no server."""
    assert server_of(url) == server
