"""HTTP bodies in a file."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._model.bounds import DEEPEST
from pytest_llmtrace._model.canonical import written_value
from pytest_llmtrace._store.bodies import body_data, read_body
from pytest_llmtrace._store.events import read_events
from pytest_llmtrace._store.faults import Fault
from pytest_llmtrace._store.json_text import is_storable
from tests.unit.store import PROPERTY
from tests.unit.store.exchanges import bodies, streams
from tests.unit.store.traces import data as traces_data


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"", {}),
        (b'{"b": 1, "a": [1.50, null]}', {"json": {"b": 1, "a": [1.5, None]}}),
        (b" [1]\n", {"json": [1]}),
        (b"plain", {"text": "plain"}),
        (b'"a string"', {"text": '"a string"'}),
        (b"a\r\nb", {"text": "a\r\nb"}),
        (b"\xff\x00", {"base64": "/wA="}),
        (b'{"a": 1, "a": 2}', {"text": '{"a": 1, "a": 2}'}),
        (b'{"a": NaN}', {"text": '{"a": NaN}'}),
        (b'{"a": 1e400}', {"text": '{"a": 1e400}'}),
        (b'{"a": 1}\n{"a": 2}\n', {"ndjson": [{"a": 1}, {"a": 2}]}),
        (b'{"a": 1}\n{"a', {"ndjson": [{"a": 1}], "rest": '{"a'}),
        (b'{"a": 1}\n\n{"a": 2}\n', {"text": '{"a": 1}\n\n{"a": 2}\n'}),
        (
            b'event: delta\ndata: {"a": 1}\n\n: ping\n\ndata: [DONE]\n\n',
            {"sse": [{"event": "delta", "data": {"a": 1}}, {"comment": "ping"}, {"data": "[DONE]"}]},
        ),
        (b'data: {"a":\r\ndata: 1}\r\n\r\ndata: cut', {"sse": [{"data": {"a": 1}}], "rest": "data: cut"}),
        (b"data: x\ndata: y\nid: 7\n\n", {"sse": [{"id": "7", "data": "x\ny"}]}),
        (b"data: only begun", {"text": "data: only begun"}),
        (b"data: x\nunknown: y\n\n", {"text": "data: x\nunknown: y\n\n"}),
    ],
)
def test_what_a_file_holds(body: bytes, data: dict[str, Any]) -> None:
    """JSON stands as data, streams as events, anything else as text or base64."""
    assert body_data(body) == data


def meaning(body: bytes) -> Any:
    """What a reader of the body finds in it."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return body
    try:
        return repr(json.loads(text))
    except (ValueError, RecursionError):
        pass
    found = read_events(text)
    if found is not None and found[0]:
        return repr(found)
    try:
        return [repr(json.loads(line)) for line in text.split("\n")[:-1]], text.split("\n")[-1]
    except (ValueError, RecursionError):
        return body


@PROPERTY
@given(bodies)
def test_bodies_keep_their_meaning(body: bytes) -> None:
    """A body is read back with the same meaning; what a file makes of it once stays as it is."""
    data = body_data(body)
    back = bytes(read_body(json.loads(json.dumps(data))))
    assert back == body if "json" not in data and "sse" not in data and "ndjson" not in data else True
    assert meaning(back) == meaning(body)
    assert body_data(back) == data


@PROPERTY
@given(streams)
def test_streams_keep_their_events(body: bytes) -> None:
    """A stream of events is read back with the same events in the same order, comments and a cut end included."""
    text = body.decode()
    back = bytes(read_body(body_data(body))).decode()
    assert read_events(back) == read_events(text)


def test_characters_that_utf_8_cannot_express_are_escaped() -> None:
    """A JSON body with half a character comes back as JSON, with an escape."""
    data = body_data(b'{"a": "\\ud800 \\u00e4"}')
    assert data == {"json": {"a": "\ud800 ä"}}
    assert bytes(read_body(data)) == '{"a":"\\ud800 ä"}'.encode()


@pytest.mark.parametrize(
    "data",
    [
        {"json": {}, "text": ""},
        {"json": "text"},
        {"text": 1},
        {"text": "x", "rest": "y"},
        {"rest": "y"},
        {"sse": {}},
        {"sse": [1]},
        {"sse": [{"event": 1}]},
        {"sse": [{"other": "x"}]},
        {"base64": "&"},
    ],
)
def test_what_is_refused(data: dict[str, Any]) -> None:
    """Keys that contradict each other, and values of the wrong kind, are faults."""
    with pytest.raises(Fault):
        read_body(data)


@PROPERTY
@given(traces_data | st.sampled_from([math.inf, -math.inf, math.nan, "\U000f07ff\x7f", 10**400]))
def test_what_can_be_stored_is_told_by_how_marshal_writes_it(value: Any) -> None:
    """As by writing it as JSON, which takes ten times as long: the two agree on every value, wherever it stands."""
    for made in (value, [value], {"a": [{"b": value}]}):
        assert is_storable(made, written_value(made)) == is_storable(made)


def test_what_nests_too_deeply_is_told_by_how_marshal_writes_it() -> None:
    """Many objects beside each other are no reason to refuse; as many inside each other are."""
    wide = [{"a": [number]} for number in range(DEEPEST)]
    deep: Any = []
    for _ in range(DEEPEST):
        deep = [deep]
    assert is_storable(wide, written_value(wide))
    assert is_storable(deep[0], written_value(deep[0]))
    assert not is_storable(deep, written_value(deep))
