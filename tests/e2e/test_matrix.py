"""Every way to call an LLM: recorded from a real HTTP server, replayed with the server stopped."""

import pytest

from tests.e2e.rounds import EveryRound, three_rounds
from tests.provider import Rule

SCRIPT = [
    Rule(user="fail once", status=500, retry_after=0.001, times=1),
    Rule(user="fail once", text="recovered", times=1),
    Rule(user="fail once more", status=500, retry_after=0.001, times=1),
    Rule(user="fail once more", text="recovered"),
    Rule(user="fail the first model", model="gpt-4o-mini", status=500, retry_after=0.001),
    Rule(user="fail always", status=400, text="no"),
    Rule(user="weather", tool_results=False, tool_calls=[{"weather": {"city": "Paris"}}]),
    Rule(user="weather", tool_results=True, text="It is sunny."),
    Rule(user="count", text="first", times=1),
    Rule(user="count", text="second", times=1),
    Rule(user="count", text="third"),
    Rule(user="take your time", delay=1.0),
    Rule(user="long story", text="word " * 50),
    Rule(user="price ", text="Fine.", usage={"input_tokens": 1000, "output_tokens": 321, "cache_read_tokens": 800}),
]


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """The three rounds of the project, and of one that asks litellm what its calls cost."""
    return three_rounds(tmp_path_factory.mktemp("matrix"), "matrix.py", "costs.py", script=SCRIPT)


class TestRounds(EveryRound):
    """What holds for every project."""


CALLS = {
    "test_completion": (1, "openai/gpt-4o-mini"),
    "test_completion_stream": (1, "openai/gpt-4o-mini"),
    "test_acompletion": (1, "openai/gpt-4o-mini"),
    "test_acompletion_stream": (1, "openai/gpt-4o-mini"),
    "test_anyio_acompletion": (1, "openai/gpt-4o-mini"),
    "test_trio[trio]": (1, "openai/gpt-4o-mini"),
    "test_fallbacks": (2, "openai/gpt-4o"),
    "test_asyncio_run_in_a_sync_test": (5, "openai/gpt-4o-mini"),
    "test_gather": (20, "openai/gpt-4o-mini"),
    "test_isolated_asyncio": (1, "openai/gpt-4o-mini"),
    "test_tools": (2, "openai/gpt-4o-mini"),
    "test_embedding": (1, "openai/text-embedding-3-small"),
    "test_aembedding": (1, "openai/text-embedding-3-small"),
    "test_responses": (1, "openai/gpt-4o-mini"),
    "test_aresponses": (1, "openai/gpt-4o-mini"),
    "test_to_anthropic": (1, "anthropic/claude-sonnet-4-5"),
    "test_to_anthropic_stream": (1, "anthropic/claude-sonnet-4-5"),
    "test_retries": (1, "openai/gpt-4o-mini"),
    "test_mock_response": (1, "openai/gpt-4o-mini"),
    "test_async_mock_response": (1, "openai/gpt-4o-mini"),
    "test_cache_hit": (2, "openai/gpt-4o-mini"),
    "test_threads": (16, "openai/gpt-4o-mini"),
    "test_error": (1, "openai/gpt-4o-mini"),
    "test_openai": (1, "openai/gpt-4o-mini"),
    "test_the_same_question_by_litellm_and_by_the_sdk": (2, "openai/gpt-4o-mini"),
    "test_openai_stream": (1, "openai/gpt-4o-mini"),
    "test_openai_async": (1, "openai/gpt-4o-mini"),
    "test_openai_responses_stream": (1, "openai/gpt-4o-mini"),
    "test_openai_embeddings": (1, "openai/text-embedding-3-small"),
    "test_openai_retries": (1, "openai/gpt-4o-mini"),
    "test_openai_repeats_the_same_question": (3, "openai/gpt-4o-mini"),
    "test_refused_connection": (1, "openai/gpt-4o-mini"),
    "test_client_timeout": (1, "openai/gpt-4o-mini"),
    "test_cancelled_call": (1, "openai/gpt-4o-mini"),
    "test_refused_connection_by_requests": (1, "openai/m"),
    "test_abandoned_stream": (1, "openai/gpt-4o-mini"),
    "test_anthropic": (1, "anthropic/claude-sonnet-4-5"),
    "test_anthropic_async_stream": (1, "anthropic/claude-sonnet-4-5"),
    "test_requests_in_threads": (24, "openai/gpt-4o-mini"),
    "test_uses_a_session_fixture": (0, None),
    "test_uses_the_session_fixture_too": (1, "openai/gpt-4o-mini"),
}


@pytest.mark.parametrize("name", CALLS)
def test_each_call_is_one_entry(rounds, name):
    """However a call was made, it is counted once, in the recording and in the replay alike."""
    calls, _model = CALLS[name]
    if calls == 0:
        assert all(not row["nodeid"].endswith(f"::{name}") for row in rounds.replayed.report["tests"])
        return
    recorded, replayed = rounds.recorded.test(name), rounds.replayed.test(name)
    assert (recorded["calls"], replayed["calls"]) == (calls, calls)
    assert recorded["usage"] == replayed["usage"]
    assert recorded["cost_usd"] == replayed["cost_usd"]


def test_the_session_fixture_is_counted_in_the_totals_alone(rounds):
    """Calls of wider fixtures are in nobody's test."""
    assert rounds.replayed.report["totals"]["calls"] == sum(row["calls"] for row in rounds.replayed.report["tests"]) + 1


def test_recording_and_replay_cost_the_same(rounds):
    """The dollars of a replay are those that recording paid, and all are known."""
    recorded, replayed = rounds.recorded.report["totals"], rounds.replayed.report["totals"]
    assert replayed["cost_usd"] == recorded["cost_usd"]
    assert replayed["unpriced_calls"] == 0


def test_our_dollars_are_litellms(rounds):
    """Sync, async, streamed, plain SDK and embeddings, with cached tokens: asserted inside, in every round."""
    own = [row for row in rounds.replayed.report["tests"] if row["nodeid"].startswith("test_costs.py::")]
    assert [row["outcome"] for row in own] == ["passed"] * 8
    assert all(row["cost_usd"] > 0 for row in own)
