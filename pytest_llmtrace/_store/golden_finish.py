"""Why a model stopped, where it stopped for the obvious reason: nothing needs to be written then."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import LLMCall

USUAL: Final = "stop"
"""The vocabulary of a conversation that names none."""


def vocabulary(calls: Iterable[LLMCall]) -> str | None:
    """Which provider's words a conversation uses: the word for an answer, or `None` where no reason was ever given."""
    given = False
    for call in calls:
        if call.finish_reason is not None:
            given = True
            for word in _WORDS:
                if word is not None and obvious_finish(word, call.output) == call.finish_reason:
                    return word
    return USUAL if given else None


def obvious_finish(word: str | None, output: Message | None) -> str | None:
    """The finish reason that goes without saying, in the vocabulary of `word`."""
    if output is None:
        return None
    return _WORDS[word][1 if output["tool_calls"] else 0]


_WORDS: Final[dict[str | None, tuple[str | None, str | None]]] = {
    "stop": ("stop", "tool_calls"),  # OpenAI chat, litellm, most others
    "end_turn": ("end_turn", "tool_use"),  # Anthropic, Bedrock
    "STOP": ("STOP", "STOP"),  # Gemini
    "completed": ("completed", "completed"),  # OpenAI responses
    "COMPLETE": ("COMPLETE", "TOOL_CALL"),  # Cohere
    None: (None, None),
}
"""By the word for an answer: that word, and the one for tool calls."""

VOCABULARIES: Final = tuple(_WORDS)
