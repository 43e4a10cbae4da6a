"""Every SDK in every way it has: recorded, replayed with the provider stopped, each call one entry that is right."""

from dataclasses import dataclass

import pytest

from tests.e2e.rounds import EveryRound, three_rounds
from tests.provider import Rule

USAGE = {"input_tokens": 100, "output_tokens": 20, "cache_read_tokens": 64}
TRIED_AGAIN = ("TestOpenAI", "TestAzure", "TestCompatible", "TestResponses", "TestAnthropic")
TRIED_AGAIN_LATER = ("TestConverse", "TestInvoke", "TestCohere")
"""SDKs that do not care how soon the provider lets them."""

SCRIPT = [
    Rule(user="fail always", status=400, text="no"),
    *(Rule(user=f"busy {name}", status=429, retry_after=0.001, times=1) for name in TRIED_AGAIN),
    *(Rule(user=f"busy {name}", status=429, times=1) for name in TRIED_AGAIN_LATER),
    Rule(user="busy", text="recovered", usage=USAGE),
    Rule(user="weather", tool_results=False, tool_calls=[{"weather": {"city": "Paris"}}], usage=USAGE),
    Rule(user="weather", tool_results=True, text="It is sunny.", usage=USAGE),
    Rule(usage=USAGE),
]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is true of every call that a class of the project makes."""

    operation: str = "chat"
    name: str = "openai/gpt-4o-mini"
    usd: float | None = 2.22e-05
    """The price of a call; `None` where litellm's map has none."""
    stop: str = "stop"
    """The finish reason of an answer."""
    tool_stop: str = "tool_calls"
    """The finish reason of a tool call."""
    error: str = "invalid_request_error"
    cached: int = 64
    """Input tokens that came from a cache, where the API says how many."""
    counts_streams: bool = True
    """Whether a stream says its usage; it is estimated otherwise."""
    notices_leaving: bool = True
    """Whether it is seen that the application leaves a stream: `http.client` has it whole before it begins."""
    threaded: int = 8

    def answered(self, text, **fields):
        """A call with a text for an answer."""
        return self._call(text=text, finish_reason=self.stop, **fields)

    def called(self):
        """A call with a tool call for an answer."""
        return self._call(tools=[("weather", '{"city": "Paris"}')], finish_reason=self.tool_stop)

    def failed(self):
        """A call that the provider refused."""
        unknown = {"usage": None, "cost_usd": None, "finish_reason": None}
        return self._call(status="error", statuses=[400], error=(self.error, "no", 400), **unknown)

    def _call(self, **fields):
        usage = {
            "input_tokens": 100,
            "output_tokens": 20,
            **({"cache_read_tokens": self.cached} if self.cached else {}),
        }
        known = {"operation": self.operation, "name": self.name, "usage": usage, "cost_usd": self.usd}
        empty = {"text": "", "tools": [], "streamed": False, "status": "ok", "statuses": [200], "error": None}
        made = {**known, **empty, **fields}
        if made["streamed"] and not self.counts_streams:
            made |= {"usage": "estimated", "cost_usd": self.usd and "estimated"}
        return made


OPENAI = Facts()
HAIKU = {"operation": "messages", "usd": 0.0001424, "stop": "end_turn", "tool_stop": "tool_use"}
SONNET = {
    "name": "bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0",
    "usd": 0.0004272,
    "stop": "end_turn",
    "tool_stop": "tool_use",
    "error": "ValidationException",
    "threaded": 24,
    "notices_leaving": False,
}
OLLAMA = {"name": "ollama/llama3.1", "usd": 0.0, "tool_stop": "stop", "error": "Bad Request", "cached": 0}
CLASSES = {
    "TestOpenAI": OPENAI,
    "TestAzure": Facts(name="azure/gpt-4o-mini"),
    "TestCompatible": Facts(name="groq/openai/gpt-oss-20b", usd=1.11e-05),
    "TestResponses": Facts(operation="responses", stop="completed", tool_stop="completed"),
    "TestAnthropic": Facts(name="anthropic/claude-haiku-4-5", **HAIKU),
    "TestGoogle": Facts(
        operation="generate_content",
        name="gemini/gemini-2.5-flash",
        usd=6.272e-05,
        stop="STOP",
        tool_stop="STOP",
        error="INVALID_ARGUMENT",
    ),
    "TestConverse": Facts(operation="converse", **SONNET),
    "TestInvoke": Facts(operation="messages", **SONNET),
    "TestCohere": Facts(
        operation="cohere_chat",
        name="cohere/command-a-03-2025",
        usd=0.00045,
        stop="COMPLETE",
        tool_stop="TOOL_CALL",
        error="Bad Request",
    ),
    "TestMistral": Facts(name="mistral/mistral-small-latest", usd=1.836e-05, counts_streams=False),
    "TestOllama": Facts(operation="ollama_chat", **OLLAMA),
    "TestGenerate": Facts(operation="ollama_generate", **OLLAMA),
    "TestHuggingFace": Facts(name="huggingface/meta-llama/Llama-3.1-8B-Instruct", usd=None, counts_streams=False),
    "TestRequests": Facts(threaded=24, notices_leaving=False),
    "TestUrllib3": Facts(threaded=24, notices_leaving=False),
    "TestUrllib": Facts(threaded=24),
    "TestHttpx": OPENAI,
    "TestHttpx2": OPENAI,
    "TestAiohttp": OPENAI,
}


def expected(test, owner):
    """The calls of a test, by the way it shows."""
    facts = CLASSES[owner]
    match test:
        case "test_threads" | "test_gather":
            count = facts.threaded if test == "test_threads" else 8
            return [facts.answered(f"You said: request {n}") for n in range(count)]
        case "test_tools":
            return [facts.called(), facts.answered("It is sunny.")]
        case "test_errors":
            return [facts.failed()]
        case "test_retries":
            return [facts.answered("recovered", statuses=[429, 200])]
        case "test_abandoned":
            status = "abandoned" if facts.notices_leaving else "ok"
            return [facts.answered("You said: a long story", streamed=True, status=status)]
        case _:
            way = test.removeprefix("test_").replace("_", " ")
            return [facts.answered(f"You said: {way}", streamed="streamed" in way)]


def seen(entry):
    """A call of the report, in the words of `Facts`."""
    output, usage = entry["output"] or {}, entry["usage"]
    estimated = bool(usage and usage.get("estimated"))
    functions = [call["function"] for call in output.get("tool_calls") or ()]
    error = entry["error"]
    return {
        "operation": entry["operation"],
        "name": f"{entry['provider']}/{entry['model']}",
        "text": output.get("content") or "",
        "tools": [(function["name"], function["arguments"]) for function in functions],
        "finish_reason": entry["finish_reason"],
        "usage": "estimated" if estimated else usage,
        "cost_usd": "estimated" if estimated and entry["cost_usd"] else entry["cost_usd"],
        "streamed": entry["streamed"],
        "status": entry["status"],
        "statuses": [attempt["status"] for attempt in entry["attempts"]],
        "error": error and (error["type"], error["message"], error["status"]),
    }


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """The three rounds of the project."""
    folder = tmp_path_factory.mktemp("sdks")
    return three_rounds(folder, "openai_sdk.py", "sdks.py", "by_hand.py", beside=["ways.py"], script=SCRIPT)


class TestRounds(EveryRound):
    """What holds for every project."""


@pytest.mark.parametrize("owner", CLASSES)
def test_every_call_is_one_entry_that_says_what_happened(rounds, owner):
    """Provider, model, answer, tool calls, finish reason, usage, price, tries and errors, in each way it is used."""
    check(rounds, owner)


def check(rounds, owner):
    """The calls of a class are those that its facts say."""
    rows = [row["nodeid"] for row in rounds.replayed.report["tests"]]
    tests = [name for name in rows if name.split("::")[1] == owner]
    assert len(tests) >= 3
    for name in tests:
        calls = [seen(entry) for entry in rounds.calls(name)]
        assert sorted(calls, key=str) == sorted(expected(name.split("::")[-1], owner), key=str), name


def test_no_request_of_mixed_threads_escapes(rounds):
    """Seven HTTP libraries in eight threads: each of 24 requests is recorded once and replayed once."""
    texts = [seen(entry)["text"] for entry in rounds.calls("test_mixed_threads")]
    assert sorted(texts) == sorted(f"You said: request {n}" for n in range(24))
