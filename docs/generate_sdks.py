"""Draws docs/reference/sdks.md from what the end-to-end projects say they show: ``python docs/generate_sdks.py``.

A project says it with ``@pytest.mark.sdk("NAME", WAY, ...)`` on a test, or on a class that has a test for each way; the
end-to-end tests check that each of those ran and passed. NAME is the name on PyPI, and a word more for an API of it.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECTS = ROOT / "tests" / "e2e" / "projects"
PAGE = ROOT / "docs" / "reference" / "sdks.md"

WAYS = ("sync", "async", "streamed", "async streamed", "threads", "gather", "tools", "errors")
GROUPS = {
    "SDKs": (
        "openai",
        "anthropic",
        "google-genai",
        "boto3",
        "cohere",
        "mistralai",
        "ollama",
        "huggingface-hub",
    ),
    "Routers and frameworks": (
        "litellm",
        "langchain-openai",
        "langchain-anthropic",
        "langchain",
        "langgraph",
        "openai-agents",
        "pydantic-ai",
        "dspy",
    ),
    "HTTP by hand": ("requests", "urllib3", "httpx", "httpx2", "aiohttp", "stdlib"),
}
DISTRIBUTIONS = {"pydantic-ai": "pydantic-ai-slim"}
"""Where the requirement has another name than the mark."""

PAST_THE_TAPE = {
    'raw sockets, asyncio streams (DSPy\'s own engine; `engine="litellm"` is seen)': ("raw", "streams"),
    "`HTTPConnection` imported by name before the run": ("bound_before",),
    "websockets (Realtime APIs)": ("websocket",),
}
"""What no HTTP stub sees, and the functions of tests/plugin/test_bypass.py that do it."""

INTRODUCTION = """# SDKs and frameworks

Each cell that is filled is a test: recorded from a real HTTP server, replayed with that server stopped, recorded again
without a change in any file; and the replay has every call that the recording had, with the same provider, model,
answer, tool calls, finish reason, usage and price. The versions are those that the tests run with; `openai` is tested
in both of its major versions.

This page is generated: `make docs-tables`.
"""
OUTRO = """
## What cannot be intercepted

A client that speaks past Python's HTTP libraries cannot be recorded. It is never a silent live call: the test
**bypassed the tape**, which fails it. Trace such code by hand (`llmtrace.call`, `llmtrace.tool`).

| what | while recording, and live | in replay |
|---|---|---|
"""
BYPASS = "the call is made, the test fails, nothing is written | the connection is stopped, the finding names the line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a test or class of a project says it shows."""

    owner: str
    """The name of the test or class."""
    is_class: bool
    sdk: str
    ways: tuple[str, ...]

    def tests(self) -> Iterator[str]:
        """The ends of the node ids of the tests that show it."""
        if not self.is_class:
            yield self.owner
            return
        for way in self.ways:
            yield f"{self.owner}::test_{way.replace(' ', '_')}"


def claims(project: Path) -> list[Claim]:
    """The claims of a project, in the order of its source.

    Raises:
        ValueError: a claim names no SDK or a way that is none.
    """
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.parse(project.read_text("utf-8"))
    found = []
    for node in (node for node in ast.walk(tree) if isinstance(node, kinds)):
        for mark in node.decorator_list:
            if not isinstance(mark, ast.Call) or ast.unparse(mark.func) != "pytest.mark.sdk":
                continue
            sdk, *ways = (ast.literal_eval(argument) for argument in mark.args)
            if unknown := sorted({*ways} - {*WAYS}):
                raise ValueError(f"{project.name}, line {mark.lineno}: {unknown[0]!r} is none of {', '.join(WAYS)}")
            is_class = isinstance(node, ast.ClassDef)
            found.append(Claim(owner=node.name, is_class=is_class, sdk=sdk, ways=tuple(ways)))
    return found


def page() -> str:
    """The whole page.

    Raises:
        ValueError: a claim is of an SDK that is in no group, or a way past the tape is no longer tested.
    """
    shown: dict[str, set[str]] = {}
    for project in sorted(PROJECTS.glob("*.py")):
        for claim in claims(project):
            shown.setdefault(claim.sdk, set()).update(claim.ways)
    ungrouped = {sdk.partition(" ")[0] for sdk in shown} - {name for names in GROUPS.values() for name in names}
    if ungrouped:
        raise ValueError(f"docs/generate_sdks.py: {min(ungrouped)!r} is in no group")
    versions = _versions()
    lines = [INTRODUCTION.rstrip("\n")]
    for title, names in GROUPS.items():
        rows = [sdk for name in names for sdk in sorted(shown) if sdk.partition(" ")[0] == name]
        lines += ["", f"## {title}", "", f"| | versions | {' | '.join(WAYS)} |", f"|---|---|{':-:|' * len(WAYS)}"]
        lines += [_row(sdk, shown[sdk], versions) for sdk in rows]
    lines.append(OUTRO.rstrip("\n"))
    lines += [f"| {what} | {BYPASS} |" for what in _past_the_tape()]
    return "\n".join(lines) + "\n"


def _row(sdk: str, ways: set[str], versions: dict[str, str]) -> str:
    name, _, api = sdk.partition(" ")
    label = "`http.client`, `urllib`" if name == "stdlib" else f"`{name}` {api}".rstrip()
    cells = ["✓" if way in ways else "" for way in WAYS]
    return f"| {label} | {versions[DISTRIBUTIONS.get(name, name)]} | {' | '.join(cells)} |"


def _versions() -> dict[str, str]:
    """The bounds that pyproject.toml gives to what the tests install; the standard library has Python's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    found = {"stdlib": f"Python {project['requires-python']}"}
    for requirement in (*project["dependencies"], *extras["test"], *extras["sdks"]):
        name, bounds = re.fullmatch(r"([\w.-]+)(?:\[[^\]]*\])?(.*)", requirement).groups()
        found[name] = bounds.replace(",", ", ")
    return found


def _past_the_tape() -> Iterator[str]:
    source = (ROOT / "tests" / "plugin" / "test_bypass.py").read_text("utf-8")
    for what, functions in PAST_THE_TAPE.items():
        if missing := [name for name in functions if f"def {name}(" not in source]:
            raise ValueError(f"docs/generate_sdks.py: tests/plugin/test_bypass.py has no {missing[0]!r} any more")
        yield what


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
