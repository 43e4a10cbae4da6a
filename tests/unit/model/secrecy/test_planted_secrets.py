"""A secret that is planted anywhere, in any encoding, never survives; and nothing else changes."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
import zlib
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.key_shapes import keys_in
from pytest_llmtrace._model.redaction import PLACEHOLDER, Redactor
from pytest_llmtrace._model.secrecy import base64_runs, escapes

VALUE = "Own+Value/42=and-more"
MIXED = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7bC9dE1fG3hI5jK7lM9nO1pQ3"
SECRETS = (
    VALUE, f"sk-ant-api03-{MIXED}-_AA", f"sk-proj-{MIXED}", f"AIza{MIXED[:35]}", f"gsk_{MIXED[:52]}",
    f"npm_{MIXED[:36]}", f"r8_{MIXED[:37]}", f"github_pat_{MIXED}", "xoxb-123456789012-abcdef",
    f"eyJhbGciOiJIUzI1NiJ9.eyJ{MIXED[:20]}.{MIXED[:20]}", "ASIAQ7RSTUVWXYZ23456",
    f"-----BEGIN RSA PRIVATE KEY-----\n{MIXED}\n{MIXED}\n-----END RSA PRIVATE KEY-----",
)  # fmt: skip
REDACTOR = Redactor([VALUE])
ENCODINGS = {
    "plain": lambda text: text,
    "json": lambda text: json.dumps({"content": text}),
    "json_in_json": lambda text: json.dumps({"arguments": json.dumps({"q": json.dumps([text])})}),
    "escaped": lambda text: json.dumps({"a": text}).replace("-", "\\u002d").replace("/", "\\/").replace("_", "\\u005F"),
    "escaped_in_json": lambda text: json.dumps({"a": json.dumps(text).replace("-", "\\u002d").replace("/", "\\/")}),
    "percent": lambda text: f"https://example.com/a/{quote(text, safe='')}?b=1",
    "percent_twice": lambda text: f"q={quote(quote(text, safe=''), safe='')}&b=1",
    "all_percent": lambda text: "q=" + "".join(f"%{code:02x}" for code in text.encode()),
    "basic": lambda text: f"Basic {base64.b64encode(f'me:{text}'.encode()).decode()}",
    "base64_url": lambda text: json.dumps({"data": base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")}),
    "base64_of_json": lambda text: base64.b64encode(json.dumps({"a": json.dumps(text)}).encode()).decode(),
    "base64_twice": lambda text: base64.b64encode(base64.b64encode(f"x{text}".encode())).decode(),
    "xml": lambda text: f"<a>{text.replace('-', '&#45;').replace('_', '&#x5f;').replace('/', '&#47;')}</a>",
    "form": lambda text: f"a=b&c={quote(text, safe='')}",
    "multipart": lambda text: f'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n{text}\r\n--b--\r\n',
    "events": lambda text: f"event: x\ndata: {json.dumps({'a': text})}\n\ndata: [DONE]\n\n",
    "lines": lambda text: f'{json.dumps({"a": text})}\n{{"b": 1}}\n',
}
JSON = ("json", "json_in_json", "escaped", "escaped_in_json", "base64_url")
around = st.text(alphabet=" .,:é中\"'\\\n{}<>&()", max_size=12)


def readings(text: str) -> list[str]:
    """A text as it is, and as everything that may be decoded from it says."""
    made = [text]
    for _ in range(4):
        text = escapes.decoded(text).text
        made.append(text)
    for one in list(made):
        inner = one
        for _ in range(3):
            found = [base64_runs.decoded(inner[slice(*place)]) or "" for place in base64_runs.runs(inner)]
            inner = "\n".join([*found, *(escapes.decoded(part).text for part in found)])
            made.append(inner)
    return made


def gone(secret: str, text: str) -> bool:
    """Whether nothing of a secret is left that would be worth anything."""
    core = secret.split("\n")[1] if "\n" in secret else secret
    return not any(core in reading for reading in readings(text))


@pytest.mark.parametrize("encoding", sorted(ENCODINGS))
@settings(max_examples=20)
@given(before=around, secret=st.sampled_from(SECRETS), after=around)
def test_a_planted_secret_never_survives(encoding, before, secret, after):
    """Request, answer and plain text: it is gone, JSON is still JSON, and removing again changes nothing."""
    text = ENCODINGS[encoding](f"{before} {secret} {after}")
    assert not gone(secret, text)
    for made in (
        REDACTOR.body(text.encode()).decode(),
        REDACTOR.text(text),
        REDACTOR.response(HttpResponse(status=200, body=text.encode())).body.decode(),
    ):
        assert gone(secret, made), made
        assert REDACTOR.body(made.encode()).decode() == made
        if encoding in JSON:
            json.loads(made)


@settings(max_examples=30)
@given(secret=st.sampled_from(SECRETS), coding=st.sampled_from(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "gzip"]))
def test_wide_and_packed_bodies_are_searched_too(secret, coding):
    """UTF-16, UTF-32 and gzip of a request: what is left can be read, and has no secret."""
    text = json.dumps({"content": f"é {secret}"}, ensure_ascii=False)
    body = gzip.compress(text.encode()) if coding == "gzip" else text.encode(coding)
    made = REDACTOR.body(body)
    read = made.decode("utf-8" if coding == "gzip" else coding)
    assert gone(secret, read)
    assert json.loads(read)["content"].startswith("é ")


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_garbage_is_no_error_and_stays(body):
    """Bytes in which nothing is secret are the same bytes; removing twice is removing once."""
    made = REDACTOR.response(HttpResponse(status=200, body=body)).body
    assert REDACTOR.body(made) == made
    if PLACEHOLDER.encode() not in made:
        assert made == body


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    )
)
def test_json_without_secrets_is_the_same_bytes(data):
    """However it is spelled."""
    for body in (json.dumps(data).encode(), json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8", "replace")):
        assert REDACTOR.body(body) == body


CHANNELS = {
    "openai_chat": lambda piece: {"choices": [{"index": 0, "delta": {"content": piece}}], "usage": None},
    "openai_tool": lambda piece: {
        "choices": [{"index": 0, "delta": {"tool_calls": [{"index": 1, "function": {"arguments": piece}}]}}]
    },
    "reasoning": lambda piece: {"choices": [{"index": 0, "delta": {"reasoning_content": piece}}]},
    "responses": lambda piece: {"type": "response.output_text.delta", "output_index": 0, "delta": piece},
    "anthropic": lambda piece: {
        "type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": piece}
    },
    "anthropic_tool": lambda piece: {
        "type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": piece}
    },
    "gemini": lambda piece: {"candidates": [{"content": {"parts": [{"text": piece}], "role": "model"}, "index": 0}]},
    "ollama": lambda piece: {"model": "m", "message": {"role": "assistant", "content": piece}, "done": False},
    "bedrock": lambda piece: {"contentBlockIndex": 0, "delta": {"text": piece}},
}  # fmt: skip
FORMS = {
    "sse": lambda events: "".join(f"event: e\r\ndata: {json.dumps(event)}\r\n\r\n" for event in events).encode(),
    "lines": lambda events: "".join(f"{json.dumps(event)}\n" for event in events).encode(),
    "array": lambda events: json.dumps(events, indent=2).encode(),
    "frames": lambda events: b"".join(frame(json.dumps(event)) for event in events),
    "frames_base64": lambda events: b"".join(
        frame(json.dumps({"bytes": base64.b64encode(json.dumps(event).encode()).decode(), "p": "abcd"}))
        for event in events
    ),
}


def frame(payload: str) -> bytes:
    """A message of an AWS event stream."""
    headers = b"\x0b:event-type\x07\x00\x05chunk"
    head = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = head + struct.pack(">I", zlib.crc32(head)) + headers + payload.encode()
    return message + struct.pack(">I", zlib.crc32(message))


def events_of(form: str, body: bytes) -> list[object]:
    """The events that a body holds."""
    if form == "sse":
        return [json.loads(line[5:]) for line in body.decode().split("\r\n") if line.startswith("data:")]
    if form == "lines":
        return [json.loads(line) for line in body.decode().splitlines()]
    if form == "array":
        return list(json.loads(body))
    made, position = [], 0
    while position < len(body):
        total, headers, checksum = struct.unpack_from(">III", body, position)
        assert checksum == zlib.crc32(body[position : position + 8])
        assert body[position + total - 4 : position + total] == struct.pack(
            ">I", zlib.crc32(body[position : position + total - 4])
        )
        event = json.loads(body[position + 12 + headers : position + total - 4])
        made.append(json.loads(base64.b64decode(event["bytes"])) if "bytes" in event else event)
        position += total
    return made


def said(event: object, channel: object) -> str:
    """The text of an event, given what makes events."""
    marker = CHANNELS[channel]("\0")
    found: list[str] = []

    def walk(one: object, like: object) -> None:
        if like == "\0":
            found.append(str(one))
        elif isinstance(like, dict):
            for key, part in like.items():
                walk(one[key], part)
        elif isinstance(like, list):
            walk(one[0], like[0])

    walk(event, marker)
    return "".join(found)


@pytest.mark.parametrize("form", sorted(FORMS))
@settings(max_examples=20)
@given(
    channel=st.sampled_from(sorted(CHANNELS)),
    secret=st.sampled_from(SECRETS),
    cuts=st.lists(st.integers(min_value=1, max_value=400), min_size=1, max_size=6),
)
def test_a_secret_that_is_streamed_in_pieces_never_survives(form, channel, secret, cuts):
    """Whatever the API and the cuts: the joined answer has a placeholder in its place, in as many valid events."""
    whole = f'Here: "{secret}" it is, é.'
    places = sorted({0, len(whole), *(min(cut, len(whole)) for cut in cuts)})
    pieces = [whole[start:end] for start, end in pairwise(places)]
    noise = [CHANNELS["openai_chat" if channel != "openai_chat" else "anthropic"](text) for text in "ab"]
    body = FORMS[form]([noise[0], *(CHANNELS[channel](piece) for piece in pieces), noise[1]])
    made = events_of(form, REDACTOR.response(HttpResponse(status=200, body=body)).body)
    assert len(made) == len(pieces) + 2
    assert "".join(said(event, channel) for event in made[1:-1]) == f'Here: "{PLACEHOLDER}" it is, é.'
    assert [made[0], made[-1]] == noise


def test_the_text_and_the_arguments_of_a_stream_are_not_mixed():
    """Two tool calls that are written at the same time are two texts: what only seems to go on is left alone."""
    halves = [f"sk-proj-{MIXED[:8]}", f"{MIXED[8:20]}"]
    body = FORMS["sse"](
        [
            {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": number, "function": {"arguments": half}}]}}]}
            for number, half in enumerate(halves)
        ]
    )
    assert REDACTOR.response(HttpResponse(status=200, body=body)).body == body


def test_what_a_history_repeats_is_not_searched_again():
    """The new end of a long body is; so is all of it where another key is looked for."""
    turns = [{"role": "user", "content": f"{number} " + "words " * 200} for number in range(12)]
    for count in range(1, 12):
        body = json.dumps({"model": "m", "messages": turns[:count]}).encode()
        assert REDACTOR.body(body) == body
    body = json.dumps({"model": "m", "messages": [*turns, {"role": "user", "content": SECRETS[1]}]}).encode()
    assert gone(SECRETS[1], REDACTOR.body(body).decode())
    body = json.dumps({"model": "m", "messages": turns}).encode()
    request = HttpRequest(
        method="POST", url="https://h/", headers=(("authorization", "Bearer words words words"),), body=body
    )
    assert REDACTOR.body(body) == body
    assert Redactor().request(HttpRequest(method="POST", url="https://h/", body=body)).body == body
    assert b"words" in REDACTOR.request(request).body


HEX = "84173581569969e58b081006f7e3dfc9" * 2
ISSUED = (
    f"AQ.Ab8{MIXED[:47]}", f"pa-{MIXED[:43]}", f"tgp_v1_{MIXED[:43]}", f"jina_{MIXED[:60]}", f"fc-{HEX[:32]}",
    f"e2b_{HEX[:40]}", f"wandb_v1_{MIXED[:60]}", f"ATATT3x{MIXED}", f"dp.pt.{MIXED[:43]}", f"figd_{MIXED[:40]}",
    f"glsa_{MIXED[:32]}_{HEX[:8]}", f"PMAK-{HEX[:24]}-{HEX[:34]}", f"sntrys_{MIXED}", f"sbp_{HEX[:40]}",
    f"https://discord.com/api/webhooks/147104974650752917/{MIXED}a-b_c", f"https://api.telegram.org/bot12345678:AA{MIXED[:33]}/x",
)  # fmt: skip
"""Of services that agents call, each in the form in which they issue their keys."""


@pytest.mark.parametrize("key", ISSUED)
def test_keys_of_services_are_told_by_their_form(key):
    """Wherever they stand; a file name or a word that only begins like one stays."""
    assert MIXED[:30] not in (made := REDACTOR.text(f"use {key} now"))
    assert HEX[:24] not in made
    assert "REDACTED" in made
    assert list(keys_in(f"{key[:24]} pa-per-and-pen-for-each-of-the-students-2024-xy fc-{HEX[:31]}")) == []


def test_only_the_secret_part_is_replaced():
    """Of a URL the password, of a header the token: what kind of thing it was can still be read."""
    made = {
        "postgres://ann:hunter22@db.example.com/x": "postgres://ann:REDACTED@db.example.com/x",
        f"Authorization: Bearer {MIXED}": "Authorization: Bearer REDACTED",
        f"MISTRAL_API_KEY={MIXED[:32]}\nDEBUG=1": "MISTRAL_API_KEY=REDACTED\nDEBUG=1",
        f"[default]\naws_secret_access_key   = {MIXED[:40]}\n": "[default]\naws_secret_access_key   = REDACTED\n",
        f'api_key = "{MIXED[:32]}"': 'api_key = "REDACTED"',
        f"run --api-key={MIXED[:32]} -v": "run --api-key=REDACTED -v",
        "{'api_key': 'abcdefgh1'}": "{'api_key': 'REDACTED'}",
        "https://b.s3.amazonaws.com/x?X-Amz-Date=1&X-Amz-Signature=ab&y=1": "https://b.s3.amazonaws.com/x?"
        "X-Amz-Date=REDACTED&X-Amz-Signature=REDACTED&y=1",
        "<SecretAccessKey>ab/cd</SecretAccessKey>": "<SecretAccessKey>REDACTED</SecretAccessKey>",
    }
    assert {text: REDACTOR.text(text) for text in made} == made


@pytest.mark.parametrize("before", ["", "my file:\n", "[default]\r\n", "x\t", "C:\\temp\\"])
@pytest.mark.parametrize("form", ["{}", "{}=", "{}: ", "{} = "])
def test_a_name_at_the_beginning_of_a_line_counts_in_json_too(before, form):
    """There the line end stands right before the name as a letter; a file in a prompt is searched at any depth."""
    for name in ("api_key", "password", "refresh_token", "aws_secret_access_key", "ACME_TOKEN"):
        said = f"{before}{form.format(name)}{MIXED}" if form != "{}" else f"{before}{json.dumps({name: MIXED})}"
        if name == "ACME_TOKEN" and form in ("{}", "{}: "):
            continue  # in data a token may be that of the next page
        for text in (said, json.dumps(said), json.dumps({"a": json.dumps({"content": said})})):
            assert MIXED not in REDACTOR.text(text), text
            assert MIXED.encode() not in REDACTOR.body(text.encode()), text


def test_what_stands_for_a_secret_stays():
    """Schemas, templates, examples of documentation, and the tokens that a model counts and lists."""
    for text in (
        'Answer with {"user": "string", "password": "string", "api_key": "<your key>"}.',
        '{"logprobs": [{"token": "Hello"}], "usage": {"total_tokens": 5}, "nextPageToken": "CAUQAA1234567890abcdef"}',
        "postgres://{user}:{password}@{host}/x and redis://user:$REDIS_PASSWORD@cache",
        "key = os.environ['OPENAI_API_KEY']; api_key=get_api_key_from_vault(name)",
        "api_key = settings.openai.default_api_key_of_the_team; PRIMARY_KEY = customer_order_identifier",
        "A PEM file begins with -----BEGIN RSA PRIVATE KEY----- and ends likewise.",
        "task-management-and-risk-assessment-of-2024 sk-example-not-a-real-key-000 AKIAIOSFODNN7EXAMPLE",
    ):
        assert REDACTOR.text(text) == text
        assert list(keys_in(text)) == []


def test_what_a_project_allows_stays():
    """A made-up example is no secret where the project says so."""
    key = f"sk-test-{MIXED}"
    allowing = Redactor(allowed=[re.compile("^sk-test-")])
    assert allowing.text(f"{key} sk-live-{MIXED}") == f"{key} REDACTED"
    assert allowing.knowing([VALUE]).text(f"{key} {VALUE}") == f"{key} REDACTED"


KEY = "sk-proj-aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5z"


@pytest.mark.parametrize("value", ["a+b*(c)[d]\\e$1^9x", "line1abc9\nline2def8", 'ab"cd"ef\'gh99', "two words 99 key"])
@pytest.mark.parametrize("form", [lambda v: v, json.dumps, lambda v: json.dumps({"a": json.dumps([v])}), quote])
def test_a_known_value_with_signs_is_removed_from_json_in_json(value, form):
    """Tool arguments are JSON in JSON: a backslash, a quote or a line end of a password is escaped twice there."""
    body = json.dumps({"arguments": json.dumps({"said": form(value)})}).encode()
    made = Redactor([value]).body(body)
    assert b"REDACTED" in made
    assert not any(part in made.decode() for part in re.findall(r"\w{4,}", value))
    json.loads(json.loads(made)["arguments"])


def test_the_events_of_a_stream_may_be_numbered():
    """Where each event has an index or a type of its own, what stands under the same keys is read as one text."""
    pieces = ("It is ", KEY[:30], KEY[30:], ".")
    for number in ("index", "type"):
        events = [
            json.dumps({number: f"{at}" if number == "type" else at, "text": one}) for at, one in enumerate(pieces)
        ]
        body = "".join(f"data:{event}\n\n" for event in events).encode()
        made = REDACTOR.response(HttpResponse(status=200, body=body)).body.decode()
        assert (KEY[30:] in made, re.findall(r'"text": "(.*?)"', made)) == (False, ["It is ", "REDACTED", "", "."])


def _token(text: str) -> dict[str, object]:
    own = {"token": text, "bytes": [*text.encode()], "logprob": -0.5}
    return {**own, "top_logprobs": [own, {"token": "x", "bytes": [120], "logprob": -3}]}


def test_probabilities_of_tokens_go_with_the_secret():
    """They are the answer once more, in pieces and as numbers of bytes; an answer without a secret keeps them."""

    def answer(*pieces: str) -> bytes:
        choice = {"message": {"content": "".join(pieces)}, "logprobs": {"content": [_token(one) for one in pieces]}}
        return json.dumps({"choices": [choice], "model": "m"}).encode()

    clean = HttpResponse(status=200, body=answer("It is ", "none."))
    assert REDACTOR.response(clean) == clean
    whole = HttpResponse(status=200, body=answer("It is ", KEY[:9], KEY[9:30], KEY[30:]))
    assert json.loads(REDACTOR.response(whole).body) == {
        "choices": [{"message": {"content": "It is REDACTED"}, "logprobs": None}], "model": "m",
    }  # fmt: skip
    delta = {"delta": {"content": KEY}, "logprobs": [_token(KEY)]}
    cut = f"data: {json.dumps(delta)}\n\ndata: {json.dumps(delta)[:-40]}".encode()
    made = REDACTOR.response(HttpResponse(status=200, body=cut)).body
    assert made.decode().split("\n\n") == [
        'data: {"delta": {"content": "REDACTED"}, "logprobs": []}',
        'data: {"delta": {"content": "REDACTED"}, "logprobs": null',
    ]


def test_a_long_beginning_of_a_key_is_one_behind_a_dash():
    """As a cache key or a label has it; and no row of beginnings costs more than reading it."""
    assert REDACTOR.text(f"user-{KEY} tenant_{KEY}") == "user-REDACTED tenant_REDACTED"
    assert REDACTOR.text("task-550e8400e29b41d4a716446655440000") == "task-550e8400e29b41d4a716446655440000"
    assert list(keys_in("sk-ant-" * 30_000)) == []
