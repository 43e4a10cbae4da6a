"""APIs that take one prompt and give one text: models invoked on Bedrock, Hugging Face's TGI, Cohere, watsonx.

Each model family on Bedrock has a body of its own; what they have in common is that a piece of a stream looks like a
whole answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, first, listed, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import binary, plain
from pytest_llmtrace._capture.dialects.tokens import usage
from pytest_llmtrace._model.usage import Usage


class TextGeneration:
    """https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html, and others like it."""

    operation = "generate"
    provider = "openai"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        return _form(path, body) is not None

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:
        names, provider = _form(path, body) or (frozenset(), "")
        found = _MODEL.search(path)
        return Question(
            model=text(first(body, "model", "model_id"))
            or (unquote(found.group(1) or found.group(2)) if found else ""),
            messages=interner.messages(
                self.operation, [body[name] for name in sorted(names) if name in body], _message
            ),
            params={
                name: plain(value)
                for name, value in body.items()
                if name not in _NOT_PARAMS and name not in names and value is not None
            },
            streamed=body.get("stream") is True or path.endswith(("-stream", "_stream")),
            provider=provider,
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        return self.stream([data], done=True)

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        pieces = [piece for event in events for piece in _pieces(event)]
        said = "".join(_said(piece) for piece in pieces)
        images = [binary("image", image) for event in events for image in _images(event)]
        reason = next((found for piece in reversed(pieces) if (found := _reason(piece))), None)
        texts = [{"type": "text", "text": said}] if said or not images else []
        heard = bool(said or images or reason)
        return Answer(
            output={"role": "assistant", "content": [*texts, *images]} if heard else None,
            finish_reason=reason,
            usage=_usage(events, pieces),
            error=next((error for event in events if (error := stated_error(event))), None),
            complete=done or reason is not None or "error" in (events[-1] if events else {}),
        )


def _form(path: str, body: Mapping[str, Any]) -> tuple[frozenset[str], str] | None:
    """The fields that hold the prompt, and who speaks like that."""
    return next(
        (
            (names, provider)
            for pattern, names, provider in _FORMS
            if not names.isdisjoint(body) and pattern.search(path)
        ),
        None,
    )


def _message(prompt: object) -> Iterator[dict[str, Any]]:
    given = mapping(prompt)
    said = prompt if isinstance(prompt, str) else text(first(given, "text", "prompt"))
    pictures = {key: plain(value) for key, value in given.items() if key not in ("text", "prompt")}
    parts = [{"type": "text", "text": said}, *([{"type": "request", **pictures}] if pictures else [])]
    yield {"role": "user", "content": parts if said or pictures else plain(prompt)}


def _pieces(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What holds text and reason: the list under one of many names, else the event itself."""
    for name in ("results", "outputs", "generations", "completions", "choices"):
        if found := mappings(event.get(name)):
            yield {**event, **found[0]}
            return
    yield event


def _said(piece: Mapping[str, Any]) -> str:
    token = mapping(piece.get("token"))
    if token:  # TGI repeats the whole text beside the last token
        return "" if token.get("special") is True else text(token.get("text"))
    names = ("outputText", "generation", "text", "completion", "generated_text")
    return text(first(piece, *names)) or text(mapping(piece.get("data")).get("text"))


def _reason(piece: Mapping[str, Any]) -> str:
    stated = first(piece, "completionReason", "stop_reason", "finish_reason", "finishReason")
    if isinstance(stated, dict):
        stated = stated.get("reason")
    return text(stated) or text(mapping(piece.get("details")).get("finish_reason"))


def _images(event: Mapping[str, Any]) -> Iterator[str]:
    yield from (one for one in listed(event.get("images")) if isinstance(one, str))
    yield from (one["base64"] for one in mappings(event.get("artifacts")) if isinstance(one.get("base64"), str))


def _usage(events: Sequence[Mapping[str, Any]], pieces: Sequence[Mapping[str, Any]]) -> Usage | None:
    sent = received = 0
    for piece in (*events, *pieces):
        metrics = mapping(piece.get("amazon-bedrock-invocationMetrics"))
        details = mapping(piece.get("details"))
        tokens = mapping(mapping(piece.get("meta")).get("billed_units"))
        sent = count(first(metrics, "inputTokenCount")) or count(first(tokens, "input_tokens")) or sent
        sent = count(first(piece, *_SENT)) or len(listed(details.get("prefill"))) or sent
        received = count(first(metrics, "outputTokenCount")) or count(first(tokens, "output_tokens")) or received
        received = count(first(piece, *_RECEIVED)) or count(details.get("generated_tokens")) or received
    return usage(input_tokens=sent, output_tokens=received)


_SENT: Final = ("inputTextTokenCount", "prompt_token_count", "input_token_count")
_RECEIVED: Final = ("tokenCount", "totalOutputTextTokenCount", "generation_token_count", "generated_token_count")

_FORMS: Final = tuple(
    (re.compile(pattern), frozenset(names), provider)
    for pattern, names, provider in (
        (
            r"/model/[^/]+/invoke(?:-with-response-stream)?$",
            ("prompt", "inputText", "textToImageParams", "text_prompts"),
            "bedrock",
        ),
        (r"/generate(?:_stream)?$|/models/[^/:]+/[^/:]+$", ("inputs",), "huggingface"),
        (r"/v1/generate$", ("prompt",), "cohere"),
        (r"/v1/complete$", ("prompt",), "anthropic"),
        (r"/ml/v1/text/generation(?:_stream)?$", ("input",), "watsonx"),
    )
)
"""Path, the body fields that hold the prompt, and who speaks the form."""

_MODEL: Final = re.compile(r"/model/([^/]+)/invoke|/models/([^/:]+/[^/:]+)$")
_NOT_PARAMS: Final = frozenset({"model", "model_id", "stream"})
