from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._report.layout import display_width
from pytest_llmtrace._report.text_diff import text_diff

LONG = (
    "You are a refund agent of the ACME shop. Be polite at all times and never discuss competitors. Orders placed "
    "within 30 days of delivery may be refunded in full. Escalate anything above 500 dollars to a human."
)


def test_short_lines_stand_whole():
    """Two short lines are shown as they are."""
    assert text_diff("gpt-4o-mini", "gpt-4o", 74) == ["-  gpt-4o-mini", "+  gpt-4o"]


def test_two_changes_in_a_long_line():
    """A long line is cut around every change, at the same places on both sides."""
    assert text_diff(LONG, LONG.replace("30", "14").replace("dollars", "euro"), 74) == [
        "-  …placed within 30 days of … above 500 dollars to a human.",
        "+  …placed within 14 days of … above 500 euro to a human.",
        "                  ^^                     ^^^^",
    ]


def test_words_taken_away():
    """Words that are gone are marked under the old line."""
    assert text_diff("Check the refund policy before anything else.", "Check the refund policy before.", 74) == [
        "-  Check the refund policy before anything else.",
        "                                 ^^^^^^^^^^^^^^",
        "+  Check the refund policy before.",
    ]


def test_one_enormous_word():
    """A word that is longer than the line is compared character by character."""
    old = "a" * 300 + "b" + "c" * 300

    assert text_diff(old, old.replace("b", "d"), 40) == [
        "-  …aaaaaaaaaaaaaaaaabccccccccccccccccc…",
        "+  …aaaaaaaaaaaaaaaaadccccccccccccccccc…",
    ]


def test_nothing_in_common():
    """Long lines without anything in common are shown from their beginning."""
    assert text_diff("one two " * 20, "three four " * 20, 30) == [
        "-  one two one two one two on…",
        "+  three four three four thre…",
    ]


def test_lines_added_and_removed():
    """Blocks of other sizes are shown old before new, with a line around them."""
    assert text_diff("a\nb\nc\nd", "a\nx\ny\nz\nc\nd", 74) == ["   a", "-  b", "+  x", "+  y", "+  z", "   c", "   …"]


def test_far_apart_changes():
    """Between distant changes unchanged lines are left out."""
    old = "\n".join(f"line {number}" for number in range(20))
    new = old.replace("line 3\n", "").replace("line 15", "line fifteen")

    assert text_diff(old, new, 74) == [
        "   …",
        "   line 2",
        "-  line 3",
        "   …",
        "   line 14",
        "-  line 15",
        "+  line fifteen",
        "   line 16",
        "   …",
    ]


def test_limit():
    """What goes beyond the limit is counted."""
    old = "\n".join(f"old {number}\nsame {number}" for number in range(30))

    lines = text_diff(old, old.replace("old", "new"), 74, limit=6)

    assert lines[0:2] == ["-  old 0", "+  new 0"]
    assert lines[-1] == "   … 27 more changed lines"
    assert text_diff("a\n" * 50, "b\n" * 40, 74, limit=4) == [
        "-  a",
        "-  a",
        "-  … 48 more lines",
        "+  b",
        "+  b",
        "+  … 38 more lines",
    ]


def test_long_line_that_changed_beside_a_new_one():
    """A long line is cut around its change also where lines were added below it."""
    assert text_diff(f"{LONG}\nBye.", f"{LONG[:-6]}robot.\nNew.\nBye.", 50) == [
        "-  …anything above 500 dollars to a human.",
        "+  …anything above 500 dollars to a robot.",
        "                                    ^^^^^",
        "+  New.",
        "   Bye.",
    ]


def test_one_side_only():
    """Where one side has nothing, the other is shown alone."""
    assert text_diff(None, "a\nb\nc", 74, limit=2) == ["+  a", "+  b", "+  … 1 more line"]
    assert text_diff("gone", None, 74) == ["-  gone"]
    assert text_diff(None, "\n ", 74) == ['+  "\\n "']


def test_wide_characters():
    """Marks stand under what changed where characters take two columns too."""
    assert text_diff("日 本 語 の 文", "日 本 国 の 文", 74) == [
        "-  日 本 語 の 文",
        "+  日 本 国 の 文",
        "         ^^",
    ]


def test_large_texts_take_no_time():
    """Texts of thousands of different words and lines are compared without an exact alignment."""
    words = [f"w{number * number % 9973}" for number in range(20_000)]

    assert len(text_diff(" ".join(words), " ".join(reversed(words)), 74)) == 2
    assert len(text_diff("\n".join(words), "\n".join(reversed(words)), 74, limit=8)) < 14


@pytest.mark.parametrize(
    ("golden", "observed", "lines"),
    [
        ("", " ", ['-  ""', '+  " "']),
        ("Hello", "Hello ", ['-  "Hello"', '+  "Hello "']),
        ("a\nHello\nb", "a\nHello \nc", ["   a", '-  "Hello"', '+  "Hello "', "-  b", "+  c"]),
    ],
)
def test_blanks_at_an_end_are_seen(golden, observed, lines):
    """Where only blanks at the ends of a line differ, the line stands in quotes."""
    assert text_diff(golden, observed, 60) == lines


@settings(deadline=None)
@given(st.text(), st.text(), st.integers(min_value=30, max_value=100))
def test_lines_fit_and_differences_show(old, new, width):
    """Whatever the texts, every line fits, is marked, and texts that differ never look the same."""
    lines = text_diff(old, new, width)

    assert all(display_width(line) <= width for line in lines)
    assert all(line[:1] in {"-", "+", " ", ""} for line in lines)
    if old != new:
        removed = [line[1:] for line in lines if line.startswith("-")]
        added = [line[1:] for line in lines if line.startswith("+")]
        assert removed != added
