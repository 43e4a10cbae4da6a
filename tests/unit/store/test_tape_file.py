"""The tape as a file."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._store.json_text import json_text
from pytest_llmtrace._store.tape_file import dump_tape, load_tape
from pytest_llmtrace.errors import BrokenCassetteError, NewerCassetteError
from tests.unit.store import PROPERTY
from tests.unit.store.exchanges import URL, interaction, recordings
from tests.unit.store.test_bodies import meaning

PATH = Path("cassettes/test_a.tape.json")
LONG = "a long text that nobody wants to read twice " * 6


def told(one: Interaction) -> Any:
    """All that an interaction says, comparable exactly."""
    request, response = one.request, one.response
    return (
        (one.key, one.phase, request.method, request.url, request.headers, meaning(request.body)),
        (response.status, response.reason, response.headers, meaning(response.body)),
    )


@PROPERTY
@given(recordings())
def test_what_is_written_is_read(recording: list[Interaction]) -> None:
    """Every interaction is read back in order, with bodies of the same value; writing it again gives the same bytes."""
    text = dump_tape(recording, {"test": "a::b"})
    text.encode()
    back = load_tape(text, PATH)
    assert [told(one) for one in back.interactions] == [told(one) for one in recording]
    assert back.meta == {"test": "a::b"}
    assert dump_tape(back.interactions, back.meta) == text
    materialised = [
        Interaction(key=one.key, phase=one.phase, request=_plain(one.request), response=one.response)
        for one in back.interactions
    ]
    assert dump_tape(materialised, back.meta) == text


def _plain(request: HttpRequest) -> HttpRequest:
    return HttpRequest(method=request.method, url=request.url, headers=request.headers, body=request.body)


def test_layout() -> None:
    """A tape can be reviewed: a request shows what it adds, an answer what it says, an event stands on a line."""
    system, user = {"role": "system", "content": LONG}, {"role": "user", "content": "hi"}
    first = interaction(
        {"model": "m", "stream": True, "messages": [system, user]},
        b'event: delta\ndata: {"id": "x", "text": "' + b"hello " * 20 + b'"}\n\ndata: [DONE]\n\n',
        key="k1",
        headers=(("accept", "*/*"),),
    )
    second = interaction(
        {"model": "m", "messages": [system, user, {"role": "assistant", "content": "hello"}], "seed": 1},
        {"embedding": [0.125] * 30},
        key="k2",
        headers=(("accept", "*/*"),),
    )
    other = Interaction(
        key="k3",
        phase="teardown",
        request=HttpRequest(method="GET", url="http://x/", headers=(("a", "1"), ("a", "2"))),
        response=HttpResponse(status=404, reason="Not Found", body=b"gone"),
    )
    assert (
        dump_tape([first, second, other], {"test": "tests/test_a.py::test_x"})
        == f"""\
{{
"llmtrace": 1,
"meta": {{"test": "tests/test_a.py::test_x"}},
"interactions": [
{{
 "key": "k1",
 "request": {{
  "method": "POST",
  "url": "{URL}",
  "headers": {{"accept": "*/*"}},
  "json": {{
   "model": "m",
   "stream": true,
   "messages": [
    {{
     "role": "system",
     "content": "{LONG}"
    }},
    {{"role": "user", "content": "hi"}}
   ]
  }}
 }},
 "response": {{
  "status": 200,
  "sse": [
   {{"event": "delta", "data": {{"id": "x", "text": "{"hello " * 20}"}}}},
   {{"data": "[DONE]"}}
  ]
 }}
}},
{{
 "key": "k2",
 "request": {{
  "like": 0,
  "changes": {{
   "set": {{"seed": 1}},
   "drop": ["stream"],
   "lists": {{"messages": [{{"keep": "0-1"}}, {{"add": {{"role": "assistant", "content": "hello"}}}}]}}
  }}
 }},
 "response": {{
  "status": 200,
  "json": {{
   "embedding": [{", ".join(["0.125"] * 30)}]
  }}
 }}
}},
{{
 "key": "k3",
 "phase": "teardown",
 "request": {{"method": "GET", "url": "http://x/", "headers": [["a", "1"], ["a", "2"]]}},
 "response": {{"status": 404, "reason": "Not Found", "text": "gone"}}
}}
]
}}
"""
    )


def test_an_empty_tape() -> None:
    """A tape without interactions is still a tape."""
    text = dump_tape([], {})
    assert text == '{\n"llmtrace": 1,\n"meta": {},\n"interactions": []\n}\n'
    assert load_tape(text, PATH).interactions == ()


def test_text_that_deceives_the_eye_is_escaped() -> None:
    """Characters that reorder or hide text, or that UTF-8 cannot express, are shown as escapes."""
    text = dump_tape([interaction({"a": "x\u202e\ud800 ä"})], {})
    assert '"json": {"a": "x\\u202e\\ud800 ä"}' in text
    assert load_tape(text, PATH).interactions[0].request.body == '{"a":"x\u202e\\ud800 ä"}'.encode("utf-8")


def test_bodies_share_their_messages() -> None:
    """Reading a tape holds each message once, and makes bytes of a request only when they are asked for."""
    history: list[Any] = []
    recording = []
    for turn in range(20):
        history = [*history, {"role": "user", "content": f"{turn} {LONG}"}]
        recording.append(interaction({"messages": history}))
    loaded = load_tape(dump_tape(recording, {}), PATH).interactions
    held = [one.request.__dict__["body"].value["messages"] for one in loaded]
    assert len({id(message) for messages in held for message in messages}) == 20
    assert [one.request.body for one in loaded] == [one.request.body for one in recording]


@pytest.mark.parametrize(
    "kind", ["growing", "new system prompt", "sliding window", "wandering reminder", "interleaved"]
)
def test_files_grow_with_what_is_new(kind: str) -> None:
    """The tape of a conversation twice as long is twice as large, whatever the application does with its history."""
    sizes = []
    for length in (40, 80):
        histories: list[list[dict[str, Any]]] = [[], []]
        recording = []
        for turn in range(length):
            which = turn % 2 if kind == "interleaved" else 0
            history = [*histories[which], {"role": "user", "content": f"question {turn} {LONG}"}]
            if kind == "new system prompt":
                history[0] = {"role": "system", "content": f"It is {turn} o'clock."}
            elif kind == "sliding window":
                history = history[-12:]
            elif kind == "wandering reminder":
                reminder = {"role": "system", "content": "Remember! " + LONG}
                history = [*(one for one in history if one != reminder), reminder]
            recording.append(interaction({"model": "m", "messages": history, "system": LONG}))
            histories[which] = [*history, {"role": "assistant", "content": f"answer {turn}"}]
        sizes.append(len(dump_tape(recording, {})))
    assert sizes[1] < sizes[0] * 2.1


def tape(*interactions: Any, **others: Any) -> str:
    """The text of a tape with these interactions as data."""
    return json.dumps({"llmtrace": 1, "meta": {}, "interactions": interactions, **others})


def exchange(**request: Any) -> dict[str, Any]:
    """An interaction as data."""
    return {"key": "k", "request": request, "response": {"status": 200}}


FIRST = exchange(method="POST", url="u", json={"messages": [{"a": 1}, {"a": 2}], "o": {"contents": [{}]}, "m": 1})


def like(changes: Any, position: Any = 0) -> str:
    """A tape whose second request is like another."""
    return tape(FIRST, exchange(like=position, changes=changes))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "it is not valid JSON (Expecting value)"),
        ('{"llmtrace": 1,\n"meta": }', ", line 2: this cassette file cannot be read: it is not valid JSON"),
        ("<<<<<<< HEAD\n{}", "it has unresolved merge conflicts"),
        ("[]", "it is not a file of pytest-llmtrace (it has no `llmtrace` key)"),
        ("[" * 100_000, "it nests too deeply"),
        ('{"llmtrace": 1, "meta": ' + "9" * 5000 + "}", "it is not usable JSON"),
        (tape(other=1), "the file has the unknown key `other` (known: llmtrace, meta, interactions)"),
        ('{"llmtrace": 1, "interactions": {}}', "`interactions` must be a list"),
        (tape(meta=[]), "`meta` must be an object, not []"),
        (tape(1), "interactions[0]: an interaction must be an object, not 1"),
        (tape({**FIRST, "phase": "setup"}), "interactions[0]: `phase` must be one of call, teardown, not 'setup'"),
        (tape({**FIRST, "key": 1}), "`key` must be text, not 1"),
        (tape({**FIRST, "response": {"status": "200"}}), "`status` must be an HTTP status"),
        (tape({**FIRST, "response": {"status": -5}}), "`status` must be an HTTP status"),
        (tape({**FIRST, "response": {"status": 10**4000}}), "`status` must be an HTTP status"),
        (tape({**FIRST, "response": {"status": 200, "json": {"a": float("nan")}}}), "NaN is not JSON"),
        (tape(meta={"usd": "?"}).replace('"?"', "1e999999"), "the number 1e999999 is too large"),
        (
            tape({**FIRST, "response": {"status": 200, "json": "?"}}).replace('"?"', "[" * 151 + "]" * 151),
            "interactions[0]: the body under `json` nests deeper than 150 levels",
        ),
        (like({"set": {"a": "?"}}).replace('"?"', "[" * 200 + "]" * 200), "`changes` nests deeper than 150 levels"),
        (tape(exchange(method="GET", url="http://[::1")), "`url: 'http://[::1'` is no URL (Invalid IPv6 URL)"),
        (tape(exchange(method="GET", url="http://a:99999")), "is no URL (Port out of range"),
        (tape({**FIRST, "response": {"status": 200, "text": 1}}), "the body under `text` is 1"),
        (tape(exchange(method="GET")), "`url` must be text, not None"),
        (tape(exchange(method="GET", url="u", headers=[["a"]])), "`headers` must be names and values"),
        (tape(exchange(method="GET", url="u", headers={"a": "b", "c": 1})), "`headers` must be names and values"),
        (tape(exchange(method="GET", url="u", lke=1)), "a request has the unknown key `lke`"),
        (tape(exchange(like=0)), "interactions[0]: `like: 0` must be the position of an earlier request"),
        (like({}, 1), "interactions[1]: `like: 1` must be the position of an earlier request, counted from 0"),
        (like({}, -1), "`like: -1` must be the position"),
        (like({}, True), "`like: True` must be the position"),
        (tape(exchange(method="GET", url="u"), exchange(like=0)), "has no JSON object as its body"),
        (like([]), "`changes` must be an object, not []"),
        (like({"sets": {}}), "`changes` has the unknown key `sets`"),
        (like({"drop": ["x"]}), "`drop` names `x`, which is not there"),
        (like({"drop": {}}), "`drop` must be a list, not {}"),
        (like({"set": []}), "`set` must be an object, not []"),
        (like({"lists": {"m": []}}), "`lists` changes `m`, which is no list"),
        (like({"lists": {"messages": [{"keep": "0-2"}]}}), "`keep: '0-2'` must be positions in a list of 2"),
        (like({"lists": {"messages": [{"keep": "1-0"}]}}), "`keep: '1-0'` must be positions"),
        (like({"lists": {"messages": [{"keep": 0}]}}), "`keep: 0` must be positions"),
        (like({"lists": {"messages": [{"keep": "0", "add": 1}]}}), "a piece of `messages` must be `keep` or `add`"),
        (like({"lists": {"messages": [{"keep": "0-1"}, {"keep": "1"}]}}), "`messages` keeps an item twice"),
        (like({"inner": {"m": {}}}), "`inner` changes `m`, which is no object"),
        (like({"inner": {"o": {"lists": {"contents": [{"keep": "7"}]}}}}), "`keep: '7'` must be positions"),
        (like({"order": ["m"]}), "`order` must name all keys"),
    ],
)
def test_a_broken_file_says_what_is_wrong(text: str, what: str) -> None:
    """A damaged, foreign or hostile file is an error that names the file, the place, the fault and the way out."""
    with pytest.raises(BrokenCassetteError) as raised:
        load_tape(text, PATH)
    assert str(raised.value).startswith("cassettes/test_a.tape.json")
    assert what in str(raised.value)
    assert "Undo the edit with `git checkout -- cassettes/test_a.tape.json`" in str(raised.value)


def test_the_way_out_names_the_test() -> None:
    """A tape that says whose it is names the test that records it again."""
    text = dump_tape([], {"test": "tests/test_a.py::test_x[a b]"}).replace("[]\n}", "oops\n}")
    with pytest.raises(BrokenCassetteError, match=r"`pytest --llm-record 'tests/test_a.py::test_x") as raised:
        load_tape(text, PATH)
    assert str(raised.value).endswith("or record it again with `pytest --llm-record 'tests/test_a.py::test_x[a b]'`.")


def test_the_way_out_names_the_test_of_the_golden_trace_beside_it(tmp_path: Path) -> None:
    """A tape that is cut off before it says whose it is takes the name from its golden trace."""
    (tmp_path / "a.trace.yaml").write_text('llmtrace: 1\ntest: "test_a.py::test_x"\n', "utf-8")
    with pytest.raises(BrokenCassetteError, match=r"or record it again with `pytest --llm-record test_a.py::test_x`"):
        load_tape('{"llmtrace": 1, "me', tmp_path / "a.tape.json")


@pytest.mark.parametrize(
    "text",
    [
        tape({**FIRST, "k" * 10**6: 1}),
        tape(exchange(method="GET", url="u" * 10**6 + "[", like=9)),
        tape(meta={"test": f"a.py::{'x' * 10**6}"}, other=1),
    ],
)
def test_a_complaint_is_short(text: str) -> None:
    """What an error quotes from a file is cut, however long it is there."""
    with pytest.raises(BrokenCassetteError) as raised:
        load_tape(text, PATH)
    assert len(str(raised.value)) < 1000
    assert str(raised.value).endswith("`.")


def test_a_tape_unpacks_to_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies that the client would unpack are refused before it does, each and all together."""
    packed = base64.b64encode(gzip.compress(b"0" * 6000)).decode()
    answer = {"status": 200, "headers": {"Content-Encoding": "gzip"}, "base64": packed}
    text = tape({**FIRST, "response": answer}, {**FIRST, "response": answer})
    load_tape(text, PATH)
    for most in (5000, 10_000):
        monkeypatch.setattr("pytest_llmtrace._store.interactions.MOST_DECODED", most)
        monkeypatch.setattr("pytest_llmtrace._model.content.MOST_DECODED", most)
        with pytest.raises(BrokenCassetteError, match=f"has more than {most} bytes when unpacked"):
            load_tape(text, PATH)


def test_a_newer_file_says_so() -> None:
    """A file of a later version is not misread."""
    with pytest.raises(NewerCassetteError, match="this cassette file has format 3"):
        load_tape('{"llmtrace": 3, "frames": []}', PATH)


def test_expansion_is_bounded() -> None:
    """A file of requests that each refer to a long one is refused before it fills the memory."""
    long = exchange(method="POST", url="u", json={"m": [{}] * 30_000})
    text = tape(long, *[exchange(like=0, changes={"lists": {"m": [{"keep": "0-29999"}]}})] * 700)
    with pytest.raises(BrokenCassetteError, match="its requests are too long"):
        load_tape(text, PATH)


def test_tools_that_tests_have_in_common_are_written_as_their_value_is():
    """What was laid out for one list of tools is given for no other, and for none at another depth."""
    tools = [{"name": "find", "limit": 1, "description": "x" * 120}]
    for value in (1, True, 1.0, "1", 1):
        tools[0]["limit"] = value
        for indent in (0, 3):
            text = json_text({"tools": tools}, indent)
            assert text == json_text({"other": tools}, indent).replace("other", "tools")


def test_what_json_cannot_express_is_refused() -> None:
    """Infinity is no number of JSON."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"a": [1, float("inf")]})
