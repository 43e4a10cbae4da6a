"""A tape vouches for its outline, to the last character."""

from __future__ import annotations

import json
from typing import Any

from pytest_llmtrace._store.tape_file import dump_tape
from pytest_llmtrace._store.vouching import signed, unsigned, vouched_outline
from tests.unit.store.exchanges import interaction

OUTLINE: dict[str, Any] = {"reading": 1, "kinds": [], "calls": [[0, 5, 1]]}
ZEROS = "0" * 32


def tape(test: str = "test_a.py::test_one") -> str:
    asked, said = {"model": "m", "messages": []}, {"choices": [], "usage": {"prompt_tokens": 5}}
    meta = {"test": test, "behaviour": ZEROS, "totals": {"calls": 1}, "outline": unsigned(OUTLINE), "golden": ZEROS}
    return signed(dump_tape([interaction(asked, said)], meta))


def vouched(text: str) -> Any:
    return vouched_outline(text, json.loads(text)["meta"])


def test_an_outline_holds_while_its_tape_is_as_it_was_written():
    """Whatever is edited, in the answers, the totals, the behaviour or the outline itself, makes it void."""
    text = tape()
    found = vouched(text)
    assert {**OUTLINE, "digest": found["digest"]} == found
    assert found["digest"] != ZEROS
    for old, new in (
        ('"prompt_tokens": 5', '"prompt_tokens": 6'),
        ('"calls": 1', '"calls": 2'),
        ("[0, 5, 1]", "[0, 5, 2]"),
        ('"messages": []', '"messages":  []'),
        (f'"behaviour": "{ZEROS}"', f'"behaviour": "{"1" * 32}"'),
        (found["digest"], ZEROS),
        (found["digest"], "1" * 32),
        (found["digest"], "short"),
    ):
        edited = text.replace(old, new, 1)
        assert edited != text
        assert vouched(edited) is None
    assert vouched(text + "\n") is None


def test_the_name_of_a_test_is_not_taken_for_the_digest():
    """Zeros, and what looks like the place of the digest, may stand in a parameter."""
    for name in (ZEROS, f'"digest": "{ZEROS}"'):
        text = tape(f"test_a.py::test_one[{name}]")
        assert json.loads(text)["meta"]["test"] == f"test_a.py::test_one[{name}]"
        assert vouched(text) is not None
        assert vouched(text.replace("test_one", "test_two", 1)) is None


def test_a_tape_without_an_outline_has_none():
    """Older versions wrote none."""
    for meta in ({}, {"outline": 3}, {"outline": {}}, {"outline": {"digest": 3}}):
        assert vouched(dump_tape([], meta)) is None
