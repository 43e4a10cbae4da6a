"""Regular expressions that are compiled when they are first used."""

from __future__ import annotations

import re

import pytest

from pytest_llmtrace._model.expressions import expression


def test_an_expression_is_compiled_when_it_is_first_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """And once; from then on it is asked as one that was compiled at once."""
    compiled, real = [], re.compile

    def compile_(text: str, flags: int = 0) -> re.Pattern[str]:
        compiled.append(text)
        return real(text, flags)

    monkeypatch.setattr(re, "compile", compile_)
    made = expression(r"b(.)", re.IGNORECASE)
    assert compiled == []
    assert [made.sub(r"\1", "aBc") for _ in range(3)] == ["ac"] * 3
    assert compiled == [r"b(.)"]
    assert (made.pattern, bool(made.flags & re.IGNORECASE)) == (r"b(.)", True)


def test_bytes_are_searched_by_an_expression_of_bytes() -> None:
    """As `re.compile` has it."""
    assert expression(rb"\d+").findall(b"a1b22") == [b"1", b"22"]
