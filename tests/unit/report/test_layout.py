from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._report.layout import cut_end, cut_middle, display_width, pad, table, wrapped


def test_widths():
    """Wide characters take two columns, combining ones none."""
    assert display_width("abc") == 3
    assert display_width("世界") == 4
    assert display_width("e\u0301") == 1


def test_cuts():
    """A text that does not fit loses its end or its middle, never half a wide character."""
    assert cut_end("abcdef", 6) == "abcdef"
    assert cut_end("abcdef", 4) == "abc…"
    assert cut_end("世界世界", 4) == "世…"
    assert cut_middle("tests/test_a.py::test_x", 23) == "tests/test_a.py::test_x"
    assert cut_middle("tests/test_a.py::test_x", 13) == "test…::test_x"


def test_padding():
    """Blanks fill up on the right or on the left, by columns."""
    assert pad("世", 4) == "世  "
    assert pad("ab", 4, right=True) == "  ab"


def test_wrapping():
    """Lines break at blanks, a text's own lines stay, and a word that is too long is cut."""
    assert wrapped("one two three four", 10) == ["one two", "three four"]
    assert wrapped("a\n\nb", 10) == ["a", "", "b"]
    assert wrapped("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert wrapped("    indented and long", 14) == ["    indented", "and long"]


@settings(deadline=None)
@given(st.text(), st.integers(min_value=8, max_value=40))
def test_wrapped_lines_fit(text, width):
    """Every line fits, and nothing but blanks is lost."""
    lines = wrapped(text, width)

    assert all(display_width(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.replace("\n", "").split())


def test_table():
    """The first column is on the left and cut to what is free, others on the right, empty ones left out."""
    rows = [("a" * 30, "1", "", "$0.10"), ("b", "12", "", "?")]

    assert table(("name", "calls", "cached", "cost"), rows, 30) == [
        "name              calls   cost",
        "aaaaa…aaaaaaaaaa      1  $0.10",
        "b                    12      ?",
    ]
