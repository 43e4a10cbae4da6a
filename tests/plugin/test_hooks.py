"""What a conftest may add: `pytest_llmtrace_normalize`, `pytest_llmtrace_score` and `pytest_llmtrace_redact`."""

import pytest

TICKETS = """
    def test_one():
        assert chat("Ticket SHOP-17 of Ann Smith")
        assert chat("Ticket SHOP-17 of Ann Smith", {"role": "assistant", "content": "ok"}, "thanks")
"""
NORMALIZE = """
    import re

    def pytest_llmtrace_normalize(text, nodeid):
        assert nodeid == "test_it.py::test_one"
        return re.sub(r"SHOP-\\d+", "SHOP-n", text) if "SHOP" in text else None
"""
REDACT = """
    def pytest_llmtrace_redact(text):
        return text.replace("Ann Smith", "NAME")
"""


def test_a_conftest_normalizes_for_tape_and_comparison(project):
    """What the function takes out neither misses nor drifts; what it leaves does."""
    project.write(TICKETS)
    project.record()
    project.edit("SHOP-17", "SHOP-18")
    project.replay().outcomes(failed=1)
    project.write(NORMALIZE, "conftest.py", prelude=False)
    project.replay().outcomes(passed=1)
    project.edit("Ann", "Eve")
    assert project.replay().findings("test_one") == [("drift", "user")]


def test_every_implementation_is_asked_in_turn(project):
    """Each gets what the one before it returned."""
    project.write(TICKETS)
    first = (
        "def pytest_llmtrace_normalize(text):\n    return text.replace('SHOP-17', 'n/a').replace('SHOP-18', 'none')\n"
    )
    project.write(first, "conftest.py", prelude=False)
    then = "def pytest_llmtrace_normalize(text):\n    return text.replace('n/a', 'none')\n"
    project.write(then, "more.py", prelude=False)
    project.pytester.syspathinsert()
    project.record("-p", "more")
    project.edit("SHOP-17", "SHOP-18")
    assert project.replay().findings("test_one") == [("drift", "user")]
    project.replay("-p", "more").outcomes(passed=1)


def test_a_conftest_redacts_before_anything_is_written(project):
    """Neither tape nor golden trace nor report holds what it removes, and replay still answers."""
    project.write(TICKETS)
    project.write(REDACT, "conftest.py", prelude=False)
    lines = project.path / "calls.jsonl"
    ran = project.record(f"--llm-report={lines}")
    written = [*project.cassettes().values(), lines.read_bytes(), ran.text.encode()]
    assert [b"Smith" in text for text in written] == [False] * 4
    assert all(b"Ticket SHOP-17 of NAME" in text for text in project.cassettes().values())
    project.replay().outcomes(passed=1)
    project.edit("Ann Smith", "Eve Miller")
    assert project.replay().findings("test_one") == [("drift", "user")]


def test_a_conftest_redacts_what_is_traced_by_hand(project):
    """The manual API's calls, tools and events go the same way."""
    source = """
        import pytest_llmtrace as llmtrace

        @llmtrace.tool
        def look(name):
            return f"{name} is here"

        def test_one():
            with llmtrace.call(provider="acme", model="m", messages=[{"role": "user", "content": "Ann Smith"}]) as call:
                call.output = "Hello Ann Smith"
            look("Ann Smith")
            llmtrace.event("met", {"who": "Ann Smith"})
    """
    project.write(source)
    project.write(REDACT, "conftest.py", prelude=False)
    project.record()
    (text,) = project.cassettes().values()
    assert b"Smith" not in text
    assert text.count(b"NAME") == 5
    project.replay().outcomes(passed=1)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("raise ValueError('no idea')", "pytest_llmtrace_redact of"),
        ("raise ValueError('no idea')", "it raised ValueError: no idea"),
        ("return 3", "it must return a text, or None where nothing is to be done, not 3"),
    ],
)
def test_a_redaction_that_breaks_ends_the_test_and_writes_nothing(project, body, text):
    """What could not be redacted is not sent on to a file."""
    project.write(TICKETS)
    project.write(f"def pytest_llmtrace_redact(text):\n    {body}\n", "conftest.py", prelude=False)
    ran = project.run("--llm-record")
    assert ran.exit == 1
    assert text in ran.text
    assert project.cassettes() == {}


def test_a_normalization_that_breaks_is_shown(project):
    """The error names the conftest and the line."""
    project.write(TICKETS)
    project.record()
    project.edit("SHOP-17", "SHOP-18")
    project.write("def pytest_llmtrace_normalize(text):\n    return text / 2\n", "conftest.py", prelude=False)
    ran = project.replay()
    ran.outcomes(failed=1)
    assert "it raised TypeError: unsupported operand" in ran.text
    assert "conftest.py:2)" in ran.text


SCORE = """
    def pytest_llmtrace_score(golden, observed, nodeid):
        assert (golden, nodeid) == ("You said: hello", "test_it.py::test_one")
        if "broken" in observed:
            raise RuntimeError("the judge is out")
        return observed.startswith("You said") or None
"""


def test_a_conftest_judges_the_wording_of_answers(project):
    """What it accepts is no drift; without an opinion the words count; a function that the policy names goes first."""
    project.write("def test_one():\n    chat('hello')\n")
    project.record()
    project.write(SCORE, "conftest.py", prelude=False)
    (path,) = project.path.rglob("*.tape.json")
    tape = path.read_text("utf-8")

    def answered(text):
        path.write_text(tape.replace("You said: hello", text), encoding="utf-8")
        return project.replay()

    answered("You said what?").outcomes(passed=1)
    assert answered("No.").findings("test_one") == [("drift", "output")]
    broken = answered("broken")
    broken.outcomes(failed=1)
    assert "it raised RuntimeError: the judge is out" in broken.text
    assert "conftest.py:5)" in broken.text
    project.write("def never(golden, observed):\n    return False\n", "judges.py", prelude=False)
    project.pytester.syspathinsert()
    project.edit("def test_one", "@pytest.mark.llm_trace(text_scorer='judges:never')\ndef test_one")
    assert answered("You said what?").findings("test_one") == [("drift", "output")]
