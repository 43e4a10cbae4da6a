"""A recording that is cut short: what was accepted before stays, and nothing that was paid for is lost."""

from __future__ import annotations

import errno
import json
import os

import pytest

from pytest_llmtrace._store import atomic, journal

TEST = """
    import os, signal, threading

    def test_one():
        chat("first")
        chat("second")

    def test_two():
        chat("not reached")
"""
LIMIT_REACHED = "signal.setitimer(signal.ITIMER_REAL, 0.01)"
"""What pytest-timeout is waiting for, long before its time: nobody waits, and a slow machine makes all calls."""
TAPE, GOLDEN, JOURNAL = (f"cassettes/test_it/test_one.{kind}" for kind in ("tape.json", "trace.yaml", "journal.jsonl"))


@pytest.mark.parametrize(
    ("cut", "options", "own_process"),
    [
        ("assert False", [], False),
        ("raise SystemExit(3)", [], False),
        ("pytest.fail('no')", [], False),
        ("pytest.exit('enough')", [], False),
        ("raise KeyboardInterrupt", [], True),
        (f"{LIMIT_REACHED}; threading.Event().wait()", ["--timeout=60"], True),
        ("os._exit(3)", [], True),
    ],
    ids=["assertion", "exit", "fail", "pytest-exit", "ctrl-c", "timeout", "crash"],
)
def test_the_old_recording_stays_and_what_was_paid_for_waits(project, cut, options, own_process):
    """However a test ends early, its files are as before, and the next recording pays for nothing twice."""
    project.write(TEST)
    project.record()
    before = project.cassettes()
    project.edit('chat("second")', f'chat("other")\n    {cut}')
    ran = project.run("--llm-record", *options, own_process=own_process)
    assert ran.requests == 1, ran.text
    if ran.report is not None:  # a crash makes no report
        (said,) = [line for line in ran.text.splitlines() if "1 live request" in line]
        assert "1 kept, not written: the " in said
        assert said.endswith("; what was paid for waits in its journal")
        assert ran.report["unused"] == []  # what was not reached must not be deleted
    after = project.cassettes()
    journal = after.pop(JOURNAL)
    assert after == before
    assert len([json.loads(line) for line in journal.splitlines()]) == 2  # the header, and the answer
    project.edit(f'chat("other")\n    {cut}', 'chat("other")')
    again = project.record()
    assert again.requests == 0
    done = again.test("test_one")["recorded"]
    assert (done["kept"], done["live"], done["from_journal"], done["written"]) == (1, 0, 1, True)
    assert {name for name in project.cassettes() if "test_one" in name} == {TAPE, GOLDEN}
    project.replay().outcomes(passed=2)


def test_a_test_that_skips_after_a_call_is_recorded(project):
    """It ended as it should: what it did is accepted, and no journal is left."""
    project.write(TEST)
    project.record()
    before = project.cassettes()
    project.edit('chat("second")', 'chat("other")\n    pytest.skip("not now")')
    project.run("--llm-record").outcomes(skipped=1, passed=1)
    after = project.cassettes()
    assert set(after) == set(before)
    assert {name for name in after if after[name] != before[name]} == {TAPE, GOLDEN}


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_a_run_that_stops_at_its_first_failure_keeps_what_came_before(project, option):
    """Tests that passed are written, the failing one and those that were not reached keep their files."""
    tests = [f'    def test_{name}():\n        chat("{name}")\n' for name in ("a", "b", "c")]
    project.write("".join(tests))
    project.record()
    before = project.cassettes()
    for name in ("a", "b", "c"):
        project.edit(f'chat("{name}")', f'chat("other {name}")' + ("\n    assert False" if name == "b" else ""))
    ran = project.run("--llm-record", option)
    ran.outcomes(passed=1, failed=1)
    assert ran.requests == 2
    after = project.cassettes()
    changed = {name.rpartition("/")[2] for name in after if before.get(name) != after[name]}
    assert changed == {"test_a.tape.json", "test_a.trace.yaml", "test_b.journal.jsonl"}
    said = project.replay("-k", "test_b").text  # before another recording anybody would ask what that costs
    assert "no live calls (1 answer paid for before, in the journal)" in said


def test_a_disk_that_fills_up_is_no_bug_of_ours(project):
    """A recording that cannot be written fails its test with the file and the reason, and its answers wait."""
    project.write(TEST)

    def full(_file, _data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atomic, "_write", full)
        ran = project.run("--llm-record", "-k", "test_one")
    ran.outcomes(passed=1, errors=1)
    said = " ".join(ran.text.split())
    assert "test_it.py::test_one could not be recorded or judged" in said
    assert "test_one.tape.json could not be written: No space left on device" in said
    assert "internal error" not in ran.text
    assert project.record("-k", "test_one").requests == 0


def test_a_failing_teardown_accepts_nothing(project):
    """The test passed, its fixture did not: the old recording stays, the answers wait."""
    project.write(
        "@pytest.fixture\ndef made():\n    yield\n    assert WHOLE\n\nWHOLE = True\n\n"
        "def test_one(made):\n    chat('first')\n"
    )
    project.record()
    before = project.cassettes()
    project.edit("WHOLE = True", "WHOLE = False")
    project.edit("'first'", "'other'")
    assert project.run("--llm-record").requests == 1
    after = project.cassettes()
    assert JOURNAL in after
    assert {name: after[name] for name in before} == before


def test_nothing_is_paid_for_where_it_cannot_be_kept(project, monkeypatch):
    """A read-only folder stops the first call before it is sent, and the test says which folder it is."""
    project.write(TEST)
    project.record()
    project.edit('chat("second")', 'chat("other")')
    access, ours = os.access, str(project.path / "cassettes")
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith(ours) and access(path, mode))
    ran = project.run("--llm-record")
    ran.outcomes(failed=1, passed=1)
    assert ran.requests == 0
    said = f"test_one.journal.jsonl could not be written: {project.path / 'cassettes' / 'test_it'} is read-only"
    assert said in ran.text
    assert "    1 kept, not written: the test failed" in ran.text.splitlines()


def test_a_full_disk_is_no_reason_to_pay_again(project, monkeypatch):
    """What was paid for and cannot be kept ends the test at once: an SDK that tried again would pay again."""

    def full(_file: int, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    project.write(TEST)
    project.edit("max_retries=0", "max_retries=2")
    monkeypatch.setattr(journal, "write", full)
    ran = project.run("--llm-record", "-k", "one")
    ran.outcomes(failed=1)
    assert ran.requests == 1
    assert "could not be written: No space left on device" in ran.text


def test_what_ctrl_c_ended_is_no_drift(project):
    """An answer that nobody waited for is not what the model, or the application, does otherwise."""
    source = """
        def test_one():
            with openai.OpenAI(base_url={url!r}, api_key="k", max_retries=0) as client:
                said = [{{"role": "user", "content": "one two three"}}]
                for _ in client.chat.completions.create(model="gpt-4o-mini", messages=said, stream=True):
                    pass
        """
    project.write(source.format(url=project.provider.openai_url))
    project.record()
    project.edit("        pass", "        raise KeyboardInterrupt")
    ran = project.run("--llm-trace", own_process=True)
    assert (ran.exit, ran.findings("one")) == (pytest.ExitCode.INTERRUPTED, [])
    assert "drifted" not in ran.text
