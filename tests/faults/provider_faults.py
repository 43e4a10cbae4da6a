"""A provider that misbehaves: what came of it is recorded, and replays as itself when the provider is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.faults.answers import FAULTS, STREAMED, script
from tests.faults.project import Pytest, broken_files, files, write_project
from tests.faults.table import Row
from tests.provider import Provider

CLIENTS = ("http.client", "httpx", "urllib3", "aiohttp")
UNREADABLE = {
    **dict.fromkeys(("br", "zstd", "a stream in br", "a stream in zstd"), ("http.client", "urllib3")),
    "gzip twice": ("http.client", "urllib3", "aiohttp"),
    **dict.fromkeys(("half a gzip", "gzip that is none"), ("httpx",)),
}
"""Encodings that a client cannot undo: it sees them while recording, and what they hold in replay."""
SOURCE = """
    import asyncio, gzip, pytest, zlib

    TIMEOUT = 0.3

    def use_http_client(text, model, stream):
        status, body = chat(text, model=model, stream=stream, timeout=TIMEOUT)
        if body[:2] == b"\\x1f\\x8b":
            body = gzip.decompress(body)
        elif body[:1] == b"\\x78":
            body = zlib.decompress(body)
        return status, body

    def use_httpx(text, model, stream):
        import httpx
        asked = {{"model": model, "stream": stream, "messages": [{{"role": "user", "content": text}}]}}
        headers = {{"authorization": "Bearer sk-faults-0123456789"}}
        with httpx.Client(timeout=TIMEOUT, verify=False) as client:
            with client.stream("POST", URL, json=asked, headers=headers) as answer:
                return answer.status_code, b"".join(answer.iter_bytes())

    def use_urllib3(text, model, stream):
        import urllib3
        asked = {{"model": model, "stream": stream, "messages": [{{"role": "user", "content": text}}]}}
        headers = {{"content-type": "application/json"}}
        with urllib3.PoolManager(timeout=TIMEOUT, retries=False) as pool:
            answer = pool.request("POST", URL, body=json.dumps(asked), headers=headers)
            return answer.status, answer.data

    def use_aiohttp(text, model, stream):
        import aiohttp
        asked = {{"model": model, "stream": stream, "messages": [{{"role": "user", "content": text}}]}}
        async def ask():
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session:
                async with session.post(URL, json=asked) as answer:
                    return answer.status, await answer.read()
        return asyncio.run(ask())

    URL = os.environ["PROVIDER"] + "/chat/completions"

    @pytest.mark.parametrize(("fault", "client"), {pairs})
    def test_it(fault, client):
        use = globals()["use_" + client.replace(".", "_")]
        model = fault.replace(" ", "-").replace(",", "")
        try:
            status, body = use("Say hello", model, fault in {streamed})
            came = [status, str(body.replace(b"\\r", b"\\n"))]
        except Exception as error:
            came = [type(error).__module__ + "." + type(error).__qualname__]
        with open(os.environ["CAME"], "a") as file:
            print(json.dumps([fault, client, came]), file=file)
"""


def misbehaving(
    folder: Path, pytest: Pytest, *, faults: Sequence[str] = tuple(FAULTS), clients: Sequence[str] = CLIENTS
) -> Iterator[Row]:
    """A row per fault: what each client saw while it was recorded, it must see again in replay."""
    with Provider(script()) as provider:
        env = {"PROVIDER": provider.openai_url}
        pairs = [(fault, one) for fault in faults for one in clients if one not in UNREADABLE.get(fault, ())]
        source = SOURCE.format(pairs=pairs, streamed=tuple(sorted(STREAMED)))
        write_project(folder, int(provider.url.rpartition(":")[2]), source)
        recorded, problem = _run(folder, pytest, "--llm-record", env)
        sent = provider.count
        again, problem_again = _run(folder, pytest, "--llm-record", env)
        paid_again = provider.count - sent
    replayed, problem_replayed = _run(folder, pytest, "--llm-trace", env)
    broken = broken_files(folder) + sorted(files(folder, ".journal.jsonl"))
    for fault in faults:
        problems = [
            f"{client}: recorded {_shown(one)}, replayed {_shown(replayed.get((fault, client)))}"
            for name, client in pairs
            for one in (recorded.get((fault, client)),)
            if name == fault
            if one is None or not one == again.get((fault, client)) == replayed.get((fault, client))
        ]
        yield Row(fault=f"provider: {fault}", tried=sum(name == fault for name, _ in pairs), problems=problems)
    problems = [*broken, *filter(None, (problem, problem_again, problem_replayed))]
    yield Row(fault="provider: all of these together", tried=1, problems=problems, lost=paid_again)


def _run(folder: Path, pytest: Pytest, option: str, env: dict[str, str]) -> tuple[dict[tuple[str, str], Any], str]:
    came = folder.parent / "came"
    came.write_text("")
    ended = pytest.run(folder, option, "-q", "--tb=short", env={**env, "CAME": str(came)})
    lines = [json.loads(line) for line in came.read_text().splitlines()]
    seen = {(fault, client): outcome for fault, client, outcome in lines}
    return seen, "" if ended.status == 0 else f"{option} ended with {ended.status}: {ended.text[-3_000:]}"


def _shown(outcome: Any) -> str:
    text = " ".join(str(part) for part in outcome or ["nothing"])
    return text if len(text) < 200 else f"{text[:200]}... ({len(text)} characters)"
