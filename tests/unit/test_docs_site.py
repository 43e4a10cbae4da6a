"""The site of the documentation: every page is in it, and what people look for is near the start page."""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SITE = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))


def pages(nav: Any) -> Iterator[str]:
    """The pages that a part of the navigation names."""
    if isinstance(nav, str):
        yield nav
        return
    for one in nav.values() if isinstance(nav, dict) else nav:
        yield from pages(one)


def linked(page: str) -> set[str]:
    """The pages that a page of docs/ links to."""
    text = re.sub(r"^ *```.*?^ *```", "", (DOCS / page).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"\]\(([^):#\s]+\.md)", text)
    return {posixpath.normpath(posixpath.join(posixpath.dirname(page), one)) for one in found}


def clicks(start: str) -> dict[str, int]:
    """How many links of texts, not of the navigation, each page is from another one."""
    distance = {start: 0}
    waiting = [start]
    for page in waiting:
        for target in sorted(linked(page)):
            if target not in distance and (DOCS / target).is_file():
                distance[target] = distance[page] + 1
                waiting.append(target)
    return distance


def test_every_page_is_in_the_navigation_once():
    """A page that nobody put there would be found by nobody; the design notes have a list of their own."""
    written = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md") if page.parent.name != "design"}
    named = [page for page in pages(SITE["nav"]) if not page.startswith(("project/", "design/"))]
    assert sorted(named) == sorted(written)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("how-to/ci-gate.md", "--llm-budget"),
        ("concepts/what-replay-cannot-see.md", "changed the model"),
        ("how-to/secrets.md", "llmtrace check --secrets"),
        ("how-to/adopt-vcrpy.md", "Keep pytest-recording"),
    ],
)
def test_what_newcomers_look_for_is_three_clicks_away(page, words):
    """The CI gate, what replay cannot see, hiding a secret, adopting a suite of vcrpy: by links of the texts alone."""
    assert clicks("index.md").get(page, 99) <= 3
    assert words in (DOCS / page).read_text("utf-8")


def test_nothing_is_loaded_from_elsewhere():
    """No fonts, scripts or styles of others, neither from the theme nor from the pages."""
    assert SITE["theme"]["font"] is False
    assert not [one for one in SITE["extra_css"] if "//" in one]
    assert SITE["extra"]["polyfills"] == ["javascripts/iframe-worker.js"]
    images = [
        image
        for page in DOCS.rglob("*.md")
        for image in re.findall(r"(?:!\[[^\]]*\]\(|src=\")(\w+:)?", page.read_text("utf-8"))
    ]
    assert images
    assert not [image for image in images if image]
