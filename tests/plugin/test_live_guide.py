"""Each command of docs/how-to/live.md does what the guide says, one after the other."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_llmtrace.cli import main
from tests.plugin.conftest import Project
from tests.provider import Provider

GOLDEN = "tests/cassettes/test_a/test_x.trace.yaml"
GUIDE = (Path(__file__).parents[2] / "docs/how-to/live.md").read_text("utf-8")
SOURCE = """
    TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
             for name in ("refund", "lookup")]

    def test_x():
        chat("order 123", model="gpt-4o", tools=TOOLS)
"""

EXITS = [
    ("pytest --llm-live", 1),
    ("pytest --llm-live --llm-live-runs=5", 1),
    ("pytest --llm-live --llm-live-runs=5 --llm-live-threshold=20%", 1),
    ("pytest --llm-live --llm-save=observed", 1),
    (f"llmtrace accept {GOLDEN} --variant observed/{GOLDEN}", 0),
    (f"llmtrace accept {GOLDEN} --list", 0),
    ("pytest --llm-live --llm-live-runs=5 --llm-model gpt-4o=gpt-5-mini --llm-report=migration.md", 0),
    ("pytest --llm-live --llm-live-runs=3 --llm-budget=2.00 --llm-save=observed --llm-report=live.md", 0),
    ("pytest --llm-live --llm-save=observed", 0),
    ("llmtrace diff . observed", 1),
    ("llmtrace diff monday tuesday --policy tools", 0),
]
"""The commands, and how each ends where the model calls another tool than it did when it was recorded."""


def commands():
    """What the guide has people run, in its order: blocks of bash, and the steps of the nightly job."""
    blocks = re.findall(r"```(?:bash|yaml)\n(.*?)```", GUIDE, re.DOTALL)
    lines = [line.removeprefix("- run: ").partition("  #")[0] for block in blocks for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith(("pytest ", "llmtrace "))]


@pytest.fixture
def nightly(pytester, monkeypatch):
    """A recorded project whose model calls another tool since then; another model calls the old one."""
    rules = [
        {"model": "gpt-4o", "tool_calls": [{"refund": {}}], "times": 1},
        {"model": "gpt-4o", "tool_calls": [{"lookup": {}}]},
        {"model": "gpt-5-mini", "tool_calls": [{"refund": {}}]},
    ]
    with Provider(rules) as provider:
        made = Project(pytester, provider)
        made.write(SOURCE, "tests/test_a.py")
        made.record()
        monkeypatch.chdir(made.path)
        yield made


def test_the_commands_of_the_guide(nightly):
    """A changed model fails until what it does is accepted; then live runs pass, and replay goes on as before."""
    done = []
    for program, *arguments in commands():
        if program == "pytest":
            ended = nightly.run(*arguments).exit
        else:
            for name in {"monday", "tuesday"} & set(arguments):
                shutil.copytree("observed", name)
            ended = CliRunner().invoke(main, arguments).exit_code
        done.append((shlex.join([program, *arguments]), ended))
    assert done == EXITS
    assert nightly.replay().exit == 0
    assert "| `tests/test_a.py::test_x` | none |" in Path("migration.md").read_text("utf-8")
