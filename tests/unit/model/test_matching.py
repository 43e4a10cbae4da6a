"""Matching: which requests are the same request."""

import json

import pytest

from pytest_llmtrace._model.http import HttpRequest
from pytest_llmtrace._model.matching import is_loopback, matching_host, request_key


def key(url="https://api.example.com/v1/chat", body=b"{}", method="POST", **headers):
    return request_key(
        HttpRequest(
            method=method, url=url, body=body, headers=tuple((k.replace("_", "-"), v) for k, v in headers.items())
        )
    )


def test_json_bodies_are_equal_as_data():
    """Key order and white space do not matter."""
    assert key(body=b'{"a": 1, "b": [2]}') == key(body=b'{"b":[2],"a":1}')


@pytest.mark.parametrize(
    "other",
    [
        {"body": b'{"a":2}'},
        {"body": b'{"a":1.5}'},
        {"method": "PUT"},
        {"url": "https://api.example.com/v1/other"},
        {"url": "https://api.example.org/v1/chat"},
        {"url": "http://api.example.com/v1/chat"},
        {"url": "https://api.example.com/v1/chat?a=1"},
    ],
)
def test_everything_else_matters(other):
    """A difference in method, scheme, host, path, query or body is another request."""
    assert key(**{"body": b'{"a":1}', **other}) != key(body=b'{"a":1}')


def test_any_loopback_host_and_port_is_the_same_host():
    """A local provider may come up on another port."""
    urls = ["http://127.0.0.1:8000/v1", "http://localhost:9/v1", "http://[::1]:80/v1", "http://127.9.9.9/v1"]
    assert len({key(url=url) for url in urls}) == 1


def test_the_order_of_query_parameters_does_not_matter():
    """A query is a set of pairs."""
    assert key(url="https://h/p?a=1&b=2") == key(url="https://h/p?b=2&a=1")


def test_multipart_bodies_are_compared_without_their_random_boundary():
    """An upload made twice is the same upload."""
    first = key(body=b"--x1\r\nfile\r\n--x1--", content_type="multipart/form-data; boundary=x1")
    second = key(body=b"--y2\r\nfile\r\n--y2--", content_type="multipart/form-data; boundary=y2")
    assert first != key(body=b"--x1\r\nother\r\n--x1--", content_type="multipart/form-data; boundary=x1")
    assert first == second


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("[::1]", True),
        ("0.0.0.0", True),
        ("example.com", False),
        ("10.0.0.1", False),
    ],
)
def test_what_is_loopback(host, local):
    """This machine is loopback, the private network is not."""
    assert is_loopback(host) is local


def test_ports_count_on_other_hosts():
    """Two servers on one host are two, unless the port is the scheme's own."""
    assert matching_host("https://h:8443/") == "h:8443"
    assert matching_host("https://h:443/") == matching_host("https://H/") == "h"


def test_bodies_that_are_no_json_are_compared_as_bytes():
    """Text and binary match only when equal."""
    assert key(body=b"abc") == key(body=b"abc") != key(body=b"abd")
    assert key(body=json.dumps("x").encode()) != key(body=b"x")


def test_a_redacted_parameter_does_not_count():
    """A key in the URL may have been filtered out of another recording; other parameters tell requests apart."""
    urls = ["https://h/p?alt=sse&key=REDACTED", "https://h/p?alt=sse", "https://h/p?alt=json"]
    keys = [request_key(HttpRequest(method="POST", url=url)) for url in urls]
    assert keys[0] == keys[1] != keys[2]
