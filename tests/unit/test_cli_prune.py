"""`llmtrace prune`: what it takes for unused, what it leaves alone, and what it deletes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pytest_llmtrace._run.commands.pruning import folder_of_tests
from pytest_llmtrace._store.paths import fixture_cassette
from pytest_llmtrace.cli import main
from tests.unit.cassette_tree import record


def run(*args: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["prune", *map(str, args)], env={"COLUMNS": "100"})


def found(*args: object) -> dict[str, str]:
    """What seems unused: owner and reason."""
    return {one["owner"]: one["reason"] for one in _data(*args)["unused"]}


def _data(*args: object) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(run("--json", *args).output)
    return data


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the cassettes of tests that are there, renamed, gone with their file, and not made here."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_llmtrace.plugin")
    root = pytester.path
    for test in (
        "test_a.py::test_here", "test_a.py::test_renamed", "test_a.py::test_each[a]", "test_a.py::test_each[win]",
        "test_a.py::test_elsewhere", "sub/test_gone.py::test_x",
    ):  # fmt: skip
        record(root, test)
    (root / "test_a.py").write_text(
        "import sys\nimport pytest\nraise_when_run = True\n\n\ndef test_here():\n    assert not raise_when_run\n\n\n"
        "@pytest.mark.parametrize('x', ['a'])\ndef test_each(x):\n    assert not raise_when_run\n\n\n"
        "if sys.platform == 'nowhere':\n    def test_elsewhere():\n        pass\n",
        encoding="utf-8",
    )
    (root / "sub" / "test_gone.py").unlink()
    return root


SURE = {"test_a.py::test_renamed": "test_gone", "sub/test_gone.py::test_x": "source_gone"}
DOUBTFUL = {"test_a.py::test_each[win]": "parameter", "test_a.py::test_elsewhere": "not_collected"}


def test_a_dry_run_lists_and_deletes_nothing(project):
    """What is gone is told from what was only not collected, and the next step is named."""
    before = sorted(project.rglob("*"))
    assert found() == {**SURE, **DOUBTFUL}
    done = run()
    assert done.exit_code == 0
    head, unused, perhaps, tail = done.output.split("\n\n")
    assert head == "6 cassettes; 2 tests collected"
    assert unused.split("\n")[:3] == [
        "unused",
        "  test_a.py::test_renamed: its test is gone",
        "    cassettes/test_a/test_renamed.trace.yaml  (not in git)",
    ]
    assert "\n  sub/test_gone.py::test_x: the file of its test is gone\n" in unused
    assert perhaps.startswith("perhaps unused\n")
    assert tail == (
        "4 files of 2 cassettes would be deleted by --yes; 4 of them not in git, so nothing could bring them\nback\n"
        "What is perhaps unused stays, unless you add --uncollected\n"
    )
    assert [path for path in before if not path.exists()] == []


def test_yes_deletes_what_is_gone_and_no_more(project):
    """Golden trace, variants, tape and journal go, with folders that are empty then; a second run finds the rest."""
    folder = project / "cassettes" / "test_a"
    (folder / "test_renamed.journal.jsonl").write_text("{}\n", encoding="utf-8")
    variant = folder / "test_renamed.variant-1.trace.yaml"
    variant.write_bytes((folder / "test_renamed.trace.yaml").read_bytes())
    done = run("--yes")
    assert done.exit_code == 0
    assert "6 files deleted\n" in done.output
    assert list(folder.glob("test_renamed*")) == []
    assert not (project / "sub" / "cassettes").exists()
    assert (project / "sub").exists()
    assert found() == DOUBTFUL
    assert run("--yes", "--uncollected").exit_code == 0
    assert {path.name for path in folder.iterdir()} == {
        f"{stem}{ending}" for stem in _stems(folder) for ending in (".trace.yaml", ".tape.json")
    }
    assert len(_stems(folder)) == 2
    assert run().output == "2 cassettes; 2 tests collected\n\nnothing is unused\n"


def _stems(folder: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in folder.iterdir()}


def test_deselected_tests_are_in_use(project):
    """Options of the project that leave tests out cost no recording."""
    (project / "pytest.ini").write_text("[pytest]\naddopts = -k nothing_of_that_name\n", encoding="utf-8")
    assert found() == {**SURE, **DOUBTFUL}


def test_collecting_leaves_reports_alone(project):
    """Options of the project that write reports would replace that of the last run by one of nothing."""
    (project / "pytest.ini").write_text("[pytest]\naddopts = --llm-trace --llm-report=r.json\n", encoding="utf-8")
    (project / "r.json").write_text("that of the last run", encoding="utf-8")
    assert found() == {**SURE, **DOUBTFUL}
    assert (project / "r.json").read_text("utf-8") == "that of the last run"


def test_nothing_is_deleted_where_a_file_cannot_be_collected(project):
    """The refusal names the file and what pytest said; --static goes by the sources alone."""
    (project / "test_broken.py").write_text("import a_package_that_is_not_there\n", encoding="utf-8")
    refused = run("--yes")
    assert refused.exit_code == 2
    assert "so nobody knows which cassettes they use:\n  test_broken.py\n" in refused.output
    assert "a_package_that_is_not_there" in refused.output
    assert found("--static") == SURE


def test_a_folder_of_cassettes_is_judged_by_the_tests_above_it(project):
    """Naming `cassettes` itself, or a part of it, does not make its tests disappear."""
    assert found("cassettes/test_a") == {
        owner: reason for owner, reason in {**SURE, **DOUBTFUL}.items() if owner.startswith("test_a")
    }


def test_a_project_in_a_folder_of_that_name_is_judged_by_its_own_tests(tmp_path):
    """Only the last two levels above a folder of cassettes are looked at for its tests."""
    project = tmp_path / "cassettes" / "some" / "where" / "project"
    folder = project / "tests" / "cassettes" / "test_a" / "_fixtures"
    folder.mkdir(parents=True)
    assert folder_of_tests(project) == project
    for one in (folder, folder.parent, folder.parent.parent):
        assert folder_of_tests(one) == project / "tests"


def test_a_report_of_a_whole_run_stands_in_for_collecting(project):
    """Only what it calls unused is considered, and what was recorded after it is left alone."""
    unused = ["test_renamed", "test_here"]
    named = [f"cassettes/test_a/{name}.trace.yaml" for name in unused]
    report = project / "llmtrace.json"
    report.write_text(json.dumps({"llmtrace": 1, "mode": "trace", "unused": named}), encoding="utf-8")
    assert found("--report", report) == {
        "test_a.py::test_renamed": "test_gone",
        "test_a.py::test_here": "not_collected",
    }
    os.utime(report, (1, 1))
    assert set(found("--report", report).values()) == {"recorded_since"}
    assert "left alone\n" in run("--report", report, "--yes").output
    assert (project / named[0]).exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read as a report"),
        ("[]", "is no report of"),
        ('{"llmtrace": 1, "mode": "live", "unused": []}', "mode 'live', which says nothing of unused cassettes"),
        ('{"llmtrace": 1, "mode": "trace", "unused": ["x.trace.yaml"]}', "run this in the root directory"),
    ],
)
def test_a_report_that_says_nothing_is_refused(project, content, said):
    """A file that is none, one of another mode, one of another place."""
    report = project / "r.json"
    report.write_text(content, encoding="utf-8")
    refused = run("--report", report)
    assert refused.exit_code == 2
    assert said in refused.output


def test_cassettes_that_do_not_say_whose_they_are_stay(project):
    """A damaged golden trace, and a journal alone, are named and never deleted; an imported tape waits for its test."""
    folder = project / "cassettes" / "test_a"
    (folder / "test_damaged.trace.yaml").write_text("llmtrace: 1\nturns: [", encoding="utf-8")
    (folder / "test_new.journal.jsonl").write_text("{}\n", encoding="utf-8")
    tape = (folder / "test_here.tape.json").read_text("utf-8").replace('"test":', '"imported": "x.yaml", "test":')
    (folder / "test_imported.tape.json").write_text(tape, encoding="utf-8")
    reasons = [one["reason"] for one in _data()["unused"] if one["owner"] is None]
    assert reasons == ["unread", "no_owner"]
    assert run("--yes", "--uncollected").exit_code == 0
    assert (folder / "test_damaged.trace.yaml").exists()
    assert (folder / "test_new.journal.jsonl").exists()
    assert (folder / "test_imported.tape.json").exists()


def test_a_cassette_of_a_fixture_is_doubted_when_no_source_names_it(project):
    """Fixtures are not collected; a plugin may still have it."""
    (project / "conftest.py").write_text("def known(): ...\n", encoding="utf-8")
    for name in ("known", "forgotten"):
        made = record(project, f"test_f.py::test_{name}")
        moved = fixture_cassette(project, "session", name)
        moved.golden.parent.mkdir(parents=True, exist_ok=True)
        text = made.golden.read_text("utf-8").replace(f"test_f.py::test_{name}", f"fixture session {name}")
        moved.golden.write_text(text, encoding="utf-8")
        made.golden.unlink()
        made.tape.unlink()
    (project / "test_f.py").unlink()
    assert {k: v for k, v in found().items() if k.startswith("fixture")} == {"fixture session forgotten": "fixture"}


def test_what_git_has_is_not_called_lost(project):
    """Files that git knows can be brought back."""
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "add", "-A"], check=True)
    assert all(one["untracked"] == [] for one in _data()["unused"])
    assert "not in git" not in run().output
