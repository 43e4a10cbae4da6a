"""Requests to a provider that ask no model: they are on the tape, and rightly not in the trace."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from pytest_llmtrace._model.http import HttpRequest


def is_service(request: HttpRequest) -> bool:
    """Whether a request manages something at the provider (files, batches, a count of tokens) and asks no model."""
    if request.method.upper() != "POST":
        return True
    path = urlsplit(request.url).path
    if _CONVERSATION.search(path):
        return b'"inputs"' not in request.body  # Mistral's asks a model, OpenAI's is only kept
    return _SERVICE.search(path) is not None


_CONVERSATION: Final = re.compile(r"/conversations(?:/[^/]+(?:/items.*)?)?$")
_SERVICE: Final = re.compile(
    r"/(?:files|uploads?|vector_stores|batches|batchPredictionJobs|fine_tuning|fine-tuning|containers|skills"
    r"|memory_stores|cachedContents|fileSearchStores|corpora|tunedModels|datasets|libraries)(?:/[^:]*)?$"
    r"|/(?:assistants|agents|threads|threads/[^/]+/messages)$"
    r"|/(?:responses|interactions)/[^/]+/(?:cancel|input_items)$"
    r"|/(?:count_tokens|count-tokens|input_tokens|tokenize|detokenize|client_secrets|token|check-api-key)$"
    r"|:(?:countTokens|computeTokens|batchGenerateContent|asyncBatchEmbedContent|register|uploadToFileSearchStore)$"
    r"|/guardrail/|/api/(?:pull|push|create|copy|delete|show)$"
)
