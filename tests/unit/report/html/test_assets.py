"""The sources of the page, and what its content security policy lets through."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from pytest_llmtrace._report.html import assets

FOLDER = Path(assets.__file__).parent


def test_every_source_is_part_of_the_page():
    """No file of `css/` or `js/` is left out, and none is long."""
    assert sorted({*assets.STYLES, *assets.HISTORY_STYLES}) == sorted(path.stem for path in (FOLDER / "css").iterdir())
    assert sorted({*assets.PROGRAMS, *assets.HISTORY_PROGRAMS}) == sorted(
        path.stem for path in (FOLDER / "js").iterdir()
    )
    assert [path for path in (FOLDER / "js").iterdir() if path.read_text("utf-8").count("\n") > 300] == []


def test_the_policy_allows_the_style_and_the_program_by_their_hashes():
    """And nothing else: no other origin, no inline handler, no plugin, no form."""
    script, style = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (assets.program(), assets.style())
    )
    assert assets.policy() == (
        f"default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; base-uri 'none'; "
        "form-action 'none'"
    )


def test_sources_stay_inside_their_elements():
    """Neither source holds anything that would end its element, nor a line end that a browser would change."""
    history = (assets.program(assets.HISTORY_PROGRAMS), assets.style(assets.HISTORY_STYLES))
    for text in (assets.program(), assets.style(), *history):
        assert re.search(r"</(script|style)|<!--|<script|\r", text, re.IGNORECASE) is None


def test_the_program_makes_no_markup_of_text():
    """No way to parse text as HTML or as code, or to fetch anything, occurs in the program."""
    parsing = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function"
    fetching = r"\bfetch\(|XMLHttpRequest|import\("
    for text in (assets.program(), assets.program(assets.HISTORY_PROGRAMS)):
        assert re.findall(f"{parsing}|{fetching}", text) == []
