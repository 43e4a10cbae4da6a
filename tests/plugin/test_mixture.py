"""Mixture-of-agents: what a turn trace of it holds, done by a run of this plugin."""

from __future__ import annotations

from tests.plugin.conftest import Project
from tests.provider import Provider, Rule

MIXTURE = """
    from concurrent.futures import ThreadPoolExecutor

    MODELS = ["gpt-4o-mini", "gpt-4o", "gpt-4.1"]

    def ask(model, *messages, **options):
        client = openai.OpenAI(base_url=URL, api_key="sk-x", max_retries=0)
        made = client.chat.completions.create(model=model, messages=list(messages), **options)
        return made.choices[0].message.content

    def test_mixture(llm_trace):
        question = {"role": "user", "content": "What is the capital of France?"}
        with ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(lambda model: ask(model, question), MODELS))
        listed = "\\n".join(f"{number}. {answer}" for number, answer in enumerate(answers, start=1))
        ask("gpt-4o", {"role": "system", "content": "Merge these answers:\\n" + listed}, question)
        (fan_out,) = llm_trace.fanouts
        assert sorted(member.label for member in fan_out.members) == sorted("openai/" + model for model in MODELS)
        assert round(fan_out.totals.cost_usd, 12) == round(sum(one.totals.cost_usd for one in fan_out.members), 12)
"""
ANSWERS = {
    "gpt-4o-mini": "It is Paris, I am quite sure.",
    "gpt-4o": "Paris, as everybody knows by now.",
    "gpt-4.1": "The capital of France is Paris.",
}


def test_a_turn_trace_of_a_mixture_of_agents(project: Project) -> None:
    """References come from threads in any order; each is priced, and so is their sum; one that changed is named."""
    rules = [Rule(model=name, text=text) for name, text in ANSWERS.items()]
    with Provider(rules) as provider:
        project.provider = provider
        project.write(MIXTURE.replace("URL", repr(provider.openai_url)))
        recorded = project.record()
    golden = next(text for name, text in project.cassettes().items() if name.endswith(".trace.yaml"))
    assert b"fan_outs: [1.1 2.1 3.1 -> 4.1]" in golden
    (fan_out,) = recorded.test("test_mixture")["fanouts"]
    assert {member["model"] for member in fan_out["members"]} == {f"openai/{name}" for name in ANSWERS}
    assert all(member["usage"]["input_tokens"] > 0 and member["cost_usd"] > 0 for member in fan_out["members"])
    assert round(sum(member["cost_usd"] for member in fan_out["members"]), 12) == fan_out["cost_usd"]
    assert fan_out["aggregator"]["model"] == "openai/gpt-4o"

    project.edit('MODELS = ["gpt-4o-mini", "gpt-4o", "gpt-4.1"]', 'MODELS = ["gpt-4.1", "gpt-4o-mini", "gpt-4o"]')
    project.edit('listed = "\\n".join(', 'answers = [answers[1], answers[2], answers[0]]; listed = "\\n".join(')
    replayed = project.replay()
    replayed.outcomes(passed=1)
    assert replayed.test("test_mixture")["fanouts"] == [fan_out]

    project.edit("ask(model, question)", 'ask(model, question, **({"seed": 1} if model == "gpt-4.1" else {}))')
    drifted = project.replay()
    drifted.outcomes(failed=1)
    (finding,) = drifted.test("test_mixture")["findings"]
    assert (finding["kind"], finding["conversation"], finding["path"]) == (
        "params",
        "openai/gpt-4.1 (fan-out)",
        "params.seed",
    )


def test_the_order_in_which_answers_are_quoted_is_chance(project: Project) -> None:
    """A prompt that lists them as they come in is answered from the recording, whatever their order.

    Anything else that it says is still another prompt.
    """
    with Provider([Rule(model=name, text=text) for name, text in ANSWERS.items()]) as provider:
        project.provider = provider
        project.write(MIXTURE.replace("URL", repr(provider.openai_url)))
        project.record()
    project.edit('["gpt-4o-mini", "gpt-4o", "gpt-4.1"]', '["gpt-4.1", "gpt-4o-mini", "gpt-4o"]')
    reordered = project.replay()
    reordered.outcomes(passed=1)
    assert reordered.findings("test_mixture") == []
    project.edit("Merge these answers", "Choose one of these answers")
    assert project.replay().findings("test_mixture") == [("drift", "prompt")]
