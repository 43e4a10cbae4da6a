"""Makes the pictures of the HTML report in docs/images: ``make docs-images``.

Nothing in them is made up: a copy of the examples is replayed from its committed recordings with two prompts edited,
and Chromium shows the report that this run wrote.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
EDITS = (
    ("refund_agent/refund_agent/agent.py", "for 30 days after delivery", "for 14 days after delivery"),
    ("research_team/research_team/team.py", "Answer in two sentences", "Answer in three sentences"),
)
TEAM = "test_contract_is_not_extended"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What is shown, and how."""

    name: str
    test: str = ""
    """The end of the name of the test that is open; none: the overview."""
    place: str = ""
    """What is gone to in it: a finding, a turn."""
    at: str = ""
    """The element that stands at the top of the window."""
    window: dict[str, int]
    colours: str = "light"


PICTURES = (
    Picture(name="overview-light", window=DESKTOP),
    Picture(name="overview-dark", window=DESKTOP, colours="dark"),
    Picture(name="costs-light", at=".charts", window=DESKTOP),
    Picture(name="timeline-light", test=TEAM, at=".findings", window=DESKTOP),
    Picture(name="timeline-dark", test=TEAM, at=".findings", window=DESKTOP, colours="dark"),
    Picture(name="transcript-light", test=TEAM, place="t0.1", window=DESKTOP),
    Picture(name="phone-light", window=PHONE),
    Picture(name="phone-dark", test=TEAM, place="f0", window=PHONE, colours="dark"),
)


def main() -> None:
    """Make all pictures again."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- the `browser` extra

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("no Chromium is installed (Debian: apt install chromium)")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="llmtrace-images-") as folder, sync_playwright() as playwright:
        report = replayed(Path(folder))
        browser = playwright.chromium.launch(executable_path=program, args=["--headless", "--no-sandbox"])
        for picture in PICTURES:
            take(browser, report, picture)
        browser.close()


def replayed(folder: Path) -> Path:
    """The report of a replay of the examples with edited prompts."""
    project = folder / "examples"
    shutil.copytree(ROOT / "examples", project, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    for name, old, new in EDITS:
        source = (project / name).read_text("utf-8")
        if old not in source:
            raise SystemExit(f"{name} does not contain {old!r} any more")
        (project / name).write_text(source.replace(old, new), "utf-8")
    report = folder / "llmtrace.html"
    command = (sys.executable, "-m", "pytest", "-q", "--llm-on-miss=nearest", f"--llm-report={report}")
    done = subprocess.run(command, cwd=project, env=dict(quiet()), check=False)
    if done.returncode != 1:
        raise SystemExit(f"the replay ended with {done.returncode}, not with the failures of edited prompts")
    return report


def quiet() -> Iterator[tuple[str, str]]:
    """The environment without what would make the run another one."""
    for name, value in os.environ.items():
        if name not in {"CI", "PYTEST_ADDOPTS", "LLMTRACE_DISABLED"} and not name.startswith(("OPENAI_", "ANTHROPIC_")):
            yield name, value


def take(browser: Any, report: Path, picture: Picture) -> None:
    """One picture."""
    context = browser.new_context(viewport=picture.window, color_scheme=picture.colours)
    tab = context.new_page()
    tab.goto(report.as_uri())
    if picture.test:
        tab.locator(".test-row", has_text=picture.test).click()
        tab.wait_for_selector(".test-title")
    if picture.place:
        tab.goto(f"{tab.url}/{picture.place}")
        tab.wait_for_timeout(2_000)  # until the mark on what was gone to has faded
        tab.evaluate("document.activeElement.blur()")
    if picture.at:
        tab.evaluate("selector => document.querySelector(selector).scrollIntoView()", picture.at)
    tab.mouse.move(0, 0)
    tab.screenshot(path=IMAGES / f"report-{picture.name}.png")
    context.close()


if __name__ == "__main__":
    main()
