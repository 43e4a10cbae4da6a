"""Reranking: documents put in order by how well they answer a query, at Cohere, Jina, Voyage, Bedrock and others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, first, listed, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import plain
from pytest_llmtrace._capture.dialects.tokens import usage
from pytest_llmtrace._model.canonical import canonical_json


class Rerank:
    """The query and each document are a user message; the answer is the order, with scores.

    https://docs.cohere.com/reference/rerank, https://docs.voyageai.com/reference/reranker-api,
    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Rerank.html.
    """

    operation = "rerank"
    provider = "cohere"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        asked, given = first(body, "query", "queries"), first(body, *_DOCUMENTS)
        return asked is not None and isinstance(given, list) and _PATH.search(path) is not None

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:  # noqa: ARG002
        asked = listed(body.get("queries")) or [body.get("query")]
        given = listed(first(body, *_DOCUMENTS))
        settings = mapping(body.get("rerankingConfiguration"))
        chosen = mapping(mapping(settings.get("bedrockRerankingConfiguration")).get("modelConfiguration"))
        return Question(
            model=text(body.get("model")) or text(chosen.get("modelArn")).rpartition("/")[2],
            messages=interner.messages(self.operation, [*asked, *given], _message),
            params={name: plain(one) for name, one in body.items() if name not in _NOT_PARAMS and one is not None},
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        results = mappings(first(data, "results", "data", "rankings"))
        meta = mapping(data.get("meta"))
        counted = mapping(data.get("usage")) or mapping(meta.get("tokens"))
        return Answer(
            output={"role": "assistant", "content": _order(results)} if results else None,
            usage=usage(
                input_tokens=count(first(counted, "prompt_tokens", "input_tokens", "total_tokens")),
                output_tokens=count(counted.get("output_tokens")),
            ),
            model=text(data.get("model")) or None,
            error=stated_error(data),
        )

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        """Hugging Face's text embeddings inference answers with a bare list, which looks like a stream."""
        made = self.answer({"results": list(events)})
        return Answer(output=made.output, complete=done or made.output is not None)


def _message(given: object) -> Iterator[dict[str, Any]]:
    fields = mapping(given)
    inner = mapping(mapping(fields.get("inlineDocumentSource")).get("textDocument")) or mapping(fields.get("textQuery"))
    said = given if isinstance(given, str) else first(inner, "text") or fields.get("text")
    yield {"role": "user", "content": said if isinstance(said, str) else canonical_json(plain(given))}


def _order(results: Sequence[Mapping[str, Any]]) -> str:
    """Positions of the documents, best first, with scores as far as they mean something."""
    places = []
    for result in results:
        score = first(result, "relevance_score", "relevanceScore", "score", "logit")
        places.append(f"{count(result.get('index'))}{_shown(score)}")
    return ", ".join(places)


def _shown(score: object) -> str:
    if isinstance(score, bool) or not isinstance(score, int | float) or not abs(score) < _HIGHEST_SCORE:
        return ""
    return f" ({score:.4g})"


_HIGHEST_SCORE: Final = 1e15
_PATH: Final = re.compile(r"/re-?rank(?:ing)?$")
_DOCUMENTS: Final = ("documents", "texts", "passages", "sources")
_NOT_PARAMS: Final = frozenset({"model", "query", "queries", *_DOCUMENTS})
