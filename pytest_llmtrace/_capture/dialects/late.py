"""A dialect that is imported with the first request that may be in it: a suite speaks one or two of sixteen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from pytest_llmtrace._model.expressions import expression

if TYPE_CHECKING:
    from pytest_llmtrace._capture.dialects.dialect import Answer, Dialect, Question
    from pytest_llmtrace._capture.dialects.interning import Interner

Knows = Callable[[str, Mapping[str, Any]], bool]
"""Whether a path and a parsed body are those of a dialect."""


class LateDialect:
    """Asks the dialect itself only about paths that have something of its paths in them."""

    def __init__(self, home: str, operation: str, *parts: str, known_by: Knows | None = None) -> None:
        """Which dialect it is.

        Args:
            home: its module and its class, with a dot between.
            operation: the dialect's own.
            parts: one of them is in each path that it recognises; none: any path may be one.
            known_by: what it recognises its requests by, where that can be told without it.
        """
        self._home = home
        self._parts = parts
        self._known_by = known_by
        self.operation = operation

    @cached_property
    def itself(self) -> Dialect:
        """The dialect."""
        module, _, name = self._home.partition(".")
        made: Dialect = getattr(import_module(f"{__package__}.{module}"), name)()
        return made

    @property
    def provider(self) -> str:
        return self.itself.provider

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        if self._known_by is not None:
            return self._known_by(path, body)
        return self.may_be_at(path) and self.itself.recognises(path, body)

    def may_be_at(self, path: str) -> bool:
        """Whether requests to a path may be its own."""
        return not self._parts or any(part in path for part in self._parts)

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:
        return self.itself.question(path, body, interner)

    def answer(self, data: Mapping[str, Any]) -> Answer:
        return self.itself.answer(data)

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        return self.itself.stream(events, done=done)


def is_openai_chat(path: str, body: Mapping[str, Any]) -> bool:
    """Whether a request is for OpenAI's chat completions: a replay that is the recording asks no more."""
    return _OPENAI_CHAT.search(path) is not None and isinstance(body.get("messages"), list)


_OPENAI_CHAT: Final = expression(
    r"/chat/completions$|/agents/completions$|/cortex/inference:complete$|/ml/v1/text/chat(?:_stream)?$"
    r"|/(?:serving-)?endpoints/[^/]+/invocations(?:-response-stream)?$|/models/[^/:]+:(?:streamR|r)awPredict$"
    r"|/model/[^/]+/invoke(?:-with-response-stream)?$"
)
