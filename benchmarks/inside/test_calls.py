"""Tests of so many calls each as the arm is told; `client` is the arm's, everything else is the same for all."""

from __future__ import annotations

import os

import pytest
from workload import MODEL, SYSTEM, TOOLS, answer, question

CALLS = [int(one) for one in os.environ["BENCH_CALLS"].split(",")]
"""Of each test."""
OTHER_PROMPT = os.environ.get("BENCH_OTHER_PROMPT", "")
OTHER_MODEL = os.environ.get("BENCH_OTHER_MODEL", MODEL)


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_calls(number, client):
    """An agent that answers some questions."""
    messages = [{"role": "system", "content": SYSTEM + OTHER_PROMPT}]
    for turn in range(1, CALLS[number] + 1):
        messages.append({"role": "user", "content": question(number, turn)})
        made = client.chat.completions.create(model=OTHER_MODEL, messages=messages, tools=TOOLS)
        assert made.choices[0].message.content == answer(number, turn)
        messages.append({"role": "assistant", "content": made.choices[0].message.content})
