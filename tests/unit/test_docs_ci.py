"""The CI files that the documentation shows: they are YAML, and use options and report names that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.files.endings import check_ending
from pytest_llmtrace.cli import main

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "how-to" / "ci-reports.md").read_text("utf-8")
EXAMPLE = (ROOT / "examples" / "ci" / "github-actions.yml").read_text("utf-8")
GATE = (ROOT / "docs" / "how-to" / "ci-gate.md").read_text("utf-8")
SNIPPETS = [*re.findall("```yaml\n(.*?)```", GUIDE, re.DOTALL), *re.findall("```yaml\n(.*?)```", GATE, re.DOTALL)]
FILES = [*SNIPPETS, EXAMPLE]
GATES = ("gate-github", "gate-gitlab", "shards-github", "shards-gitlab")


@pytest.mark.parametrize("text", FILES, ids=["github", "gitlab", *GATES, "example"])
def test_ci_files_can_be_used(text, pytester):
    """Each parses, each option of it is known to pytest, and each report in it has an ending that is known."""
    assert isinstance(yaml.safe_load(text), dict)
    options = set(re.findall(r"(--llm-[\w-]+)", text))
    assert options
    config = pytester.parseconfig()
    known = {name for group in config._parser._groups for option in group.options for name in option.names()}
    assert options - known == set()
    for name in re.findall(r"--llm-report=(\S+)", text):
        assert check_ending(Path(name))


@pytest.mark.parametrize("line", re.findall("llmtrace merge .*", GATE))
def test_commands_that_add_up_shards_can_be_used(line, tmp_path, monkeypatch):
    """Every option of theirs is known, and every report that they write."""
    monkeypatch.chdir(tmp_path)
    Path("shard-1.json").write_text(json.dumps(document([], {}, mode="trace")), encoding="utf-8")
    args = line.replace("shard-*.json", "shard-1.json").replace("--shards 4", "--shards 1").split()[1:]
    assert CliRunner().invoke(main, args).exit_code == 0


def test_the_comment_is_the_same_in_the_guide_and_in_the_example():
    """Whoever copies one of them gets what the other does."""
    scripts = [re.search(r"script: \|\n(.*?\n) *else await[^\n]*", text, re.DOTALL) for text in (GUIDE, EXAMPLE)]
    assert scripts[0] is not None
    assert scripts[1] is not None
    assert scripts[0].group() == scripts[1].group()
