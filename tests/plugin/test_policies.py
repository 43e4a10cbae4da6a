"""Policies of the project and of a test: pyproject, ini file and marker."""

import pytest

TWO = """
    def test_one():
        chat({"role": "system", "content": "Be brief."}, "hello", temperature=0.1)
"""
WARNS = '[tool.llmtrace.policies.mild]\nprompt = "warn"\nignore = ["params"]\n'
PROMPT = ("Be brief.", "Be kind.")


def pyproject(project, text):
    """The project's settings."""
    (project.path / "pyproject.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("place", ["ini", "marker"])
def test_a_policy_of_pyproject_is_used_by_name(project, place):
    """By `llm_policy` or by the marker; it serves the tape too, and no setting needs a new recording."""
    project.write(TWO)
    project.record()
    files = project.cassettes()
    pyproject(project, WARNS)
    if place == "ini":
        project.pytester.makeini("[pytest]\nllm_policy = mild\n")
    else:
        project.edit("def test_one", "@pytest.mark.llm_trace(policy='mild')\ndef test_one")
    project.edit("temperature=0.1", "temperature=0.9")
    project.replay().outcomes(passed=1)
    assert project.cassettes() == files


def test_a_warning_is_shown_and_does_not_fail(project):
    """Drift of severity `warn` is in the summary and in the report; the run passes."""
    project.write("def test_one(request):\n    chat('hello')\n    chat(f'You said: hello')\n")
    project.record()
    project.edit("chat(f'You said: hello')", "pass")
    pyproject(project, '[tool.llmtrace.policies.mild]\ncall_missing = "warn"\n')
    project.pytester.makeini("[pytest]\nllm_policy = mild\n")
    ran = project.replay()
    ran.outcomes(passed=1)
    assert ran.exit == 0
    (finding,) = ran.test("test_one")["findings"]
    assert (finding["type"], finding["kind"], finding["severity"]) == ("drift", "call_missing", "warn")
    assert ran.report["exit"] == "ok"
    assert "warning" in ran.text
    assert "test_it.py::test_one" in ran.text


@pytest.mark.parametrize(
    ("toml", "ini", "text"),
    [
        (
            '[tool.llmtrace.policies.mild]\nprompt = "bad"\n',
            "",
            "pyproject.toml: [tool.llmtrace.policies.mild] severity of prompt = 'bad': not possible; choose one of",
        ),
        (WARNS, "llm_policy = milt", "llm_policy = 'milt': not a policy; choose one of exact, tools, outline, mild"),
        (
            "[tool.llmtrace.policy.mild]",
            "",
            "pyproject.toml: [tool.llmtrace] has no setting 'policy'; its tables are [tool.llmtrace.policies], ",
        ),
        ("", "llm_normalize = dates", "tox.ini: llm_normalize = 'dates': not a rule; choose one of datetime, date,"),
        ("", "llm_ignore = parms.seed", "tox.ini: llm_ignore = 'parms.seed': no such path; a path begins with one of"),
        ("", "llm_live_policy = all", "llm_live_policy = 'all': not a policy; choose one of exact, tools, outline"),
    ],
)
def test_a_wrong_policy_ends_the_run_before_it_begins(project, toml, ini, text):
    """A usage error names file, table, value and what is possible."""
    project.write(TWO)
    pyproject(project, toml)
    project.pytester.makeini(f"[pytest]\n{ini}\n")
    result = project.pytester.runpytest_inprocess("--llm-trace", "-p", "no:asyncio")
    assert result.ret == 4
    assert text in result.stderr.str()


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        ("policy='milt'", "'milt' is not a policy; choose one of exact, tools, outline, mild"),
        (
            "severities={'prompt': 'bad'}",
            "@pytest.mark.llm_trace (on test_it.py::test_one) severity of prompt = 'bad': not possible",
        ),
        ("tools={'search': 'nowhere.at:all'}", "`nowhere.at` cannot be imported"),
        ("tools='ignore'", "@pytest.mark.llm_trace(tools='ignore'): must be a dict, such as"),
        ("text_scorer='nowhere.at:all'", "text_scorer = 'nowhere.at:all': `nowhere.at` cannot be imported"),
    ],
)
def test_a_wrong_marker_fails_its_test(project, marker, text):
    """Before anything is called; the text says what is possible."""
    project.write(TWO)
    project.edit("def test_one", f"@pytest.mark.llm_trace({marker})\ndef test_one")
    pyproject(project, WARNS)
    ran = project.run("--llm-trace")
    ran.outcomes(errors=1)
    assert text in ran.text
    assert ran.requests == 0


def test_the_marker_beats_the_ini_file_which_beats_pyproject(project):
    """Single values of the nearest place hold, lists of all places add up."""
    project.write(TWO)
    project.edit('"hello"', '"hello on 2025-01-01"')
    project.record()
    pyproject(project, '[tool.llmtrace.policies.mild]\nprompt = "ignore"\nignore = ["params"]\n')
    project.pytester.makeini("[pytest]\nllm_policy = mild\nllm_normalize = date\n")
    project.edit("temperature=0.1", "temperature=0.9")
    project.edit("2025-01-01", "2026-01-01")
    project.replay().outcomes(passed=1)
    project.edit("def test_one", "@pytest.mark.llm_trace(severities={'params': 'fail'}, policy='exact')\ndef test_one")
    assert project.replay().findings("test_one") == [("drift", "params")]


def test_markers_of_test_class_and_module_add_up(project):
    """A nearer marker beats a farther one setting by setting, and takes nothing else of it away."""
    project.write(
        """
        pytestmark = pytest.mark.llm_trace(policy="mild", ignore=["params.seed"], min_calls=2)

        @pytest.mark.llm_trace(severities={"user": "warn"})
        class TestIt:
            @pytest.mark.llm_trace(ignore=["params.temperature"], min_calls=1)
            def test_one(self):
                chat({"role": "system", "content": "Be brief."}, "hello", temperature=0.1, seed=1)
        """
    )
    pyproject(project, '[tool.llmtrace.policies.mild]\nprompt = "warn"\n')
    project.record()
    project.edit("temperature=0.1, seed=1", "temperature=0.2, seed=2")
    ran = project.replay()
    ran.outcomes(passed=1)
    assert ran.findings("test_one") == []
    golden = project.path / "cassettes/test_it/TestIt.test_one.trace.yaml"
    golden.write_text(
        golden.read_text("utf-8").replace("Be brief.", "Be kind.").replace("user: hello", "user: hi"), "utf-8"
    )
    ran = project.replay()
    ran.outcomes(passed=1)
    assert ran.findings("test_one") == [("drift", "prompt"), ("drift", "user")]


def test_live_mode_has_a_policy_of_its_own(project):
    """`llm_live_policy` holds with --llm-live, `llm_policy` without."""
    project.write(TWO)
    project.record()
    project.edit(*PROMPT)
    assert project.run("--llm-live").exit == 0
    project.pytester.makeini("[pytest]\nllm_live_policy = exact\nllm_policy = tools\n")
    ran = project.run("--llm-live")
    assert ran.findings("test_one") == [("drift", "prompt")]


SCORED = """
    @pytest.mark.llm_trace(policy="exact", text_scorer="judging:{function}", text_tolerance=0.2)
    def test_one():
        chat("hello")
"""
JUDGING = """
    def kind(golden, observed):
        return observed.startswith("You said")

    def share(golden, observed):
        return 0.7

    def breaks(golden, observed):
        raise RuntimeError("the judge is out")
"""


@pytest.mark.parametrize(
    ("function", "answer", "failed"),
    [("kind", "You said what?", 0), ("kind", "No.", 1), ("share", "You said what?", 1), ("breaks", "No.", 1)],
)
def test_a_function_of_the_project_judges_answers(project, function, answer, failed):
    """What it says counts, and what it raises is shown."""
    project.write(JUDGING, "judging.py", prelude=False)
    project.pytester.syspathinsert()
    project.write(SCORED.format(function=function))
    project.record()
    (path,) = project.path.rglob("*.tape.json")
    path.write_text(path.read_text("utf-8").replace("You said: hello", answer), encoding="utf-8")
    ran = project.replay()
    ran.outcomes(passed=1 - failed, failed=failed)
    if function == "breaks":
        assert "text_scorer = 'judging:breaks': it raised RuntimeError: the judge is out" in ran.text
