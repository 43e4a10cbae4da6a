from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.files.endings import (
    check_ending,
    known_endings,
    needs_entries,
    needs_spans,
    write_json,
    write_report,
)
from pytest_llmtrace.errors import SettingsError, StorageError
from tests.unit.report.builders import TEST, chat, payload

PAYLOADS = [payload(TEST, chat(2), with_entries=True)]
DOCUMENT = document(PAYLOADS, {TEST: "passed"}, mode="trace")


def test_known_endings():
    """Two of the known forms need full entries; of two endings that a name has, the longer one counts."""
    assert known_endings() == (".html", ".json", ".jsonl", ".md", "codequality.json", "metrics.txt", "otlp.jsonl")
    assert [ending for ending in known_endings() if needs_entries(Path(f"a{ending}"))] == [".html", ".jsonl"]
    assert [ending for ending in known_endings() if needs_spans(Path(f"a.{ending}"))] == ["otlp.jsonl"]
    assert check_ending(Path("OUT.JSON")) == ".json"
    assert check_ending(Path("gl-codequality.json")) == "codequality.json"
    assert check_ending(Path("metrics.txt")) == "metrics.txt"


def test_unknown_ending():
    """An unknown ending, or none, is an error that lists the known ones."""
    with pytest.raises(SettingsError) as found:
        check_ending(Path("out.txt"))

    assert str(found.value) == (
        "`--llm-report=out.txt`: cannot tell what to write from the ending '.txt'; known endings are `.html`, "
        "`.json`, `.jsonl`, `.md`, `codequality.json`, `metrics.txt`, `otlp.jsonl`"
    )
    with pytest.raises(SettingsError, match="from the ending ''"):
        check_ending(Path("out"))


def test_junit_is_pytest_s_own():
    """For `.xml` the error points to pytest's own option."""
    with pytest.raises(SettingsError) as found:
        check_ending(Path("out.xml"))

    assert str(found.value) == (
        "`--llm-report=out.xml`: `.xml` is pytest's own JUnit report; use `--junitxml=out.xml`, and the tests in it "
        "get llmtrace properties"
    )


def test_json(tmp_path):
    """The JSON file is the document, a test a line, in a folder that is made for it, with no other file beside it."""
    path = tmp_path / "deep" / "er" / "out.json"

    write_report(path, DOCUMENT, PAYLOADS)

    assert json.loads(path.read_text("utf-8")) == DOCUMENT
    assert [one.name for one in path.parent.iterdir()] == ["out.json"]
    assert path.read_text("utf-8").startswith('{\n "llmtrace": 1,\n')
    lines = path.read_text("utf-8").splitlines()
    start = lines.index(' "tests": [') + 1
    assert [json.loads(line.rstrip(",")) for line in lines[start : start + len(DOCUMENT["tests"])]] == DOCUMENT["tests"]

    write_json(DOCUMENT, tmp_path / "same.json")
    assert (tmp_path / "same.json").read_bytes() == path.read_bytes()


def test_jsonl(tmp_path):
    """The lines are the entries of every owner's last attempt, full messages included, with their node id."""
    path = tmp_path / "out.jsonl"

    write_report(path, DOCUMENT, [payload(TEST, chat(1), with_entries=True), *PAYLOADS, payload("b::c")])

    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [(line["type"], line["nodeid"], line["agent"], line["output"]["content"]) for line in lines] == [
        ("llm_call", TEST, "lead", "Answer 1"),
        ("llm_call", TEST, "lead", "Answer 2"),
    ]
    assert [message["content"] for message in lines[1]["messages"]] == [
        "You are a refund agent.",
        "Refund order 123",
        "Answer 1",
        "Next 1",
    ]


def test_markdown(tmp_path):
    """The Markdown file begins with what came of the run."""
    path = tmp_path / "out.md"

    write_report(path, DOCUMENT, PAYLOADS)

    assert path.read_text("utf-8").startswith(
        "## ✅ LLM calls: ok\n\n**No drift, no budget breached.**\n\n1 test, 2 calls"
    )


def test_gitlab_forms(tmp_path):
    """The code quality report is a JSON list, and the metrics end as OpenMetrics wants it."""
    write_report(tmp_path / "gl-codequality.json", DOCUMENT, PAYLOADS)
    write_report(tmp_path / "metrics.txt", DOCUMENT, PAYLOADS)

    assert json.loads((tmp_path / "gl-codequality.json").read_text("utf-8")) == []
    metrics = (tmp_path / "metrics.txt").read_text("utf-8").splitlines()
    assert [line for line in metrics if line.startswith("llmtrace_calls")] == ["llmtrace_calls 2"]
    assert metrics[-1] == "# EOF"


def test_html(tmp_path):
    """The HTML file is a whole page."""
    path = tmp_path / "out.html"

    write_report(path, DOCUMENT, PAYLOADS)

    text = path.read_text("utf-8")
    assert text.startswith("<!doctype html>\n")
    assert text.endswith("</html>\n")


def test_mode_of_the_file(tmp_path):
    """A report can be read by whoever may read the user's other files."""
    plain = tmp_path / "plain"
    plain.touch()

    write_json(DOCUMENT, tmp_path / "out.json")

    assert stat.S_IMODE((tmp_path / "out.json").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_links_are_followed(tmp_path):
    """A report that is a link is written where it points."""
    (tmp_path / "link.json").symlink_to(tmp_path / "target.json")

    write_json(DOCUMENT, tmp_path / "link.json")

    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "target.json").read_text("utf-8")) == DOCUMENT


def test_file_that_cannot_be_written(tmp_path):
    """A file that cannot be written is an error with its name and the reason, and leaves nothing behind."""
    (tmp_path / "out.json").mkdir()
    (tmp_path / "out.json" / "inside").touch()

    with pytest.raises(StorageError) as found:
        write_json(DOCUMENT, tmp_path / "out.json")

    assert str(found.value).startswith(f"cannot write the report `{tmp_path / 'out.json'}`: ")
    assert [one.name for one in tmp_path.iterdir()] == ["out.json"]
