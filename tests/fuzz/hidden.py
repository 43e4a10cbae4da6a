"""Hidden secrets: a key of any shape is gone, in one encoding inside another, and over the events of a stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final

from hypothesis import strategies as st

from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.redaction import Redactor
from tests.fuzz.redaction import AROUND, LETTERS, URL
from tests.fuzz.target import of_values
from tests.unit.model.secrecy.test_planted_secrets import CHANNELS, ENCODINGS, FORMS, events_of, gone, said

WORD: Final = LETTERS[:-2]
SHAPES: Final = (
    ("sk-ant-api03-", LETTERS, 80), ("sk-proj-", LETTERS, 60), ("sk-or-v1-", "0123456789abcdef", 64),
    ("AIza", LETTERS, 35), ("gsk_", WORD, 52), ("xai-", WORD, 80), ("hf_", WORD, 34), ("r8_", WORD, 37),
    ("ghp_", WORD, 36), ("github_pat_", WORD, 70), ("npm_", WORD, 36), ("glpat-", LETTERS, 20),
    ("AKIA", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), ("xoxb-", "0123456789abcdef", 40), ("sk_live_", WORD, 24),
)  # fmt: skip
TAIL: Final = "a1B2c3D4e5F6g7H8i9J0"
"""Makes a key one that looks random, whatever letters come after."""
SPELL: Final[Mapping[str, Callable[[str], str]]] = ENCODINGS
EVENT: Final[Mapping[str, Callable[[str], Any]]] = CHANNELS
SEND: Final[Mapping[str, Callable[[list[Any]], bytes]]] = FORMS
OUTER: Final = ("plain", "json", "events", "lines", "multipart", "form", "json_in_json")


@st.composite
def keys(draw: st.DrawFn) -> str:
    """A key as some provider issues it."""
    lead, letters, length = draw(st.sampled_from(SHAPES))
    begin = "".join(letter for letter in TAIL if letter in letters)[: length // 2]
    size = length - len(begin)
    last = draw(st.text(letters, min_size=size, max_size=size).filter(lambda text: text[-1:].isalnum()))
    return f"{lead}{begin}{last}"


def encoded(case: tuple[str, str, str, Any, str]) -> None:
    """A key is gone from request, answer and text, in one encoding inside another; removing again changes nothing."""
    key, inner, outer, around, known = case
    text = SPELL[outer](SPELL[inner](f"{json.dumps(around)} {key} {around}"))
    if gone(key, text):
        return  # said in a way that nobody reads
    redactor = Redactor([known])
    raw = text.encode("utf-8", "surrogatepass")
    answer = redactor.response(HttpResponse(status=200, body=raw))
    for made in (
        redactor.text(text),
        redactor.body(raw).decode("utf-8", "surrogatepass"),
        redactor.request(HttpRequest(method="POST", url=URL, body=raw)).body.decode("utf-8", "surrogatepass"),
        answer.body.decode("utf-8", "surrogatepass"),
    ):
        assert gone(key, made), (inner, outer)
        assert redactor.text(made) == made
    assert redactor.response(answer) == answer


def streamed(case: tuple[str, str, str, list[int], str]) -> None:
    """A key that a stream brings in pieces is gone from what the pieces are together, and every event is still one."""
    key, form, channel, cuts, around = case
    whole = f"{around} {key} {around}"
    places = sorted({0, len(whole), *(cut % len(whole) for cut in cuts)})
    pieces = [whole[start:end] for start, end in pairwise(places)]
    events = [EVENT[channel](piece) for piece in pieces]
    body = SEND[form](events)
    made = Redactor().response(HttpResponse(status=200, body=body)).body
    after = events_of(form, made)
    assert len(after) == len(events)
    joined = "".join(said(event, channel) for event in after)
    assert gone(key, joined)
    assert Redactor().response(HttpResponse(status=200, body=made)).body == made


def shaped(case: tuple[Any, Any, str]) -> None:
    """JSON in which anything is taken out is JSON of the same shape: nothing but texts changed, also in events."""
    one, other, form = case
    values = [one, other]
    body = SHAPED[form](values)
    made = Redactor([FIXED]).response(HttpResponse(status=200, body=body)).body
    texts = made.decode("utf-8", "surrogatepass").removeprefix("data: ").split(SPLIT[form])
    found = [_shape(text) for text in texts if text]
    assert found == [_shape(json.dumps(value)) for value in (values if form != "json" else [values])]


def _shape(text: str) -> Any:
    def reduced(value: Any) -> Any:
        if isinstance(value, list):
            return [reduced(item) for item in value]
        return value if isinstance(value, tuple) else type(value).__name__ if isinstance(value, str) else repr(value)

    return reduced(json.loads(text, object_pairs_hook=lambda pairs: tuple(reduced(value) for _, value in pairs)))


FIXED: Final = "own-Secret/42+x"
BITS: Final = (
    'api_key": "', "'password': '", "password=", '"', "\\", "'", "\n", ": ", "{", "}", ",", "token", FIXED, "é", "@h",
    "a1B2c3D4e5F6g7H8", "sk-proj-a1B2c3D4e5F6g7H8i9J0", "Bearer ", "&", "%22", "\\u0022", "<password>", "</password>",
    "x" * 9, "=", "://me:", "YXBpX2tleTogIm93bi1TZWNyZXQvNDIreCI=",
)  # fmt: skip
bits: Final = st.lists(st.sampled_from(BITS), max_size=8).map("".join)
names_and_texts: Final = bits | st.sampled_from(["api_key", "password", "content", "token", "a"])
documents: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | bits,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names_and_texts, inner, max_size=4),
    max_leaves=10,
)
SHAPED: Final[Mapping[str, Callable[[list[Any]], bytes]]] = {
    "json": lambda values: json.dumps(values).encode(),
    "nested": lambda values: b"".join(json.dumps(value).encode() + b"\n" for value in values),
    "events": lambda values: b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values),
}
SPLIT: Final = {"json": "\0", "nested": "\n", "events": "\n\ndata: "}

TARGETS: Final = (
    of_values(
        "hidden secrets",
        encoded.__doc__ or "",
        encoded,
        st.tuples(
            keys(),
            st.sampled_from([*ENCODINGS]),
            st.sampled_from(OUTER),
            AROUND,
            st.text(LETTERS, min_size=8, max_size=12),
        ),
    ),
    of_values(
        "redacted JSON",
        shaped.__doc__ or "",
        shaped,
        st.tuples(documents, documents, st.sampled_from([*SHAPED])),
    ),
    of_values(
        "streamed secrets",
        streamed.__doc__ or "",
        streamed,
        st.tuples(
            keys(),
            st.sampled_from([*FORMS]),
            st.sampled_from([*CHANNELS]),
            st.lists(st.integers(1, 400), max_size=12),
            st.text(" .,:é中\"'\\\n{}<>&()ab", max_size=12),
        ),
    ),
)
