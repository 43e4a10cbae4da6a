"""A lead that looks up facts and asks three colleagues at once: a mixture of agents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from openai import OpenAI

import pytest_llmtrace as llmtrace

LEAD_MODEL = "gpt-4o-mini"
MAX_STEPS = 6

LEAD = """\
You lead the purchasing team.
Look up the facts first, then ask your colleagues, then decide.
Answer in two sentences, the decision first.
"""

COLLEAGUES: Mapping[str, tuple[str, str]] = {
    "analyst": ("gpt-4.1-mini", "You are an analyst. Say what the numbers show."),
    "skeptic": ("gpt-4o", "You are a skeptic. Say what speaks against it."),
    "lawyer": ("gpt-4.1-nano", "You are a lawyer. Say what the contract allows."),
}

TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {"type": "object", "properties": {argument: {"type": "string"}}, "required": [argument]},
        },
    }
    for name, description, argument in (
        ("deliveries", "Deliveries of a supplier in this quarter.", "supplier"),
        ("ask_colleagues", "Ask the analyst, the skeptic and the lawyer.", "question"),
    )
]

DELIVERIES = {"Globex": {"orders": 48, "late": 11, "average_delay_days": 6, "penalty_per_day_usd": 420}}


@llmtrace.tool
def deliveries(supplier: str) -> dict[str, int]:
    """What the warehouse knows."""
    return DELIVERIES[supplier]


def ask(colleague: str, question: str, client: OpenAI) -> str:
    """The opinion of one colleague."""
    model, prompt = COLLEAGUES[colleague]
    messages: list[Any] = [{"role": "system", "content": prompt}, {"role": "user", "content": question}]
    with llmtrace.agent(colleague):
        answer = client.chat.completions.create(model=model, messages=messages, temperature=0)
    return str(answer.choices[0].message.content)


def ask_colleagues(question: str, client: OpenAI) -> str:
    """All opinions, asked for at the same time."""
    with ThreadPoolExecutor(len(COLLEAGUES)) as pool:
        opinions = pool.map(lambda colleague: ask(colleague, question, client), COLLEAGUES)
        return "\n".join(f"{name}: {opinion}" for name, opinion in zip(COLLEAGUES, opinions, strict=True))


@llmtrace.agent("lead")
def decide(question: str, client: OpenAI | None = None) -> str:
    """The lead's decision."""
    client = client or OpenAI()
    messages: list[Any] = [{"role": "system", "content": LEAD}, {"role": "user", "content": question}]
    for _ in range(MAX_STEPS):
        made = client.chat.completions.create(model=LEAD_MODEL, messages=messages, tools=TOOLS, temperature=0)
        message = made.choices[0].message
        messages.append(message.model_dump(exclude_none=True))
        if not message.tool_calls:
            return str(message.content)
        for call in message.tool_calls:
            given = json.loads(call.function.arguments)
            if call.function.name == "deliveries":
                result = json.dumps(deliveries(**given))
            else:
                result = ask_colleagues(given["question"], client)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    raise RuntimeError(f"no decision after {MAX_STEPS} steps")
