"""One browser for all tests of the report; where there is none, they are skipped and say why."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.browser import scenes

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Opened:
    """A report in a tab, and everything that went wrong in it."""

    tab: Any
    url: str
    problems: list[str] = field(default_factory=list)

    def at(self, place: str) -> Opened:
        """The same tab, at another place of the report."""
        self.tab.goto(f"{self.url}#/{place}")
        return self

    def wait_for(self, expression: str, *given: Any) -> None:
        """Wait until the page has got there: `hashchange` comes a moment after a click."""
        self.tab.wait_for_function(expression, arg=given[0] if given else None, timeout=5_000)

    def open(self, name: str) -> None:
        """Click on a test in the list."""
        self.tab.locator(".test-row", has_text=name).click()
        self.wait_for("name => document.querySelector('.test-title')?.textContent === name", name)

    def focused(self, element: str) -> None:
        """Wait until an element has the focus."""
        self.wait_for("id => document.activeElement.id === id", element)

    def texts(self, selector: str) -> list[str]:
        """The texts of all such elements."""
        return [text.strip() for text in self.tab.locator(selector).all_text_contents()]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium under Playwright. Module scope: its event loop would be in the way of other tests."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the `browser` extra")
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"needs a browser: none of {', '.join(NAMES)} is installed (Debian: apt install chromium)")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of all scenes."""
    folder = tmp_path_factory.mktemp("reports")
    made = {}
    for name in ("mixed", "odd", "large", "hostile", "history"):
        made[name] = folder / f"{name}.html"
        made[name].write_text(getattr(scenes, name)(), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def tabs(browser: Any, reports: dict[str, Path]) -> Iterator[dict[str, Opened]]:
    """A tab for each scene that was opened."""
    opened: dict[str, Opened] = {}
    yield opened
    for one in opened.values():
        one.tab.context.close()


@pytest.fixture
def report(browser: Any, reports: dict[str, Path], tabs: dict[str, Opened]) -> Iterator[Any]:
    """Opens a scene from disk, as if for the first time; whatever the page complains of fails the test."""
    asked_for = []

    def open_scene(name: str, **options: Any) -> Opened:
        key = f"{name} {sorted(options)}"
        if key not in tabs:
            context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
            tabs[key] = watched(context.new_page(), reports[name].as_uri())
        one = tabs[key]
        asked_for.append(one)
        one.tab.goto("about:blank")
        return one.at("")

    yield open_scene
    assert [one.problems for one in asked_for if one.problems] == []


def watched(tab: Any, url: str) -> Opened:
    """A tab that notes complaints, dialogs, and requests for anything but the report."""
    one = Opened(tab=tab, url=url)
    tab.on("console", lambda said: one.problems.append(said.text))
    tab.on("pageerror", lambda error: one.problems.append(str(error)))
    tab.on("dialog", lambda dialog: (one.problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    tab.on(
        "request",
        lambda sent: sent.url.startswith((url, "about:blank")) or one.problems.append(f"request: {sent.url}"),
    )
    return one
