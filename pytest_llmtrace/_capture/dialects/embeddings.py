"""Embeddings, in the forms of OpenAI, Cohere, Gemini, Vertex AI, Ollama and Bedrock: vectors are only counted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, first, listed, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import plain
from pytest_llmtrace._capture.dialects.openai_chat import model_in_path
from pytest_llmtrace._capture.dialects.openai_completions import prompts
from pytest_llmtrace._capture.dialects.parts import content
from pytest_llmtrace._capture.dialects.tokens import openai_usage, usage
from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.usage import Usage


class Embeddings:
    """One user message for each input; the answer says how many vectors of which length came back."""

    operation = "embeddings"
    provider = "openai"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        return any(name in body and pattern.search(path) for pattern, names, _ in _FORMS for name in names)

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:
        names, provider = next((names, provider) for pattern, names, provider in _FORMS if pattern.search(path))
        inputs = [one for name in names if body.get(name) is not None for one in prompts(body[name])]
        found = _MODEL.search(path)
        in_path = unquote(found.group(1)) if found else model_in_path(path)
        return Question(
            model=(text(body.get("model")) or in_path).removeprefix("models/"),
            messages=interner.messages(self.operation, inputs, _message),
            params={
                name: value
                for name, value in body.items()
                if name not in _NOT_PARAMS and name not in names and value is not None
            },
            provider=provider,
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        vectors = list(_vectors(data))
        return Answer(
            output={"role": "assistant", "content": _summary(vectors)} if vectors else None,
            usage=_usage(data),
            model=text(data.get("model")) or None,
            error=stated_error(data),
        )

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        """Hugging Face answers with a bare list of vectors, which looks like a stream without events."""
        return Answer(complete=done or not events)


def _message(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        parts = first(value, "content", "parts")
        said = first(mapping(parts), "parts") or parts or value.get("text")
        if said is not None:
            yield {"role": "user", **content(said).fields()}
            return
    yield {"role": "user", "content": value if isinstance(value, str) else canonical_json(plain(value))}


def _vectors(data: Mapping[str, Any]) -> Iterator[int]:
    """The length of each vector."""
    for one in mappings(data.get("data")):
        yield _length(one.get("embedding"))
    for one in mappings(data.get("predictions")):
        yield _length(mapping(one.get("embeddings")).get("values"))
    single = data.get("embedding")
    if single is not None:
        yield _length(mapping(single).get("values") or single)
    several = data.get("embeddings")
    if isinstance(several, dict):
        several = next((listed(kind) for kind in several.values() if listed(kind)), [])
    for vector in listed(several):
        yield _length(mapping(vector).get("values") or vector)


def _length(vector: object) -> int:
    """Numbers in a vector; one in base64 holds 32-bit floats."""
    if isinstance(vector, str):
        return len(vector.rstrip("=")) * 3 // 4 // 4
    return len(listed(vector))


def _summary(vectors: Sequence[int]) -> str:
    plural = "" if len(vectors) == 1 else "s"
    lengths = ", ".join(str(length) for length in sorted(set(vectors)))
    return f"[{len(vectors)} embedding{plural}, {lengths} dimensions]"


def _usage(data: Mapping[str, Any]) -> Usage | None:
    found = openai_usage(data.get("usage"))
    if found is not None:
        return found
    billed = mapping(mapping(data.get("meta")).get("billed_units"))
    sent = count(first(data, "prompt_eval_count", "inputTextTokenCount")) or count(billed.get("input_tokens"))
    sent = sent or count(mapping(data.get("usageMetadata")).get("promptTokenCount"))
    for one in mappings(data.get("predictions")):
        sent += count(mapping(mapping(one.get("embeddings")).get("statistics")).get("token_count"))
    total = count(mapping(data.get("usage")).get("total_tokens"))
    return usage(input_tokens=sent or total, output_tokens=0)


_FORMS: Final = tuple(
    (re.compile(pattern), names, provider)
    for pattern, names, provider in (
        (r"/api/embed$|/api/embeddings$", ("input", "prompt"), "ollama"),
        (r"/embeddings$", ("input",), ""),
        (r"/v[12]/embed$", ("texts", "inputs", "images"), "cohere"),
        (r":embedContent$", ("content",), "gemini"),
        (r":(?:batchE|e)mbedContents$", ("requests",), "gemini"),
        (r"/models/[^/:]*embed[^/:]*:predict$", ("instances",), "vertex_ai"),
        (r"/model/[^/]*embed[^/]*/invoke$", ("inputText", "texts", "inputImage"), "bedrock"),
    )
)
"""Path, the body fields that hold inputs, and who speaks the form."""

_MODEL: Final = re.compile(r"/models?/([^/:]+)(?::[A-Za-z]+|/invoke)$")
_NOT_PARAMS: Final = frozenset({"model", "api_key"})
