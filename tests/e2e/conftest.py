"""Whole projects in processes of their own, against a provider that is counted and then stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@dataclass(frozen=True)
class Ran:
    """One run of pytest in a process of its own."""

    exit: int
    text: str
    report: dict[str, Any]
    lines: list[dict[str, Any]]
    """Every entry of every test: the `.jsonl` report."""

    def test(self, name: str) -> dict[str, Any]:
        """The report's row of a test, by the name at the end of its node id."""
        rows = [row for row in self.report["tests"] if row["nodeid"].endswith(f"::{name}")]
        assert len(rows) == 1, self.text
        return rows[0]

    def entries(self, name: str) -> list[dict[str, Any]]:
        """The entries of a test, by its node id or the name at the end of it."""
        return [line for line in self.lines if f"::{line['nodeid']}".endswith(f"::{name}")]


def run_pytest(folder: Path, *args: str, env: dict[str, str] | None = None) -> Ran:
    """Run pytest on a folder, with a JSON report and one of every entry."""
    report, lines = folder / "report.json", folder / "report.jsonl"
    report.unlink(missing_ok=True)
    lines.unlink(missing_ok=True)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "COLUMNS": "100", **(env or {})}
    reports = [f"--llm-report={file}" for file in (report, lines)]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *reports, *args]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    found = json.loads(report.read_text("utf-8")) if report.exists() else {}
    entries = [json.loads(line) for line in lines.read_text("utf-8").splitlines()] if lines.exists() else []
    return Ran(exit=done.returncode, text=done.stdout + done.stderr, report=found, lines=entries)
