"""`--llm-on-miss=nearest`: a run that goes on past what is not on the tape, and still fails."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project
from tests.plugin.test_drift import AGENT, SCRIPT
from tests.provider import Provider

NEAREST = "--llm-on-miss=nearest"


@pytest.fixture
def agent(pytester):
    """A recorded agent of two turns; its provider is stopped."""
    with Provider(SCRIPT, random_ids=True) as provider:
        made = Project(pytester, provider)
        made.write(AGENT.replace("URL", repr(provider.openai_url)))
        made.record()
        provider.stop()
        yield made


def test_the_whole_trajectory_shows_in_one_run(agent):
    """Two independent changes, of which a stopped run shows the first alone, are both listed."""
    agent.edit("Check the policy first.", "Refund quickly.")
    agent.edit('{"refunded": order}', '{"refunded": order, "fee": 1}')
    assert agent.replay().findings("test_agent") == [("drift", "prompt")]
    before = agent.cassettes()
    ran = agent.replay(NEAREST)
    ran.outcomes(failed=1)
    assert [(one["kind"], one["turn"], one["first"], one["folded"]) for one in ran.test("test_agent")["findings"]] == [
        ("prompt", 1, True, 1),
        ("tool_result", 2, False, 0),
    ]
    assert ran.test("test_agent")["nearest_answers"] == 2
    text = " ".join(ran.text.split())
    assert "2 requests not on the tape: the test went on with the nearest recorded answers" in text
    assert "1 test went on with the nearest recorded answers to 2 requests (--llm-on-miss=nearest)" in text
    assert agent.cassettes() == before


def test_an_unchanged_test_passes(agent):
    """The option changes nothing where everything is on the tape."""
    ran = agent.replay(NEAREST)
    ran.outcomes(passed=1)
    assert "nearest_answers" not in ran.test("test_agent")


def test_a_test_whose_drift_the_policy_ignores_fails_all_the_same(agent):
    """An answer to another request is never a pass: where no drift says why, the requests are named."""
    agent.edit("def test_agent", "@pytest.mark.llm_trace(policy='tools')\ndef test_agent")
    agent.edit("Check the policy first.", "Refund quickly.")
    ran = agent.replay(NEAREST)
    ran.outcomes(failed=1)
    assert ran.findings("test_agent") == [("miss", None), ("miss", None)]
    assert "messages[0].content 'Check the policy first.' -> 'Refund quickly.'" in " ".join(ran.text.split())


def test_what_follows_from_an_answer_to_another_request_is_not_what_the_user_reads(agent):
    """An assertion that fails after it is named as what follows; the drift is what failed."""
    agent.edit('== "Done."', '== "Other."')
    agent.edit("Check the policy first.", "Refund quickly.")
    ran = agent.replay(NEAREST)
    ran.outcomes(failed=1)
    assert "test_agent drifted from its golden trace" in ran.text
    assert "ended   AssertionError: assert 'Done.' == 'Other.' (follows from the above)" in ran.text


def test_an_added_turn_is_answered_and_blamed_alone(agent):
    """A question that no recorded one is like gets an answer too, and what comes after it is compared."""
    agent.edit('== "Done."', '== "Done."\n    agent("Refund order 8")')
    ran = agent.replay(NEAREST)
    ran.outcomes(failed=1)
    assert {finding[1] for finding in ran.findings("test_agent")} == {"call_added"}


def test_a_streamed_request_gets_no_answer_in_one_piece(project):
    """Nothing that comes near can answer it, so the test stops as before."""
    project.write("def test_one():\n    chat('hi')\n")
    project.record()
    project.edit("    chat('hi')", "    chat('hi', stream=True)")
    ran = project.replay(NEAREST)
    ran.outcomes(failed=1)
    assert "nearest_answers" not in ran.test("test_one")
    assert ran.findings("test_one") == [("miss", None)]


def test_an_agent_that_gets_the_same_answer_again_and_again_ends(project):
    """A recorded answer is given so many times and no more."""
    project.write("def test_one():\n    chat('hi 0')\n")
    project.record()
    project.edit(
        "    chat('hi 0')", "    number = 0\n    while True:\n        number += 1\n        chat(f'hi {number}')"
    )
    ran = project.replay(NEAREST)
    ran.outcomes(failed=1)
    assert ran.test("test_one")["nearest_answers"] == 25


def test_without_a_cassette_there_is_nothing_near(project):
    """A test that was never recorded fails as before."""
    project.write("def test_one():\n    chat('hi')\n")
    ran = project.replay(NEAREST)
    assert ran.findings("test_one") == [("no_cassette", None)]


@pytest.mark.parametrize("mode", ["--llm-record", "--llm-live"])
def test_it_is_about_replay_alone(project, mode):
    """With a mode that asks the provider the option is a usage error."""
    project.write("def test_one():\n    assert True\n")
    ran = project.run(mode, NEAREST)
    assert ran.exit == pytest.ExitCode.USAGE_ERROR
    assert f"--llm-on-miss=nearest has no effect in {mode[6:]} mode" in ran.result.stderr.str()
