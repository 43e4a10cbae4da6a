"""One provider, and the clients of real SDKs that talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.provider import Provider

Serve = Callable[..., Provider]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts providers, and stops them when the test is over."""
    started: list[Provider] = []

    def start(*args: Any, **options: Any) -> Provider:
        started.append(Provider(*args, **options))
        return started[-1]

    yield start
    for provider in started:
        provider.stop()


@pytest.fixture
def provider(serve: Serve) -> Provider:
    """A provider without a script: it echoes."""
    return serve()


@pytest.fixture
def openai_to() -> Iterator[Callable[[Provider], openai.OpenAI]]:
    """Makes OpenAI clients, which do not retry."""
    made: list[openai.OpenAI] = []

    def client(provider: Provider) -> openai.OpenAI:
        made.append(openai.OpenAI(base_url=provider.openai_url, api_key="sk-test", max_retries=0))
        return made[-1]

    yield client
    for one in made:
        one.close()


@pytest.fixture
def anthropic_to() -> Iterator[Callable[[Provider], anthropic.Anthropic]]:
    """Makes Anthropic clients, which do not retry."""
    made: list[anthropic.Anthropic] = []

    def client(provider: Provider) -> anthropic.Anthropic:
        made.append(anthropic.Anthropic(base_url=provider.url, api_key="sk-test", max_retries=0))
        return made[-1]

    yield client
    for one in made:
        one.close()


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A plain HTTP client that does not look at the environment."""
    with httpx.Client(trust_env=False) as client:
        yield client
