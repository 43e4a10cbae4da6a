"""SECURITY.md names what pins it: every test it names is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_tests_that_pin_an_attack_are_there() -> None:
    """A row whose test was renamed or deleted would promise what nobody checks."""
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    missing = [
        (file, test)
        for file, test in named
        if not (ROOT / file).is_file() or (test and f"def {test}(" not in (ROOT / file).read_text("utf-8"))
    ]
    assert len(named) > 30
    assert missing == []


def test_its_links_lead_somewhere() -> None:
    """To files of the project."""
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    links = re.findall(r"\]\(([\w/.-]+)\)", text)
    assert links
    assert [one for one in links if not (ROOT / one).exists()] == []
