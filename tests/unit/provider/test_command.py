"""``python -m tests.provider``."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[3]


def test_the_command_serves_until_it_is_terminated(tmp_path: Path, http: httpx.Client) -> None:
    """The command prints its URL on one line, serves the script, and ends cleanly."""
    (tmp_path / "script.json").write_text('["Hello."]')
    command = [sys.executable, "-m", "tests.provider", "--script", str(tmp_path / "script.json")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        answer = http.post(f"{url}/v1/chat/completions", json={"model": "m", "messages": []})
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert answer.json()["choices"][0]["message"]["content"] == "Hello."
