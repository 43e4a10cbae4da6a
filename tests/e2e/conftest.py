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

    def test(self, name: str) -> dict[str, Any]:
        """The report's row of a test, by the name at the end of its node id."""
        rows = [row for row in self.report["tests"] if row["nodeid"].endswith(f"::{name}")]
        assert len(rows) == 1, self.text
        return rows[0]


def run_pytest(folder: Path, *args: str, env: dict[str, str] | None = None) -> Ran:
    """Run pytest on a folder, with a JSON report."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "COLUMNS": "100", **(env or {})}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--llm-report={report}", *args]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    found = json.loads(report.read_text("utf-8")) if report.exists() else {}
    return Ran(exit=done.returncode, text=done.stdout + done.stderr, report=found)
