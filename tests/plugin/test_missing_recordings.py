"""A test whose recording was forgotten: what CI, which has no key, says about it."""

import re

import pytest

KEYED = """
    import os, openai, pytest

    def client():
        return openai.OpenAI(base_url={url!r}, max_retries=0)

    def ask(client, text):
        said = [{{"role": "user", "content": text}}]
        with client:
            return client.chat.completions.create(model="gpt-4o-mini", messages=said).choices[0].message.content
"""


@pytest.fixture
def keyless(project, monkeypatch):
    """A project whose client takes its key from the environment, where there is none."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_ADMIN_KEY", raising=False)

    def write(source):
        project.write(KEYED.format(url=project.provider.openai_url) + source, prelude=False)
        return project

    return write


def screen(text, title):
    """The screen under a title of pytest, without the frame."""
    found = re.search(rf"^_+ {re.escape(title)} _+$\n(.*?)^(?:_|=)", text, re.DOTALL | re.MULTILINE)
    assert found, text
    return found.group(1)


def test_a_client_without_a_key_in_an_unrecorded_test_is_a_missing_recording(keyless):
    """The want of a key follows from the want of a recording, and the way out is to record, not to hand out keys."""
    project = keyless("""
    def test_one():
        assert ask(client(), "hello")
    """)
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("no_cassette", None)]
    shown = screen(ran.text, "test_one")
    assert shown.startswith("test_it.py::test_one made an LLM call but has no recording\n\n  ended   OpenAIError: ")
    assert shown.endswith(
        "  needs   cassettes/test_it/test_one.trace.yaml (does not exist)\n"
        '  record  pytest --llm-record "test_it.py::test_one"    makes live calls\n'
    )
    assert 'to record: pytest --llm-record "test_it.py::test_one"' in ran.text


def test_a_client_that_a_fixture_builds_is_no_different(keyless):
    """The setup of a test says what its call would say."""
    project = keyless("""
    @pytest.fixture
    def made():
        return client()

    def test_one(made):
        assert ask(made, "hello")
    """)
    ran = project.replay()
    ran.outcomes(errors=1)
    assert ran.findings("test_one") == [("no_cassette", None)]
    assert "test_it.py::test_one made an LLM call but has no recording" in screen(
        ran.text, "ERROR at setup of test_one"
    )


def test_a_test_about_keys_keeps_its_own_outcome(keyless):
    """A test that never wanted a recording sees no placeholder, and its failures stay its own."""
    project = keyless("""
    def test_refused():
        with pytest.raises(openai.OpenAIError, match="OPENAI_API_KEY"):
            client()

    def test_wrong():
        try:
            client()
        except openai.OpenAIError as error:
            assert "nothing of the kind" in str(error)
    """)
    ran = project.replay()
    ran.outcomes(passed=1, failed=1)
    assert ran.report["tests"] == []
    assert "nothing of the kind" in ran.text
    assert "no recording" not in ran.text


def test_a_forgotten_tape_is_missed_by_name(keyless, monkeypatch):
    """The golden trace knows the provider, so that the client can be built, and the file that is missing is named."""
    project = keyless("""
    def test_one():
        assert ask(client(), "hello")
    """)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-plugin-0123456789")
    project.record()
    monkeypatch.delenv("OPENAI_API_KEY")
    (project.path / "cassettes/test_it/test_one.tape.json").unlink()
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("no_cassette", None)]
    assert "  needs   cassettes/test_it/test_one.tape.json (does not exist)\n" in screen(ran.text, "test_one")


def test_a_broken_golden_trace_without_a_tape_is_named(keyless, monkeypatch):
    """What is wrong with the file is said, and how to get over it."""
    project = keyless("""
    def test_one():
        assert ask(client(), "hello")
    """)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-plugin-0123456789")
    golden = project.path / "cassettes/test_it/test_one.trace.yaml"
    golden.parent.mkdir(parents=True)
    golden.write_text("llmtrace: 1\nconversations: [\n", "utf-8")
    ran = project.replay()
    assert ran.exit == 1
    assert "INTERNALERROR" not in ran.text
    assert "test_one.trace.yaml" in ran.text


def test_drift_in_a_fixture_of_the_test_is_explained(project):
    """A call that is made while the test is set up has the same screen, and counts in the summary."""
    project.write("""
    @pytest.fixture
    def greeting():
        return chat("hello")

    def test_one(greeting):
        assert greeting
    """)
    project.record()
    project.edit("hello", "hallo")
    ran = project.replay()
    ran.outcomes(errors=1)
    assert ran.findings("test_one") == [("drift", "user")]
    shown = screen(ran.text, "ERROR at setup of test_one")
    assert shown.startswith("test_it.py::test_one drifted from its golden trace\n")
    assert "      -  hello\n      +  hallo\n" in shown
    assert 'accept  pytest --llm-record "test_it.py::test_one"' in shown
    assert "1 test drifted" in ran.text


@pytest.mark.parametrize("ci", ["", "1"])
def test_the_short_summary_says_what_happened(project, monkeypatch, ci):
    """Pytest names the test there itself; with CI set it would repeat the whole screen."""
    if ci:
        monkeypatch.setenv("CI", ci)
    else:
        monkeypatch.delenv("CI", raising=False)
        monkeypatch.delenv("BUILD_NUMBER", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    project.write("""
    def test_one():
        chat("hello")
    """)
    ran = project.replay("--junitxml=junit.xml")
    assert ran.text.splitlines()[-2] == "FAILED test_it.py::test_one - made an LLM call but has no recording"
    junit = (project.path / "junit.xml").read_text("utf-8")
    assert '<failure message="made an LLM call but has no recording">test_it.py::test_one made an LLM call' in junit
    assert "needs   cassettes/test_it/test_one.trace.yaml (does not exist)" in junit


def test_every_test_of_a_failed_session_fixture_says_why(project):
    """Pytest sets it up once; whoever asks for it later reads the same screen."""
    project.write("""
    @pytest.fixture(scope="session")
    def shared():
        return chat("hello")

    def test_one(shared):
        assert shared

    def test_two(shared):
        assert shared
    """)
    ran = project.replay()
    ran.outcomes(errors=2)
    first, second = (screen(ran.text, f"ERROR at setup of {name}") for name in ("test_one", "test_two"))
    assert first.startswith("fixture session shared made an LLM call but has no recording\n")
    assert second == first


def test_commands_work_where_the_run_was_started(project, monkeypatch):
    """In a folder of the project a command names the test as it is called from there."""
    project.write("def test_one():\n    chat('hi')\n", "deep/er/test_deep.py")
    monkeypatch.chdir(project.path / "deep")
    ran = project.replay(f"--rootdir={project.path}")
    assert '  record  pytest --llm-record "er/test_deep.py::test_one"    makes live calls\n' in ran.text
    assert '\nto record: pytest --llm-record "er/test_deep.py::test_one"\n' in ran.text
