"""Record, replay, and what is written on the way."""

import json

import pytest

ONE = """
    def test_one():
        assert chat("hello") == "You said: hello"
"""


def test_a_recorded_test_replays_without_the_provider(project):
    """Recording calls the provider once; replay never, and passes with the provider stopped."""
    project.write(ONE)
    recorded = project.record()
    assert recorded.requests == 1
    assert sorted(project.cassettes()) == [
        "cassettes/test_it/test_one.tape.json",
        "cassettes/test_it/test_one.trace.yaml",
    ]
    project.provider.stop()
    replayed = project.replay()
    replayed.outcomes(passed=1)
    row = replayed.test("test_one")
    assert (row["outcome"], row["mode"], row["calls"], row["live_calls"], row["findings"]) == (
        "passed",
        "trace",
        1,
        0,
        [],
    )


def test_recording_again_changes_nothing(project):
    """A second recording answers from the tape: no request, the same bytes, files untouched."""
    project.write(ONE)
    project.record()
    before = project.cassettes()
    times = {path: (project.path / path).stat().st_mtime_ns for path in before}
    again = project.record()
    assert again.requests == 0
    assert project.cassettes() == before
    assert {path: (project.path / path).stat().st_mtime_ns for path in before} == times


def test_recording_everything_again_gives_the_same_bytes(project):
    """`--llm-record-mode=all` pays again, and writes the same files for the same answers."""
    project.write(ONE)
    project.record()
    before = project.cassettes()
    again = project.record("--llm-record-mode=all")
    assert again.requests == 1
    assert project.cassettes() == before


def test_changed_recording_pays_only_for_what_changed(project):
    """Two tests, one edited: one request."""
    project.write(ONE + "\n    def test_two():\n        chat('second')\n")
    assert project.record().requests == 2
    project.edit("'second'", "'second thoughts'")
    again = project.record()
    assert again.requests == 1
    assert again.findings("test_two") == [("drift", "user"), ("drift", "output")]
    assert {one["severity"] for one in again.test("test_two")["findings"]} == {"ignore"}
    project.replay().outcomes(passed=2)


def test_new_recording_leaves_recorded_tests_to_replay(project):
    """`--llm-record-mode=new` records the test without a cassette and compares the other."""
    project.write(ONE)
    project.record()
    project.edit('chat("hello") == "You said: hello"', 'chat("hallo")')
    project.write("def test_new():\n    chat('new')\n", "test_more.py")
    ran = project.run("--llm-record", "--llm-record-mode=new")
    ran.outcomes(passed=1, failed=1)
    assert ran.requests == 1
    assert ran.findings("test_one") == [("drift", "user")]


def test_a_failing_test_records_nothing_and_loses_nothing(project):
    """The golden of a failing test stays as it was; what was paid for answers the next recording."""
    project.write("def test_one():\n    chat('paid for')\n    assert False\n")
    ran = project.run("--llm-record")
    ran.outcomes(failed=1)
    assert ran.requests == 1
    assert sorted(project.cassettes()) == ["cassettes/test_it/test_one.journal.jsonl"]
    project.edit("assert False", "assert True")
    again = project.record()
    assert again.requests == 0
    assert again.test("test_one")["recorded"]["from_journal"] == 1
    assert sorted(project.cassettes()) == [
        "cassettes/test_it/test_one.tape.json",
        "cassettes/test_it/test_one.trace.yaml",
    ]


def test_no_secret_reaches_a_file(project):
    """Keys in headers, in the URL and in litellm-like fields are not in any cassette."""
    project.write(
        """
        def test_one():
            chat("hello", extra_headers={"x-api-key": "hidden-0123456789"}, extra_query={"key": "hidden-0123456789"},
                 extra_body={"api_key": "hidden-0123456789"})
        """
    )
    project.record()
    written = b"".join(project.cassettes().values())
    assert b"sk-plugin-0123456789" not in written
    assert b"hidden-0123456789" not in written
    project.replay().outcomes(passed=1)


def test_a_test_that_stopped_calling_llms_loses_its_cassette_when_recorded(project):
    """Recording a test that makes no call any more removes its files."""
    project.write(ONE)
    project.record()
    project.edit('assert chat("hello") == "You said: hello"', "pass")
    assert project.record().findings("test_one") == [("drift", "call_missing")]
    assert project.cassettes() == {}


def test_repeated_questions_are_answered_in_sequence(project):
    """Three equal requests get the three recorded answers in order; a fourth is a drift."""
    project.write("def test_one():\n    [chat('again') for _ in range(3)]\n")
    assert project.record().requests == 3
    project.replay().outcomes(passed=1)
    project.edit("range(3)", "range(4)")
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("drift", "call_added")]


def test_the_tape_is_json_with_a_format_number(project):
    """Tape and golden carry the format number."""
    project.write(ONE)
    project.record()
    files = project.cassettes()
    assert json.loads(files["cassettes/test_it/test_one.tape.json"])["llmtrace"] == 1
    assert files["cassettes/test_it/test_one.trace.yaml"].startswith(b"llmtrace: 1\n")


@pytest.mark.parametrize("file", ["cassettes/test_it/test_one.tape.json", "cassettes/test_it/test_one.trace.yaml"])
def test_broken_cassettes_are_clear_errors(project, file):
    """A damaged file is named with the way out, counts in the summary, is no leftover, and recording replaces it."""
    project.write(ONE)
    project.record()
    (project.path / file).write_text("<<<<<<< HEAD\n", encoding="utf-8")
    ran = project.run("--llm-trace")
    assert ran.exit == 1
    place = f"{file}, line 1" if file.endswith(".json") else file
    assert f"\n{place}: this cassette file cannot be read: it has unresolved merge conflicts\n" in ran.text
    way_out = f"`git checkout -- {file}`, or record it again with `pytest --llm-record test_it.py::test_one`"
    assert way_out in ran.text.replace('"', "")
    assert ran.findings("test_one") == [("internal", None)]
    assert "\n1 test that could not be judged\n" in ran.text
    assert ran.report["unused"] == []
    project.record()
    project.replay().outcomes(passed=1)


@pytest.mark.parametrize("file", ["cassettes/test_it/test_one.tape.json", "cassettes/test_it/test_one.trace.yaml"])
def test_newer_cassettes_are_never_overwritten(project, file):
    """A file of a later format is an error in every mode, and nothing is paid for that could not be written."""
    project.write(ONE)
    project.record()
    path = project.path / file
    newer = path.read_text("utf-8").replace("llmtrace: 1", "llmtrace: 99").replace('"llmtrace": 1', '"llmtrace": 99')
    path.write_text(newer, encoding="utf-8")
    for mode in ("--llm-trace", "--llm-record"):
        ran = project.run(mode)
        assert ran.exit == 1, ran.text
        assert "99" in ran.text
    project.edit('chat("', 'chat("other ')
    ran = project.run("--llm-record")
    assert (ran.exit, ran.requests) == (1, 0), ran.text
    assert "Install a newer version" in ran.text
    assert path.read_text("utf-8") == newer


def test_a_golden_edited_by_hand_is_compared(project):
    """An edit to the reviewed file is not overlooked because the tape says that nothing changed."""
    project.write(ONE)
    project.record()
    path = project.path / "cassettes/test_it/test_one.trace.yaml"
    path.write_text(path.read_text("utf-8").replace("You said: hello", "You said: goodbye"), encoding="utf-8")
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("drift", "output")]


def test_a_broken_golden_is_an_error_without_our_traceback(project):
    """The user reads what is wrong with the file, not the plugin's source."""
    project.write(ONE)
    project.record()
    project.edit('chat("hello") == "You said: hello"', 'chat("hello")')
    path = project.path / "cassettes/test_it/test_one.trace.yaml"
    path.write_text("a: [1", encoding="utf-8")
    ran = project.replay()
    ran.outcomes(failed=1)
    assert "Traceback" not in ran.text
    assert "run.py" not in ran.text


def test_a_missing_tape_is_no_drift(project):
    """Where only the tape is gone, that is the one finding."""
    project.write(ONE)
    project.record()
    (project.path / "cassettes/test_it/test_one.tape.json").unlink()
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("no_cassette", None)]
    assert ran.test("test_one")["findings"][0]["cassette"] == "cassettes/test_it/test_one.tape.json"


def test_errands_of_sdks_stay_at_home(project):
    """What SDKs fetch on their own now and then is refused in both modes, and is on no tape: not even as a miss."""
    project.write(
        """
        import httpx

        def test_errand():
            chat("hello")
            for url in ("https://huggingface.co/api/agent-harnesses", "https://raw.githubusercontent.com/a/litellm/b"):
                with pytest.raises(ConnectionRefusedError, match="errands"):
                    httpx.get(url)
        """
    )
    project.record()
    ran = project.replay()
    ran.outcomes(passed=1)
    assert b"huggingface" not in b"".join(project.cassettes().values())


def test_a_fixture_whose_cassette_cannot_be_read_fails_all_its_tests(project):
    """Each of them says which file it is."""
    project.write(
        """
    @pytest.fixture(scope="module")
    def answer():
        return chat("hi")

    def test_one(answer):
        pass

    def test_two(answer):
        pass
    """
    )
    project.record()
    (tape,) = [name for name in project.cassettes() if name.endswith(".tape.json")]
    (project.path / tape).write_text("{", encoding="utf-8")
    ran = project.replay()
    ran.outcomes(errors=2)
    assert ran.text.count(f"\n{tape}, line 1: ") == 2
