"""The agent: a model, two tools, and a loop."""

from __future__ import annotations

import json
from typing import Any

import litellm

from refund_agent.shop import Shop

MODEL = "openai/gpt-4o-mini"
MAX_STEPS = 6

PROMPT = """\
You are the refund agent of a shop.
Look the order up before you decide.
Refund delivered orders in full for 30 days after delivery; later, refuse politely.
"""

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "lookup_order",
            "description": "Item, price and delivery of an order.",
            "parameters": {
                "type": "object",
                "properties": {"order_id": {"type": "string"}},
                "required": ["order_id"],
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "refund",
            "description": "Pay money back for an order.",
            "parameters": {
                "type": "object",
                "properties": {"order_id": {"type": "string"}, "amount_cents": {"type": "integer"}},
                "required": ["order_id", "amount_cents"],
            },
        },
    },
]


def handle(request: str, shop: Shop) -> str:
    """Answer a customer, calling tools as the model asks for them."""
    tools = {"lookup_order": shop.lookup_order, "refund": shop.refund}
    messages: list[Any] = [{"role": "system", "content": PROMPT}, {"role": "user", "content": request}]
    for _ in range(MAX_STEPS):
        response = litellm.completion(model=MODEL, messages=messages, tools=TOOLS, temperature=0)
        message = response.choices[0].message
        messages.append(message)
        if not message.tool_calls:
            return message.content
        for call in message.tool_calls:
            result = tools[call.function.name](**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})
    raise RuntimeError(f"no answer after {MAX_STEPS} steps")
