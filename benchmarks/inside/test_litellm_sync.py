"""The same through litellm."""

from __future__ import annotations

import os

import litellm
import pytest
from workload import MODEL, SYSTEM, TOOLS, answer, question

CALLS = [int(one) for one in os.environ["BENCH_CALLS"].split(",")]


@pytest.mark.usefixtures("tape")
@pytest.mark.parametrize("number", range(len(CALLS)))
def test_calls(number):
    """An agent that answers some questions."""
    messages = [{"role": "system", "content": SYSTEM}]
    for turn in range(1, CALLS[number] + 1):
        messages.append({"role": "user", "content": question(number, turn)})
        made = litellm.completion(model=f"openai/{MODEL}", messages=messages, tools=TOOLS)
        assert made.choices[0].message.content == answer(number, turn)
        messages.append({"role": "assistant", "content": made.choices[0].message.content})
