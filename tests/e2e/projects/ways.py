"""What an SDK is asked to do in each way that it can be used. Copied beside the projects that use it.

A class for an SDK takes the ways that it has, and says how one call is made: `ask` and `stream` take what the user says
and give what the model answers, in one piece or in pieces; `aask` and `astream` do the same in a coroutine; `use_tool`
goes through a whole tool loop. pytest makes an object for each test, so `cached_property` gives a client for each test.
"""

import asyncio
import gc
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

URL = os.environ["PROVIDER_URL"]
PORT = urlsplit(URL).port
KEY = "sk-e2e-0123456789"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ABOUT = "Weather in a city."
TOOLS = [{"type": "function", "function": {"name": "weather", "description": ABOUT, "parameters": CITY}}]
HOSTED = (".mistral.ai", ".groq.com", ".openai.azure.com", ".huggingface.co", ".amazonaws.com")
"""Hosts of providers, which are the local provider here: their names tell who answers."""


def hosted(name):
    """The URL of the local provider under the name of a real one."""
    return f"http://{name}:{PORT}"


def user(text):
    return {"role": "user", "content": text}


def said(text):
    return f"You said: {text}"


def many(count):
    return [f"request {n}" for n in range(count)]


class Sync:
    THREADED = 8
    """Requests in eight threads."""

    def test_sync(self):
        assert self.ask("sync") == said("sync")

    def test_threads(self):
        asked = many(self.THREADED)
        getattr(self, "client", None)  # once, before threads ask for it: a cached property has no lock
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(self.ask, asked)) == list(map(said, asked))


class Streamed:
    def test_streamed(self):
        pieces = [piece for piece in self.stream("streamed") if piece]
        assert len(pieces) == 3
        assert "".join(pieces) == said("streamed")

    def test_abandoned(self):
        pieces = filter(None, self.stream("a long story"))
        assert next(pieces) == "You"
        del pieces
        gc.collect()


class Async:
    @pytest.mark.asyncio
    async def test_async(self):
        assert await self.aask("async") == said("async")

    @pytest.mark.asyncio
    async def test_gather(self):
        assert await asyncio.gather(*map(self.aask, many(8))) == list(map(said, many(8)))


class AsyncStreamed:
    @pytest.mark.asyncio
    async def test_async_streamed(self):
        pieces = [piece async for piece in self.astream("async streamed") if piece]
        assert len(pieces) == 4
        assert "".join(pieces) == said("async streamed")


class Tools:
    RESULT = "sunny"

    def test_tools(self, llm_trace):
        assert self.use_tool("weather") == "It is sunny."
        assert [(tool.name, tool.arguments, tool.result) for tool in llm_trace.tools] == [
            ("weather", {"city": "Paris"}, self.RESULT)
        ]
        assert len(llm_trace.conversations) == 1


class Errors:
    def test_errors(self):
        with pytest.raises(self.ERROR):
            self.ask("fail always")


class Retries(Errors):
    def test_retries(self, llm_trace):
        assert self.ask(f"busy {type(self).__name__}") == "recovered"
        assert [[attempt.status for attempt in call.attempts] for call in llm_trace.calls] == [[429, 200]]


class EveryWay(Sync, Streamed, Async, AsyncStreamed, Tools):
    pass


_look_up = socket.getaddrinfo


def _here(host, *args, **options):
    name = host.decode() if isinstance(host, bytes) else str(host)
    return _look_up("127.0.0.1" if name.endswith(HOSTED) else host, *args, **options)


socket.getaddrinfo = _here
