"""Bodies that share their items are searched by what is new in them, with the result that a search of the whole has."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._model.http import HttpRequest, ReadJson, held_body
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy import eye, searched
from pytest_llmtrace._model.secrecy.clean_items import CleanItems
from pytest_llmtrace._model.secrecy.eye import Eye
from pytest_llmtrace._model.secrecy.readings import readings
from pytest_llmtrace._model.secrecy.search import secrets_in
from pytest_llmtrace._model.secrecy.searched import Searched
from pytest_llmtrace._model.shared_items import SharedItems

KEY = "sk-proj-Qx9dkLmn7Wv3Zt8Rb5Hy2Jc"
KNOWN = {"Vt4-late-variable-77": "a value", 'b"},{"a': "a value over an end", 'y":[': "a value over a beginning"}
NAMES = st.sampled_from(["a", "messages", "password", "é", KEY])
TEXTS = st.lists(
    st.sampled_from(
        ["hi", " ", "é", '"', "\\", "=", ":", "password", KEY[:20], KEY, "Vt4-late-", "variable-77", "b", "y"]
    ),
    max_size=4,
).map("".join)
ITEMS = st.dictionaries(NAMES, st.one_of(TEXTS, st.integers(), st.lists(TEXTS, max_size=2)), max_size=2)
BODIES = st.dictionaries(
    NAMES, st.one_of(TEXTS, st.none(), ITEMS, st.lists(st.one_of(ITEMS, TEXTS), max_size=3)), max_size=3
)


def sent(body: Any) -> bytes:
    """As most SDKs send it."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


@given(st.lists(BODIES, min_size=1, max_size=3), st.sets(st.sampled_from(sorted(KNOWN))))
def test_what_is_found_in_the_whole_is_found_in_its_parts(bodies: list[dict[str, Any]], known: set[str]) -> None:
    """Whatever is secret, wherever it stands, and however often the same item was looked at before."""
    items, clean, secrets = SharedItems(), CleanItems("latin-1"), Searched({one: KNOWN[one] for one in known})
    for body in (*bodies, *bodies):
        raw = sent(body)
        read = ReadJson.shared(raw, items)
        assert read is not None
        assert bytes(read) == raw
        whole = not secrets_in(raw.decode("latin-1"), secrets.known, strict=True)
        assert clean.hold_none(read, secrets) is whole


@pytest.mark.parametrize("beside", ["", "é", f"{base64.b64encode(b'what else is said').decode()} "])
def test_a_form_in_base64_is_removed_whatever_stands_beside_it(beside: str) -> None:
    """It is told by its whole text: neither the same text in another encoding, nor another one, may hide it."""
    form = base64.b64encode(b"password=Zx9Qw8Er7Ty6").decode()
    secrets = Redactor(())
    raw = sent({"messages": [{"role": "user", "content": f"{beside} {form}"}]})
    made = secrets.watched(Eye(secrets.searched)).request(HttpRequest(method="POST", url="https://h/v1", body=raw))
    assert form.encode() not in made.body


def test_of_a_history_only_what_is_new_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what removes secrets, and by the eye, which reads each text in all encodings."""
    looked: list[str] = []
    monkeypatch.setattr(
        searched, "secrets_in", lambda text, *args, **kwargs: looked.append(text) or secrets_in(text, *args, **kwargs)
    )
    monkeypatch.setattr(eye, "readings", lambda text: looked.append(text) or readings(text))
    known = Searched({})
    redactor = Redactor(searched=known).watched(Eye(known))
    turns = [{"role": "user", "content": f"turn {number}: é"} for number in range(4)]
    for count in range(1, 5):
        looked.clear()
        redactor.request(HttpRequest(method="POST", url="https://h/v1", body=sent({"messages": turns[:count]})))
        assert [f"turn {number}" in "\n".join(looked) for number in range(4)] == [
            number == count - 1 for number in range(4)
        ]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"messages":[{"a":"first","a":"second"}]}',
        b'{"a":1,"messages":[],"a":2}',
        b'{"messages":[{"n":NaN}]}',
        b'{"messages":[{"a":"\xff"}]}',
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_parsing_would_lose_stays_as_it_is(raw: bytes) -> None:
    """A key that stands twice, what is no number, and what is no text: such a body is no JSON to us."""
    known = Searched({})
    made = (
        Redactor(searched=known).watched(Eye(known)).request(HttpRequest(method="POST", url="https://h/v1", body=raw))
    )
    assert not isinstance(held_body(made), ReadJson)
    assert made.body == raw


@pytest.mark.parametrize("raw", [b'{"n":1.50,"messages":[{"a":1E5}]}', b'{ "messages": [{"a": "\\u0041"}] }', b"[1,2]"])
def test_another_spelling_is_read_closely(raw: bytes) -> None:
    """It is JSON all the same, and stays the bytes that it was."""
    known = Searched({})
    made = (
        Redactor(searched=known).watched(Eye(known)).request(HttpRequest(method="POST", url="https://h/v1", body=raw))
    )
    assert isinstance(held_body(made), ReadJson)
    assert made.body == raw


def test_a_secret_in_the_first_of_two_equal_keys_is_found() -> None:
    """What is searched is the body as it was sent."""
    known = Searched({})
    watching = Eye(known)
    raw = f'{{"messages":[{{"a":"{KEY}","a":"x"}}]}}'.encode()
    made = Redactor(searched=known).watched(watching).request(HttpRequest(method="POST", url="https://h/v1", body=raw))
    assert KEY.encode() not in made.body
