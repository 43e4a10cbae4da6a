"""Interactions of every kind that storage must keep, as hypothesis strategies and by hand."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from tests.unit.store.traces import data, text

URL = "https://api.example.com/v1/chat/completions"


def interaction(
    body: Any, answer: Any = "", *, key: str = "k", url: str = URL, headers: tuple[tuple[str, str], ...] = ()
) -> Interaction:
    """An interaction; bodies that are not bytes are sent as JSON."""
    raw = [one if isinstance(one, bytes) else json.dumps(one, separators=(",", ":")).encode() for one in (body, answer)]
    return Interaction(
        key=key,
        request=HttpRequest(method="POST", url=url, headers=headers, body=raw[0]),
        response=HttpResponse(status=200, body=raw[1]),
    )


values = st.dictionaries(st.sampled_from(["role", "content", "a", ""]), data, max_size=3)
json_bodies = st.dictionaries(
    st.sampled_from(["model", "messages", "input", "tools", "request", "stream"]),
    data
    | st.lists(values, max_size=6)
    | st.dictionaries(st.sampled_from(["contents", "x"]), st.lists(values, max_size=4)),
    max_size=5,
).map(lambda body: json.dumps(body).encode("utf-8", "surrogatepass"))
event_lines = st.sampled_from(
    [
        'data: {"a": [1.50, "\\ud83d\\ude00"]}',
        "data: [DONE]",
        "data:x",
        "data:  x",
        "data",
        "event: e",
        "id: 1",
        "retry: 5",
        ": ping",
        ":",
        "",
        "",
        "",
        "other: 1",
        "data: [1]",
        'data: {"a": 1, "a": 2}',
        'data: "s"',
    ]
)
streams = st.builds(
    lambda lines, end, rest: (end.join(lines) + end + rest).encode(),
    st.lists(event_lines, max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", 'data: {"cut":', "\n"]),
)
json_lines = st.builds(
    lambda lines, rest: ("".join(f"{json.dumps(line)}\n" for line in lines) + rest).encode(),
    st.lists(values, max_size=4),
    st.sampled_from(["", "\n", '{"cut']),
)
bodies = st.one_of(
    json_bodies,
    streams,
    json_lines,
    st.binary(max_size=20),
    text.map(lambda body: body.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [
            b"",
            b"null",
            b'"x"',
            b"{}",
            b"[]",
            b'{"a": NaN}',
            b'{"a": 1e400}',
            b'{"a": 1, "a": 2}',
            b"[" * 3000,
            b"{" + b" " * 9,
            b"[" * 150 + b"]" * 150,
            b'\xef\xbb\xbf{"a": 1}',
            b'{"a": "\\ud800"}',
            b'{"n": 123456789012345678901234567890, "f": -0.0}',
            b'{"n": ' + b"9" * 5000 + b"}",
        ]
    ),
)
headers = st.lists(st.tuples(st.sampled_from(["content-type", "x-a", "set-cookie"]), text), max_size=3).map(tuple)
interactions = st.builds(
    Interaction,
    key=text,
    phase=st.sampled_from(["call", "teardown"]),
    request=st.builds(
        HttpRequest,
        method=st.sampled_from(["GET", "POST"]),
        url=st.sampled_from([URL, "http://x/é?a=1"]),
        headers=headers,
        body=bodies,
    ),
    response=st.builds(
        HttpResponse, status=st.integers(100, 599), reason=st.sampled_from(["", "OK"]), headers=headers, body=bodies
    ),
)


@st.composite
def recordings(draw: st.DrawFn) -> list[Interaction]:
    """Recordings whose requests repeat each other's messages in every way."""
    pool = [{"role": "user", "content": f"{number} " + "text " * 30} for number in range(5)]
    pool += [{"role": "user", "content": True}, {"role": "user", "content": 1}, {"content": 1.0, "role": "user"}]
    made: list[Interaction] = []
    bodies_so_far: list[dict[str, Any]] = [{}]
    for _ in range(draw(st.integers(0, 6))):
        if draw(st.integers(0, 4)) == 0:
            made.append(draw(interactions))
            continue
        body = dict(draw(st.sampled_from(bodies_so_far)))
        for name in draw(st.lists(st.sampled_from(["messages", "model", "tools", "request", "system"]), max_size=3)):
            if name == "request":
                body[name] = {"contents": draw(st.lists(st.sampled_from(pool), max_size=4)), "x": draw(data)}
            elif name in ("messages", "tools"):
                old = body.get(name, [])
                body[name] = [
                    *(old if draw(st.booleans()) else old[::-1]),
                    *draw(st.lists(st.sampled_from(pool) | values, max_size=4)),
                ][draw(st.integers(0, 2)) :]
            else:
                body[name] = draw(data | st.sampled_from(["m" * 300]))
        if body and draw(st.booleans()):
            body.pop(draw(st.sampled_from(sorted(body))))
        if draw(st.booleans()):
            body = dict(reversed(body.items()))
        bodies_so_far.append(body)
        made.append(interaction(body, {"id": len(made)}, key=draw(text), headers=draw(headers)))
    return made
