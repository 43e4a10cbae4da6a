"""OpenAI's moderations: a classifier beside the models, free of charge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import mapping, mappings, text
from pytest_llmtrace._capture.dialects.parts import content
from pytest_llmtrace._model.usage import Usage


class Moderations:
    """https://platform.openai.com/docs/api-reference/moderations; Mistral's has no `flagged` of its own."""

    operation = "moderations"
    provider = "openai"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        return path.endswith("/moderations") and "input" in body

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:  # noqa: ARG002
        asked = body["input"]
        texts = asked if isinstance(asked, list) and all(isinstance(one, str) for one in asked) else [asked]
        return Question(
            model=text(body.get("model")),
            messages=interner.messages(self.operation, texts, _message),
            params={name: value for name, value in body.items() if name not in _NOT_PARAMS and value is not None},
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        results = mappings(data.get("results"))
        return Answer(
            output={"role": "assistant", "content": "; ".join(map(_verdict, results))} if results else None,
            usage=Usage(),
            model=text(data.get("model")) or None,
            error=stated_error(data),
        )

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:  # noqa: ARG002
        """Never streamed; whatever looks like it has no end."""
        return Answer(complete=done)


def _message(said: object) -> Iterator[dict[str, Any]]:
    yield {"role": "user", **content(said).fields()}


def _verdict(result: Mapping[str, Any]) -> str:
    hit = sorted(name for name, flagged in mapping(result.get("categories")).items() if flagged is True)
    if result.get("flagged") is not True and not ("flagged" not in result and hit):
        return "not flagged"
    return f"flagged: {', '.join(hit)}" if hit else "flagged"


_NOT_PARAMS: Final = frozenset({"model", "input", "api_key"})
