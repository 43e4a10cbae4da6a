"""A conversation that remembers, and answers piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator

import litellm

MODEL = "anthropic/claude-haiku-4-5"

PROMPT = "You are a travel guide. Answer in one sentence."


class Chat:
    """One conversation."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = [{"role": "system", "content": PROMPT}]

    async def say(self, text: str) -> AsyncIterator[str]:
        """Send a message; the answer comes in pieces as the model writes it."""
        self.messages.append({"role": "user", "content": text})
        stream = await litellm.acompletion(model=MODEL, messages=self.messages, max_tokens=200, stream=True)
        pieces = []
        async for chunk in stream:
            if piece := chunk.choices[0].delta.content:
                pieces.append(piece)
                yield piece
        self.messages.append({"role": "assistant", "content": "".join(pieces)})
