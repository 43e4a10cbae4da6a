"""The hook that runs `llmtrace check` before a commit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pytest_llmtrace._store.paths import GOLDEN, JOURNAL, TAPE
from tests.unit.cassette_tree import record

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
LOCAL = re.search(
    r"```yaml\n(repos:\n- repo: local\n.*?)```", (ROOT / "docs/how-to/review.md").read_text("utf-8"), re.DOTALL
)


def test_the_hook_is_given_every_file_of_a_cassette_and_no_other():
    """In the manifest and in the snippet of the guide alike."""
    assert LOCAL is not None
    (hook,) = yaml.safe_load(MANIFEST.read_text("utf-8"))
    local = yaml.safe_load(LOCAL.group(1))["repos"][0]["hooks"][0]
    assert {key: hook[key] for key in ("id", "name", "entry", "files")} == {
        key: local[key] for key in ("id", "name", "entry", "files")
    }
    names = [f"tests/cassettes/test_a/test_x{ending}" for ending in (GOLDEN, TAPE, JOURNAL, ".variant-1.trace.yaml")]
    assert [name for name in names if not re.search(hook["files"], name)] == []
    assert [name for name in ("a.py", "trace.yaml", "a.json", "a.yaml") if re.search(hook["files"], name)] == []


def test_a_commit_with_a_broken_cassette_is_stopped(tmp_path, monkeypatch):
    """The snippet of the guide, run by pre-commit: only the files of the commit are looked at."""
    pytest.importorskip("pre_commit", reason="needs the `lint` extra")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "home"))
    assert LOCAL is not None
    (tmp_path / ".pre-commit-config.yaml").write_text(LOCAL.group(1), encoding="utf-8")
    good, bad = record(tmp_path), record(tmp_path, "test_a.py::test_two")
    bad.golden.write_text("<<<<<<< HEAD\n" + bad.golden.read_text("utf-8"), encoding="utf-8")
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "add", ".pre-commit-config.yaml", good.golden, good.tape], check=True)
    pre_commit = [sys.executable, "-m", "pre_commit", "run"]
    passed = subprocess.run(pre_commit, capture_output=True, text=True, check=False)
    assert (passed.returncode, passed.stdout.split(".")[-1]) == (0, "Passed\n"), passed.stdout
    subprocess.run(["git", "add", "cassettes"], check=True)
    stopped = subprocess.run(pre_commit, capture_output=True, text=True, check=False)
    assert stopped.returncode == 1
    assert "line 1: a merge left its conflict markers here" in stopped.stdout
