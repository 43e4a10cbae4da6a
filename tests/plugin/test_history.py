"""`--llm-history`: what runs leave in a database, and what becomes of it where there is no database."""

from __future__ import annotations

import importlib
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._run.history import keep
from pytest_llmtrace._settings.values import read
from pytest_llmtrace.cli import main
from tests.plugin.conftest import Project, Ran
from tests.postgresql import PASSWORD, QUOTED, Server, rows

for _module in ("psycopg", "pytest_llmtrace._history.tables", "sqlalchemy.dialects.postgresql.psycopg"):
    importlib.import_module(_module)  # pytester forgets what an inner run imported, and SQLAlchemy is not made for that

ROOT = Path(__file__).parents[2]
DOWN = f"postgresql://llmtrace:{QUOTED}@127.0.0.1:1/history"
SECRET = "sk-proj-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"
SOURCE = f"""
    import os, signal
    import pytest
    import pytest_llmtrace as llmtrace

    def ask(text, model="gpt-4o-mini", **usage):
        with llmtrace.call(provider="openai", model=model, messages=[{{"role": "user", "content": text}}]) as call:
            call.output = "an answer that nobody may read"
            call.usage = {{"prompt_tokens": 100, "completion_tokens": 10}}

    @pytest.mark.parametrize("key", ["{SECRET}"])
    def test_secret(key):
        ask("a question with the words of a customer " + key)

    def test_two_calls():
        ask("one")
        ask("two")

    def test_unpriced():
        ask("three", model="nobody-knows-this-one")
"""


def history(ran: Ran) -> list[str]:
    """What a run said of its history, blanks and line ends as one."""
    return re.findall(r"history: .*?(?=warning: |=====|$)", re.sub(r"\s+", " ", ran.text.partition("= llmtrace =")[2]))


def llmtrace(*arguments: str) -> tuple[int, str]:
    """Exit status and output of the command."""
    done = CliRunner().invoke(main, ["history", *arguments])
    return done.exit_code, done.output


def test_runs_leave_their_tests_and_calls_and_no_word_of_anybody(project: Project) -> None:
    """Rows of runs, tests, findings and calls; an unknown price is NULL; no text, no key, no password is anywhere."""
    project.write(SOURCE, prelude=False)
    ran = project.run("--llm-record", f"--llm-history={DOWN}")
    ran.outcomes(passed=2, failed=1)  # a test with a key in its name is not recorded
    (said,) = history(ran)
    assert said.startswith("history: postgresql://127.0.0.1:1/history: connection failed: ")
    assert "nothing is lost: 1 run waits in" in said
    (waiting,) = (project.path / ".llmtrace").rglob("*.json")
    held = waiting.read_text("utf-8")
    project.edit('ask("two")', 'ask("another")')
    project.header = True
    ran = project.run("--llm-trace", "--llm-history=h.db", "-k", "not unpriced")
    assert f"llmtrace: history in {project.path / 'h.db'}" in ran.text
    ran.outcomes(failed=2, deselected=1)
    assert history(ran) == []
    with sqlite3.connect(project.path / "h.db") as connection:
        assert connection.execute(
            "SELECT project, mode, whole, outcome, tests, calls FROM llmtrace_runs"
        ).fetchall() == [(project.path.name, "trace", 0, "failed", 2, 3)]
    assert llmtrace("push", "h.db") == (
        0,
        f"nothing waits for {project.path / 'h.db'}\n1 run for other databases: --all sends them to this one\n",
    )
    assert llmtrace("push", "h.db", "--all") == (0, f"1 run sent to {project.path / 'h.db'}\n")
    with sqlite3.connect(project.path / "h.db") as connection:
        found = connection.execute(
            "SELECT r.mode, t.outcome, t.calls, t.input_tokens, t.cost_usd, f.type, f.kind FROM llmtrace_runs r "
            "JOIN llmtrace_tests t USING (run_id) "
            "LEFT JOIN llmtrace_findings f ON (t.run_id, number) = (f.run_id, test) ORDER BY started_at, number"
        ).fetchall()
        assert found == [
            ("record", "failed", 1, 100, "0.000021000000", None, None),
            ("record", "passed", 2, 200, "0.000042000000", None, None),
            ("record", "passed", 1, 100, None, None, None),
            ("trace", "failed", 1, 100, "0.000021000000", "no_cassette", ""),
            ("trace", "failed", 2, 200, "0.000042000000", "drift", "user"),
        ]
        models = connection.execute(
            "SELECT model, source, status, cost_usd, count(*) FROM llmtrace_calls GROUP BY 1, 4"
        )
        assert models.fetchall() == [
            ("gpt-4o-mini", "local", "ok", "0.000021000000", 6),
            ("nobody-knows-this-one", "local", "ok", None, 1),
        ]
        held += "\n".join(connection.iterdump())
    for unwanted in (SECRET, "question", "customer", "an answer", PASSWORD, QUOTED, "127.0.0.1"):
        assert unwanted not in held


def test_a_server_that_is_killed_in_the_middle_of_a_run_loses_no_row(
    project: Project, postgresql: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run passes and says where its rows wait; once the server is back they are there, beside those of before."""
    url = postgresql.new_database()
    monkeypatch.setenv("LLMTRACE_HISTORY", url)
    monkeypatch.setenv("SERVER", str(postgresql.process and postgresql.process.pid))
    project.write(SOURCE, prelude=False)
    project.write(
        """
        import os, signal

        def test_of_somebody_who_kills_the_server():
            if "KILL" in os.environ:
                os.killpg(int(os.environ["SERVER"]), signal.SIGKILL)
        """,
        "test_and_a_half.py",
        prelude=False,
    )
    assert history(project.run("--llm-record", "-k", "not secret")) == []
    monkeypatch.setenv("KILL", "yes")
    ran = project.run("--llm-trace", "-k", "not secret")
    ran.outcomes(passed=3, deselected=1)
    assert "Connection refused" in history(ran)[0]
    assert rows_after_restart(postgresql, url) == [(1, 2, 3)]
    assert llmtrace("push") == (0, f"1 run sent to postgresql://127.0.0.1:{postgresql.port}/{url.rpartition('/')[2]}\n")
    assert rows(url, COUNTS) == [(2, 4, 6)]


COUNTS = (
    "SELECT (SELECT count(*) FROM llmtrace_runs), (SELECT count(*) FROM llmtrace_tests), "
    "(SELECT count(*) FROM llmtrace_calls)"
)


def rows_after_restart(server: Server, url: str) -> list[tuple[object, ...]]:
    server.start()
    return rows(url, COUNTS)


def test_processes_with_workers_that_write_at_once_lose_no_row(project: Project, postgresql: Server) -> None:
    """All tests and calls of all of them are there, each once; `make faults` has four processes of two workers each."""
    url = postgresql.new_database()
    project.write(SOURCE, prelude=False)
    project.record("-k", "not secret")
    shapes = [["-n2"]] * 4 if "LLMTRACE_FAULTS" in os.environ else [["-n2"], []]
    options = ("-p", "xdist", "-p", "pytest_llmtrace.plugin", "-p", "no:cacheprovider", "--assert=plain")
    command = [sys.executable, "-m", "pytest", "-q", *options, "--llm-trace", "-k", "not secret"]
    env = os.environ | {"LLMTRACE_HISTORY": url, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen([*command, *one], cwd=project.path, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for one in shapes
    ]
    said = [one.communicate()[0].decode() for one in started]
    runs = len(started)
    assert [one.returncode for one in started] == [0] * runs, said
    assert "history" not in "".join(said)
    assert rows(url, COUNTS) == [(runs, 2 * runs, 3 * runs)]
    found = rows(url, "SELECT whole, cost_usd, priced_usd::text FROM llmtrace_runs")
    assert found == [(False, None, "0.000042000000")] * runs
    assert list((project.path / ".llmtrace").rglob("*.json")) == []


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("mysql://u:geheim@h/d", "--llm-history: mysql:// is none that can be used; name a file such as history.db"),
        ("postgresql://u:geheim@h", "--llm-history: it must end with the name of a database"),
    ],
)
def test_a_history_that_cannot_be_kept_is_wrong_usage(option: str, said: str, project: Project) -> None:
    """Nothing runs, the way out is said, and no password."""
    ran = project.run(f"--llm-history={option}")
    assert ran.exit == 4
    error = ran.result.stderr.str()
    assert said in error
    assert "geheim" not in error + ran.text


def test_the_flag_beats_the_environment_which_beats_the_ini_value(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are relative to where pytest was started, in the ini file to the root directory; `off` keeps nothing."""
    pytester.makeini("[pytest]\nllm_history = ini.db\n")
    (pytester.path / "sub").mkdir()
    monkeypatch.chdir(pytester.path / "sub")

    def named(*args: str) -> str | None:
        settings = read(pytester.parseconfig(*args))
        return settings.history and settings.history.database.shown

    assert named() == str(pytester.path / "ini.db")
    monkeypatch.setenv("LLMTRACE_HISTORY", "env.db")
    assert named() == str(pytester.path / "sub" / "env.db")
    assert named("--llm-history=flag.db") == str(pytester.path / "sub" / "flag.db")
    assert named("--llm-history=off") is None
    monkeypatch.setenv("LLMTRACE_HISTORY", "off")
    assert named() is None


def test_a_selection_without_a_call_is_not_kept(pytester: pytest.Pytester) -> None:
    """Of a file of other tests nothing is written or sent; a whole run says that no test is left that calls a model."""
    config, nothing = pytester.parseconfig("--llm-history=h.db"), document([], {}, mode="trace")
    kept = [keep(nothing, [], read(config), config.hook, whole=whole) for whole in (False, True)]
    assert kept == [[], []]
    with sqlite3.connect(pytester.path / "h.db") as connection:
        assert connection.execute("SELECT whole, tests FROM llmtrace_runs").fetchall() == [(1, 0)]


def test_a_project_that_cannot_be_written_to_has_a_history_all_the_same(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Runs are sent from a temporary folder, which is gone then; where they cannot be sent, they wait there."""
    temporary = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    project.write(SOURCE, prelude=False)
    project.record("-k", "not secret")
    (project.path / ".llmtrace").touch()
    assert history(project.run("--llm-trace", "--llm-history=h.db", "-k", "not secret")) == []
    assert list(temporary.glob("llmtrace-history-*")) == []
    ran = project.run("--llm-trace", f"--llm-history={DOWN}", "-k", "not secret")
    assert ran.exit == 0
    (left,) = temporary.glob("llmtrace-history-*")
    assert ("1 run waits in" in history(ran)[0], "next run" in history(ran)[0]) == (True, False)
    told = f"send what waits with `cd {left} && llmtrace history push URL`"
    assert told.replace(" ", "") in history(ran)[1].replace(" ", "")  # a long path is broken somewhere
    monkeypatch.chdir(left)
    assert llmtrace("push", str(project.path / "h.db"), "--all") == (0, f"1 run sent to {project.path / 'h.db'}\n")
    with sqlite3.connect(project.path / "h.db") as connection:
        assert connection.execute("SELECT count(*) FROM llmtrace_runs").fetchone() == (2,)
