"""What git does with cassettes by the .gitattributes of the guide, which is that of this repository."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_llmtrace.cli import main
from tests.unit.cassette_tree import record

ROOT = Path(__file__).parents[2]
OWN = (ROOT / ".gitattributes").read_text("utf-8")
GUIDE = re.search(r"```gitattributes\n(.*?)```", (ROOT / "docs/how-to/review.md").read_text("utf-8"), re.DOTALL)


def git(*args: str) -> subprocess.CompletedProcess[str]:
    """Run git, as nobody in particular."""
    names = {f"GIT_{who}_{what}": "ann" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-c", "commit.gpgsign=false", *args]
    return subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **names})


@pytest.fixture
def merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A merge of two branches that recorded one test otherwise, each at another place."""
    monkeypatch.chdir(tmp_path)
    assert GUIDE is not None
    (tmp_path / ".gitattributes").write_text(GUIDE.group(1), encoding="utf-8")
    git("init", "-q", "-b", "main")
    for branch, first, last in (("main", "Hello", "No"), ("theirs", "Howdy", "No"), ("ours", "Hello", "Indeed")):
        git("checkout", "-q", "main")
        git("checkout", "-q", "-b", branch)
        record(tmp_path, said=[(first, "Yes"), ("More", "Fine"), ("And?", last)])
        git("add", "-A")
        git("commit", "-qm", branch)
    assert git("merge", "theirs").returncode == 1
    return tmp_path


def test_the_guide_and_this_repository_say_the_same():
    """Comments aside."""
    assert GUIDE is not None
    assert [line for line in OWN.splitlines() if not line.startswith("#")] == GUIDE.group(1).splitlines()


def test_a_cassette_is_never_merged_line_by_line(merged):
    """Both files are in conflict and as one branch has them; taking a side takes both, and they agree."""
    conflicts = git("diff", "--name-only", "--diff-filter=U").stdout.split()
    assert conflicts == ["cassettes/test_a/test_one.tape.json", "cassettes/test_a/test_one.trace.yaml"]
    for side, said in (("--ours", "Hello"), ("--theirs", "Howdy")):
        git("checkout", side, "--", "cassettes")
        assert f"user: {said}\n" in (merged / conflicts[1]).read_text("utf-8")
        done = CliRunner().invoke(main, ["check"])
        assert (done.exit_code, done.output) == (0, "1 cassette checked, no problem\n")


def test_what_was_merged_line_by_line_all_the_same_is_found(merged):
    """Without the attribute git makes a golden trace of both sides: no tape agrees with it."""
    git("merge", "--abort")
    (merged / ".gitattributes").write_text("", encoding="utf-8")
    git("commit", "-qam", "no attributes")
    git("merge", "theirs")
    golden = (merged / "cassettes/test_a/test_one.trace.yaml").read_text("utf-8")
    assert "Howdy" in golden
    assert "Indeed" in golden
    git("checkout", "--theirs", "--", "cassettes/test_a/test_one.tape.json")
    done = CliRunner().invoke(main, ["check"])
    assert done.exit_code == 1
