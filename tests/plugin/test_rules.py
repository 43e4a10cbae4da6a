"""Rules that absorb what is no behaviour: they serve the tape and the comparison alike."""

import pytest

DATED = """
    def test_one():
        assert chat("It is 2026-03-01. Hello.")
        assert chat("It is 2026-03-01. Hello.", "And again.")
"""


def edit_date(project):
    """Another day."""
    project.edit("It is 2026-03-01", "It is 2026-03-02")


def test_the_screen_names_the_rule_that_would_absorb_a_date(project):
    """Where only a date differs, the failure says which rule to write."""
    project.write(DATED)
    project.record()
    edit_date(project)
    ran = project.replay()
    ran.outcomes(failed=1)
    assert "llm_normalize" in ran.text
    assert "date" in ran.text


def test_a_rule_in_the_ini_file_absorbs_it_on_the_tape_and_in_the_golden(project):
    """With `llm_normalize = date` the same recording answers on any day, and nothing drifts."""
    project.write(DATED)
    project.record()
    edit_date(project)
    project.pytester.makeini("[pytest]\nllm_normalize = date\n")
    project.replay().outcomes(passed=1)
    project.edit("Hello.", "Goodbye.")
    assert project.replay().findings("test_one") == [("drift", "user")]


@pytest.mark.parametrize(
    ("marker", "change"),
    [
        ("normalize=['date']", ("It is 2026-03-01", "It is 2026-03-02")),
        ("ignore=['params.temperature']", ("temperature=0.1", "temperature=0.2")),
    ],
)
def test_rules_of_a_marker_hold_for_its_test(project, marker, change):
    """A test's own rules serve its tape and its comparison."""
    project.write(
        f"@pytest.mark.llm_trace({marker})\ndef test_one():\n    chat('It is 2026-03-01.', temperature=0.1)\n"
    )
    project.record()
    project.edit(*change)
    project.replay().outcomes(passed=1)


def test_a_rule_that_is_none_is_an_error(project):
    """A misspelt rule fails and lists the known ones."""
    project.write(DATED)
    project.pytester.makeini("[pytest]\nllm_normalize = dates\n")
    ran = project.run("--llm-trace")
    assert ran.exit == 1
    assert "'dates'" in ran.text
    assert "datetime" in ran.text
