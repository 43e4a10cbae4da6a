"""The CI files that the documentation shows: they are YAML, and use options and report names that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pytest_llmtrace._report.files.endings import check_ending

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "how-to" / "ci-reports.md").read_text("utf-8")
EXAMPLE = (ROOT / "examples" / "ci" / "github-actions.yml").read_text("utf-8")
FILES = [*re.findall("```yaml\n(.*?)```", GUIDE, re.DOTALL), EXAMPLE]


@pytest.mark.parametrize("text", FILES, ids=["github", "gitlab", "example"])
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


def test_the_comment_is_the_same_in_the_guide_and_in_the_example():
    """Whoever copies one of them gets what the other does."""
    scripts = [re.search(r"script: \|\n(.*?\n) *else await[^\n]*", text, re.DOTALL) for text in (GUIDE, EXAMPLE)]
    assert scripts[0] is not None
    assert scripts[1] is not None
    assert scripts[0].group() == scripts[1].group()
