"""What GitHub is told of a run: read from the environment, written to its files, kept within its limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.files.github import STEP_SUMMARY
from pytest_llmtrace._run.ci import annotation_lines, places_in_checkout, write_step_summary
from pytest_llmtrace._settings.ci import CI, read_ci
from pytest_llmtrace._settings.values import Settings
from pytest_llmtrace.errors import SettingsError
from tests.unit.report.builders import TEST, chat, payload

DOCUMENT = document([payload(TEST, chat(1))], {}, mode="trace")
GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "/tmp/summary", "GITHUB_WORKSPACE": "/checkout"}


@pytest.mark.parametrize(
    ("ini", "environment", "wanted"),
    [
        ("", {}, CI()),
        ("", GITHUB, CI(annotations=True, step_summary=Path("/tmp/summary"), checkout=Path("/checkout"))),
        ("summary", GITHUB, CI(step_summary=Path("/tmp/summary"), checkout=Path("/checkout"))),
        ("annotations", GITHUB, CI(annotations=True, checkout=Path("/checkout"))),
        ("off", GITHUB, CI(checkout=Path("/checkout"))),
        ("", {"CI_PROJECT_DIR": "/builds/x"}, CI(checkout=Path("/builds/x"))),
        ("", {"GITHUB_ACTIONS": "false"}, CI()),
    ],
)
def test_the_environment_and_the_ini_value_decide(ini, environment, wanted):
    """GitHub hears of the run where it runs it, in whole or in part, as the ini value says."""
    assert read_ci(ini, environment) == wanted


def test_an_unknown_value_lists_the_known_ones():
    """A misspelt switch must not be taken for one of them."""
    with pytest.raises(SettingsError) as raised:
        read_ci("no", GITHUB)
    assert str(raised.value) == "llm_github = 'no': not possible; choose one of on, summary, annotations, off"


def test_the_summary_is_added_to_what_others_wrote(tmp_path):
    """The report follows a blank line after what is there already."""
    summary = tmp_path / "summary.md"
    summary.write_text("# Build\n", encoding="utf-8")

    assert write_step_summary(DOCUMENT, CI(step_summary=summary)) == []

    assert summary.read_text("utf-8").startswith("# Build\n\n## ✅ LLM calls: ok\n\n")


def test_a_run_without_llm_calls_writes_no_summary(tmp_path):
    """There would be nothing to read in it."""
    empty = document([], {}, mode="trace")

    assert write_step_summary(empty, CI(step_summary=tmp_path / "summary.md")) == []
    assert not (tmp_path / "summary.md").exists()


def test_a_summary_stays_within_the_limit(tmp_path):
    """Beyond 1 MiB GitHub shows nothing: the report is cut to what is free, and where nothing is, that is said."""
    drift = Drift(kind="prompt", conversation="a", turn=1, path="p", golden="x" * 300, observed="y" * 300)
    large = document([payload(f"t.py::{number}", chat(1), *[drift] * 20) for number in range(400)], {}, mode="trace")
    summary = tmp_path / "summary.md"

    assert write_step_summary(large, CI(step_summary=summary)) == []
    first = summary.stat().st_size
    assert 400_000 < first < STEP_SUMMARY
    assert "more tests with findings." in summary.read_text("utf-8")

    summary.write_text("x" * (STEP_SUMMARY - 2_000), encoding="utf-8")
    assert write_step_summary(large, CI(step_summary=summary)) == []
    assert STEP_SUMMARY - 2_000 < summary.stat().st_size < STEP_SUMMARY
    assert "left out for want of room" in summary.read_text("utf-8")

    summary.write_text("x" * (STEP_SUMMARY - 10), encoding="utf-8")
    assert write_step_summary(large, CI(step_summary=summary)) == [
        f"GITHUB_STEP_SUMMARY: {summary} is full, so the report is not in it"
    ]
    assert summary.stat().st_size == STEP_SUMMARY - 10


def test_a_summary_that_cannot_be_written_says_what_to_do(tmp_path):
    """In a container the variable is often set and the file is not there."""
    summary = tmp_path / "gone" / "summary.md"

    (problem,) = write_step_summary(DOCUMENT, CI(step_summary=summary))

    assert problem == (
        f"GITHUB_STEP_SUMMARY: cannot write {summary}, No such file or directory; in a container, mount the file, or "
        "set llm_github = annotations"
    )


def test_files_are_named_as_the_checkout_names_them(tmp_path):
    """The root directory may be a folder of the repository; what lies outside of it has no place."""
    settings = Settings(root=tmp_path / "packages" / "one", ci=CI(checkout=tmp_path))

    found = places_in_checkout({"a": ("tests/test_a.py", 3), "b": ("../../../out.py", 1)}, settings)

    assert found == {"a": ("packages/one/tests/test_a.py", 3)}
    assert places_in_checkout({"a": ("tests/test_a.py", 3)}, Settings(root=tmp_path)) == {"a": ("tests/test_a.py", 3)}


def test_only_github_reads_workflow_commands():
    """Elsewhere the output has no line that begins with colons."""
    failed = document([payload(TEST, [], Drift(kind="model", conversation="a", turn=1, path=""))], {}, mode="trace")

    assert annotation_lines(failed, CI(), []) == []
    assert len(annotation_lines(failed, CI(annotations=True), ["x"])) == 2
