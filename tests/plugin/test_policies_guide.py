"""What docs/how-to/policies.md shows holds."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_llmtrace._compare.policies.policy import KINDS, POLICIES, adjusted
from pytest_llmtrace._compare.rules.normalize import ALIASES, RULES
from pytest_llmtrace.cli import main

GUIDE = (Path(__file__).parents[2] / "docs/how-to/policies.md").read_text("utf-8")


def block(language, start=""):
    """The block of the guide in a language that has a text in it."""
    (found,) = [one for one in re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL) if start in one]
    return found


@pytest.fixture
def shop(project):
    """A project with the files of the guide."""
    (project.path / "pyproject.toml").write_text(block("toml"), encoding="utf-8")
    (project.path / "pytest.ini").write_text(block("ini"), encoding="utf-8")
    project.write(block("python", "# judge.py"), "judge.py", prelude=False)
    body = """
    chat({"role": "system", "content": "Be brief."}, "Refund 12 of Ann Smith in eu-west-1", seed=1)
"""
    project.write(block("python", "def test_refund").replace(" ...\n", body), "test_shop.py")
    project.pytester.syspathinsert()
    return project


def test_the_policy_of_the_guide_is_printed_as_it_says(shop, monkeypatch):
    """The output of `llmtrace policy`, line by line."""
    monkeypatch.chdir(shop.path)
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:asyncio -p no:hypothesispytest")
    result = CliRunner().invoke(main, ["policy", "test_shop.py::test_refund"])
    command, output = block("console").split("\n", 1)
    assert command == "$ llmtrace policy test_shop.py::test_refund"
    assert result.output == output


def test_the_files_of_the_guide_do_what_it_says(shop):
    """The judge, the hooks and the ignored path absorb what changed, and the name is in no file.

    A changed prompt only warns, yet replay has no answer to it, and says so.
    """
    shop.write(block("python", "# conftest.py"), "conftest.py", prelude=False)
    shop.record()
    assert [b"Ann Smith" in text for text in shop.cassettes().values()] == [False, False]
    shop.edit("seed=1", "seed=2", "test_shop.py")
    shop.edit("eu-west-1", "REGION", "test_shop.py")
    ran = shop.replay()
    ran.outcomes(passed=1)
    assert ran.findings("test_refund") == []
    shop.edit("Be brief.", "Be kind.", "test_shop.py")
    ran = shop.replay()
    (drift,) = ran.test("test_refund")["findings"]
    assert (drift["kind"], drift["severity"], drift["policy_severity"]) == ("prompt", "fail", "warn")
    assert "the policy says `prompt = warn`, but the tape has no answer to what is sent now" in " ".join(
        ran.text.split()
    )


def test_every_rule_kind_and_setting_is_in_the_guide():
    """What can be written is in its tables, and what is in them can be written."""
    rules = re.search(r"\| rule \| takes out \|\n(.*?)\n\n", GUIDE, re.DOTALL)[1]
    named = set(re.findall(r"`([a-z_]+)`", rules))
    assert named >= {*RULES, *ALIASES, "whitespace", "case"}
    written = [one for one in re.findall(r"`([^`]+)`", rules) if one != "unordered:PATH"]
    assert adjusted(POLICIES["exact"], normalize=written).unordered
    settings = re.search(r"\| setting \| holds \|\n(.*?)\n\n", GUIDE, re.DOTALL)[1]
    assert all(f"`{kind}`" in settings for kind in KINDS)
    assert all(f"| `{name}` |" in GUIDE for name in POLICIES)
