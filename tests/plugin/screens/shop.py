"""A shop's agents, and tests of them: recorded as they are, then run again with a change in each."""

from __future__ import annotations

import json
import os
import socket
import urllib.request

import httpx
import pytest

import pytest_llmtrace as llmtrace

CHANGED = os.environ.get("SHOP_CHANGED") == "1"
"""Whether every test does the thing that it is named after."""
URL = os.environ["SHOP_PROVIDER"]
POLICY = "You are the support agent of a shop.\nCheck the policy before you refund.\nBe polite."
RULES = "\n".join(f"{number}. Refund within {number} days if the customer asks twice." for number in range(1, 41))
PIXELS = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk" * 12


def now(old, new):
    """The old value while recording, the new one after the change."""
    return new if CHANGED else old


def tool(name, description, **properties):
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {"type": "object", "properties": properties, "required": sorted(properties)},
        },
    }


LOOK_UP = tool("look_up", "Looks an order up.", order={"type": "string"}, deep={"type": "boolean"})
REFUND = tool("refund", "Refunds an order.", order={"type": "string"}, amount={"type": "number"})


def ask(messages, *, model="gpt-4o-mini", **fields):
    answer = httpx.post(
        f"{URL}/chat/completions",
        json={"model": model, "messages": messages, **fields},
        headers={"authorization": "Bearer sk-shop-0123456789"},
        verify=False,  # loading certificates takes longer than the call
    )
    answer.raise_for_status()
    return answer.json()["choices"][0]["message"]


def say(text, **fields):
    """One question and its answer."""
    return ask([system(), user(text)], **fields)["content"]


def system(text=POLICY):
    return {"role": "system", "content": text}


def user(content):
    return {"role": "user", "content": content}


def found(order="7", **more):
    return {"order": order, "status": "delivered", "items": [{"sku": "A1", "count": 2}], "total": 40.0, **more}


def agent(
    *questions,
    prompt=POLICY,
    tools=(LOOK_UP, REFUND),
    looked_up=None,
    rewrite=lambda messages: messages,
    **fields,
):
    """A tool-calling agent: one answer for each question, with as many calls as the model's tools take."""
    messages = [system(prompt)]
    for question in questions:
        messages.append(user(question))
        for _ in range(8):
            answer = ask(rewrite(messages), tools=list(tools), **fields)
            messages.append({name: answer[name] for name in ("role", "content", "tool_calls") if answer.get(name)})
            if not answer.get("tool_calls"):
                break
            for called in answer["tool_calls"]:
                given = json.loads(called["function"]["arguments"])
                result = (looked_up or found)() if called["function"]["name"] == "look_up" else {"refunded": given}
                text = result if isinstance(result, str) else json.dumps(result)
                messages.append({"role": "tool", "tool_call_id": called["id"], "content": text})
    return messages


def chatter(name, turns, prompt):
    """An agent that is asked one thing after the other."""
    with llmtrace.agent(name, session=name):
        messages = [system(prompt)]
        for number in range(1, turns + 1):
            messages += [user(f"{name} step {number}"), {"role": "assistant", "content": f"done {number}"}]
            ask(messages[:-1])


# What is sent.


def test_prompt_of_three_agents():
    for name, turns in (("lead", 20), ("writer", 12), ("critic", 8)):
        chatter(name, turns, POLICY.replace("Be polite.", now("Be polite.", "Be brief.")))


def test_user_message():
    agent(now("Refund order 7", "Refund order 8"))


def test_model():
    agent("Refund order 7", model=now("gpt-4o-mini", "gpt-4o"))


def test_temperature():
    agent("Refund order 7", temperature=now(0.0, 0.7))


def test_max_tokens_added():
    agent("Refund order 7", **now({}, {"max_tokens": 200}))


def test_tool_parameter_added():
    more = tool("refund", "Refunds an order.", order={"type": "string"}, amount={"type": "number"}, **now({}, REASON))
    agent("Refund order 7", tools=[LOOK_UP, more])


REASON = {"reason": {"type": "string", "enum": ["late", "broken"]}}


def test_tool_parameter_removed():
    less = tool("refund", "Refunds an order.", order={"type": "string"}, **now({"amount": {"type": "number"}}, {}))
    agent("Refund order 7", tools=[LOOK_UP, less])


def test_tool_parameter_retyped():
    kind = {"type": now("number", "string")}
    agent("Refund order 7", tools=[LOOK_UP, tool("refund", "Refunds an order.", order={"type": "string"}, amount=kind)])


def test_tool_description():
    text = now("Refunds an order.", "Refunds an order in full.")
    agent(
        "Refund order 7",
        tools=[LOOK_UP, tool("refund", text, order={"type": "string"}, amount={"type": "number"})],
    )


def test_tool_removed():
    agent("Refund order 7", tools=now([LOOK_UP, REFUND], [LOOK_UP]))


def test_tool_argument():
    def rewrite(messages):
        kept = json.loads(json.dumps(messages))
        for asked in [called["function"] for message in kept for called in message.get("tool_calls", ())]:
            asked["arguments"] = asked["arguments"].replace('"7"', now('"7"', "7"))
        return kept

    agent("Refund order 7", rewrite=rewrite)


def test_tool_result_field():
    agent("Refund order 7", looked_up=lambda: found(status=now("delivered", "lost")))


def test_tool_result_of_many_lines():
    agent("Refund order 7", looked_up=lambda: RULES.replace("23 days", now("23 days", "24 working days")))


def test_long_line():
    long = RULES.replace("\n", " ")
    agent("Refund order 7", prompt=long.replace("within 23 days", now("within 23 days", "within 24 days")))


def test_middle_of_a_long_text():
    agent("Refund order 7", prompt=RULES.replace("\n23.", now("\n23.", "\n22a. Ask a human first.\n23.")))


def test_image():
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{now(PIXELS, PIXELS[::-1])}"}}
    ask([system(), user([{"type": "text", "text": "What is this?"}, image])])


def test_wide_characters():
    ask(
        [
            system(
                "丁寧に答えてください。\U0001f600 返金の前に規約を確認してください。"
                + now("東京", "大阪")
                + "の店です。"
            ),
            user("\U0001f44b"),
        ]
    )


def test_terminal_codes():
    ask([system("Say \x1b[31mred\x1b[0m loudly"), user(now("plain", "\x1b[2J\x1b]0;owned\x07 plain"))])


def test_date():
    say(now("It is 2026-01-03 09:12. Refund order 7.", "It is 2026-02-17 18:40. Refund order 7."))


def test_white_space():
    say(now("Refund order 7", "Refund order 7 \n"))


# How many calls are made, and in which order.


def test_call_added():
    agent("Refund order 7", *now([], ["And order 8?"]))


def test_call_missing():
    agent("Refund order 7", *now(["And order 8?"], []))


def test_call_in_between():
    agent("Hello", *now([], ["Are you there?"]), "Refund order 7")


def test_turns_swapped():
    with llmtrace.agent("clerk", session="clerk"):
        for question in now(
            ["Where is 1?", "Where is 2?", "Where is 3?"], ["Where is 1?", "Where is 3?", "Where is 2?"]
        ):
            say(question)


def test_once_more():
    for _ in range(now(1, 2)):
        say("Refund order 7")


def test_one_of_three_parallel_agents():
    for name in now(["lead", "writer", "critic"], ["critic", "lead", "writer"]):
        chatter(name, 2, POLICY.replace("polite", now("polite", "rude") if name == "writer" else "polite"))


def fan_out(models, **changed):
    answers = [say("Name a colour", model=model, **changed.get(model, {})) for model in models]
    ask([system("Pick one of:\n" + "\n".join(answers)), user("Name a colour")], model="gpt-4o")


def test_fan_out_member_changed():
    fan_out(["gpt-4o-mini", "gpt-4o", "gpt-4.1"], **now({}, {"gpt-4.1": {"seed": 1}}))


def test_fan_out_member_added():
    fan_out(["gpt-4o-mini", "gpt-4o", *now([], ["gpt-4.1"])])


def test_fan_out_member_removed():
    fan_out(["gpt-4o-mini", "gpt-4o", *now(["gpt-4.1"], [])])


# Contexts that are rewritten.


def test_context_cut_earlier():
    kept = now(4, 2)
    agent("One", "Two", "Three", "Four", rewrite=lambda messages: [messages[0], *messages[1:][-kept * 2 + 1 :]])


def test_summary():
    def rewrite(messages):
        if len(messages) < 6:
            return messages
        return [messages[0], user(f"So far: the customer {now('was polite', 'was angry')}."), *messages[-1:]]

    agent("One", "Two", "Three", "Four", rewrite=rewrite)


# Several causes at once.


def test_two_causes():
    agent(
        now("Refund order 7", "Refund order 8"),
        prompt=POLICY.replace("polite", now("polite", "brief")),
        temperature=now(0.0, 0.7),
    )


def test_causes_in_two_agents():
    chatter("lead", 2, POLICY.replace("polite", now("polite", "brief")))
    with llmtrace.agent("writer", session="writer"):
        say(now("Write", "Write it down"))


# What surrounds the calls.


def test_other_http():
    with urllib.request.urlopen(f"{URL}/search?q={now('lamp', 'desk')}&page=1", timeout=5) as answer:
        say(answer.read().decode())


def test_recorded_request_not_made():
    say("Hello")
    if not CHANGED:
        urllib.request.urlopen(f"{URL}/search?q=lamp", timeout=5).close()


def test_past_the_tape():
    say("Hello")
    if CHANGED:
        socket.create_connection(("192.0.2.7", 443), timeout=1).close()


@pytest.mark.llm_budget(tokens=int(now(10_000, 40)))
def test_budget():
    agent("Refund order 7")


def test_swallowed():
    try:
        say(now("Hello", "Good evening"))
    except BaseException:  # noqa: BLE001 - as some frameworks do
        raise AttributeError("'NoneType' object has no attribute 'content'") from None


@pytest.fixture(scope="session")
def greeting():
    return say(now("Greet the customer", "Greet the customers"))


def test_of_a_session_fixture(greeting):
    say("Thanks")


if CHANGED:

    def test_not_recorded():
        say("Nobody recorded this")


# What the model answers.


@pytest.mark.llm_trace(policy="exact")
def test_live_json():
    say("Describe order 7")


@pytest.mark.llm_trace(policy="exact")
def test_live_prose():
    say("Write to the customer")


def test_live_tool_argument():
    agent("Refund order 7")


def test_live_answer_instead_of_a_tool():
    agent("Refund order 7 at once")


@pytest.mark.llm_trace(policy="exact")
def test_live_answer_instead_of_a_tool_exactly():
    agent("Refund order 7 at once")


def test_live_error():
    try:
        say("Say hello")
    except httpx.HTTPStatusError:
        return
