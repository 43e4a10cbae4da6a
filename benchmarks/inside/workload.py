"""What is asked and answered in every benchmark, the same for every arm: a deterministic script of any length."""

from __future__ import annotations

import json
from typing import Any

MODEL = "gpt-4o-mini"
_WORDS = (
    "order",
    "parcel",
    "invoice",
    "refund",
    "policy",
    "customer",
    "warehouse",
    "delivery",
    "window",
    "address",
    "receipt",
    "balance",
    "account",
    "carrier",
    "damaged",
    "replaced",
    "approved",
    "pending",
    "shipped",
    "returned",
    "voucher",
    "discount",
    "reason",
    "photo",
    "support",
    "ticket",
    "manual",
    "review",
    "threshold",
    "currency",
    "exchange",
    "country",
)


def _drawn(words: int) -> list[str]:
    """As a linear congruential generator draws them: every run has the same."""
    state, made = 1, []
    for _ in range(words):
        state = (state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
        word = _WORDS[state >> 16 & 31]
        made.append(word if state >> 12 & 3 else f"{word}{state >> 21}")  # some with a number, as what people write
    return made


_BOOK = _drawn(8191)


def _text(seed: int, words: int) -> str:
    """Words from other places of the book for each seed, which costs the tests and the floor next to nothing."""
    step = 1 + seed // 2 % 31
    start = seed * 2_654_435_761 % (len(_BOOK) - words * step)
    return " ".join(_BOOK[start : start + words * step : step])


SYSTEM = f"You are the support agent of a shop. Look everything up before you answer. {_text(1, 120)}"
TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": f"Use this to {name.replace('_', ' ')} for the customer who asks, never for another one.",
            "parameters": {
                "type": "object",
                "properties": {
                    "order_id": {"type": "string", "description": "as it stands on the invoice"},
                    "limit": {"type": "integer", "description": "how many at most"},
                },
                "required": ["order_id"],
            },
        },
    }
    for name in ("lookup_order", "issue_refund", "search_policy")
]


def question(test: int, turn: int) -> str:
    """What the user says."""
    return f"{_text(2 * (test * 1009 + turn), 130)}. question {turn} of {test} "


def answer(test: int, turn: int) -> str:
    """What the model says to that."""
    return f"answer {turn} of {test}: {_text(2 * (test * 1009 + turn) + 1, 90)}."


def completion(test: int, turn: int) -> bytes:
    """The body of the provider's response."""
    return json.dumps(
        {
            "id": f"chatcmpl-{test}-{turn}",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": answer(test, turn), "refusal": None},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 300 + 250 * turn, "completion_tokens": 110, "total_tokens": 410 + 250 * turn},
            "system_fingerprint": "fp_bench",
        }
    ).encode()


def answer_to(request: bytes) -> bytes:
    """The response to the body of a request, told by its last question: without parsing, so that it costs nothing."""
    start = request.rindex(b". question ") + len(b". question ")
    turn, _, test, _ = request[start : start + 40].split(b" ", 3)
    return completion(int(test), int(turn))


def history(test: int, turn: int) -> list[dict[str, Any]]:
    """The messages of a conversation up to and with the question of a turn, from 1."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": SYSTEM}]
    for one in range(1, turn):
        messages += [
            {"role": "user", "content": question(test, one)},
            {"role": "assistant", "content": answer(test, one)},
        ]
    return [*messages, {"role": "user", "content": question(test, turn)}]
