"""xfail, skips, reruns, subtests, unittest, fixtures, xdist, JUnit: a drift is an ordinary test failure."""

import re

import pytest

from tests.plugin.conftest import timeless

DRIFTED = "def test_one():\n    chat('hi')\n"


def drift(project, source=DRIFTED):
    """Record a project, then change what it asks."""
    project.write(source)
    project.record()
    project.edit("'hi'", "'ho'")


def test_a_drifting_xfail_test_xfails(project):
    """Drift honours xfail."""
    drift(project)
    project.edit("def test_one", "@pytest.mark.xfail\ndef test_one")
    ran = project.replay()
    ran.outcomes(xfailed=1)
    assert (ran.exit, ran.report["exit"]) == (0, "ok")


def test_skipped_tests_use_their_cassettes(project):
    """A skipped test is not judged, and its cassette is not called unused."""
    project.write(DRIFTED)
    project.record()
    project.edit("def test_one", "@pytest.mark.skip\ndef test_one")
    ran = project.replay()
    ran.outcomes(skipped=1)
    assert ran.report["unused"] == []


def test_cassettes_of_vanished_tests_are_unused(project):
    """On a full run, files that no test used are listed, and do not fail it; on a partial run they are not."""
    project.write(DRIFTED)
    project.record()
    project.edit("def test_one", "def test_other")
    project.record()
    ran = project.replay()
    assert ran.exit == 0
    assert ran.report["unused"] == ["cassettes/test_it/test_one.tape.json", "cassettes/test_it/test_one.trace.yaml"]
    assert project.replay("-k", "other").report["unused"] == []
    project.write("import pytest\npytest.skip('not here', allow_module_level=True)\n", "test_skipped.py", prelude=False)
    project.path.joinpath("cassettes/test_skipped").mkdir()
    project.path.joinpath("cassettes/test_skipped/test_x.tape.json").touch()
    assert project.replay("-n=1").report["unused"] == ran.report["unused"]
    project.write("import nowhere_to_be_found\n", "test_broken.py", prelude=False)
    assert project.replay("--continue-on-collection-errors").report["unused"] == []


def test_a_rerun_is_judged_afresh(project):
    """Each attempt has its own recorder: the second attempt is answered again from the start of the tape."""
    pytest.importorskip("pytest_rerunfailures")
    project.write(
        "attempts = []\ndef test_one():\n    chat('hi')\n    attempts.append(1)\n    assert len(attempts) > 1\n"
    )
    project.edit("len(attempts) > 1", "True")
    project.record()
    project.edit("assert True", "assert len(attempts) > 1")
    ran = project.replay("--reruns=1")
    assert ran.exit == 0
    assert ran.test("test_one")["calls"] == 1


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest 9 brings the fixture `subtests`")
def test_subtests_do_not_confuse_the_report(project):
    """Several call reports of one test are one row."""
    project.write(
        "def test_one(subtests):\n    for n in range(2):\n        with subtests.test(n=n):\n            chat(f'{n}')\n"
    )
    project.record()
    ran = project.replay()
    assert ran.exit == 0
    assert ran.test("test_one")["calls"] == 2


def test_unittest_cases_fail_with_the_verdict(project):
    """The verdict replaces what unittest kept of the miss."""
    drift(project, "import unittest\nclass TestIt(unittest.TestCase):\n    def test_one(self):\n        chat('hi')\n")
    ran = project.replay()
    ran.outcomes(failed=1)
    assert "drifted from its golden trace" in ran.text
    assert ran.findings("test_one") == [("drift", "user")]


def test_an_own_failure_stays_what_it_is(project):
    """A test that fails by its own assertion keeps it, and what a fixture raises is shown without code of ours."""
    project.write(
        "@pytest.fixture\n"
        "def answer():\n"
        "    return chat('hi')\n\n"
        "@pytest.fixture\n"
        "def kept(answer):\n"
        "    assert answer == 'You said: hi'\n\n"
        "def test_one():\n"
        "    assert chat('hi') == 'You said: hi'\n\n"
        "def test_two(kept):\n"
        "    pass\n"
    )
    project.record()
    project.edit("== 'You said: hi'", "== 'something else'")
    ran = project.replay()
    ran.outcomes(failed=1, errors=1)
    assert ran.text.count(" AssertionError: assert 'You said: hi' == 'something else'\n") == 2
    assert "return (yield)" not in ran.text
    assert ran.findings("test_one") == []


def test_what_a_framework_makes_of_a_miss_is_replaced(project):
    """The user reads the drift, not the exception that an application turned it into."""
    drift(
        project,
        "def test_one():\n"
        "    try:\n"
        "        chat('hi')\n"
        "    except BaseException:\n"
        "        raise AttributeError('no generations') from None\n",
    )
    ran = project.replay()
    ran.outcomes(failed=1)
    assert "drifted from its golden trace" in ran.text
    assert "E   AttributeError" not in ran.text


def test_junit_has_the_failure(project):
    """JUnit shows a failed test with the screen as its message."""
    drift(project)
    project.replay("--junitxml=junit.xml")
    text = (project.path / "junit.xml").read_text("utf-8")
    assert 'failures="1"' in text
    assert "drifted from its golden trace" in text
    assert '<property name="llmtrace_findings" value="1"' in text
    assert '<property name="llmtrace_cost_usd" value="0"' in text


FIXTURE = """
    @pytest.fixture(scope="session")
    def greeting():
        return chat("greet")

    def test_one(greeting):
        chat("one")

    def test_two(greeting):
        chat("two")
"""


def test_a_session_fixture_has_its_own_cassette(project):
    """Its calls are in nobody's test, whichever test comes first."""
    project.write(FIXTURE)
    assert project.record().requests == 3
    names = sorted(project.cassettes())
    assert [name for name in names if "_fixtures" in name] == [
        "cassettes/_fixtures/session-greeting.tape.json",
        "cassettes/_fixtures/session-greeting.trace.yaml",
    ]
    ran = project.replay()
    assert (ran.exit, ran.report["totals"]["calls"], ran.test("test_one")["calls"]) == (0, 3, 1)
    alone = project.replay("test_it.py::test_two")
    assert (alone.exit, alone.test("test_two")["calls"], alone.report["totals"]["calls"]) == (0, 1, 2)


def test_drift_in_a_session_fixture_is_an_error_of_the_test_that_set_it_up(project):
    """The fixture's drift is reported once, with its own screen."""
    project.write(FIXTURE)
    project.record()
    project.edit('"greet"', '"greet them"')
    ran = project.replay()
    ran.outcomes(errors=2)
    assert "fixture session greeting drifted from its golden trace" in ran.text


def test_calls_while_a_fixture_is_torn_down_are_recorded_and_replayed(project):
    """Finalizers of tests and of session fixtures may call LLMs."""
    project.write(
        """
        @pytest.fixture(scope="session")
        def wide():
            yield
            chat("wide goodbye")

        @pytest.fixture
        def narrow():
            yield
            chat("narrow goodbye")

        def test_one(wide, narrow):
            chat("one")
        """
    )
    assert project.record().requests == 3
    project.provider.stop()
    ran = project.replay()
    assert ran.exit == 0, ran.text
    assert ran.report["totals"]["calls"] == 3


SCREEN = """\
test_it.py::test_three drifted from its golden trace

  main · gpt-4o-mini · 1 turn
  ~ turn 1  user message changed                             <- first divergence
      messages[0].content (user)
      -  three
      +  four

  golden  cassettes/test_it/test_three.trace.yaml
  accept  pytest --llm-record "test_it.py::test_three"
          1 live call, about $0.00000195
=================================== llmtrace ===================================
"""
"""What a failed test says, up to the next section."""


MANY = """
    def test_three():
        chat('three')

    CLIENT = openai.OpenAI(base_url=URL, api_key="sk-plugin-0123456789", max_retries=0)

    @pytest.mark.parametrize("number", range(60))
    def test_many(number):
        said = [{"role": "user", "content": f"question {number}"}]
        with llmtrace.agent(f"agent {number % 3}"):
            CLIENT.chat.completions.create(model=["gpt-4o-mini", "gpt-4o"][number % 2], messages=said)
"""


def test_xdist_gives_the_same_reports_and_screen(project):
    """Findings, totals, breaches, transcripts, exit status and what a failure says are the same with two workers."""
    url = f"    URL = {project.provider.openai_url!r}\n"
    project.write(f"{FIXTURE}\n    import pytest_llmtrace as llmtrace\n{url}{MANY}")
    project.record()
    project.edit("'three'", "'four'")
    budgets = '[tool.llmtrace.budgets."."]\ncalls = 2\ntokens = 99999\n'
    (project.path / "pyproject.toml").write_text(budgets, encoding="utf-8")
    endings = ("html", "jsonl", "md")
    plain, workers = (
        project.run("--llm-trace", "--llm-budget=0.000001", *more, *(f"--llm-report={name}.{one}" for one in endings))
        for name, more in (("plain", ()), ("workers", ("-n2",)))
    )
    assert plain.exit == workers.exit == 1
    assert plain.timeless == workers.timeless
    assert [(one["scope"], one["what"]) for one in plain.report["breaches"]] == [("run", "usd"), (".", "calls")]
    assert [row["duration_s"] > 0 for row in workers.report["tests"]] == [True] * 63
    pages, lines, tables = (
        [timeless((project.path / f"{name}.{one}").read_text("utf-8")) for name in ("plain", "workers")]
        for one in endings
    )
    assert (pages[0], lines[0], tables[0]) == (pages[1], lines[1], tables[1])
    assert '"content":"four"' in pages[0]
    assert lines[0].count('"type": "llm_call"') == 64
    name, python = r"_+ test_three _+\n", r"\[gw[01]\] .*\n"
    assert re.search(name + re.escape(SCREEN), plain.text), plain.text
    assert re.search(name + python + re.escape(SCREEN), workers.text), workers.text


def test_recording_under_xdist_stops_at_the_budget_and_writes_every_cassette(project):
    """Two workers make as many calls as they may together, one process the rest; one replays what all recorded."""
    project.write("".join(f"def test_{n}():\n    chat('{n}')\n\n" for n in range(6)))
    stopped = project.run("--llm-record", "--llm-budget-calls=4", "-n2")
    assert (stopped.exit, stopped.requests) == (1, 4)
    stopped.outcomes(passed=4, failed=2)
    found = [one for row in stopped.report["tests"] for one in row["findings"]]
    assert [(one["scope"], one["what"], one["source"]) for one in found] == [("run", "calls", "--llm-budget-calls")] * 2
    assert project.record().requests == 2
    project.replay().outcomes(passed=6)


def test_parameters_of_any_name_have_their_own_files(project):
    """Names with slashes, colons, dots, reserved words and cases stay inside the folder and apart."""
    project.write(
        """
        @pytest.mark.parametrize(
            "name", ["a/b", "a:b", "A:B", "../../up", "CON", "", "x" * 300, "ü", pytest.param("y", id="y" * 300)]
        )
        def test_one(name):
            chat(repr(name))

        class TestA:
            def test_same(self):
                chat("A")

        class Testa:
            def test_same(self):
                chat("a")
        """
    )
    project.record()
    names = sorted(project.cassettes())
    assert len({name.lower() for name in names}) == 22
    assert all(name.startswith("cassettes/test_it/") for name in names)
    assert project.replay().exit == 0


def test_tests_that_xfail_or_skip_after_a_call_are_recorded(project):
    """Both ended as they should, so they are recorded, and replay sees the same end again."""
    project.write(
        """
        @pytest.mark.xfail(raises=ZeroDivisionError)
        def test_xfails():
            chat("xf")
            1 / 0

        def test_skips():
            chat("sk")
            pytest.skip("not today")
        """
    )
    project.record().outcomes(xfailed=1, skipped=1)
    project.provider.stop()
    ran = project.replay()
    ran.outcomes(xfailed=1, skipped=1)
    assert ran.exit == 0
    assert ran.findings("test_xfails") == []


def test_a_skip_after_a_miss_hides_nothing(project):
    """A test that takes the end of replay for a provider that is down, and skips, fails with the drift."""
    project.write(
        """
        def test_one():
            try:
                chat("hello")
            except BaseException:
                pytest.skip("the provider is down")
        """
    )
    project.record()
    project.edit("hello", "good morning")
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("drift", "user")]
    assert "ended   Skipped: the provider is down (follows from the above)" in ran.text


TEARDOWN = """
    @pytest.fixture(scope="session")
    def wide():
        yield chat("wide setup")
        chat("wide goodbye")

    @pytest.fixture
    def narrow():
        yield
        chat("narrow goodbye")

    def test_one(wide):
        chat("one")

    def test_two(narrow):
        chat("two")
"""


def test_calls_of_finalizers_are_counted_once_and_are_no_growth(project):
    """What finalizers call is paid once, is part of the golden totals, and keeps its files when recorded again."""
    project.write(TEARDOWN)
    recorded = project.record()
    assert recorded.requests == recorded.report["totals"]["live_calls"] == recorded.report["totals"]["calls"] == 5
    assert recorded.report["totals"]["live_cost_usd"] == recorded.report["totals"]["cost_usd"]
    before = project.cassettes()
    ran = project.replay("--llm-max-growth=1%")
    assert ran.exit == 0, ran.text
    project.record("--llm-record-mode=all")
    assert project.cassettes() == before


def test_a_call_that_a_finalizer_no_longer_makes_fails_its_teardown(project):
    """A recorded call of the teardown of a test or of a wider fixture, not made in replay, is told like any other."""
    project.write(TEARDOWN + "\n    ALL = True\n")
    project.edit('    chat("wide goodbye")', '    if ALL:\n        chat("wide goodbye")')
    project.edit('    chat("narrow goodbye")', '    if ALL:\n        chat("narrow goodbye")')
    project.record()
    project.edit("ALL = True", "ALL = False")
    ran = project.replay()
    ran.outcomes(passed=2, errors=1)
    assert ran.findings("test_one") == []
    assert ran.findings("test_two") == [("unplayed", None)]
    assert "fixture session wide did not make a request that was recorded" in ran.text
    assert "1 test and 1 fixture with a recorded request that was not made" in ran.text


AT_TEARDOWN = """\
test_it.py::test_two made a request that is not on its tape

  not on the tape
    POST {url}/chat/completions
      sent while the test was torn down; nearest recorded: POST
      {url}/chat/completions: body.messages[0].content
      'narrow goodbye' -> 'narrow farewell'
    Replay answers every request of a traced test from its tape, and no such
    request was recorded.

  golden  cassettes/test_it/test_two.trace.yaml
  accept  pytest --llm-record "test_it.py::test_two"
          1 live call, price unknown

fixture session wide made a request that is not on its tape
"""


def test_another_call_of_a_finalizer_fails_with_the_verdict_and_cannot_be_rerun_away(project):
    """Both teardowns are told with the way out; a wide fixture is gone when its test runs again, and still fails."""
    project.write(TEARDOWN)
    project.record()
    project.edit("narrow goodbye", "narrow farewell")
    project.edit("wide goodbye", "wide farewell")
    ran = project.replay()
    ran.outcomes(passed=2, errors=1)
    assert AT_TEARDOWN.format(url=project.provider.openai_url) in ran.text, ran.text
    assert "Traceback" not in ran.text
    project.edit("narrow farewell", "narrow goodbye")
    pytest.importorskip("pytest_rerunfailures")
    ran = project.replay("--reruns=1")
    assert ran.result.parseoutcomes().keys() == {"passed", "rerun"}
    assert (ran.exit, ran.report["exit"]) == (1, "failed")
    assert "fixture session wide failed, though pytest counts no failure for it" in " ".join(ran.text.split())


def test_parameters_of_fixtures_are_told_apart_by_their_ids(project):
    """Another order of the parameters is no other recording."""
    source = """
        @pytest.fixture(scope="module", params=["p1", "p2"])
        def answer(request):
            return chat(request.param)

        def test_one(answer):
            assert answer
    """
    project.write(source)
    project.record()
    assert any("module-answer-p1" in name for name in project.cassettes())
    assert {name.split("/")[1] for name in project.cassettes()} == {"test_it"}
    project.edit('["p1", "p2"]', '["p2", "p1"]')
    assert project.replay().exit == 0


@pytest.mark.parametrize("stop", ["raise KeyboardInterrupt", "pytest.exit('enough')"])
@pytest.mark.parametrize("where", ["test", "fixture"])
def test_an_interrupted_recording_reports_what_it_paid(project, where, stop):
    """Ctrl-C and pytest.exit lose neither the money from the books nor answers, those of finalizers included."""
    project.write(
        f"""
        @pytest.fixture(scope="session")
        def wide():
            chat("wide")
            {stop if where == "fixture" else "pass"}
            yield
            chat("wide goodbye")

        @pytest.fixture
        def narrow(wide):
            yield
            chat("goodbye")

        def test_one(narrow):
            chat("one")
            {stop if where == "test" else "pass"}
        """
    )
    ran = project.run("--llm-record", own_process="Interrupt" in stop)  # pytester would pass that on
    paid = {"test": 4, "fixture": 1}[where]
    assert (ran.exit, ran.requests) == (2, paid), ran.text
    assert (ran.report["totals"]["live_calls"], ran.report["totals"]["cost_usd"] > 0) == (paid, True)
    project.edit(stop, "pass")
    assert project.record().requests == 4 - paid
