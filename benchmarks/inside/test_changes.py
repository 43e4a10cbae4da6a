"""One test of an agent whose run is changed in one way, as the environment says: what does a replay make of it?"""

from __future__ import annotations

import os

from workload import MODEL, SYSTEM, TOOLS, answer, question

CHANGE = os.environ.get("BENCH_CHANGE", "")
OLD, NEW = os.environ.get("BENCH_OLD", ""), os.environ.get("BENCH_NEW", "")
"""Words of the prompt, and those in their place: not in this file, so a failure that shows both says what changed."""
SECRET = os.environ.get("BENCH_SECRET", "")


def test_agent(client):
    """Two calls: the second one says what a tool found."""
    system = SYSTEM.replace(OLD, NEW) if CHANGE == "prompt" else SYSTEM
    days = 90 if CHANGE == "tool result" else 14
    options = {
        "model": "gpt-4o" if CHANGE == "model" else MODEL,
        "tools": TOOLS[:2] if CHANGE == "tools" else TOOLS,
        "temperature": 0.9 if CHANGE == "parameter" else 0.1,
    }

    def ask(turn):
        made = client.chat.completions.create(messages=list(messages), **options)
        assert made.choices[0].message.content == answer(0, turn)

    messages = [{"role": "system", "content": system}, {"role": "user", "content": SECRET + question(0, 1)}]
    ask(1)
    if CHANGE == "a call fewer":
        return
    function = {"name": "lookup_order", "arguments": '{"order_id": "7"}'}
    called = {"role": "assistant", "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
    found = {"role": "tool", "tool_call_id": "call_1", "content": f"delivered {days} days ago. question 2 of 0 "}
    messages += [called, found]
    ask(2)
    if CHANGE == "a call more":
        messages += [{"role": "assistant", "content": answer(0, 2)}, {"role": "user", "content": question(0, 3)}]
        ask(3)
