from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._report.clean import clean, clean_line, disarmed
from pytest_llmtrace._report.layout import Line


def test_harmless_text_stays():
    """Letters of any script, emoji, line feeds and blanks are left as they are."""
    text = "Grüße, 世界! 👩‍💻 שלום\n  two lines"

    assert clean(text) == text


def test_dangerous_characters_are_spelled_out():
    """Escape sequences, carriage returns, bidi, invisible and tag characters and lone surrogates become visible."""
    assert clean("\x1b[31m\r\x9b \u202e\u200b\ufeff \U000e0041 \udc80") == (
        "\\x1b[31m\\r\\x9b \\u202e\\u200b\\ufeff \\U000e0041 \\udc80"
    )


def test_tabs_become_blanks():
    """A tab would move columns, so it becomes four blanks."""
    assert clean("a\tb") == "a    b"


def test_one_line():
    """On one line a line feed is spelled out too; other values are shown as text."""
    assert clean_line("a\nb") == "a\\nb"
    assert clean_line(12) == "12"


@settings(deadline=None)
@given(st.text())
def test_nothing_that_acts_is_left(text):
    """Whatever the text, no control character but the line feed and no bidi control remains, and it can be printed."""
    cleaned = clean(text)

    assert all(unicodedata.category(character) not in {"Cc", "Cs"} for character in cleaned.replace("\n", ""))
    assert not set(cleaned) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert cleaned.encode().decode() == cleaned


def test_no_line_is_a_workflow_command():
    """What GitHub would run in the output of a step becomes visible; node ids and code stay as they are."""
    assert disarmed("##vso[task.setvariable variable=a]b") == "#\\x23vso[task.setvariable variable=a]b"
    assert disarmed("a\n  ::add-mask::x\n::error file=a.py,line=1::no\n+ ##[group]y") == (
        "a\n  \\x3a:add-mask::x\n\\x3a:error file=a.py,line=1::no\n+ #\\x23[group]y"
    )
    for text in ("tests/test_a.py::TestX::test_y", "std::vector::size", "::before { }", "## [a]\n::"):
        assert disarmed(text) == text
    assert Line(text=" ::stop-commands::all").text == " \\x3a:stop-commands::all"
