"""Making images from a prompt: OpenAI's images API, and those who speak it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import listed, mappings, text
from pytest_llmtrace._capture.dialects.media import binary, linked, plain
from pytest_llmtrace._capture.dialects.openai_chat import model_in_path
from pytest_llmtrace._capture.dialects.parts import content
from pytest_llmtrace._capture.dialects.tokens import openai_usage


class Images:
    """https://platform.openai.com/docs/api-reference/images."""

    operation = "images"
    provider = "openai"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        return path.endswith(("/images/generations", "/images/edits")) and isinstance(body.get("prompt"), str)

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:
        given = [{"text": body["prompt"]}, *listed(body.get("images")), *listed(body.get("image"))]
        return Question(
            model=text(body.get("model")) or model_in_path(path),
            messages=interner.messages(self.operation, [given], _message),
            params={name: plain(one) for name, one in body.items() if name not in _NOT_PARAMS and one is not None},
            streamed=body.get("stream") is True,
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        made = mappings(data.get("data"))
        kind = f"image/{text(data.get('output_format')) or 'png'}"
        return Answer(
            output={"role": "assistant", "content": [_image(one, kind) for one in made]} if made else None,
            usage=openai_usage(data.get("usage")),
            error=stated_error(data),
        )

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        whole = [event for event in events if text(event.get("type")).endswith(".completed")]
        last = whole[-1] if whole else {}
        made = self.answer({**last, "data": whole})
        error = next((error for event in events if (error := stated_error(event))), None)
        return Answer(output=made.output, usage=made.usage, error=error, complete=done or bool(whole))


def _message(given: Sequence[Any]) -> Iterator[dict[str, Any]]:
    yield {"role": "user", **content(list(given)).fields()}


def _image(one: Mapping[str, Any], kind: str) -> dict[str, Any]:
    about = {"revised_prompt": one.get("revised_prompt")}
    if data := text(one.get("b64_json")):
        return binary("image", data, kind, **about)
    return linked("image", text(one.get("url")), **about)


_NOT_PARAMS: Final = frozenset({"model", "prompt", "image", "images", "stream", "api_key"})
