"""Clocks that jump, and cassettes of other format numbers."""

from __future__ import annotations

import json
from pathlib import Path

from tests.faults.kills import record
from tests.faults.project import Pytest, broken_files, files, write_project
from tests.faults.table import Row
from tests.provider import Provider

SOURCE = """
    def test_one():
        for k in range(3):
            assert chat(f"{k}" + os.environ["ROUND"])[0] == 200
"""
WRONG = "format number"
FORMATS = {
    "2": "format 2",
    "99999999999999999999": "format 9999",
    **dict.fromkeys(("0", "-1", '"1"', "true", "1.5", "null"), WRONG),
}


def clock(folder: Path, pytest: Pytest, *, rounds: int) -> Row:
    """The time jumps by days, to and fro: files are the same bytes, and no duration is negative."""
    problems: list[str] = []
    with Provider() as provider:
        project = write_project(folder, int(provider.url.rpartition(":")[2]), SOURCE)
        record(project, pytest, " a")
        expected = files(project, "")
        for number in range(rounds):
            for path in project.rglob("cassettes/**/*.*"):
                path.unlink()
            env = {"ROUND": " a", "LLMTRACE_FAULT": f"clock:{number}"}
            options = ("--llm-record", "-q", "-p", "tests.faults.inside", "--llm-report=report.jsonl")
            ended = pytest.run(project, *options, "--llm-report=report.json", env=env)
            problems += [] if ended.status == 0 else [ended.text[-800:]]
            problems += [] if files(project, "") == expected else ["the files differ"]
            rows = [json.loads(line) for line in (project / "report.jsonl").read_text().splitlines()]
            problems += [f"a call lasted {row['duration']}" for row in rows if (row.get("duration") or 0) < 0]
    return Row(fault="clock jumps while recording", tried=rounds, problems=problems)


def formats(folder: Path, pytest: Pytest) -> Row:
    """A format number that is not ours is told, with the way out; a newer file is never overwritten or paid around."""
    problems: list[str] = []
    tried = lost = 0
    with Provider() as provider:
        project = write_project(folder, int(provider.url.rpartition(":")[2]), SOURCE)
        record(project, pytest, " a")
        whole = {path: path.read_bytes() for path in project.rglob("cassettes/**/*.*")}
        journal = project / "cassettes" / "test_it" / "test_one.journal.jsonl"
        for path in (*whole, journal):
            for number, says in FORMATS.items():
                tried += 1
                for name, content in whole.items():
                    name.write_bytes(content)
                old = whole.get(path, b'{"llmtrace":1}\n')
                changed = old.replace(b'"llmtrace": 1', f'"llmtrace": {number}'.encode(), 1)
                changed = changed.replace(b'"llmtrace":1', f'"llmtrace":{number}'.encode(), 1)
                changed = changed.replace(b"llmtrace: 1", f"llmtrace: {number}".encode(), 1)
                path.write_bytes(changed)
                before = provider.count
                # A request that is new, so that every file is needed.
                ended = pytest.run(project, "--llm-record", "-q", env={"ROUND": " b"})
                newer = says != WRONG
                where = f"{path.name} with format {number}"
                if newer or path is journal:
                    told = path.name in ended.text and says in ended.text
                    problems += [] if ended.status == 1 and told else [f"{where}: {ended.text[-900:]}"]
                    problems += [] if path.read_bytes() == changed else [f"{where}: was overwritten"]
                    lost += provider.count - before
                elif ended.status or broken_files(project):
                    problems.append(f"{where}: was not replaced: {ended.text[-900:]}")
                journal.unlink(missing_ok=True)
    return Row(fault="cassettes of other format numbers", tried=tried, problems=problems, lost=lost)
