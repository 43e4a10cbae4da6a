"""Embeddings, in the forms of OpenAI, Cohere, Gemini, Vertex AI, Ollama and Bedrock: vectors are only counted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from pytest_llmtrace._capture.dialects.dialect import BARE, Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, first, listed, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import binary, linked, plain
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
        return _form(path, body) is not None

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:
        names, provider = _form(path, body) or ((), "")
        inputs = [
            {"image": one} if name in _IMAGES else one
            for name in names
            if body.get(name) is not None
            for one in prompts(body[name])
        ]
        found = _MODEL.search(path)
        in_path = unquote(found.group(1) or found.group(2)) if found else model_in_path(path)
        return Question(
            model=(text(body.get("model")) or in_path).removeprefix("models/"),
            messages=interner.messages(self.operation, inputs, _message),
            params={
                name: value
                for name, value in (*body.items(), *_settings(inputs))
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
        """Never streamed; whatever looks like it has no end."""
        return Answer(complete=done or not events)


def _form(path: str, body: Mapping[str, Any]) -> tuple[tuple[str, ...], str] | None:
    """The fields that hold inputs, and who speaks like that."""
    return next(
        (
            (names, provider)
            for pattern, names, provider in _FORMS
            if any(name in body for name in names) and pattern.search(path)
        ),
        None,
    )


def _settings(inputs: list[Any]) -> list[tuple[str, Any]]:
    """What Nova wants to be told inside of its input."""
    given = mapping(inputs[0]) if len(inputs) == 1 else {}
    return [(name, plain(value)) for name, value in given.items() if name not in _INPUTS]


def _message(value: object) -> Iterator[dict[str, Any]]:
    fields = mapping(value)
    nested = first(fields, "content", "parts")
    said = first(mapping(nested), "parts") or nested or first(fields, *_TEXTS)
    said = mapping(said).get("value") or said
    if said is not None or isinstance(fields.get("image"), str):
        made = content(said)
        if isinstance(fields.get("image"), str):
            made.parts.append(_image(fields["image"]))
        yield {"role": "user", **made.fields()}
    elif isinstance(value, str) and value.startswith("data:"):
        yield {"role": "user", "content": [_image(value)]}
    else:
        yield {"role": "user", "content": value if isinstance(value, str) else canonical_json(plain(value))}


def _image(data: str) -> dict[str, Any]:
    return linked("image", data) if data.startswith(("data:", "http:", "https:")) else binary("image", data)


def _vectors(data: Mapping[str, Any]) -> Iterator[int]:
    """The length of each vector."""
    for one in mappings(first(data, "data", "results")):
        yield from (_length(part.get("embedding")) for part in mappings(one.get("data")) or [one])
    for one in mappings(data.get("predictions")):
        yield _length(mapping(one.get("embeddings")).get("values"))
    single = data.get("embedding")
    if single is not None:
        yield _length(mapping(single).get("values") or single)
    several = first(data, "embeddings", BARE)
    if isinstance(several, dict):
        several = next((listed(kind) for kind in several.values() if listed(kind)), [])
    numbers = any(isinstance(one, int | float) for one in listed(several))
    for vector in [several] if numbers else listed(several):
        yield _length(first(mapping(vector), "values", "embedding") or vector)


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
    sent = count(first(data, "prompt_eval_count", "inputTextTokenCount", "input_token_count")) or count(
        billed.get("input_tokens")
    )
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
        (r"/multimodalembeddings$|/contextualizedembeddings$", ("inputs",), "voyage"),
        (r"/v[12]/embed$", ("texts", "inputs", "images"), "cohere"),
        (
            r"/embed(?:_all|_sparse)?$|/pipeline/feature-extraction(?:/.+)?$|/feature-extraction$",
            ("inputs",),
            "huggingface",
        ),
        (r"/ml/v1/text/embeddings$", ("inputs",), "watsonx"),
        (r":embedContent$", ("content",), "gemini"),
        (r":(?:batchE|e)mbedContents$", ("requests",), "gemini"),
        (r"/models/[^/:]*embed[^/:]*:predict$", ("instances",), "vertex_ai"),
        (
            r"/model/[^/]*embed[^/]*/invoke$",
            (
                "inputText",
                "texts",
                "inputs",
                "images",
                "inputImage",
                "singleEmbeddingParams",
                "segmentedEmbeddingParams",
            ),
            "bedrock",
        ),
    )
)
"""Path, the body fields that hold inputs, and who speaks the form."""

_IMAGES: Final = frozenset({"images", "inputImage"})
_TEXTS: Final = ("text", "inputText")
_INPUTS: Final = frozenset({"content", "parts", "image", "video", "audio", *_TEXTS})
_MODEL: Final = re.compile(
    r"/models?/([^/:]+)(?::[A-Za-z]+|/invoke)$|/(?:models|feature-extraction)/([^/:]+/[^/:]+)(?:/pipeline/.+)?$"
)
_NOT_PARAMS: Final = frozenset({"model", "api_key"})
