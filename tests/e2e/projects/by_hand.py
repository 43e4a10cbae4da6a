"""A project that calls an LLM through HTTP clients, without an SDK. Copied into a test folder and run there."""

import http.client
import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import aiohttp
import boto3
import httpx
import httpx2
import pytest
import requests
import urllib3
from ways import KEY, PORT, URL, Async, AsyncStreamed, Errors, Streamed, Sync, many, said, user

CHAT = f"{URL}/v1/chat/completions"
HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}


def body(text, **options):
    return {"model": "gpt-4o-mini", "messages": [user(text)], **options}


def streaming(text):
    return body(text, stream=True, stream_options={"include_usage": True})


def answer(data):
    return data["choices"][0]["message"]["content"]


def delta(line):
    """The text in a line of a stream."""
    line = line.decode() if isinstance(line, bytes) else line
    data = line.removeprefix("data: ").strip()
    choices = json.loads(data)["choices"] if data and data != "[DONE]" else []
    return choices[0]["delta"].get("content") if choices else None


@pytest.mark.sdk("requests", "sync", "streamed", "threads", "errors")
class TestRequests(Sync, Streamed, Errors):
    ERROR = requests.HTTPError
    THREADED = 24

    def ask(self, text):
        response = requests.post(CHAT, json=body(text), headers=HEADERS, timeout=10)
        response.raise_for_status()
        return answer(response.json())

    def stream(self, text):
        with requests.post(CHAT, json=streaming(text), headers=HEADERS, timeout=10, stream=True) as response:
            yield from map(delta, response.iter_lines())


@pytest.mark.sdk("urllib3", "sync", "streamed", "threads", "errors")
class TestUrllib3(Sync, Streamed, Errors):
    ERROR = ValueError
    THREADED = 24

    @cached_property
    def pool(self):
        return urllib3.PoolManager(maxsize=8)

    def ask(self, text):
        response = self.pool.request("POST", CHAT, json=body(text), headers=HEADERS)
        if response.status >= 400:
            raise ValueError(response.status)
        return answer(response.json())

    def stream(self, text):
        response = self.pool.request("POST", CHAT, json=streaming(text), headers=HEADERS, preload_content=False)
        lines = b"".join(response.stream(64)).splitlines()
        response.release_conn()
        yield from map(delta, lines)


class Httpx(Sync, Streamed, Async, AsyncStreamed, Errors):
    @property
    def ERROR(self):  # noqa: N802 -- the name of what other classes have
        return self.library.HTTPStatusError

    def ask(self, text):
        return self.checked(self.library.post(CHAT, json=body(text), headers=HEADERS))

    def stream(self, text):
        with self.library.stream("POST", CHAT, json=streaming(text), headers=HEADERS) as response:
            yield from map(delta, response.iter_lines())

    async def aask(self, text):
        async with self.library.AsyncClient() as client:
            return self.checked(await client.post(CHAT, json=body(text), headers=HEADERS))

    async def astream(self, text):
        async with (
            self.library.AsyncClient() as client,
            client.stream("POST", CHAT, json=streaming(text), headers=HEADERS) as response,
        ):
            async for line in response.aiter_lines():
                yield delta(line)

    @staticmethod
    def checked(response):
        response.raise_for_status()
        return answer(response.json())


@pytest.mark.sdk("httpx", "sync", "async", "streamed", "async streamed", "threads", "gather", "errors")
class TestHttpx(Httpx):
    library = httpx


@pytest.mark.sdk("httpx2", "sync", "async", "streamed", "async streamed", "threads", "gather", "errors")
class TestHttpx2(Httpx):
    library = httpx2


@pytest.mark.sdk("aiohttp", "async", "async streamed", "gather", "errors")
class TestAiohttp(Async, AsyncStreamed):
    async def aask(self, text):
        async with (
            aiohttp.ClientSession(headers=HEADERS, raise_for_status=True) as session,
            session.post(CHAT, json=body(text)) as response,
        ):
            return answer(await response.json())

    async def astream(self, text):
        async with (
            aiohttp.ClientSession(headers=HEADERS) as session,
            session.post(CHAT, json=streaming(text)) as response,
        ):
            async for line in response.content:
                yield delta(line)

    @pytest.mark.asyncio
    async def test_errors(self):
        with pytest.raises(aiohttp.ClientResponseError):
            await self.aask("fail always")


@pytest.mark.sdk("stdlib", "sync", "threads", "errors")
class TestUrllib(Sync, Errors):
    ERROR = urllib.error.HTTPError
    THREADED = 24

    def ask(self, text):
        request = urllib.request.Request(CHAT, data=json.dumps(body(text)).encode(), headers=HEADERS)
        with urllib.request.urlopen(request, timeout=10) as response:
            return answer(json.load(response))


def by_http_client(text):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    connection.request("POST", "/v1/chat/completions", json.dumps(body(text)), HEADERS)
    data = json.load(connection.getresponse())
    connection.close()
    return answer(data)


def by_boto3():
    client = boto3.client(
        "bedrock-runtime", "us-east-1", endpoint_url=URL, aws_access_key_id="AKIAE2E", aws_secret_access_key=KEY
    )

    def ask(text):
        asked = [{"role": "user", "content": [{"text": text}]}]
        return client.converse(modelId="amazon.nova-lite-v1:0", messages=asked)["output"]["message"]["content"][0][
            "text"
        ]

    return ask


def test_mixed_threads():
    """Threads of one process, each through another library: what one does must not let another escape."""
    asks = [
        TestRequests().ask,
        TestUrllib3().ask,
        TestHttpx().ask,
        by_boto3(),
        TestHttpx2().ask,
        TestUrllib().ask,
        by_http_client,
    ]

    def call(n):
        return asks[n % len(asks)](many(24)[n])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, range(24))) == list(map(said, many(24)))
