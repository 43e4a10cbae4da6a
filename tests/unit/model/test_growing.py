"""A request that is an earlier one with more messages is read, searched, digested and written by what is new in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_llmtrace._model import shared_items
from pytest_llmtrace._model.growing import Grown
from pytest_llmtrace._model.http import HttpRequest, ReadJson, held_body
from pytest_llmtrace._model.matching import request_key
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy.clean_items import CleanItems
from pytest_llmtrace._model.secrecy.eye import Eye
from pytest_llmtrace._model.secrecy.search import secrets_in
from pytest_llmtrace._model.secrecy.searched import Searched
from pytest_llmtrace._model.shared_items import SharedItems
from pytest_llmtrace._store.request_chain import RequestWriter

KEY = "sk-proj-Qx9dkLmn7Wv3Zt8Rb5Hy2Jc"
TEXTS = st.sampled_from(
    ["hi", "]}", '],"tail":"', '"},{"', "\\", "é", "\U0001f600", ",", "", KEY, "REDACTED-EMAIL-2a", "long " * 60]
)
SCALARS = st.one_of(st.none(), st.booleans(), st.sampled_from([0, 1, 1.0, -0.0]), TEXTS)
MESSAGES = st.dictionaries(st.sampled_from("ab"), SCALARS, max_size=2)
CONVERSATIONS = st.lists(st.tuples(st.integers(0, 5), st.lists(MESSAGES, max_size=3), TEXTS), max_size=8)


def sent(body: Any) -> bytes:
    """As most SDKs send it."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def bodies(turns: list[tuple[int, list[Any], str]]) -> list[bytes]:
    """Of conversations that take turns, each of some shape; one has another end in every turn."""
    said = dict[int, list[Any]]()
    made = []
    for which, new, text in turns:
        said[which] = [*said.get(which, []), *new]
        name = ("messages", "input", "contents")[which % 3]
        made.append(sent({"model": f"m{which}", name: said[which], **({"tail": text} if which == 5 else {"z": [{}]})}))
    return made


@given(CONVERSATIONS)
def test_what_goes_on_is_what_the_whole_says(turns: list[tuple[int, list[Any], str]]) -> None:
    """Its value, its bytes, whether there is a secret in it: whoever takes turns, and whatever texts look like."""
    items, clean, secrets = SharedItems(), CleanItems("latin-1"), Searched({})
    for raw in bodies(turns):
        read = ReadJson.shared(raw, items)
        assert read is not None
        assert json.dumps(read.value) == json.dumps(json.loads(raw))
        assert bytes(read) == raw
        if read.grown is not None:
            assert read.grown.value is read.value
            assert json.dumps([*read.grown.base[read.grown.name], *read.grown.new]) == json.dumps(
                json.loads(raw)[read.grown.name]
            )
        assert clean.hold_none(read, secrets) is (not secrets_in(raw.decode("latin-1"), secrets.known, strict=True))


@example([(0, [{"a": "long " * 60}], ""), (0, [{"a": 1}], ""), (0, [{"b": 2}], ""), (3, [{"a": "long " * 60}], "")])
@given(CONVERSATIONS)
def test_it_has_the_key_and_the_data_of_one_that_shares_nothing(turns: list[tuple[int, list[Any], str]]) -> None:
    """So it is found on the tape by whoever reads it as a whole, and the tape is the same."""
    items, writer, plain_writer = SharedItems(), RequestWriter(), RequestWriter()
    for raw in bodies(turns):
        read = ReadJson.shared(raw, items)
        assert read is not None
        plain = HttpRequest(method="post", url="https://h/v1", body=raw)
        growing = HttpRequest(method="post", url="https://h/v1", body=read)
        assert request_key(growing) == request_key(plain)
        assert writer.data(growing) == plain_writer.data(plain)


def test_what_is_new_in_a_conversation_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no more than that, also where two conversations take turns; a changed history is read as a whole."""
    parsed: list[str] = []
    monkeypatch.setattr(shared_items, "loads_anyhow", lambda text: parsed.append(text) or json.loads(text))
    items = SharedItems()
    turns = [{"role": "user", "content": f"turn {number}"} for number in range(3)]
    asked = [sent({"model": model, "messages": turns[:count]}) for count in (1, 2, 3, 3) for model in "ab"]
    for one in (*asked, changed := sent({"model": "a", "messages": [turns[1], *turns]})):
        items.read(one)
    new = [f"[{sent(turn).decode()}]" for turn in turns]
    assert parsed == [*(one.decode() for one in asked[:2]), *new[1:2] * 2, *new[2:] * 2, changed.decode()]


@pytest.mark.parametrize(
    "added", [b',{"a": 1}', b',{"a":1,"a":2}', b',{"a":"\\u0041"}', b',{"n":NaN}', b",1", b",", b',{"a":"\xff"}', b"x"]
)
def test_what_clients_do_not_write_is_read_closely(added: bytes) -> None:
    """A message in another spelling, and what is none, do not pass for one that goes on."""
    known = Searched({})
    redactor = Redactor(searched=known).watched(Eye(known))
    head, tail = b'{"messages":[{"a":1}', b'],"model":"m"}'
    first, second = (
        redactor.request(HttpRequest(method="POST", url="https://h/v1", body=body))
        for body in (head + tail, head + added + tail)
    )
    assert second.body == head + added + tail
    held = held_body(second)
    assert first.body == head + tail
    assert not isinstance(held, ReadJson) or held.grown is None


def test_who_comes_to_know_a_secret_looks_at_the_whole_again() -> None:
    """What was clean before may be so no longer, although nothing in it is new."""
    items, clean = SharedItems(), CleanItems("utf-8")
    begun: list[dict[str, str]] = [{"a": "Vt4-late-variable-77"}]
    first, second = (ReadJson.shared(sent({"messages": said}), items) for said in (begun, [*begun, {"a": "b"}]))
    assert first is not None
    assert second is not None
    assert isinstance(second.grown, Grown)
    assert clean.hold_none(first, Searched({}))
    assert not clean.hold_none(second, Searched({"Vt4-late-variable-77": "a value"}))
