"""The work of five kinds of tracer, each done by a run of this plugin as a user of that tracer would recognise it."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.provider import Provider, Rule

LOGGED = """
    import litellm
    from concurrent.futures import ThreadPoolExecutor

    def ask(text, session, turn=1, **options):
        metadata = {"session_key": session, "agent_type": "worker", "parent_session": "root", "task_id": "t-7",
                    "turn_count": turn}
        return litellm.completion(model="gpt-4o-mini", api_base=URL, api_key="sk-x", num_retries=0, max_retries=0,
                                  messages=[{"role": "user", "content": text}], metadata=metadata, **options)

    def test_calls():
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: ask(f"question {n}", f"s{n}"), range(4)))
        with pytest.raises(litellm.BadRequestError):
            ask("fail", "s4", turn=2)
        ask("canned", "s5", mock_response="from the shelf")
"""


def lines_of(project, *args):
    """Run with a `.jsonl` report and read it."""
    file = project.path / "calls.jsonl"
    ran = project.run(f"--llm-report={file}", *args)
    assert ran.exit == 0, ran.text
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@pytest.mark.filterwarnings("ignore")
def test_a_litellm_callback_that_writes_jsonl(project, litellm):
    """Each call is a line: history, output, finish reason, usage, cost, session metadata, times, errors, cache hit.

    Calls of parallel threads keep their own sessions, and the replay writes what the recording wrote, times aside.
    """
    with Provider([Rule(user="fail", status=400, text="no such thing")]) as provider:
        project.provider = provider
        project.write(LOGGED.replace("URL", repr(provider.openai_url)))
        recorded = lines_of(project, "--llm-record")
    assert [line["type"] for line in recorded] == ["llm_call"] * 6
    by_session = {line["session"]: line for line in recorded}
    assert sorted(by_session) == ["s0", "s1", "s2", "s3", "s4", "s5"]
    for number in range(4):
        line = by_session[f"s{number}"]
        assert line["messages"] == [{"role": "user", "content": f"question {number}"}]
        assert line["output"] == {"role": "assistant", "content": f"You said: question {number}"}
        labels = (line["agent"], line["parent"], line["task"], line["turn"])
        assert labels == ("worker", "root", "t-7", 1)
        assert (line["provider"], line["model"], line["finish_reason"]) == ("openai", "gpt-4o-mini", "stop")
        assert line["usage"]["input_tokens"] > 0
        assert line["cost_usd"] > 0
        assert line["cache_hit"] is False
        assert line["started"] >= 0
        assert line["duration"] > 0
    failed = by_session["s4"]
    assert (failed["status"], failed["turn"], failed["error"]["status"]) == ("error", 2, 400)
    assert "no such thing" in failed["error"]["message"]
    assert (by_session["s5"]["source"], by_session["s5"]["output"]["content"]) == ("local", "from the shelf")
    replayed = lines_of(project, "--llm-trace")
    told = ("session", "messages", "output", "usage", "cost_usd", "status", "error")
    assert sorted(json.dumps([line[name] for name in told]) for line in replayed) == sorted(
        json.dumps([line[name] for name in told]) for line in recorded
    )


LOGGER = """
    import pytest_llmtrace as llmtrace

    def test_logger(llm_trace):
        with llmtrace.call(model="llama3", messages=[{"role": "user", "content": "one"}]) as call:
            call.output = "eins"
            call.usage = {"prompt_eval_count": 7, "eval_count": 2}     # as Ollama counts
            call.provider = "lab"                                      # known late
        with llmtrace.call(provider="acme", model="big", messages="two") as call:
            try:
                raise TimeoutError("too slow")
            except TimeoutError:
                call.fallback_to("acme", "small")
            call.rag_hits = 3
            call.output, call.usage = "zwei", {"prompt_tokens": 10, "completion_tokens": 5}   # as OpenAI counts
        with llmtrace.call(provider="acme", model="small", messages="two") as call:
            call.output, call.cache_hit = "zwei", True
        with pytest.raises(ValueError, match="broken"), llmtrace.call(provider="acme", model="small", messages="x"):
            raise ValueError("broken")

        @llmtrace.traced(provider="acme", model="small")
        def chat(prompt):
            return {"choices": [{"message": {"role": "assistant", "content": prompt.upper()}}],
                    "usage": {"prompt_tokens": 1, "completion_tokens": 1}}

        assert chat("drei")["choices"]
        assert [call.model for call in llm_trace.calls] == ["llama3", "small", "small", "small", "small"]
"""
PRICES = """
[tool.llmtrace.prices."small"]
input_cost_per_token = 1e-3
output_cost_per_token = 2e-3
"""


def test_a_call_logger_for_code_without_hooks(project):
    """Late provider, fallback, cache and RAG hits, errors, tokens as OpenAI and Ollama count them, a price table.

    A model without a price is named and never free; off, the same code runs and nothing is kept.
    """
    project.write(LOGGER)
    (project.path / "pyproject.toml").write_text(PRICES, encoding="utf-8")
    recorded = lines_of(project, "--llm-record")
    calls = [line for line in recorded if line["type"] == "llm_call"]
    assert [(call["provider"], call["model"], call["status"], call["cache_hit"]) for call in calls] == [
        ("lab", "llama3", "ok", False),
        ("acme", "small", "ok", False),
        ("acme", "small", "ok", True),
        ("acme", "small", "error", False),
        ("acme", "small", "ok", False),
    ]
    assert [call["usage"] for call in calls[:2]] == [
        {"input_tokens": 7, "output_tokens": 2},
        {"input_tokens": 10, "output_tokens": 5},
    ]
    assert [call["cost_usd"] for call in calls[1:3]] == [0.02, 0.0]
    assert calls[3]["error"] == {"type": "ValueError", "message": "broken", "status": None}
    events = {line["name"]: line["data"] for line in recorded if line["type"] == "event"}
    assert events == {
        "fallback": {"from": "acme/big", "to": "acme/small", "error": "TimeoutError: too slow"},
        "rag_hits": 3,
    }
    ran = project.run("--llm-trace", "--llm-budget=1")
    assert ran.exit == 1
    assert "lab/llama3" in ran.text
    project.edit("assert [call.model", "assert not llm_trace.calls or [call.model")
    off = project.run("--llm-off")
    off.outcomes(passed=1)
    assert (off.report, "llmtrace" in off.text.partition("collected")[2]) == (None, False)


PROXIED = """
    def test_two_users(llm_trace):
        def turn(history, text):
            history.append({"role": "user", "content": text})
            made = openai.OpenAI(base_url=URL, api_key="sk-proxy-0123456789", max_retries=0)
            chunks = made.chat.completions.create(model="gpt-4o-mini", messages=history, stream=True,
                                                  stream_options={"include_usage": True})
            said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
            history.append({"role": "assistant", "content": said})

        ann, bob = [], []
        turn(ann, "I am Ann.")
        turn(bob, "I am Bob.")
        turn(ann, "Who am I?")
        turn(bob, "And I?")
        assert [len(one.turns) for one in llm_trace.conversations] == [2, 2]
"""


def test_a_conversation_log_of_a_proxy(project):
    """Turns that share a history stand together, in one file; every stream event is kept, and headers are masked."""
    project.write(PROXIED.replace("URL", repr(project.provider.openai_url)))
    project.record()
    (golden,) = [text for name, text in project.cassettes().items() if name.endswith(".trace.yaml")]
    (tape,) = [text for name, text in project.cassettes().items() if name.endswith(".tape.json")]
    conversations = yaml.safe_load(golden)["conversations"]
    assert [[turn["in"] for turn in one["turns"]] for one in conversations] == [
        [[{"user": "I am Ann."}], [{"user": "Who am I?"}]],
        [[{"user": "I am Bob."}], [{"user": "And I?"}]],
    ]
    assert [[turn["out"] for turn in one["turns"]] for one in conversations] == [
        ["You said: I am Ann.", "You said: Who am I?"],
        ["You said: I am Bob.", "You said: And I?"],
    ]
    first = json.loads(tape)["interactions"][0]
    events = [event["data"] for event in first["response"]["sse"]]
    assert events[-1] == "[DONE]"
    deltas = [event["choices"][0]["delta"].get("content", "") for event in events[:-1] if event["choices"]]
    assert (len(deltas) > 3, "".join(deltas)) == (True, "You said: I am Ann.")
    assert b"sk-proxy" not in tape + golden
    assert b"authorization" not in tape.lower()
    project.replay().outcomes(passed=1)
