"""Answers that LangChain reported and that no HTTP explains: a call through a transport that no stub sees, perhaps.

Models of a test's own, LangChain's fake ones, its cache, mocks, and models that run in the process are no such thing.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from pytest_llmtrace._capture.enclosing import is_hidden
from pytest_llmtrace._capture.recorder import Recorder

if TYPE_CHECKING:
    from pytest_llmtrace._capture.manual.calls import Record

_NO_PROVIDERS: Final = frozenset({"langchain_core", "langchain_tests"})
_IN_PROCESS: Final = frozenset(
    {
        *("CTransformers", "ChatHuggingFace", "ChatLlamaCpp", "ChatMLX", "ExLlamaV2", "GPT4All", "HuggingFacePipeline"),
        *("IpexLLM", "LlamaCpp", "MLXPipeline", "OpenVINOLLM", "VLLM", "WeightOnlyQuantPipeline"),
    }
)
"""Classes of models that run where the test runs."""
_NATIVE: Final = frozenset(
    {
        *("ChatGoogleGenerativeAI", "ChatVertexAI", "ChatYandexGPT", "GoogleGenerativeAI", "TritonTensorRTLLM"),
        *("VertexAI", "YandexGPT"),
    }
)
"""Classes of models that can speak gRPC, whose client is native code."""
_METHODS: Final = ("_generate", "_agenerate", "_stream", "_astream", "_call", "_acall", "invoke", "ainvoke")


def unseen(recorder: Recorder) -> Iterator[tuple[str, bool]]:
    """The calls of which nothing but LangChain tells. Yields what each is, and whether it surely went past the tape."""
    for record in recorder.hand_calls:
        if not (record.alone and record.status == "ok" and is_provider(record.made_by)) or is_hidden(record.outer):
            continue
        if record.call.cache_hit or record.mocked or _in_process(record, recorder):
            continue
        name = record.made_by[-1]
        sure = name in _NATIVE and "grpc" in sys.modules
        yield f"LangChain {name} ({record.call.model}), which answered without an HTTP request", sure


def is_provider(made_by: Sequence[str]) -> bool:
    """Whether a model's class is one of LangChain's integrations. Args: made_by: as `Record.made_by`."""
    if not made_by or made_by[-1] in _IN_PROCESS:
        return False
    package = made_by[0]
    return package == "langchain" or (package.startswith("langchain_") and package not in _NO_PROVIDERS)


def is_mocked(made_by: Sequence[str]) -> bool:
    """Whether a `unittest.mock` stands in the place of what asks the model, now that it is asked."""
    return is_provider(made_by) and any(
        isinstance(vars(one).get(method), mock.NonCallableMock) for one in _classes(made_by[-1]) for method in _METHODS
    )


def _in_process(record: Record, recorder: Recorder) -> bool:
    """Whether a transport or a mock of the test answered an HTTP client meanwhile."""
    ended = record.ended if record.ended is not None else math.inf
    return any(record.started <= until and since <= ended for since, until in recorder.answered_in_process)


def _classes(name: str) -> Iterator[Any]:
    """The models of LangChain's that have a name."""
    module = sys.modules.get("langchain_core.language_models.base")
    waiting = [getattr(module, "BaseLanguageModel", object)] if module is not None else []
    while waiting:
        one = waiting.pop()
        if one.__name__ == name:
            yield one
        waiting += one.__subclasses__()
