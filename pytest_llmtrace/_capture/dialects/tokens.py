"""Token counts as providers report them, and an estimate where one does not."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pytest_llmtrace._capture.dialects.lenient import count, first, mapping
from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.http import HttpResponse
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import LLMCall
from pytest_llmtrace._model.usage import Usage


def usage(
    *, input_tokens: int, output_tokens: int, cache_read: int = 0, cache_write: int = 0, reasoning: int = 0
) -> Usage | None:
    """A usage, or `None` where every count is 0: gateways put zeros where they do not know."""
    if not input_tokens and not output_tokens:
        return None
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=cache_read,
        cache_write_tokens=cache_write,
        reasoning_tokens=reasoning,
    )


def openai_usage(raw: object) -> Usage | None:
    """The `usage` of OpenAI's chat and responses APIs, and of those who speak them in their own dialect.

    DeepSeek, Moonshot, Z.ai and Mistral count cached tokens under names of their own. xAI leaves reasoning out of
    the output; its total tells.
    """
    fields = mapping(raw)
    before = mapping(first(fields, "prompt_tokens_details", "input_tokens_details"))
    after = mapping(first(fields, "completion_tokens_details", "output_tokens_details"))
    sent = count(first(fields, "prompt_tokens", "input_tokens"))
    received = count(first(fields, "completion_tokens", "output_tokens"))
    reasoning = count(first(after, "reasoning_tokens")) or count(fields.get("reasoning_tokens"))
    cached = max([count(before.get("cached_tokens")), *(count(fields[name]) for name in _CACHED if name in fields)])
    written = count(first(before, "cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens"))
    total = count(fields.get("total_tokens"))
    if reasoning and (total == sent + received + reasoning or (not total and reasoning > received)):
        received += reasoning
    return usage(input_tokens=sent, output_tokens=received, cache_read=cached, cache_write=written, reasoning=reasoning)


def anthropic_usage(raw: object) -> Usage | None:
    """The `usage` of Anthropic's API, whose `input_tokens` leave out what was read from and written to the cache."""
    fields = mapping(raw)
    read = count(fields.get("cache_read_input_tokens"))
    written = count(fields.get("cache_creation_input_tokens"))
    return usage(
        input_tokens=count(fields.get("input_tokens")) + read + written,
        output_tokens=count(fields.get("output_tokens")),
        cache_read=read,
        cache_write=written,
        reasoning=count(mapping(fields.get("output_tokens_details")).get("thinking_tokens")),
    )


def header_usage(response: HttpResponse) -> Usage | None:
    """What Bedrock counts beside the answer of an invoked model, whose body may not say."""
    counts = (response.header(f"x-amzn-bedrock-{side}-token-count") or "" for side in ("input", "output"))
    sent, received = (
        int(said) if said.isascii() and said.isdigit() and len(said) < _LONGEST_COUNT else 0 for said in counts
    )
    return usage(input_tokens=sent, output_tokens=received)


def estimate_usage(call: LLMCall) -> Usage:
    """Token counts from the text of a call, for a provider that reported none.

    Words, numbers and signs are counted with the averages of OpenAI's tokenizers: within about 5 % for English,
    code and JSON, 15 % for other languages. No vocabulary is loaded, so it costs no time and needs no file.
    """
    sent = sum(_message_tokens(message) for message in call.messages)
    if call.operation != "embeddings":
        sent += _REPLY_START if call.messages else 0
    sent += sum(text_tokens(canonical_json(tool)) for tool in call.tools)
    received = 0 if call.output is None or call.operation == "embeddings" else _spoken(call.output)
    reasoning = text_tokens(str(call.output["reasoning"] or "")) if call.output is not None else 0
    return Usage(input_tokens=sent, output_tokens=received, reasoning_tokens=reasoning, estimated=True)


def text_tokens(text: str) -> int:
    """About how many tokens a text has."""
    total = 0.0
    for piece in _pieces().finditer(text):
        length = piece.end() - piece.start()
        free, per_token = _COSTS[piece.lastgroup or ""]
        total += 1.0 if length <= free else 1.0 + (length - free) / per_token
    return round(total)


def _message_tokens(message: Message) -> int:
    return _MESSAGE_FRAME + _spoken(message)


def _spoken(message: Message) -> int:
    total: int = text_tokens(message.text) + text_tokens(str(message["reasoning"] or ""))
    total += _IMAGE * sum(part.get("type") == "image" for part in _parts(message["content"]))
    for call in _parts(message["tool_calls"]):
        function = mapping(call.get("function"))
        total += _TOOL_CALL_FRAME + text_tokens(f"{function.get('name', '')}{function.get('arguments', '')}")
    return total


def _parts(value: object) -> Iterable[Mapping[str, Any]]:
    return (part for part in value if isinstance(part, dict)) if isinstance(value, list) else ()


@functools.cache
def _pieces() -> re.Pattern[str]:
    """What a tokenizer parts a text into, roughly; most answers say what they used, and nothing is counted."""
    return re.compile(
        r"(?P<word>[ _]?[A-Za-z\u00c0-\u024f]+(?:'[a-z]{1,2})?)|(?P<number>[0-9]+)|(?P<newline>\s*\n\s*)"
        r"|(?P<signs> ?(?:[^\s\w]|_)+)|(?P<space>\s+)|(?P<ideographs>[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+)"
        r"|(?P<letters>[^\W\d_]+)|(?P<rest>.)",
        re.DOTALL,
    )


_COSTS: Final = {
    "word": (9, 7.0),
    "number": (3, 3.0),
    "newline": (40, 40.0),
    "space": (40, 40.0),
    "ideographs": (1, 1.4),
    "letters": (9, 5.0),
    "signs": (3, 3.0),
    "rest": (1, 1.0),
}
"""For each kind of piece: how many characters are one token, and how many more make another."""

_CACHED: Final = ("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens")
_LONGEST_COUNT: Final = 16
_MESSAGE_FRAME: Final = 4
_REPLY_START: Final = 3
_TOOL_CALL_FRAME: Final = 8
_IMAGE: Final = 765
"""What an image of ordinary size counts in OpenAI's high detail mode."""
