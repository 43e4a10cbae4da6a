"""The workflows and templates of GitHub: they parse, run what there is, may do no more than they must."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.package.__main__ import parser
from tests.package.environments import LARGEST, SMALLEST

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
MAY = {("release", "publish"): {"attestations", "id-token"}, ("release", "release"): {"contents"}}
"""What a job may write, by workflow and job."""


def read(path: Path) -> dict[str, Any]:
    """A workflow; YAML reads its `on` as true."""
    made: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return made


def steps(path: Path) -> Iterator[dict[str, Any]]:
    """All steps of all jobs."""
    for job in read(path)["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_they_run_is_there(path: Path) -> None:
    """Targets of make, scripts of the repository, and commands of `tests.package` with their options."""
    commands = [line for step in steps(path) for line in str(step.get("run", "")).splitlines()]
    for line in commands:
        assert set(re.findall(r"\bmake ([\w-]+)", line)) <= TARGETS, line
        assert all((ROOT / script).exists() for script in re.findall(r"(?:^|\s)(\.ci/\S+|\./\S+)", line)), line
        for arguments in re.findall(r"python -m tests\.package ([^>|]+)", line):
            words = [word.strip('"') for word in arguments.replace('"$DEPENDENCIES"', "newest").split()]
            assert parser().parse_args(words), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_they_may_do_no_more_than_they_must(path: Path) -> None:
    """Each reads the repository; only the jobs that publish write, and only that. What others wrote has a version."""
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        writes = {right for right, level in job.get("permissions", {}).items() if level == "write"}
        assert writes == MAY.get((path.stem, name), set())
        assert 0 < job["timeout-minutes"] <= 30
    assert [step["uses"] for step in steps(path) if not re.search(r"@v\d", step.get("uses", "@v1"))] == []
    # What somebody may name, a branch or a tag, reaches a shell as a variable alone.
    assert [step["run"] for step in steps(path) if "${{" in str(step.get("run", ""))] == []


@pytest.mark.parametrize("name", ["ci", "release"])
def test_the_wheel_is_tested_on_every_python(name: str) -> None:
    """With newest and with lowest dependencies, and nothing is published before."""
    jobs = read(ROOT / ".github" / "workflows" / f"{name}.yml")["jobs"]
    assert jobs["wheel"]["strategy"]["matrix"] == {
        "python": [f"3.{minor}" for minor in range(SMALLEST, LARGEST + 1)],
        "dependencies": ["newest", "lowest"],
    }
    if name == "release":
        needs = {job: found.get("needs") for job, found in jobs.items()}
        assert needs == {"build": None, "wheel": "build", "publish": "wheel", "release": "publish"}


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml")), ids=lambda path: path.stem
)
def test_templates_of_issues_can_be_filled_in(path: Path) -> None:
    """Each has a name, a description and fields with unique ids and labels."""
    template = yaml.safe_load(path.read_text("utf-8"))
    assert template["name"]
    assert template["description"]
    fields = [field for field in template["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields) >= 1
    assert all(field["attributes"]["label"] for field in fields)


def test_a_bug_comes_with_its_versions() -> None:
    """What is asked for can be typed as it stands there."""
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text("utf-8")
    assert "llmtrace --version" in text


def test_updates_are_asked_for() -> None:
    """Actions are pinned, so somebody must look whether there are newer ones."""
    (updates,) = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text("utf-8"))["updates"]
    assert updates["package-ecosystem"] == "github-actions"
