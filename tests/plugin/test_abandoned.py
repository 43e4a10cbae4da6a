"""Streams that an application does not read to their end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.plugin.conftest import Project

SYNC = """
    def test_one():
        with openai.OpenAI(base_url={url!r}, api_key="sk-plugin-0123456789") as client:
            with client.chat.completions.create(
                model="gpt-4o-mini", messages=[{{"role": "user", "content": "Count to ten."}}], stream=True
            ) as stream:
                for event in stream:
                    {leave}
"""
ASYNC = """
    import asyncio

    def test_one():
        asyncio.run(counts())

    async def counts():
        async with openai.AsyncOpenAI(base_url={url!r}, api_key="sk-plugin-0123456789") as client:
            stream = await client.chat.completions.create(
                model="gpt-4o-mini", messages=[{{"role": "user", "content": "Count to ten."}}], stream=True
            )
            async with stream:
                async for event in stream:
                    {leave}
"""
UNREAD = """
    def test_one():
        with openai.OpenAI(base_url={url!r}, api_key="sk-plugin-0123456789") as client:
            client.chat.completions.create(
                model="gpt-4o-mini", messages=[{{"role": "user", "content": "Count to ten."}}], stream=True
            ).close()
"""


@pytest.mark.parametrize(
    ("source", "leave", "status"),
    [
        (SYNC, "break", "abandoned"),
        (SYNC, "pass", "ok"),
        (SYNC, "if event.choices and event.choices[0].finish_reason: break", "ok"),
        (ASYNC, "break", "abandoned"),
        (ASYNC, "pass", "ok"),
        (UNREAD, "", "abandoned"),
    ],
    ids=["left", "read", "read to its reason", "left async", "read async", "unread"],
)
def test_a_stream_left_early_is_abandoned(project: Project, source: str, leave: str, status: str) -> None:
    """While recording and in replay alike; the golden trace has the whole answer, which was paid for."""
    project.write(source.format(url=project.provider.url, leave=leave))

    recorded = project.record()
    assert recorded.exit == 0, recorded.text
    golden = project.cassettes()["cassettes/test_it/test_one.trace.yaml"].decode()
    replayed = project.replay("--llm-report=lines.jsonl")

    assert replayed.exit == 0, replayed.text
    assert ("status: abandoned" in golden) == (status == "abandoned")
    assert "Count to ten." in golden
    assert recorded.test("test_one")["usage"] == replayed.test("test_one")["usage"]
    assert _entry(project)["status"] == status


def _entry(project: Project) -> dict[str, Any]:
    (line,) = (project.path / "lines.jsonl").read_text("utf-8").splitlines()
    entry: dict[str, Any] = json.loads(line)
    return entry
