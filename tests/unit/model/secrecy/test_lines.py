"""Files are searched line by line, each distinct line once, and hold what they would hold if searched whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy import lines
from pytest_llmtrace._model.secrecy.lines import Lines
from pytest_llmtrace._model.secrecy.search import Known, secrets_in
from pytest_llmtrace._model.secrecy.searched import CleanTexts

KEY = "sk-ant-api03-aB3dE5fG7hI9jK1lM3nO5p"


def tape(*contents: str) -> str:
    """The text of a file with these messages."""
    return json.dumps({"system": "You are an agent.", "messages": [{"content": one} for one in contents]}, indent=1)


def test_what_tapes_have_in_common_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each further tape only the lines that no other one had; nothing is known of them to whoever knows more."""
    looked: list[str] = []
    monkeypatch.setattr(
        lines, "secrets_in", lambda text, *args, **kwargs: looked.append(text) or secrets_in(text, *args, **kwargs)
    )
    redactor = Redactor()
    found = [redactor.finds(tape("one")), redactor.finds(tape("one", "two")), redactor.finds(tape("one", KEY, "two"))]
    assert (found, looked[1:]) == ([False, False, True], ['  },\n   "content": "two"', f'   "content": "{KEY}"'])
    assert redactor.finds(tape("one", KEY, "two"))
    assert (redactor.knowing(["You are an agent"]).finds(tape("one")), len(looked)) == (True, 5)


@pytest.mark.parametrize("parted", ['"password":\n "{}"', '"password"\n: "{}"', '"password" \r\n \t:\r\n "{}"'])
def test_a_name_and_its_value_may_stand_on_two_lines(parted: str) -> None:
    """Both lines may be known from elsewhere, where they held nothing: such a file is searched whole."""
    searched = Lines(Known(), CleanTexts())
    apart = json.dumps(["password", "hunter-2"], indent=1)
    assert searched.hold_none(apart)
    assert [searched.hold_none(f"{{{parted.format('hunter-2')}}}") for _ in range(2)] == [False, False]
    assert searched.hold_none(apart)


def test_a_value_may_go_over_lines() -> None:
    """What is known by its value may hold the end of a line: then files are searched whole."""
    text = tape("a", "b")
    assert [Redactor([text[at : at + 40]]).finds(text) for at in (10, 60)] == [True, True]
    assert not Redactor().finds(text)


PARTS = st.sampled_from(
    [*('password": "', "password", ":", "=", "\n", '"', "\\", "-----BEGIN PRIVATE KEY-----", "A" * 60, "name="), KEY]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.lists(PARTS, max_size=5).map("".join),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.lists(PARTS, max_size=3).map("".join), inner),
    max_leaves=6,
)


@given(VALUES, VALUES)
def test_lines_hold_what_the_whole_holds(before: Any, value: Any) -> None:
    """Whatever was searched before: nothing is taken for clean that a search of the whole file finds."""
    searched = Lines(Known(), CleanTexts())
    for one in (before, value):
        document = json.dumps(one, indent=1)
        assert searched.hold_none(document) == (not secrets_in(document, Known(), strict=True))
