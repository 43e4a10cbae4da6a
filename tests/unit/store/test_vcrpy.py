"""Cassettes of vcrpy and its relatives, as their own serializers write them."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from vcr.request import Request
from vcr.serialize import deserialize, serialize
from vcr.serializers import jsonserializer, yamlserializer

from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._store.vcrpy.cassette_file import load_vcrpy
from pytest_llmtrace._store.vcrpy.messages import request_from, response_from
from pytest_llmtrace._store.vcrpy.yaml_data import read_vcrpy_yaml
from pytest_llmtrace.errors import BrokenCassetteError

URL = "https://api.openai.com/v1/chat/completions"
ASKED = '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}'
SAID = '{"choices": [{"message": {"role": "assistant", "content": "Grüße"}}]}'


def written(requests: list[Request], responses: list[dict[str, Any]], serializer: Any = yamlserializer) -> str:
    """What vcrpy itself writes."""
    made: str = serialize({"requests": requests, "responses": responses}, serializer)
    return made


def answer(body: bytes, **headers: str) -> dict[str, Any]:
    """A response as vcrpy holds it."""
    named = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return {"status": {"code": 200, "message": "OK"}, "headers": named, "body": {"string": body}}


def load(tmp_path: Path, text: str | bytes, name: str = "test_one.yaml") -> Any:
    """Read a text as a cassette file."""
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_vcrpy(path, Redactor())


def bodies(tmp_path: Path, text: str | bytes, name: str = "test_one.yaml") -> list[tuple[str, str]]:
    """The bodies of requests and responses of a cassette."""
    return [(one.request.body.decode(), one.response.body.decode()) for one in load(tmp_path, text, name)]


def one_interaction(request: str = "", response: str = "") -> str:
    """A cassette in YAML, with lines for its only request and response."""
    return (
        "interactions:\n- request:\n    method: POST\n"
        f"    uri: {URL}\n    headers: {{content-type: [application/json]}}\n{request}"
        f"  response:\n    status: {{code: 200, message: OK}}\n    headers: {{}}\n{response}version: 1\n"
    )


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
BODIES = st.one_of(st.none(), st.binary(max_size=60), TEXTS.map(lambda text: text.encode()))
NAMES = st.from_regex(r"[a-z][a-z-]{0,10}", fullmatch=True)
VALUES = st.from_regex(r"[ -~]{0,20}", fullmatch=True)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["GET", "POST"]), BODIES, st.dictionaries(NAMES, VALUES, max_size=3),
            BODIES, st.dictionaries(NAMES, st.lists(VALUES, min_size=1, max_size=2), max_size=3),
            st.integers(100, 599),
        ),
        max_size=4,
    )
)  # fmt: skip
def test_what_vcrpy_writes_is_read_as_vcrpy_reads_it(exchanges):
    """Random interactions, serialized by vcrpy as YAML, come back the same through its reader and ours."""
    requests = [Request(method, URL, body, dict(headers)) for method, body, headers, *_ in exchanges]
    responses = [
        {"status": {"code": code, "message": "OK"}, "headers": dict(headers), "body": {"string": body}}
        for *_, body, headers, code in exchanges
    ]
    text = written(requests, responses)
    data = read_vcrpy_yaml(text)
    theirs = deserialize(text, yamlserializer)
    for item, request, response in zip(data["interactions"], *theirs, strict=True):
        ours = request_from(item["request"])
        assert (ours.method, ours.url, ours.body) == (request.method, request.uri, request.body or b"")
        assert ours.headers == tuple((name.lower(), value) for name, value in request.headers.items())
        said = response_from({**item["response"], "headers": _plain(item["response"]["headers"])})
        assert (said.status, said.body) == (response["status"]["code"], response["body"]["string"] or b"")


def _plain(headers: dict[str, Any]) -> dict[str, Any]:
    return {name: values for name, values in headers.items() if name != "content-encoding"}


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.binary(max_size=9), TEXTS),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
        max_leaves=12,
    )
)
def test_plain_data_is_read_as_pyyaml_reads_it(value):
    """Numbers, booleans and strings that look like them mean what PyYAML meant when it wrote them."""
    text = yaml.dump(value)
    assert repr(read_vcrpy_yaml(text)) == repr(yaml.safe_load(text))


@pytest.mark.parametrize("name", ["test_one.yaml", "test_one.json", "test_one.yaml.gz"])
def test_yaml_json_and_gzip_are_read(tmp_path, name):
    """The serializers of vcrpy, and a file that was compressed."""
    serializer = jsonserializer if "json" in name else yamlserializer
    text = written([Request("POST", URL, ASKED, {"content-type": "application/json"})], [answer(SAID.encode())],
                   serializer)  # fmt: skip
    data = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    (one,) = load(tmp_path, data, name)
    assert (one.request.method, one.request.url, one.request.headers) == (
        "POST", URL, (("content-type", "application/json"),),
    )  # fmt: skip
    assert (one.request.body.decode(), one.response.body.decode()) == (ASKED, SAID)
    assert (one.response.status, one.response.reason, one.phase) == (200, "OK", "call")


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(SAID.encode(), mtime=0)),  # the time would be in the name of the test
        ("deflate", zlib.compress(SAID.encode())),
        ("gzip", SAID.encode()),  # decoded by a hook, the header left as it was
    ],
)
def test_compressed_answers_are_read_plain(tmp_path, encoding, packed):
    """What the provider compressed is on the tape as the application reads it."""
    text = written([Request("POST", URL, ASKED, {})], [answer(packed, content_encoding=encoding)])
    assert bodies(tmp_path, text) == [(ASKED, SAID)]


def test_zstd_answers_are_read_plain(tmp_path):
    """An answer in zstd is kept by vcrpy as it came."""
    packed = pytest.importorskip("zstandard").compress(SAID.encode())
    text = written([Request("POST", URL, ASKED, {})], [answer(packed, content_encoding="zstd")])
    assert bodies(tmp_path, text) == [(ASKED, SAID)]


@pytest.mark.parametrize(
    ("request_lines", "response_lines"),
    [
        ("    body: '{1}'\n", "    body: {string: '{2}'}\n"),
        ("    body: {string: '{1}', encoding: UTF-8}\n", "    body: {string: '{2}', encoding: ASCII-8BIT}\n"),
        ("    body: {base64_string: ezF9}\n", "    body: {base64_string: !!binary ZXpKOQ==}\n"),
        ("    body: !!binary ezF9\n", "    body: {string: !!binary ezJ9}\n"),
        ("    body: !!python/unicode '{1}'\n", "    body: {string: !!python/str '{2}'}\n"),
        ("    body: !!python/object/new:_io.BytesIO {state: !!python/tuple ['{1}', 0, null]}\n", "    body: '{2}'\n"),
        ("    body: !!python/object/apply:builtins.iter {args: [['{1', '}']]}\n", "    content: '{2}'\n"),
    ],
)
def test_every_form_of_a_body_is_read(tmp_path, request_lines, response_lines):
    """Strings, bytes, base64, files and iterators, with or without the name of an encoding."""
    assert bodies(tmp_path, one_interaction(request_lines, response_lines)) == [("{1}", "{2}")]


def test_latin_text_of_a_named_encoding(tmp_path):
    """Betamax names the encoding that it decoded a body from."""
    text = one_interaction("    body: {string: é, encoding: latin-1}\n", "    body: {string: é}\n")
    (one,) = load(tmp_path, text)
    assert (one.request.body, one.response.body) == (b"\xe9", "é".encode())


def test_parsed_bodies_are_read(tmp_path):
    """pydantic-ai's serializer keeps JSON bodies as data, under a key of its own."""
    text = one_interaction(
        "    parsed_body: {model: gpt-4o, temperature: 1.0e-05, tag: 1e-05, stream: false, stop: null}\n",
        "    parsed_body: {text: \"a\\nb\", date: '2024-01-01', day: 2024-01-01}\n",
    )
    ((request, response),) = bodies(tmp_path, text)
    assert json.loads(request) == {
        "model": "gpt-4o",
        "temperature": 1e-05,
        "tag": "1e-05",
        "stream": False,
        "stop": None,
    }
    assert json.loads(response) == {"text": "a\nb", "date": "2024-01-01", "day": "2024-01-01"}


def test_parallel_lists_are_read(tmp_path):
    """langchain-tests writes requests and responses as two lists, gzipped."""
    data = {
        "requests": [{"method": "POST", "uri": URL, "body": ASKED.encode(), "headers": {"a": ["b"]}}],
        "responses": [answer(SAID.encode())],
    }
    packed = gzip.compress(yaml.safe_dump(data).encode())
    assert bodies(tmp_path, packed, "TestChat.test_one.yaml.gz") == [(ASKED, SAID)]


def test_recordings_of_httpx_by_old_versions_are_read(tmp_path):
    """Before version 6 vcrpy kept httpx's responses in a form of its own."""
    text = one_interaction("    body: '{1}'\n").replace(
        "status: {code: 200, message: OK}", "status_code: 429\n    content: '{2}'\n    http_version: HTTP/1.1"
    )
    (one,) = load(tmp_path, text)
    assert (one.response.status, one.response.body) == (429, b"{2}")


def test_betamax_is_read(tmp_path):
    """Betamax has other names for the same things."""
    data = {
        "http_interactions": [
            {
                "recorded_at": "2024-01-01T00:00:00",
                "request": {"method": "POST", "uri": URL, "headers": {"Accept": "*/*"},
                            "body": {"encoding": "utf-8", "string": ASKED}},
                "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "url": URL,
                             "body": {"encoding": "utf-8", "string": SAID}},
            }
        ],
        "recorded_with": "betamax/0.9.0",
    }  # fmt: skip
    assert bodies(tmp_path, json.dumps(data), "test_one.json") == [(ASKED, SAID)]


def test_equal_objects_that_yaml_wrote_once_are_read(tmp_path):
    """PyYAML writes an anchor and aliases where interactions share an object."""
    request, response = Request("POST", URL, ASKED, {}), answer(SAID.encode())
    text = written([request, request], [response, response])
    assert "*id00" in text
    assert bodies(tmp_path, text) == [(ASKED, SAID)] * 2


def test_event_streams_are_read(tmp_path):
    """A streamed answer is one string, whatever line ends the provider used."""
    events = 'data: {"a": 1}\r\n\r\ndata: [DONE]\r\n\r\n'
    text = written([Request("POST", URL, ASKED, {})], [answer(events.encode(), content_type="text/event-stream")])
    assert bodies(tmp_path, text) == [(ASKED, events)]


def test_keys_do_not_come_along(tmp_path):
    """Credentials are gone from headers, URLs, forms, and from answers that repeat them."""
    key = "sk-proj-abc123def456ghi789"
    text = written(
        [
            Request("POST", URL + "?key=AIzaSecret0123456", ASKED, {"Authorization": f"Bearer {key}"}),
            Request("POST", "https://oauth2.googleapis.com/token",
                    "grant_type=refresh_token&client_secret=topsecret1&refresh_token=1//rt0", {}),
        ],
        [
            answer(json.dumps({"error": f"Incorrect API key provided: {key}"}).encode(), set_cookie="s=1"),
            answer(b'{"access_token": "ya29.secret", "expires_in": 3599}'),
        ],
    )  # fmt: skip
    refused, token = load(tmp_path, text)
    assert refused.request.url == f"{URL}?key=REDACTED"
    assert (refused.request.headers, refused.response.headers) == ((), ())
    assert refused.response.body == b'{"error": "Incorrect API key provided: REDACTED"}'
    assert token.request.body == b"grant_type=refresh_token&client_secret=REDACTED&refresh_token=REDACTED"
    assert json.loads(token.response.body) == {"access_token": "REDACTED", "expires_in": 3599}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "a: 1\n",
        "- 1\n- 2\n",
        "llmtrace: 1\ntest: x\n",
        '{"a": 1}',
        "a: [",
        "just words",
        "x: !!python/name:os ''",
    ],
)
def test_other_files_are_no_cassettes(tmp_path, text):
    """A file that is something else, or nothing, is nobody's recording, broken or not."""
    assert load(tmp_path, text) is None


def _deep(levels: int) -> str:
    return one_interaction("    parsed_body: " + "[" * levels + "]" * levels + "\n", "    body: ''\n")


def _laughs() -> str:
    lines = ["a0: &a0 " + "x" * 1000]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "\n".join([*lines, one_interaction()])


HOSTILE = {
    "tag that runs code": (
        one_interaction("    body: !!python/object/apply:os.system ['true']\n"),
        "the tag `tag:yaml.org,2002:python/object/apply:os.system` is not allowed",
    ),
    "name tag": (
        one_interaction("    body: !!python/name:os.system ''\n"),
        "the tag `tag:yaml.org,2002:python/name:os.system` is not allowed",
    ),
    "own tag": (one_interaction("    body: !evil {a: 1}\n"), "the tag `!evil` is not allowed"),
    "billion laughs": (_laughs(), "its aliases repeat more than a cassette can hold"),
    "alias of itself": ("interactions: &a [*a]\n", "the alias `*a` refers to nothing, or to what contains it"),
    "deep": (_deep(200), "it nests deeper than 150 levels"),
    "very deep": (_deep(30_000), "it nests deeper than 150 levels"),
    "deep JSON": ('{"interactions": ' + "[" * 200 + "]" * 200 + "}", "it nests deeper than 150 levels"),
    "two documents": (one_interaction() + "---\n" + one_interaction(), "it holds more than one document"),
    "complex key": (one_interaction("    ? [a]\n    : b\n"), "a key must be a string"),
    "bad base64": (one_interaction("    body: !!binary 'é'\n"), "a value under `!!binary` is not base64"),
    "cut off": (one_interaction() + 'a: "', "it is not valid YAML"),
    "version": (one_interaction().replace("version: 1", "version: 2"), "its `version` is 2, and only 1 is known"),
    "before 1.0": (
        "- request: {method: GET}\n  response: {}\n",
        "it has the format of vcrpy before 1.0; convert it with `python -m vcr.migration",
    ),
    "no list": ("interactions: 7\n", "`interactions` must be a list"),
    "no mapping": ("interactions: [7]\n", "interactions[0] must be a mapping, not 7"),
    "no uri": (one_interaction().replace("uri:", "url2:"), "interactions[0]: `url` must be text, not None"),
    "bad uri": (one_interaction().replace(URL, "'http://a:b/'"), "interactions[0]: `uri` is no URL"),
    "no status": (
        one_interaction().replace("code: 200", "code: ok"),
        "interactions[0]: `status` must hold a status code, not 'ok'",
    ),
    "bad headers": (one_interaction("    headers: 7\n"), "interactions[0]: `headers` must be a mapping"),
    "number as body": (one_interaction("    body: 7\n"), "interactions[0]: a body must be text or bytes, not 7"),
    "unequal lists": ("requests: []\nresponses: [1]\n", "`requests` and `responses` must be lists of the same length"),
    "merge conflict": ("<<<<<<< ours\n" + one_interaction(), "it has unresolved merge conflicts"),
    "binary in JSON body": (
        one_interaction("    parsed_body: {a: !!binary AA==}\n"),
        "interactions[0]: `parsed_body` cannot be JSON",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_broken_cassettes_are_refused_with_a_reason(tmp_path, name):
    """The error names the file, what is wrong and the way out; nothing runs, hangs or fills the memory."""
    text, reason = HOSTILE[name]
    with pytest.raises(BrokenCassetteError) as caught:
        load(tmp_path, text)
    said = str(caught.value)
    path = tmp_path / "test_one.yaml"
    assert said.startswith(str(path))
    assert f": this vcrpy cassette cannot be read: {reason}" in said
    assert said.endswith(
        f"\nUndo the edit with `git checkout -- {path}`, or delete the file and record its test again with "
        "`pytest --llm-record`, which makes live calls."
    )


def test_an_answer_that_cannot_be_decompressed_is_refused(tmp_path):
    """Rather than to be replayed as noise; the package that would help is named."""
    text = written([Request("POST", URL, ASKED, {})], [answer(b"\x8b\x02\x80\xff\xfe", content_encoding="br")])
    with pytest.raises(BrokenCassetteError, match=r"its body is compressed \(br\) and cannot .*: install `brotli`"):
        load(tmp_path, text)


def test_a_bomb_of_gzip_is_refused(tmp_path, monkeypatch):
    """What unpacks to more than any cassette holds is not unpacked."""
    monkeypatch.setattr("pytest_llmtrace._model.content.MOST_DECODED", 10_000)
    bomb = gzip.compress(b" " * 20_000)
    with pytest.raises(BrokenCassetteError, match="unpacked it is larger than a cassette can be"):
        load(tmp_path, bomb, "test_one.yaml.gz")
    with pytest.raises(BrokenCassetteError, match="it is damaged gzip"):
        load(tmp_path, gzip.compress(b"interactions: []")[:-9], "test_one.yaml.gz")
    text = written([Request("POST", URL, ASKED, {})], [answer(bomb, content_encoding="gzip")])
    with pytest.raises(BrokenCassetteError, match=r"its body is compressed \(gzip\)"):
        load(tmp_path, text)
