"""Suites of pytest-recording and vcrpy: their cassettes serve as tapes, and nothing is paid twice."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from pytest_llmtrace._model.secret_key import VARIABLE
from pytest_llmtrace.cli import main
from tests.plugin.conftest import Project

TEST = """
    @pytest.mark.vcr
    def test_one():
        chat("hello")
        chat("how are you?")
"""
YAML = "cassettes/test_it/test_one.yaml"
GOLDEN = "cassettes/test_it/test_one.trace.yaml"
TAPE = "cassettes/test_it/test_one.tape.json"


@pytest.fixture
def suite(project: Project) -> Callable[..., Project]:
    """Makes a project whose test was recorded by pytest-recording; its mark may be taken away."""

    def make(source: str = TEST, *, marked: bool = False) -> Project:
        project.write(source)
        ran = project.run("--llm-off", "--record-mode=once")
        assert ran.exit == 0, ran.text
        if not marked:
            project.edit("@pytest.mark.vcr\n", "\n")
        return project

    return make


def test_record_mode_takes_everything_from_a_vcrpy_cassette(suite):
    """Golden trace and tape are made with no live call; the YAML stays as it is, and replay needs it no more."""
    project = suite()
    before = project.cassettes()
    assert list(before) == [YAML]
    ran = project.record()
    row = ran.test("test_one")
    assert (ran.requests, row["live_calls"], row["findings"]) == (0, 0, [])
    after = project.cassettes()
    assert sorted(after) == sorted([GOLDEN, TAPE, YAML])
    assert after[YAML] == before[YAML]
    (project.path / YAML).unlink()
    project.provider.stop()
    assert project.replay().exit == 0


def test_without_a_golden_trace_the_cassette_is_named(suite):
    """Trace mode answers from it, and says that recording will cost nothing."""
    ran = suite().replay()
    ran.outcomes(failed=1)
    (found,) = ran.test("test_one")["findings"]
    assert (found["type"], found["tape"], found["cassette"]) == ("no_cassette", YAML, GOLDEN)
    for line in (
        "test_it.py::test_one has recorded calls but no golden trace",
        "  A vcrpy cassette answers every call of this test. Recording makes the golden",
        f"  needs   {GOLDEN} (does not exist)",
        f"  tape    {YAML}",
        '  record  pytest --llm-record "test_it.py::test_one"    no live calls',
    ):
        assert line in ran.text


def test_a_golden_trace_alone_replays_from_the_cassette(suite):
    """A repository may go on with the YAML as the tape: replayed, compared, and never reported as unused."""
    project = suite()
    project.record()
    (project.path / TAPE).unlink()
    project.provider.stop()
    ran = project.replay()
    assert ran.exit == 0, ran.text
    assert (ran.test("test_one")["live_calls"], ran.report["unused"]) == (0, [])
    project.edit('"how are you?"', '"who are you?"')
    drifted = project.replay()
    drifted.outcomes(failed=1)
    assert drifted.findings("test_one") == [("drift", "user")]


def test_a_request_that_the_cassette_does_not_hold_is_drift(suite):
    """vcrpy, which ignores bodies, had not noticed: the nearest recorded request is shown, and what it would cost."""
    project = suite(marked=True)
    project.edit('"how are you?"', '"who are you?"')
    assert project.run("--llm-off").exit == 0
    project.edit("@pytest.mark.vcr\n", "\n")
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("drift", "user"), ("no_cassette", None)]
    for line in (
        "test_it.py::test_one has recorded calls but no golden trace and does not send what was recorded",
        "  A vcrpy cassette holds calls of this test, but not the ones that it makes now.",
        "  vcrpy looks at method and URL alone unless it is told otherwise, so nothing",
        "      -  how are you?",
        "      +  who are you?",
        "1 live call, about $",
    ):
        assert line in ran.text
    recorded = project.record()
    row = recorded.test("test_one")
    assert (recorded.requests, row["live_calls"], row["calls"]) == (1, 1, 2)
    assert [(one["kind"], one["severity"]) for one in row["findings"]] == [("user", "ignore"), ("output", "ignore")]
    project.provider.stop()
    assert project.replay().exit == 0


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("TestChat.test_one", "class TestChat:\n    @pytest.mark.vcr\n    def test_one(self):\n        chat('hi')\n"),
        (
            "test_one[a-b-x y]",
            """
            @pytest.mark.vcr
            @pytest.mark.parametrize('said', ['a/b', 'c'], ids=['a/b:x y', 'c'])
            def test_one(said):
                chat(said)
            """,
        ),
        (
            "TestInner.test_one",
            """
            class TestOuter:
                class TestInner:
                    @pytest.mark.vcr
                    def test_one(self):
                        chat('hi')
            """,
        ),
    ],
)
def test_classes_and_parameters_find_their_cassettes(suite, name, source):
    """pytest-recording's own names for them: imported tapes are found as well as the YAML files."""
    project = suite(source)
    assert f"cassettes/test_it/{name}.yaml" in project.cassettes()
    assert project.record().requests == 0
    assert project.replay().exit == 0


def test_json_and_other_folders_are_found(project):
    """JSON of vcrpy, langchain-tests' gzipped lists in one folder above, and a name given by marker."""
    project.write(TEST, "unit/test_it.py")
    assert project.run("--llm-off", "--record-mode=once").exit == 0
    recorded = project.path / "unit" / YAML
    data = yaml.safe_load(recorded.read_text("utf-8"))
    recorded.unlink()
    project.edit("@pytest.mark.vcr\n", "\n", "unit/test_it.py")
    lists = {kind: [one[kind[:-1]] for one in data["interactions"]] for kind in ("requests", "responses")}
    places = {
        "unit/cassettes/test_it/test_one.json": json.dumps(data).encode(),
        "cassettes/test_one.yaml.gz": gzip.compress(yaml.safe_dump(lists).encode()),
        "cassettes/test_it/named.yaml": yaml.safe_dump(data).encode(),
    }
    for name, content in places.items():
        path = project.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if "named" in name:
            project.edit("def test_one", "@pytest.mark.default_cassette('named.yaml')\ndef test_one", "unit/test_it.py")
        ran = project.replay()
        assert [one["tape"] for one in ran.test("test_one")["findings"]] == [name]
        path.unlink()


def test_a_broken_cassette_stops_before_money_is_spent(suite):
    """Neither mode goes on without it: the file is named, and the way out."""
    project = suite()
    (project.path / YAML).write_text(
        "interactions:\n- request: !!python/object/apply:os.system [x]\n", encoding="utf-8"
    )
    for mode in ("--llm-trace", "--llm-record"):
        ran = project.run(mode)
        ran.outcomes(errors=1)
        assert ran.requests == 0
        assert "test_one.yaml, line 2: this vcrpy cassette cannot be read: the tag" in ran.text
    assert project.run("--llm-record", "--llm-record-mode=all").requests == 2


@pytest.mark.parametrize("content", ["colour: blue\n", "interactions: []\nversion: 1\n", "a: [\n"])
def test_other_yaml_in_the_place_of_a_cassette_is_left_alone(project, content):
    """A test without LLM calls, or one that is recorded for the first time, does not trip over it."""
    project.write(
        """
        def test_one():
            chat("hi")

        def test_two():
            pass
        """
    )
    for name in ("test_one", "test_two"):
        path = project.path / f"cassettes/test_it/{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    assert project.record().requests == 1
    ran = project.replay()
    assert (ran.exit, [row["nodeid"] for row in ran.report["tests"]]) == (0, ["test_it.py::test_one"])


@pytest.mark.parametrize("record_mode", ["none", "new_episodes"])
def test_a_cassette_used_by_hand_answers_first_and_is_traced(project, record_mode):
    """`vcr.use_cassette` in the body of a test, at the very place where we look: it answers, we observe and compare."""
    source = f"""
        import vcr

        def test_one(llm_trace):
            with vcr.use_cassette({str(project.path / YAML)!r}, record_mode=MODE):
                assert chat("hello") == "You said: hello"
            assert len(llm_trace.calls) == 1
    """
    project.write(source.replace("MODE", "'once'"))
    assert project.run("--llm-record").requests == 1
    project.write(source.replace("MODE", repr(record_mode)))
    assert project.record().requests == 0
    assert sorted(project.cassettes()) == sorted([GOLDEN, YAML])
    project.provider.stop()
    ran = project.replay()
    assert (ran.exit, ran.test("test_one")["calls"]) == (0, 1)
    project.edit('chat("hello") == "You said: hello"', 'chat("hallo")')
    assert project.replay().findings("test_one") == [("drift", "user")]


def test_an_imported_tree_records_without_a_call_and_needs_its_cassettes_no_more(project):
    """The documented way: import, take off the marks, record, delete the YAML files, replay with the provider gone."""
    project.write(
        """
        class TestChat:
            @pytest.mark.vcr
            def test_one(self):
                chat("hello")

        @pytest.mark.vcr
        @pytest.mark.parametrize("said", ["a/b:c", "plain"])
        def test_two(said):
            chat(said)
        """
    )
    assert project.run("--llm-off", "--record-mode=once").requests == 3
    done = CliRunner().invoke(main, ["import", str(project.path), "--json"])
    assert (done.exit_code, {row["outcome"] for row in json.loads(done.stdout)["files"]}) == (0, {"converted"})
    project.edit("@pytest.mark.vcr\n", "\n")
    for path in project.path.rglob("*.yaml"):
        path.unlink()
    asked = project.replay()
    asked.outcomes(failed=3)
    assert "  A tape answers every call of this test. Recording makes the golden trace from" in asked.text
    assert asked.report["unused"] == []
    assert project.record().requests == 0
    project.provider.stop()
    assert project.replay().exit == 0


def test_marks_that_stay_keep_the_imported_tape(suite):
    """Recording a marked test makes its golden trace alone, and does not throw away what was imported."""
    project = suite(marked=True)
    CliRunner().invoke(main, ["import", str(project.path)])
    imported = project.cassettes()[TAPE]
    project.record()
    assert project.cassettes()[TAPE] == imported
    (project.path / YAML).unlink()
    project.edit("@pytest.mark.vcr\n", "\n")
    project.provider.stop()
    assert project.replay().exit == 0


def test_the_guide_holds(project):
    """Each command of docs/how-to/adopt-vcrpy.md does what the guide says, one after the other.

    A changed prompt that the YAML cassette answers all the same fails, with the command that the guide names.
    """
    guide = (Path(__file__).parents[2] / "docs/how-to/adopt-vcrpy.md").read_text("utf-8")
    commands = [line[2:].partition("#")[0].split() for line in guide.split("\n") if line.startswith("$ ")]
    project.write(
        """
        @pytest.mark.vcr
        def test_hello():
            chat("hello")
        """,
        "tests/test_chat.py",
    )
    project.run("--llm-off", "--record-mode=once")
    project.provider.stop()
    outcomes = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.path)
        for program, *arguments in commands:
            if program == "pytest":
                outcomes.append(project.run(*arguments).exit)
                if arguments == ["--llm-trace"] and len(outcomes) == 2:
                    _refuses_another_prompt(project, guide)
            elif program == "llmtrace":
                outcomes.append(CliRunner().invoke(main, arguments).exit_code)
                if "--dry-run" not in arguments:
                    project.edit("@pytest.mark.vcr\n", "\n", "tests/test_chat.py")
            elif arguments[0] == "rm":
                Path(arguments[1]).unlink()
    assert outcomes == [0] * 6
    assert project.replay().exit == 0
    folder = "tests/cassettes/test_chat"
    assert [name for name in project.cassettes() if name.startswith(folder)] == [
        f"{folder}/test_hello.tape.json",
        f"{folder}/test_hello.trace.yaml",
    ]


def _refuses_another_prompt(project, guide):
    """Plain recording would accept a new request with the answer to the old one, so that is not what is named."""
    command = 'pytest --llm-record --record-mode=rewrite "tests/test_chat.py::test_hello"'
    assert f"`{command}`" in guide
    project.edit('chat("hello")', 'chat("hallo")', "tests/test_chat.py")
    ran = project.replay()
    assert ran.findings("test_hello") == [("drift", "user")]
    assert f"  accept  {command}\n          1 live call, about $" in ran.text
    assert ran.test("test_hello")["accept"] == command
    project.edit('chat("hallo")', 'chat("hello")', "tests/test_chat.py")


def test_recording_encrypts_what_was_imported(suite, monkeypatch):
    """With `llm_tapes = encrypted` an imported tape, which is plain, feeds the recording and is encrypted by it."""
    pytest.importorskip("cryptography")
    project = suite()
    CliRunner().invoke(main, ["import", str(project.path)])
    assert b"how are you?" in project.cassettes()[TAPE]
    monkeypatch.setenv(VARIABLE, "a long random text for this test")
    ran = project.run("--llm-record", "-o", "llm_tapes=encrypted")
    assert (ran.exit, ran.requests) == (0, 0)
    assert b"how are you?" not in project.cassettes()[TAPE]
    project.provider.stop()
    assert project.replay("-o", "llm_tapes=encrypted").exit == 0
