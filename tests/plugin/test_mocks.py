"""Mocks and instrumentation on the same wire: what they answer is theirs, what they let through is recorded."""

import pytest

ANSWER = """
    import asyncio, httpx
    ANSWER = {"id": "x", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "mocked"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}
    SAID = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
"""


def test_what_respx_lets_through_is_recorded_and_replayed(project):
    """A mock of a tool beside a real LLM: the route that passes through, and clients that respx does not patch."""
    pytest.importorskip("respx")
    project.write(
        ANSWER
        + f"""
    import requests, respx
    URL = {project.provider.openai_url!r} + "/chat/completions"

    @respx.mock
    def test_one():
        tool = respx.get("https://weather.example/today").mock(return_value=httpx.Response(200, text="sunny"))
        respx.route(host="127.0.0.1").pass_through()
        assert httpx.get("https://weather.example/today").text == "sunny"
        assert tool.called
        assert httpx.post(URL, json=SAID).status_code == 200
        assert requests.post(URL, json=SAID).status_code == 200

        async def go():
            async with httpx.AsyncClient() as client:
                assert (await client.post(URL, json=SAID)).status_code == 200
        asyncio.run(go())
"""
    )
    ran = project.record()
    assert (ran.requests, ran.test("test_one")["calls"]) == (3, 3)
    project.provider.stop()
    assert project.replay().exit == 0


def test_what_pytest_httpx_lets_through_is_recorded_and_replayed(project):
    """It lies over our stub: what it answers is nobody's call, and what it does not mock goes on to the tape."""
    pytest.importorskip("pytest_httpx")
    project.write(
        ANSWER
        + f"""
    URL = {project.provider.openai_url!r} + "/chat/completions"

    @pytest.mark.httpx_mock(should_mock=lambda request: request.url.host != "127.0.0.1")
    def test_one(httpx_mock, llm_trace):
        httpx_mock.add_response(url="https://api.openai.com/v1/chat/completions", json=ANSWER)
        assert httpx.post("https://api.openai.com/v1/chat/completions", json=SAID).json() == ANSWER
        assert httpx.post(URL, json=SAID).json()["choices"][0]["message"]["content"] == "You said: hi"
        assert len(llm_trace.calls) == 1
"""
    )
    ran = project.record()
    assert (ran.requests, ran.test("test_one")["calls"]) == (1, 1)
    project.provider.stop()
    assert project.replay().exit == 0


LITELLM = """
    import litellm

    def ask():
        return litellm.completion(api_key="k", **SAID).choices[0].message.content

    def ask_async():
        async def go():
            return (await litellm.acompletion(api_key="k", **SAID)).choices[0].message.content
        return asyncio.run(go())
"""

MOCKS = {
    "respx": """
    import respx

    @respx.mock
    def test_one(monkeypatch):
        monkeypatch.setattr(litellm, "disable_aiohttp_transport", True)
        litellm.in_memory_llm_clients_cache.flush_cache()
        respx.post("https://api.openai.com/v1/chat/completions").mock(return_value=httpx.Response(200, json=ANSWER))
        assert ask() == "mocked"
        assert ask_async() == "mocked"
""",
    "pytest_httpx": """
    def test_one(httpx_mock, monkeypatch):
        monkeypatch.setattr(litellm, "disable_aiohttp_transport", True)
        litellm.in_memory_llm_clients_cache.flush_cache()
        httpx_mock.add_response(url="https://api.openai.com/v1/chat/completions", json=ANSWER, is_reusable=True)
        assert ask() == "mocked"
        assert ask_async() == "mocked"
""",
    "httpx": """
    class Canned(httpx.BaseTransport):
        def handle_request(self, request):
            return httpx.Response(200, json=ANSWER)

    def test_one(monkeypatch):
        litellm.in_memory_llm_clients_cache.flush_cache()
        for transport in (Canned(), httpx.MockTransport(lambda request: httpx.Response(200, json=ANSWER))):
            client = openai.OpenAI(api_key="k", http_client=httpx.Client(transport=transport))
            answer = litellm.completion(client=client, **SAID)
            assert answer.choices[0].message.content == "mocked"
""",
    "unittest.mock": """
    from unittest import mock
    from litellm.llms.custom_httpx.http_handler import HTTPHandler

    def test_one():
        answer = {"id": "m", "type": "message", "role": "assistant", "model": "claude-haiku-4-5",
                  "stop_reason": "end_turn", "content": [{"type": "text", "text": "mocked"}],
                  "usage": {"input_tokens": 3, "output_tokens": 2}}
        request = httpx.Request("POST", "https://api.anthropic.com/v1/messages")
        response = httpx.Response(200, json=answer, request=request)
        SAID["model"] = "anthropic/claude-haiku-4-5"
        with mock.patch.object(HTTPHandler, "post", return_value=response) as post:
            assert [ask(), ask()] == ["mocked", "mocked"]
        assert post.call_count == 2
""",
}


@pytest.mark.parametrize("library", MOCKS)
def test_litellm_over_a_mock_is_traced_as_answered_in_the_process(project, litellm, library):
    """It is no bypass: the calls are in the golden trace, nothing is on a tape, and replay runs the mock again."""
    pytest.importorskip(library)
    project.pytester.makeini("[pytest]\nfilterwarnings = ignore\n")  # litellm's own, at its first call
    project.write(ANSWER + LITELLM + MOCKS[library])
    recorded = project.record()
    row = recorded.test("test_one")
    assert (row["calls"], row["live_calls"], row["findings"]) == (2, 0, [])
    assert [*project.cassettes()] == ["cassettes/test_it/test_one.trace.yaml"]
    assert b"mocked" in project.cassettes()["cassettes/test_it/test_one.trace.yaml"]
    replayed = project.replay()
    assert (replayed.exit, replayed.test("test_one")["calls"]) == (0, 2)
    project.edit('"content": "hi"', '"content": "hello"')
    assert project.replay().findings("test_one")[0] == ("drift", "user")


def test_litellm_over_a_native_client_is_a_bypass(project, litellm):
    """A client of litellm in Rust opens no Python socket: its success without a request is what gives it away."""
    pytest.importorskip("litellm.rust_bridge", reason="this litellm has no native client")
    project.pytester.makeini("[pytest]\nfilterwarnings = ignore\n")
    project.write(
        f"""
        import asyncio, litellm

        def test_one(monkeypatch):
            monkeypatch.setenv("LITELLM_RUST", "1")

            async def go():
                return await litellm.anthropic_messages(
                    model="anthropic/claude-haiku-4-5", max_tokens=20, api_base={project.provider.url!r}, api_key="k",
                    messages=[{{"role": "user", "content": "hi"}}])

            assert asyncio.run(go())["role"] == "assistant"
        """
    )
    ran = project.run("--llm-record")
    ran.outcomes(failed=1)
    assert (ran.requests, ran.findings("test_one")) == (1, [("bypass", None)])
