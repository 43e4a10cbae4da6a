"""`--llm-model`: another model is asked than the tests ask for, and the report says what that changes."""

from __future__ import annotations

import re

import pytest

TWO = """
    def test_one():
        assert chat("hi", temperature=0)

    def test_two():
        chat("ho")
"""


def asked(project):
    """The models that the provider was asked for."""
    return [request.body["model"] for request in project.provider.requests]


def test_another_model_is_asked_and_compared(project):
    """Both tests ask the new model; the table says per test what drifted, what it costs, and how long it takes."""
    project.write(TWO)
    project.record()
    ran = project.run("--llm-live", "--llm-model", "gpt-4o-mini=gpt-4o", f"--llm-report={project.path / 'r.md'}")
    ran.outcomes(passed=2)
    assert asked(project) == ["gpt-4o-mini", "gpt-4o-mini", "gpt-4o", "gpt-4o"]
    row = ran.test("one")
    assert (row["findings"], row["swapped"]["models"]) == ([], {"gpt-4o-mini=gpt-4o": 1})
    assert row["cost_usd"] > 10 * row["golden_cost_usd"]
    lines = [re.sub(r" +", " ", line) for line in ran.text.splitlines()]
    at = lines.index("models swapped: gpt-4o-mini -> gpt-4o: 2 calls")
    assert lines[at + 1].split() == ["test", "drift", "cost", "golden", "change", "s/call"]
    assert re.fullmatch(r"test_it.py::test_one none \$\S+ \$\S+ \+1567 % \d+\.\d\d", lines[at + 2])
    assert re.fullmatch(r"2 tests 0 of 2 \$\S+ \$\S+ \+1567 % \d+\.\d\d", lines[at + 4])
    assert "| Test | Drift | Cost | Golden | Change | Seconds per call |" in (project.path / "r.md").read_text("utf-8")


def test_what_the_new_model_does_otherwise_is_drift(scripted):
    """Another tool fails the test, in so many runs; that the model differs is no drift, under `exact` either."""
    project = scripted("tool refund", "tool refund", "tool lookup", "tool lookup")
    project.record()
    project.edit("def test_agent", '@pytest.mark.llm_trace(policy="exact")\ndef test_agent')
    report = f"--llm-report={project.path / 'r.md'}"
    ran = project.run("--llm-live", "--llm-live-runs=3", "--llm-model=gpt-4o-mini=gpt-4o", report)
    ran.outcomes(failed=1)
    command = 'pytest --llm-record --llm-record-mode=all "test_it.py::test_agent"'
    assert f"  accept  write gpt-4o in your code, then\n          {command}\n" in ran.text
    text = (project.path / "r.md").read_text("utf-8")
    assert f"To accept it, write `gpt-4o` in your code, then:\n\n```\n{command}\n```\n" in text
    assert {one["kind"] for one in ran.test("agent")["findings"]} == {"tool_call"}
    assert ran.test("agent")["swapped"]["calls"] == 3
    assert "tool call in 2 of 3 runs" in re.sub(r" +", " ", ran.text)


def test_an_unknown_price_is_shown_as_such(project):
    """A model that the price book does not know costs `?`, not nothing."""
    project.write("def test_one():\n    chat('hi')\n")
    project.record()
    ran = project.run("--llm-live", "--llm-model", "gpt-4o-mini=acme-9000")
    ran.outcomes(passed=1)
    assert ran.test("one")["cost_usd"] is None
    assert re.search(r"test_it.py::test_one +none +\? +\$", ran.text)


def test_every_http_library_is_served(project):
    """requests, http.client, httpx and aiohttp send the new model with the right length, sync and async."""
    project.write(
        f"""
        import asyncio, json, http.client, urllib.parse
        import aiohttp, httpx, requests

        URL = {project.provider.openai_url!r} + "/chat/completions"
        BODY = {{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": "h\u00e9"}}]}}

        def test_all():
            requests.post(URL, json=BODY).raise_for_status()
            httpx.post(URL, json=BODY).raise_for_status()
            place = urllib.parse.urlsplit(URL)
            connection = http.client.HTTPConnection(place.hostname, place.port)
            connection.request("POST", place.path, json.dumps(BODY), {{"content-type": "application/json"}})
            assert connection.getresponse().status == 200
            connection.close()

            async def both():
                async with httpx.AsyncClient() as client:
                    (await client.post(URL, json=BODY)).raise_for_status()
                async with aiohttp.ClientSession() as session:
                    async with session.post(URL, json=BODY) as answer:
                        assert answer.status == 200
                    data = json.dumps(BODY).encode()
                    headers = {{"Content-Type": "application/json", "Content-Length": str(len(data))}}
                    async with session.post(URL, data=data, headers=headers) as answer:
                        assert answer.status == 200

            asyncio.run(both())
        """,
    )
    ran = project.run("--llm-live", "--llm-model", "gpt-4o-mini=gpt-5-nano-2025-08-07")
    ran.outcomes(passed=1)
    assert asked(project) == ["gpt-5-nano-2025-08-07"] * 6
    assert ran.test("all")["swapped"]["calls"] == 6


def test_prefixes_are_those_of_litellm(project):
    """With the provider before both names; a model of another provider is stopped before it is sent."""
    project.write("def test_one():\n    chat('hi')\n")
    project.run("--llm-live", "--llm-model", "openai/gpt-4o-mini=openai/gpt-4o").outcomes(passed=1)
    assert asked(project) == ["gpt-4o"]
    ran = project.run("--llm-live", "--llm-model", "gpt-4o-mini=anthropic/claude-opus-4-5")
    ran.outcomes(failed=1)
    assert ran.requests == 0
    said = " ".join(ran.text.split())
    assert "which serves no models of anthropic" in said
    assert "no call asked for gpt-4o-mini" not in said  # one did, and was stopped


@pytest.mark.usefixtures("litellm")
def test_a_litellm_call_that_is_over_says_nothing_of_later_requests(project):
    """Its provider is that of its own request, not of what another client sends in the test after it."""
    project.pytester.makeini("[pytest]\nfilterwarnings = ignore\n")
    project.write(
        """
        import litellm

        def test_one():
            said = [{"role": "user", "content": "hi"}]
            litellm.completion(model="anthropic/claude-haiku-4-5", messages=said, mock_response="mocked")

        def test_two():
            chat("hi")
        """
    )
    project.run("--llm-live", "--llm-model", "gpt-4o-mini=anthropic/claude-opus-4-5").outcomes(passed=1, failed=1)


IN_URLS = """
    import asyncio
    import aiohttp, httpx, requests

    URL = {url!r}
    GEMINI = {{"contents": [{{"role": "user", "parts": [{{"text": "hi"}}]}}]}}
    AZURE = {{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": "hi"}}]}}

    def test_one():
        google, azure = "/v1beta/models/gemini-2.5-pro", "/openai/deployments/gpt-4o-mini/chat/completions"
        for send in (requests.post, httpx.post):
            send(f"{{URL}}{{google}}:generateContent", json=GEMINI).raise_for_status()
            send(f"{{URL}}{{azure}}?api-version=1", json=AZURE).raise_for_status()

        async def post():
            async with aiohttp.ClientSession() as session:
                url = f"{{URL}}/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"
                async with session.post(url, json=GEMINI) as answer:
                    assert answer.status == 200 and await answer.read()

        asyncio.run(post())

    def test_signed():
        body = {{"messages": [{{"role": "user", "content": [{{"text": "hi"}}]}}]}}
        httpx.post(f"{{URL}}/model/amazon.nova-lite-v1:0/converse", json=body)
"""


def test_a_model_in_the_url_is_swapped_there(project):
    """Google's and Azure's URLs name the model; where only the application can change it, nothing is sent."""
    project.write(IN_URLS.format(url=project.provider.url), prelude=False)
    swaps = ("gemini-2.5-pro=gemini-2.5-flash", "azure/gpt-4o-mini=azure/my-gpt 5", "amazon.nova-lite-v1:0=x")
    ran = project.run("--llm-live", *(f"--llm-model={one}" for one in swaps))
    ran.outcomes(passed=1, failed=1)
    google, azure = "/v1beta/models/gemini-2.5-flash", "/openai/deployments/my-gpt%205/chat/completions?api-version=1"
    assert [(one.path, one.body.get("model")) for one in project.provider.requests] == [
        (f"{google}:generateContent", None),
        (azure, "my-gpt 5"),
        (f"{google}:generateContent", None),
        (azure, "my-gpt 5"),
        (f"{google}:streamGenerateContent?alt=sse", None),
    ]
    assert ran.test("one")["swapped"]["models"] == {swaps[0]: 3, swaps[1]: 2}
    assert "names its model where only the application can change it (in the URL)" in " ".join(ran.text.split())


def test_a_swap_that_never_happened_fails_the_run(project):
    """A mistyped name must not look like a new model that did everything right."""
    project.write(TWO)
    ran = project.run("--llm-live", "--llm-model", "gpt-4o-mimi=gpt-4o")
    assert ran.exit == pytest.ExitCode.TESTS_FAILED
    assert "--llm-model gpt-4o-mimi=gpt-4o: no call asked for gpt-4o-mimi" in " ".join(ran.text.split())


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--llm-record", "--llm-model", "a=b"], "--llm-model has no effect without --llm-live"),
        (["--llm-live", "--llm-model", "a"], "--llm-model='a': write OLD=NEW"),
        (["--llm-live", "--llm-model", "a=b", "--llm-model", "a=c"], "a is to be both b and c"),
    ],
)
def test_what_cannot_be_swapped_is_a_usage_error(project, flags, said):
    """The value and the way out are named."""
    ran = project.run(*flags)
    assert ran.exit == pytest.ExitCode.USAGE_ERROR
    assert said in ran.result.stderr.str()


@pytest.mark.usefixtures("litellm")
def test_litellm_asks_the_new_model_and_pays_its_price(project):
    """Litellm's own idea of model and cost is that of the old one: the price book's of the new one counts."""
    project.pytester.makeini("[pytest]\nfilterwarnings = ignore\n")
    project.write(
        f"""
        import asyncio, litellm

        SAID = {{
            "model": "openai/gpt-4o-mini",
            "messages": [{{"role": "user", "content": "hi"}}],
            "api_base": "{project.provider.openai_url}",
            "api_key": "sk-local-provider",
        }}

        def test_one(llm_trace):
            litellm.completion(**SAID)
            asyncio.run(litellm.acompletion(**SAID))
            assert [call.model for call in llm_trace.calls] == ["gpt-4o", "gpt-4o"]
        """,
        prelude=False,
    )
    ran = project.run("--llm-live", "--llm-model", "openai/gpt-4o-mini=openai/gpt-4o")
    ran.outcomes(passed=1)
    assert asked(project) == ["gpt-4o", "gpt-4o"]
    usage = ran.test("one")["usage"]
    paid = usage["input_tokens"] * 2.5e-6 + usage["output_tokens"] * 1e-5
    assert ran.test("one")["cost_usd"] == pytest.approx(paid)
