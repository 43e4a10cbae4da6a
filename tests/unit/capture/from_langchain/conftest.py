"""LangChain with our handler in it, and models that answer without HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_llmtrace._capture.from_langchain.hook import Hook


@pytest.fixture(autouse=True)
def hook() -> Iterator[Hook]:
    """Our handler is in every LangChain run of the test."""
    pytest.importorskip("langchain_core")
    made = Hook()
    made.attach()
    yield made
    made.detach()


@pytest.fixture
def chat() -> Any:
    """Makes a chat model that gives these answers: texts, or messages."""
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel

    class Scripted(GenericFakeChatModel):
        """A model of the application's own."""

        def bind_tools(self, tools: Any, **options: Any) -> Any:
            return self.bind(tools=tools, **options)

    def made(*answers: Any, **options: Any) -> Any:
        return Scripted(messages=iter(answers), **options)

    return made
