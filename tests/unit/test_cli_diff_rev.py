"""`llmtrace diff --rev`: golden traces of the working tree, and what they were."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytest_llmtrace._run.commands.renames import renamed
from pytest_llmtrace.cli import main
from tests.unit.cassette_tree import record


def run(*args: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["diff", *map(str, args)], env={"COLUMNS": "100"})


def git(*args: object) -> None:
    """Run git, as nobody in particular."""
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *map(str, args)], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, its project in a folder of it, with three committed cassettes."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    project = tmp_path / "some project"
    for name in ("stays", "changes", "moves"):
        record(project, f"test_a.py::test_{name}", [(f"A question about what {name}", f"It {name}"), ("And?", "Yes")])
    git("add", "-A")
    git("commit", "-qm", "one")
    monkeypatch.chdir(project)
    return project


def test_what_changed_since_a_revision_is_shown_as_a_failed_test_shows_it(project):
    """Changed, added, renamed and deleted golden traces; unchanged ones are counted; exit status 1."""
    record(project, "test_a.py::test_changes", [("A question about what changes", "It does not"), ("And?", "Yes")])
    record(project, "test_a.py::test_new", [("New", "Indeed")])
    folder = Path("cassettes/test_a")
    text = (folder / "test_moves.trace.yaml").read_text("utf-8").replace("test_moves", "test_moved")
    (folder / "test_moved.trace.yaml").write_text(text, encoding="utf-8")
    (folder / "test_moves.trace.yaml").unlink()
    done = run("--rev", "HEAD")
    assert done.exit_code == 1
    assert "cassettes/test_a/test_changes.trace.yaml differs\n" in done.output
    assert "answer changed" in done.output
    assert "golden    HEAD:some project/cassettes/test_a/test_changes.trace.yaml\n" in done.output
    assert done.output.endswith(
        "renamed  cassettes/test_a/test_moves.trace.yaml -> cassettes/test_a/test_moved.trace.yaml\n"
        "+ cassettes/test_a/test_new.trace.yaml\n"
        "1 of 3 traces differs and 1 added\n"
    )
    data = json.loads(run("--rev", "HEAD", "--json").output)
    assert [(pair["name"].rpartition("/")[2], pair["equal"]) for pair in data["pairs"]] == [
        ("test_changes.trace.yaml", False), ("test_moved.trace.yaml", True), ("test_stays.trace.yaml", True),
    ]  # fmt: skip


def test_one_file_is_compared_also_when_it_is_gone(project):
    """A deleted file is what git has of it; one that never was is an error."""
    stays, moves = (Path(f"cassettes/test_a/test_{name}.trace.yaml") for name in ("stays", "moves"))
    same = run("--rev", "HEAD", stays)
    assert (same.exit_code, same.output) == (0, "1 trace compared, no difference\n")
    moves.unlink()
    Path("test_a.py").unlink()
    for name in (moves, moves.with_name("test_moves.tape.json"), "test_a.py::test_moves"):
        gone = run("--rev", "HEAD", name)
        assert (gone.exit_code, gone.output.splitlines()[0]) == (1, f"- {moves}")
    never = run("--rev", "HEAD", "cassettes/test_a/test_never.trace.yaml")
    assert never.exit_code == 2
    assert never.output == (
        "Error: cassettes/test_a/test_never.trace.yaml: no golden trace (.trace.yaml) there, neither now nor at HEAD\n"
    )


def test_what_cannot_be_read_does_not_keep_the_rest_from_being_compared(project):
    """A golden trace that was committed in a conflict is an error of its own, and the exit status."""
    broken = Path("cassettes/test_a/test_moves.trace.yaml")
    whole = broken.read_text("utf-8")
    broken.write_text(f"<<<<<<< HEAD\n{whole}", encoding="utf-8")
    git("commit", "-qam", "broken")
    broken.write_text(whole, encoding="utf-8")
    record(project, "test_a.py::test_changes", [("A question about what changes", "It does not"), ("And?", "Yes")])
    done = run("--rev", "HEAD")
    assert done.exit_code == 2
    assert "cassettes/test_a/test_changes.trace.yaml differs\n" in done.stdout
    assert done.stdout.endswith("1 of 2 traces differs and 1 not readable\n")
    assert done.stderr.startswith("Error: HEAD:some project/cassettes/test_a/test_moves.trace.yaml")
    assert "it has unresolved merge conflicts" in done.stderr


def test_a_committed_file_may_have_so_many_bytes(project, monkeypatch):
    """What a revision holds is asked for its size before it is read into the memory."""
    size = Path("cassettes/test_a/test_stays.trace.yaml").stat().st_size
    monkeypatch.setattr("pytest_llmtrace._store.git.LARGEST_YAML", size + 100)
    assert run("--rev", "HEAD").exit_code == 0
    monkeypatch.setattr("pytest_llmtrace._store.git.LARGEST_YAML", size - 100)
    done = run("--rev", "HEAD")
    assert done.exit_code == 2
    assert f"test_changes.trace.yaml has more than {size - 100} bytes, too many for a golden trace" in done.output


def test_a_renaming_is_found_where_most_lines_stayed(project):
    """A test that was renamed and recorded again is compared with what it was; it is no difference by itself."""
    Path("cassettes/test_a/test_moves.trace.yaml").unlink()
    record(project, "test_a.py::test_moved", [("A question about what moves", "It moved"), ("And?", "Yes")])
    done = run("--rev", "HEAD")
    assert "renamed  cassettes/test_a/test_moves.trace.yaml -> cassettes/test_a/test_moved.trace.yaml\n" in done.output
    assert done.output.endswith("1 of 3 traces differs\n")


def test_the_most_alike_belong_together():
    """Equal texts first, then those with most lines in common; each once; what has little in common is new."""
    body = [f"line {number}" for number in range(10)]
    gone = {"same": "\n".join(body), "near": "\n".join([*body[:8], "x", "y"]), "other": "z"}
    new = {"a": "test: renamed\n" + gone["same"], "b": "\n".join([*body[:8], "x", "Y"]), "c": "nothing alike"}
    assert renamed(gone, new) == {"a": "same", "b": "near"}


@pytest.mark.parametrize("rev", ["--output=x", "-h", ""])
def test_an_option_is_no_revision(project, rev):
    """Nothing that begins like an option reaches git, so none of its options can be set."""
    refused = run(f"--rev={rev}")
    assert refused.exit_code == 2
    assert f"{rev!r} is not a revision of git" in refused.output
    assert not Path("x").exists()


def test_what_git_does_not_have_is_said(project, tmp_path, monkeypatch):
    """An unknown revision, a folder without a repository, and a machine without git: what, and the way out."""
    unknown = run("--rev", "v9.9")
    assert unknown.exit_code == 2
    assert "'v9.9' is not a revision of the repository at " in unknown.output
    (tmp_path / ".git").rename(tmp_path / "no_git")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    nowhere = run("--rev", "HEAD")
    assert (nowhere.exit_code, nowhere.output) == (
        2, "Error: . is in no git repository, so there are no earlier revisions of it\n",
    )  # fmt: skip
    monkeypatch.setenv("PATH", str(tmp_path))
    without = run("--rev", "HEAD")
    assert without.exit_code == 2
    assert without.output.startswith("Error: git is not installed, or not on the PATH")


def test_two_sides_are_needed(project):
    """Two paths, or a revision and at most one."""
    for args in ((), ("a",), ("a", "b", "c"), ("--rev", "HEAD", "a", "b")):
        refused = run(*args)
        assert refused.exit_code == 2
        assert "give two files or folders to compare, or --rev REV and at most one" in refused.output
    assert "'a' does not exist" in run("a", "b").output
