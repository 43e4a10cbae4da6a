"""Streams that are parsed are searched as those that are taken apart."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._model.http import HttpResponse
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy import streams
from pytest_llmtrace._model.secrecy.eye import Eye
from pytest_llmtrace._model.secrecy.read_streams import read_stream
from pytest_llmtrace._model.secrecy.searched import Searched

KEY = "sk-proj-aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5z"
SCALARS = st.one_of(st.integers(0, 2), st.none(), st.booleans(), st.sampled_from(["a", "b", "c"]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["type", "index", "thought", "outputIndex", "text"]), inner, max_size=4),
    ),
    max_leaves=8,
)
EVENTS = st.lists(st.dictionaries(st.sampled_from(["type", "index", "delta", "text"]), VALUES, max_size=3), max_size=4)


def joined(documents: list[str]) -> list[str]:
    """What goes on in one another, by the tokenizer that knows where each text stands."""
    found = streams._leaves(documents)
    pieces = [*streams._channels(found), *streams._channels(found, numbered=True)]
    return ["".join(leaf.text for _, leaf in one) for one in pieces]


@given(EVENTS)
def test_the_same_texts_go_on_in_one_another(events: list[dict[str, Any]]) -> None:
    """Whatever tells the parts of a stream apart: numbers, types, depth."""
    documents = [json.dumps(one) for one in events]
    stream = read_stream("".join(f"data: {one}\n\n" for one in documents).encode() + b"data: [DONE]\n\n")
    if stream is not None:
        assert sorted(stream._joined()) == sorted(joined(documents))


@pytest.mark.parametrize(
    "body",
    [
        b'data: {"a": "x"}\n\ndata: [DONE]\n\n',
        b'data: {"a": "x"}\n\ndata: {"a": "y"',
        b': "x"\n\ndata: {"a": "x"}\n\ndata: {"a": "y"}\n\n',
        b'data: {"a": "x", "a": "z"}\n\ndata: {"a": "y"}\n\n',
        b'[{"a": "x"},\n{"a": "y"}]\n',
        b'{"a": "\xff"}\n{"a": "y"}\n',
    ],
)
def test_what_is_not_wholly_valid_is_taken_apart(body: bytes) -> None:
    """One event alone, one that is cut off, texts beside events, keys that come twice, a list, other codings."""
    assert read_stream(body) is None


@pytest.mark.parametrize("form", ["data: {}\n\n", "{}\n"])
def test_a_clean_stream_is_not_taken_apart(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """It stays the bytes that it was, and is not held as anything else; one with a key in pieces is."""
    bodies = [
        "".join(form.format(json.dumps({"n": number, "text": part})) for number, part in enumerate(parts)).encode()
        for parts in (("Good", " morning"), (KEY[:9], KEY[9:30], KEY[30:]))
    ]
    eye = Eye(Searched({}))
    clean, secret = (HttpResponse(status=200, body=body) for body in bodies)
    with monkeypatch.context() as patched:
        patched.setattr(streams, "_leaves", lambda _: pytest.fail("it was taken apart"))
        assert Redactor().watched(eye).response(clean).__dict__["body"] is bodies[0]
    made = Redactor().watched(eye).response(secret).body.decode()
    assert [json.loads(one.removeprefix("data:"))["text"] for one in made.split("\n") if one] == ["REDACTED", "", ""]
    assert eye.leaks == []
