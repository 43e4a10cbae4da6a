"""Texts as JSON strings, a long one encoded once."""

from __future__ import annotations

import json

import pytest

from pytest_llmtrace._model import json_strings
from pytest_llmtrace._model.json_strings import json_string


@pytest.mark.parametrize("times", [1, 100, 9000], ids=["short", "long", "too long to be held"])
def test_a_text_is_written_as_json_writes_it(times: int) -> None:
    """Whatever is in it, the first time and the second; one that equals it, and is no plain text, is written itself."""

    class Name(str):
        __slots__ = ()

    for part in ("plain", 'a "b" \\ \n\t\x00\x7f', "gr\u00fc\u00dfe \u2028 \U0001f600", "\ud800"):
        text = part * times
        assert [json_string(text), json_string(text), json_string(Name(text))] == [
            json.dumps(text, ensure_ascii=False)
        ] * 3


def test_so_many_are_held_and_no_more() -> None:
    """It begins anew, so a long run holds no more than a short one."""
    texts = [f"{number} {'x' * 200}" for number in range(500)]
    assert [json_string(text) for text in texts] == [f'"{text}"' for text in texts]
    assert json_string(texts[-1]) is json_string(texts[-1])
    assert len(json_strings._known) <= 64
    json_string("y" * 20_000)
    assert "y" * 20_000 not in json_strings._known
