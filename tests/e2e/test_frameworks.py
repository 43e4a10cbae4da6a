"""Routers and agent frameworks, with the tries and fallbacks they make."""

import json

import pytest

from tests.e2e.rounds import EveryRound, three_rounds
from tests.provider import Rule

FIELDS = "[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]"
SCRIPT = [
    *[
        rule
        for text in ("busy at first", "busy for now", "busy once more", "busy vectors")
        for rule in (Rule(user=text, status=429, retry_after=0.001, times=1), Rule(user=text, text="at last"))
    ],
    Rule(user="mini is down", model="gpt-4o-mini", status=429, retry_after=0.001),
    Rule(user="claude is down", model="claude-sonnet-4-5", status=500, retry_after=0.001),
    Rule(user="weather tool", tool_results=False, tool_calls=[{"weather": {"city": "Paris"}}]),
    Rule(user="weather tool", tool_results=True, text="It is sunny."),
    Rule(user="hand me over", tool_results=False, tool_calls=[{"transfer_to_helper": {}}]),
    Rule(user="hand me over", tool_results=True, text="The helper says hello."),
    Rule(user="in fields", text=FIELDS),
    Rule(path="/v1/traces/ingest", text={}),
]
CALLS = {
    "test_router_retries": 1,
    "test_router_retries_async": 1,
    "test_router_retries_embeddings": 1,
    "test_router_falls_back": 2,
    "test_router_falls_back_side_by_side": 8,
    "test_router_falls_back_streamed": 2,
    "test_num_retries": 1,
    "test_fallbacks_of_one_call": 2,
    "test_batch_completion": 3,
    "test_the_native_client_is_off": 1,
    "test_pydantic_ai[openai]": 2,
    "test_pydantic_ai[anthropic]": 2,
    "test_pydantic_ai_async": 3,
    "test_pydantic_ai_stream[openai]": 2,
    "test_pydantic_ai_stream[anthropic]": 2,
    "test_pydantic_ai_falls_back": 2,
    "test_agents[responses]": 2,
    "test_agents[chat]": 2,
    "test_agents_hand_off": 2,
    "test_agents_streamed": 1,
    "test_dspy": 1,
    "test_dspy_async": 1,
    "test_langchain": 2,
    "test_langchain_batch": 6,
    "test_langchain_async": 4,
    "test_langchain_falls_back": 2,
    "test_langgraph": 2,
    "test_langgraph_async": 2,
}


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """The project's three rounds."""
    return three_rounds(tmp_path_factory.mktemp("frameworks"), "frameworks.py", script=SCRIPT)


class TestRounds(EveryRound):
    """What holds for every project."""


def test_each_call_is_one_entry(rounds):
    """However a framework makes a call, it is one entry; tries are its attempts, and fallbacks entries of their own."""
    found = {row["nodeid"].partition("::")[2]: row["calls"] for row in rounds.replayed.report["tests"]}
    assert found == CALLS


def test_what_a_fallback_cost_is_the_answer_alone(rounds):
    """The call that failed is free, the one in its place has a price, and it names the failed one."""
    failed, answered = rounds.calls("test_router_falls_back")
    assert [one["cost_usd"] for one in failed["attempts"]] == [0.0]
    assert failed["fallback_from"] is None
    assert answered["fallback_from"] == {"model": "openai/gpt-4o-mini", "error": "RateLimitError"}
    assert answered["attempts"][0]["cost_usd"] == answered["cost_usd"] > 0
    assert rounds.replayed.test("test_router_falls_back")["cost_usd"] == answered["cost_usd"]


def test_traces_of_agents_are_on_no_tape(rounds):
    """OpenAI Agents reported to its receiver while it was recorded; no tape has it, and no replay missed it."""
    urls = [
        interaction["request"].get("url", "")
        for name, content in rounds.files.items()
        if name.endswith(".tape.json")
        for interaction in json.loads(content)["interactions"]
    ]
    assert urls
    assert [url for url in urls if "traces" in url] == []
