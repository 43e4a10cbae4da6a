"""Each thing that can drift fails its test and is named."""

import pytest

from tests.plugin.conftest import Project
from tests.provider import Provider

AGENT = """
    import json

    TOOLS = [{"type": "function", "function": {"name": "refund", "description": "Refund an order.",
              "parameters": {"type": "object", "properties": {"order": {"type": "string"}}}}}]

    def refund(order):
        return json.dumps({"refunded": order})

    def agent(question, system="Check the policy first.", model="gpt-4o-mini", temperature=0.0, tools=TOOLS):
        client = openai.OpenAI(base_url=URL, api_key="sk-plugin-0123456789", max_retries=0)
        messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
        while True:
            answer = client.chat.completions.create(
                model=model, messages=messages, temperature=temperature, tools=tools).choices[0].message
            messages.append(answer.model_dump(exclude_none=True))
            if not answer.tool_calls:
                return answer.content
            for call in answer.tool_calls:
                arguments = json.loads(call.function.arguments)
                messages.append({"role": "tool", "tool_call_id": call.id, "content": refund(**arguments)})

    def test_agent():
        assert agent("Refund order 7") == "Done."
"""

SCRIPT = [
    {"tool_results": False, "user": "Refund", "tool_calls": [{"refund": {"order": "7"}}]},
    {"tool_results": True, "text": "Done."},
]


@pytest.fixture
def agent(pytester):
    """A recorded tool-calling agent; its provider is stopped."""
    with Provider(SCRIPT, random_ids=True) as provider:
        made = Project(pytester, provider)
        made.write(AGENT.replace("URL", repr(provider.openai_url)))
        assert made.record().requests == 2
        provider.stop()
        yield made


def test_nothing_changed_is_no_drift(agent):
    """An unchanged agent passes, with random ids in the provider's answers."""
    ran = agent.replay()
    ran.outcomes(passed=1)
    assert ran.exit == 0


@pytest.mark.parametrize(
    ("old", "new", "kind", "path", "turn"),
    [
        ("Check the policy first.", "Refund quickly.", "prompt", "messages[0].content", 1),
        ('model="gpt-4o-mini", temperature', 'model="gpt-4o", temperature', "model", "model", 1),
        ("temperature=0.0", "temperature=0.7", "params", "params.temperature", 1),
        ("Refund an order.", "Refund an order, fully.", "tools", "tools.refund.description", 1),
        ('"Refund order 7"', '"Refund order 8"', "user", "messages[1].content", 1),
        ('{"refunded": order}', '{"refunded": order, "fee": 1}', "tool_result", "messages[3].content.fee", 2),
        (
            "messages.append(answer.model_dump(exclude_none=True))",
            (
                "text = answer.model_dump_json(exclude_none=True).replace('7' + chr(92), '9' + chr(92))\n"
                "        messages.append(json.loads(text))"
            ),
            "tool_call",
            "messages[2].tool_calls[0].arguments.order",
            2,
        ),
    ],
)
def test_a_change_is_named_with_turn_and_path(agent, old, new, kind, path, turn):
    """Prompt, model, parameter, tool schema, question, tool result and tool argument: one drift, at its place."""
    agent.edit(old, new)
    ran = agent.replay()
    ran.outcomes(failed=1)
    (finding,) = ran.test("test_agent")["findings"]
    assert (finding["type"], finding["kind"], finding["severity"], finding["first"]) == ("drift", kind, "fail", True)
    assert (finding["path"], finding["turn"]) == (path, turn)
    assert "test_agent drifted from its golden trace" in ran.text
    assert 'pytest --llm-record "test_it.py::test_agent"' in ran.text


def test_an_added_call_is_drift(agent):
    """A question too many is named as a call that was added."""
    agent.edit('== "Done."', '== "Done."\n    agent("Refund order 7")')
    ran = agent.replay()
    assert ran.findings("test_agent") == [("drift", "call_added")]


def test_a_removed_call_is_drift(agent):
    """An agent that stops early did not make a recorded call."""
    agent.edit("if not answer.tool_calls:", "if True:")
    agent.edit('agent("Refund order 7") == "Done."', 'agent("Refund order 7") is None')
    ran = agent.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_agent") == [("drift", "call_missing")]


def test_a_swallowed_miss_is_drift(agent):
    """An application that catches everything around the call does not hide it."""
    agent.edit("Check the policy first.", "Refund quickly.")
    agent.edit(
        'assert agent("Refund order 7") == "Done."',
        "try:\n        agent('Refund order 7')\n    except BaseException:\n        pass",
    )
    ran = agent.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_agent")[0] == ("drift", "prompt")


def test_recording_accepts_the_drift(agent, pytester):
    """After the drift was accepted the test passes, and the recording said what it accepted."""
    agent.edit("Check the policy first.", "Refund quickly.")
    with Provider(SCRIPT) as provider:
        text = (agent.path / "test_it.py").read_text("utf-8")
        agent.edit(agent.provider.openai_url, provider.openai_url)
        agent.provider = provider
        ran = agent.record()
        assert ran.requests == 2
        assert ran.findings("test_agent") == [("drift", "prompt")]
        assert "prompt" in ran.text
        provider.stop()
        agent.replay().outcomes(passed=1)
        assert text


def test_the_recorded_request_to_another_place_is_a_miss_that_says_so(agent):
    """A wrong base URL is no changed conversation: the finding names both places."""
    agent.edit(agent.provider.openai_url, "https://api.openai.com/v1")
    ran = agent.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_agent") == [("miss", None)]
    text = " ".join(ran.text.split())
    assert "host 'loopback' -> 'api.openai.com'" in text
    assert "set the client's base URL as it was when recording (OPENAI_BASE_URL, for example)" in text
    assert "replay with the base URL of the recording: no live calls or pytest --llm-record" in text


HTTP = """
    import urllib.request

    def test_tool():
        chat("search for cats")
        with urllib.request.urlopen(SEARCH + "cats", timeout=5) as found:
            assert b"meow" in found.read()
"""


def test_other_http_of_a_traced_test_is_replayed_and_missed(pytester):
    """A tool's HTTP on the provider's port is on the tape; another query is a miss, one not made is unplayed."""
    with Provider([{"path": "/search", "text": {"said": "meow"}}]) as provider:
        project = Project(pytester, provider)
        project.write(HTTP.replace("SEARCH", repr(f"{provider.url}/search?q=")))
        assert project.record().requests == 2
        provider.stop()
        project.replay().outcomes(passed=1)
        project.edit('+ "cats"', '+ "dogs"')
        ran = project.replay()
        ran.outcomes(failed=1)
        assert ran.findings("test_tool") == [("miss", None)]
        project.write('def test_tool():\n    chat("search for cats")\n')
        ran = project.replay()
        ran.outcomes(failed=1)
        assert ran.findings("test_tool") == [("unplayed", None)]
