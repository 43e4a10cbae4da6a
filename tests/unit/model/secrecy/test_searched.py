"""What was searched already is not searched again, and never taken for clean where it is not."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._model.http import HttpRequest
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy import environment, searched
from pytest_llmtrace._model.secrecy.environment import secret_values, variables
from pytest_llmtrace._model.secrecy.eye import Eye
from pytest_llmtrace._model.secrecy.search import secrets_in
from pytest_llmtrace._model.secrecy.searched import CleanTexts, Pieces, Searched

KEY = "Qx9dkLmn7Wv3Zt8Rb5Hy2Jc"


def body(*contents: str, spaced: bool = True) -> bytes:
    """A request with these messages."""
    data = {"model": "m", "messages": [{"role": "user", "content": one} for one in contents], "tools": [{"type": "x"}]}
    return json.dumps(data, separators=None if spaced else (",", ":")).encode()


def request(*contents: str) -> HttpRequest:
    """The same to an address."""
    return HttpRequest(method="POST", url="https://h/v1", body=body(*contents))


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that was searched for secrets by form, place and value."""
    texts: list[str] = []
    monkeypatch.setattr(
        searched, "secrets_in", lambda text, *args, **kwargs: texts.append(text) or secrets_in(text, *args, **kwargs)
    )
    return texts


@pytest.mark.parametrize("spaced", [True, False])
def test_of_a_history_that_grows_only_what_is_new_is_searched(looked: list[str], spaced: bool) -> None:
    """However long it is; and neither in the next test, nor in one more that knows the same key besides."""
    redactor = Redactor()
    for turn in range(1, 5):
        assert redactor.body(body(*(f"turn {number}" for number in range(turn)), spaced=spaced))
    assert [[f"turn {number}" in text for number in range(4)] for text in looked] == [
        [number == turn for number in range(4)] for turn in range(4)
    ]
    looked.clear()
    redactor.knowing(()).body(body("turn 0", "turn 1", "turn 2", "turn 3", spaced=spaced))
    assert looked == []
    redactor.knowing([KEY]).body(body("turn 0", spaced=spaced))
    redactor.knowing([KEY]).body(body("turn 0", spaced=spaced))
    assert len(looked) == 1


def test_what_is_secret_from_now_on_is_sought_in_what_was_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that the environment comes to have, that is told, or that a request proves itself with."""
    others = Redactor.from_environment()
    said = request("hello", f"it is {KEY}")
    for learn in (
        lambda redactor: redactor.knowing([KEY]),
        lambda redactor: redactor.request(HttpRequest(method="GET", url="https://h/", headers=(("x-api-key", KEY),))),
        lambda _: monkeypatch.setenv("ACME_API_KEY", KEY),
    ):
        redactor = others.knowing(())
        assert redactor.request(said).body == said.body
        made = learn(redactor)
        redactor = made if isinstance(made, Redactor) else redactor
        assert redactor.request(said).body == body("hello", "it is REDACTED")


def test_variables_that_hold_no_secret_cost_no_look_at_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pytest sets one for each phase of a test; one that comes to hold a secret, or no longer does, is seen."""
    monkeypatch.setenv("PYTEST_CURRENT_TEST", "test_a.py::test_a (setup)")
    variables()  # whatever this run has set
    read: list[object] = []
    monkeypatch.setattr(environment, "secret_values", lambda values: (read.append(1), secret_values(values))[1])
    monkeypatch.setenv("PYTEST_CURRENT_TEST", "test_a.py::test_a (call)")
    before = dict(variables().keys)
    assert (KEY in before, read) == (False, [])
    monkeypatch.setenv("ACME_API_KEY", KEY)
    assert variables().keys == {**before, KEY: "the value of ACME_API_KEY"}
    monkeypatch.setenv("BESIDES", f"a://user:{KEY}@host")
    monkeypatch.setenv("ACME_API_KEY", "other-Vt4-late-variable")
    assert set(variables().keys) == {*before, KEY, "other-Vt4-late-variable"}
    monkeypatch.delenv("ACME_API_KEY")
    monkeypatch.delenv("BESIDES")
    assert (variables().keys, len(read)) == (before, 3)


def test_the_last_look_takes_nothing_for_clean_that_was_so_before() -> None:
    """It forgets with whoever removes secrets, and what one owner learned is not what another one knows."""
    shared = Searched({})
    eyes = [Eye(shared), Eye(shared)]
    assert [eye.body(body(KEY), "request") for eye in eyes] == [body(KEY), body(KEY)]
    eyes[0].knows(shared.knowing({KEY: "a key"}))
    assert [eye.body(body(KEY), "request") for eye in eyes] == [body("REDACTED"), body(KEY)]
    assert [[leak.place for leak in eye.leaks] for eye in eyes] == [["request: messages[0].content"], []]


def test_a_secret_that_is_several_objects_is_found_as_a_whole() -> None:
    """What is known by its value may hold what ends a piece."""
    objects = '{"role": "user", "content": "a"}, {"role": "user", "content": "b"}'
    assert Redactor().body(body("a", "b")) == body("a", "b")
    assert b"REDACTED" in Redactor([objects]).body(body("a", "b"))


@given(st.lists(st.sampled_from(['x},{"', "},{", '"},{"role":', "sk-ant-api03-", "aB3dE5fG7hI9jK1lM3nO5p", "a", "\\"])))
def test_pieces_hold_what_the_whole_holds(parts: list[str]) -> None:
    """Texts that look like the end of one object and the beginning of the next are no such place."""
    whole = Searched({})
    for document in (json.dumps([{"a": "".join(parts)}, {"b": parts}]), json.dumps({"".join(parts): parts})):
        assert Pieces(whole.known).hold_none(document) == (not secrets_in(document, whole.known, strict=True))


def test_only_so_much_is_remembered() -> None:
    """When it is full it begins anew, and what is larger than all is not kept at all."""
    texts = CleanTexts(most=10)
    for text in ("12345", "12345", "67890", "x" * 11, "abc"):
        texts.add(text)
    assert [one in texts for one in ("12345", "67890", "x" * 11, "abc")] == [False, False, False, True]
    texts.add("def", "12345678", "x" * 11)
    assert [one in texts for one in ("abc", "x" * 11)] == [False, False]
    assert ("def" in texts) != ("12345678" in texts)  # whichever came last


SIGNS = (
    "://u:", "p\xe4s\xdf@h", "?sig=", "\xe4\xf6\xfc" * 8, ";key=", '"passwd":"', "&code=", "<api_key>\xe4</api_key>",
    "s3cr3t!!", "\0", "\x01\xff", f"sk-proj-{KEY}", "%73", "=", "a",
)  # fmt: skip


@given(st.lists(st.sampled_from(SIGNS), max_size=5))
def test_what_says_nothing_as_base64_holds_nothing(parts: list[str]) -> None:
    """Identifiers are base64 by accident, and not searched; whatever a secret may be told by is more than nothing."""
    known = Searched({"s3cr3t!!": "a value"}).known
    text = base64.b64encode("".join(parts).encode("latin-1").ljust(24, b"\0")).decode()
    assert known.plain
    assert secrets_in(text, known) == secrets_in(text, replace(known, plain=False))
