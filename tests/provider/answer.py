"""What the provider answers, in one shape whatever API it goes out through."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.provider.question import Question
from tests.provider.script import Rule

EPOCH: Final = 1_700_000_000
"""When everything happens that has no real time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one answer; `input_tokens` and `output_tokens` are the whole, the others parts of it."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRequest:
    """A tool that the model wants called."""

    id: str
    """Without the prefix that the API gives it."""
    name: str
    arguments: str
    """JSON text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of the model."""

    id: str
    """Without the prefix that the API gives it."""
    created: int
    """Seconds since 1970."""
    model: str
    text: str
    tool_calls: tuple[ToolRequest, ...]
    finish: str
    """In OpenAI's words: ``stop``, ``length``, ``tool_calls``, ``content_filter``."""
    usage: Usage | None


def answer_to(question: Question, rule: Rule, *, random_ids: bool = False) -> Answer:
    """The answer that a rule gives to a question.

    Ids come from the request alone, so that equal requests get equal answers however many others came before or at
    the same time; `random_ids` makes ids and times as unpredictable as a real provider's.
    """
    token = secrets.token_hex(12) if random_ids else _digest(question)
    text = _text(question, rule)
    tool_calls = tuple(
        ToolRequest(id=f"{token}{position}", name=name, arguments=_arguments(value))
        for position, call in enumerate(rule.tool_calls)
        for name, value in call.items()
    )
    return Answer(
        id=token,
        created=int(time.time()) if random_ids else EPOCH,
        model=rule.answer_model or question.model,
        text=text,
        tool_calls=tool_calls,
        finish=rule.finish or ("tool_calls" if tool_calls else "stop"),
        usage=_usage(question, rule, text, tool_calls),
    )


def pieces(text: str) -> Iterator[str]:
    """Text as a stream delivers it: word by word, the space in front."""
    start = 0
    while start < len(text):
        end = text.find(" ", start + 1)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end


def arguments_of(call: ToolRequest) -> Any:
    """Arguments as data, for APIs that have no place for text that is not JSON."""
    try:
        return json.loads(call.arguments)
    except ValueError:
        return {"text": call.arguments}


def data_text(data: str | Mapping[str, Any] | Sequence[Any]) -> str:
    """Text as it is, other data as JSON text."""
    return data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)


def _text(question: Question, rule: Rule) -> str:
    if rule.text is not None:
        return data_text(rule.text)
    if rule.tool_calls:
        return ""
    if _wants_json(question.body):
        return data_text({"you_said": question.user})
    return f"You said: {question.user}"


def _wants_json(body: Mapping[str, Any]) -> bool:
    """Whether the request asks for JSON: `response_format` in chat completions, `text.format` in responses."""
    text = body.get("text")
    wanted = body.get("response_format") or (text.get("format") if isinstance(text, dict) else None)
    return isinstance(wanted, dict) and str(wanted.get("type", "")).startswith("json")


def _usage(question: Question, rule: Rule, text: str, tool_calls: Sequence[ToolRequest]) -> Usage | None:
    if rule.usage is False:
        return None
    words = len(text.split()) + sum(len(call.arguments.split()) for call in tool_calls)
    return Usage(**{"input_tokens": question.input_words, "output_tokens": words, **(rule.usage or {})})


def _arguments(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value or {}, ensure_ascii=False)


def _digest(question: Question) -> str:
    request = json.dumps([question.path, question.body], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(request.encode("utf-8", "surrogatepass")).hexdigest()[:24]
