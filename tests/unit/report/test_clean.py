from __future__ import annotations

import json
import re
import unicodedata
from importlib.resources import files

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._report.clean import clean, clean_line, disarmed, escaped_json
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


def test_what_shows_nothing_is_spelled_out():
    """Fillers, tags and rows of selectors, in which a text can hide, become visible; the one of an emoji stays."""
    assert clean("a\u3164\u115f\u034f\U000e0100 \u2764\ufe0f \u2764\ufe0f\ufe01\ufe02") == (
        "a\\u3164\\u115f\\u034f\\U000e0100 \u2764\ufe0f \u2764\ufe0f\\ufe01\\ufe02"
    )


def test_the_page_hides_nothing_that_the_terminal_shows():
    """The report's program spells out just what a terminal gets spelled out."""
    source = (files("pytest_llmtrace._report.html") / "js" / "dom.js").read_text("utf-8")
    pieces = re.findall(r'^ +"(.*)"', source.partition("const HIDDEN")[2].partition(");")[0], re.MULTILINE)
    written = "".join(pieces[:-1]).replace("\\\\", "\\")
    hidden = re.compile(re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: f"\\U{int(found[1], 16):08x}", written))
    characters = [*map(chr, range(0x110000)), "\ufe0f\ufe0f"]
    assert [
        hex(ord(one[-1])) for one in characters if bool(hidden.search(one)) != (clean(one) != one and one != "\t")
    ] == []


@given(st.text() | st.text(alphabet="\x7f\x9b\u202e\U000e0041\ud800\x1b\n<"))
def test_json_for_a_terminal_is_the_same_data(text):
    """JSON is escaped, not changed, and nothing in it acts on a terminal."""
    shown = escaped_json(json.dumps({text: text}, ensure_ascii=False, indent=1))

    assert json.loads(shown) == {text: text}
    assert clean(shown) == shown


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
    assert disarmed("##teamcity[testFailed name='x']") == "#\\x23teamcity[testFailed name='x']"
    assert disarmed("a\n  ::add-mask::x\n::error file=a.py,line=1::no\n+ ##[group]y") == (
        "a\n  \\x3a:add-mask::x\n\\x3a:error file=a.py,line=1::no\n+ #\\x23[group]y"
    )
    for text in ("tests/test_a.py::TestX::test_y", "std::vector::size", "::before { }", "## [a]\n::"):
        assert disarmed(text) == text
    assert Line(text=" ::stop-commands::all").text == " \\x3a:stop-commands::all"


def test_a_line_is_harmless_whoever_made_it():
    """What is printed as a line is cleaned at the last moment too: no place can forget it."""
    assert Line(text="\x1b[2Ja/\u202eb.yaml").text == "\\x1b[2Ja/\\u202eb.yaml"
