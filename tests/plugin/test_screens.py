"""The whole screen of a failed test, for everything that can go wrong, from real runs: kept as files to be read."""

from __future__ import annotations

import difflib
import os
import re
import textwrap
from pathlib import Path

import pytest

from tests.plugin.conftest import Project, Ran
from tests.provider import Provider

SCREENS = Path(__file__).parent / "screens"
REWRITES = os.environ.get("LLMTRACE_REWRITE_SCREENS") == "1"
"""Whether the files are written anew, to be read in the diff, instead of compared."""
SCRIPT = [
    {"path": "/search", "text": {"found": "lamp"}},
    {"user": "Refund order", "tool_results": 0, "tool_calls": [{"look_up": {"order": "7"}}]},
    {"user": "Refund order", "tool_results": 1, "tool_calls": [{"refund": {"order": "7", "amount": 40}}]},
    {"user": "Refund order", "text": "Your refund is on its way."},
    {"user": "colour", "system": "Pick one", "text": "Blue it is."},
    {"user": "colour", "model": "gpt-4o-mini", "text": "Blue as the sky."},
    {"user": "colour", "model": "gpt-4o", "text": "Green as the grass."},
    {"user": "colour", "model": "gpt-4.1", "text": "Red as a rose."},
    {"user": "Describe order", "text": {"order": "7", "status": "delivered", "items": ["lamp", "desk"]}},
    {"user": "Write to", "text": "We are sorry that your parcel came late, and will refund the order today."},
]
ANSWERS_NOW = [
    {"user": "Refund order 7 at once", "tool_results": 0, "text": "Which one do you mean?"},
    {"user": "Refund order", "tool_results": 0, "tool_calls": [{"look_up": {"order": "7"}}]},
    {"user": "Refund order", "tool_results": 1, "tool_calls": [{"refund": {"order": "7", "amount": 35}}]},
    {"user": "Refund order", "text": "Your refund is on its way."},
    {"user": "Describe order", "text": {"order": "7", "status": "lost", "items": ["lamp"]}},
    {"user": "Write to", "text": "We are sorry that your parcel came late, and will send a voucher today."},
    {"user": "Say hello", "status": 400, "text": "The model is retired."},
]
"""What another version of the model answers."""


def test_of_a_changed_application(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the code does otherwise than when it was recorded: every screen reads as the file that is kept of it."""
    with Provider(SCRIPT, random_ids=True) as provider:
        recorded(project, provider, monkeypatch)
        provider.stop()
        monkeypatch.setenv("SHOP_CHANGED", "1")
        compare_screens(project.replay(), "replay", project)
        on = "-k=three_agents or two_causes or two_agents or context or summary or swapped or in_between or fan_out"
        compare_screens(project.replay("--llm-on-miss=nearest", on), "nearest", project)


def test_of_a_changed_model(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the model does otherwise than when it was recorded, as a live run shows it."""
    live = "-k=live"
    with Provider(SCRIPT, random_ids=True) as provider:
        recorded(project, provider, monkeypatch, live)
    with Provider(ANSWERS_NOW, random_ids=True) as provider:
        monkeypatch.setenv("SHOP_PROVIDER", provider.openai_url)
        compare_screens(project.run("--llm-live", live), "live", project)


def test_of_private_traces(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where golden traces hold digests in place of texts, screens say which text differs, and how long it is."""
    private = "-k=user_message or tool_result_field or max_tokens"
    project.pytester.makeini("[pytest]\nllm_privacy = hash\nllm_tapes = encrypted\n")
    monkeypatch.setenv("LLMTRACE_KEY", "correct horse battery staple")
    with Provider(SCRIPT, random_ids=True) as provider:
        recorded(project, provider, monkeypatch, private)
        provider.stop()
        monkeypatch.setenv("SHOP_CHANGED", "1")
        compare_screens(project.replay(private), "private", project)


BUDGETS = """
    pytestmark = pytest.mark.llm_budget(tokens=40)

    def test_tokens_of_module():
        chat("Refund order 7")
        chat("Refund order 7 at once, and say when the money will be there, in one sentence of ten words or less")

    @pytest.mark.llm_trace(policy="outline")
    def test_grown():
        chat("Say hello" + " again" * MORE)

    @pytest.mark.llm_budget(calls=1)
    def test_calls():
        chat("Say hello")
        chat("Say it again")

    @pytest.mark.llm_budget(usd=1)
    def test_unpriced():
        chat("Say hello", model="acme-9000")

    def test_stopped():
        chat("Say goodbye")
"""


def test_of_budgets(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that is over its budget, cannot be checked, grew, or was stopped; and what the run says."""
    monkeypatch.setenv("COLUMNS", "80")
    project.write(f"MORE = 0\n{textwrap.dedent(BUDGETS)}")
    project.edit("calls=1", "calls=2")
    project.edit("tokens=40", "tokens=999")
    project.edit("usd=1", "usd=None")
    project.run("--llm-record").outcomes(passed=5)
    project.edit("calls=2", "calls=1")
    project.edit("tokens=999", "tokens=40")
    project.edit("usd=None", "usd=1")
    project.edit("MORE = 0", "MORE = 20")
    ran = project.run("--llm-live", "--llm-budget-calls=5", "--llm-max-growth=10%")
    compare_screens(ran, "budgets", project, summary=True)


def recorded(project: Project, provider: Provider, monkeypatch: pytest.MonkeyPatch, *args: str) -> None:
    """Record the tests of `screens/shop.py` with that provider."""
    project.provider = provider
    (project.path / "test_shop.py").write_text((SCREENS / "shop.py").read_text("utf-8"), encoding="utf-8")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("SHOP_PROVIDER", provider.openai_url)
    monkeypatch.delenv("SHOP_CHANGED", raising=False)
    project.record(*args)


def compare_screens(ran: Ran, folder: str, project: Project, *, summary: bool = False) -> None:
    """Compare each failed test's text, and what the run says of budgets, with the files kept; no file is left over."""
    shown = {f"{name}.txt": screen for name, screen in screens(ran.text, project.path)}
    if folder in ("replay", "live"):
        shown["the_whole_run.txt"] = whole_run(ran.text)
    if summary:
        section = re.split(r"^=+ llmtrace =+$", ran.text, flags=re.MULTILINE)[-1]
        blocks = re.split(r"^=+ .* =+$", section, flags=re.MULTILINE)[0].strip("\n").split("\n\n")
        shown["summary.txt"] = "\n\n".join(block for block in blocks if "\nbudget" in f"\n{block}") + "\n"
    place = SCREENS / folder
    if REWRITES:
        for name, screen in shown.items():
            (place / name).write_text(screen, encoding="utf-8")
    kept = {path.name: path.read_text("utf-8") for path in sorted(place.iterdir())}
    assert sorted(kept) == sorted(shown), ran.text
    differing = [
        line
        for name in kept
        for line in difflib.unified_diff(kept[name].splitlines(), shown[name].splitlines(), name, name, lineterm="")
    ]
    assert "\n".join(differing) == ""


def whole_run(text: str) -> str:
    """The section at the end of a run; seconds, and what they decide, are left out."""
    section = re.split(r"^=+ llmtrace =+$", text, flags=re.MULTILINE)[-1]
    section = re.split(r"^=+ .* =+$", section, flags=re.MULTILINE)[0].strip("\n")
    section = re.sub(r" +\d+\.\d\d$", "  SECS", section, flags=re.MULTILINE)
    blocks = [block for block in section.split("\n\n") if not block.startswith("slowest tests")]
    return "\n\n".join(blocks) + "\n"


def screens(text: str, root: Path) -> list[tuple[str, str]]:
    """Name and text of each failure in a run's output; ports, and where Python is, are left out."""
    failures = re.split(r"^=+ (?:short test summary info|\d+ .*) =+$", text, flags=re.MULTILINE)[0]
    parts = re.split(r"^_+ (?:ERROR at setup of )?test_(\w+) _+$", failures, flags=re.MULTILINE)
    found = []
    for name, screen in zip(parts[1::2], parts[2::2], strict=True):
        kept = re.split(r"^(?:=+ (?:FAILURES|llmtrace) =+|llmtrace: .*)$", screen, flags=re.MULTILINE)[0].strip("\n")
        kept = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", kept)
        kept = re.sub(r"^( +)\S*?(\w+\.py):\d+ in ", r"\1\2:LINE in ", kept, flags=re.MULTILINE)
        found.append((name, f"{kept.replace(str(root), '.')}\n"))
    return found
