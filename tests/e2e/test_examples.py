"""The committed examples replay as they are."""

import shutil

from tests.e2e.conftest import ROOT, run_pytest


def test_the_examples_replay_without_a_provider(tmp_path):
    """Plain pytest passes on the committed cassettes: no key, no provider, no live call, nothing unused."""
    folder = tmp_path / "examples"
    shutil.copytree(ROOT / "examples", folder, ignore=shutil.ignore_patterns("__pycache__"))
    before = {path: path.read_bytes() for path in folder.rglob("cassettes/*/*")}
    ran = run_pytest(folder)
    assert ran.exit == 0, ran.text
    assert ran.report["totals"]["tests"] == 8
    assert ran.report["totals"]["live_calls"] == 0
    assert ran.report["unused"] == []
    assert {path: path.read_bytes() for path in folder.rglob("cassettes/*/*")} == before
    assert len(before) == 16
