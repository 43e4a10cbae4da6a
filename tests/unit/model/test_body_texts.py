"""Every text in a body, rewritten."""

from __future__ import annotations

import pytest

from pytest_llmtrace._model.body_texts import rewritten
from pytest_llmtrace._model.redaction import Redactor


def loud(text: str) -> str:
    """Something that changes texts with an `a` in them."""
    return text.replace("a", "A")


@pytest.mark.parametrize(
    ("body", "made"),
    [
        (b'{"a": ["a", 1, null, {"b": "\\u00e4a"}]}', '{"a":["A",1,null,{"b":"äA"}]}'.encode()),
        (b'{ "b":  "b" }', b'{ "b":  "b" }'),
        (b'data: {"b": "a"}\n\ndata: [DONE]\n', b'data: {"b":"A"}\n\ndAtA: [DONE]\n'),
        (b'{"b": "a"}\n{"b": "b"}\n', b'{"b":"A"}\n{"b": "b"}\n'),
        (b"plain a", b"plAin A"),
        (b"\xff\xfea", b"\xff\xfea"),
        (b"", b""),
    ],
)
def test_texts_are_rewritten_and_all_else_stays(body: bytes, made: bytes) -> None:
    """Keys, numbers and bytes that are no text stay; so does the spelling of what does not change."""
    assert rewritten(body, loud) == made


def test_a_redactor_asks_for_more_each_time() -> None:
    """What a project removes may come later than the redactor, and goes along with added secrets."""
    more: list[object] = [None]
    redactor = Redactor(["secret-0123"], more=lambda: more[0])  # type: ignore[arg-type, return-value]
    assert redactor.body(b'"a secret-0123"') == b'"a REDACTED"'
    more[0] = loud
    assert redactor.body(b'"a secret-0123"') == b'"A REDACTED"'
    assert redactor.knowing(["bbbbbbbb"]).body(b'"a bbbbbbbb"') == b'"A REDACTED"'
    assert redactor.text("a") == "A"
