"""Calls that nobody waited for to the end: hedges, failing groups, tasks that are left behind."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.conftest import AGENT, Project, Ran
from tests.provider import Provider, Rule

BOTH = {name: threading.Event() for name in ("hedged", "twice", "broken", "left")}
"""Set when the provider has both requests of such a test."""
NEVER = threading.Event()
MARK = "llmtrace-given-up"

RACES = """
    import asyncio, os

    @pytest.fixture(scope="module")
    def loop():
        made = asyncio.new_event_loop()
        yield made
        for task in asyncio.all_tasks(made):
            task.cancel()
            made.run_until_complete(asyncio.gather(task, return_exceptions=True))
        made.close()

    async def ask(text):
        async with openai.AsyncOpenAI(base_url={url!r}, api_key="sk-plugin-0123456789", max_retries=0) as client:
            said = [{{"role": "user", "content": text}}]
            answer = await client.chat.completions.create(model="gpt-4o-mini", messages=said)
            return answer.choices[0].message.content

    async def later(text):
        await asyncio.sleep(float(os.environ["HEDGE_AFTER"]))
        return await ask(text)

    async def first(*asking):
        tasks = [asyncio.ensure_future(one) for one in asking]
        done, losers = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for loser in losers:
            loser.cancel()
        await asyncio.gather(*losers, return_exceptions=True)
        (winner,) = done
        return winner.result()

    def test_hedged():
        async def hedged():
            assert await first(ask("hedged wins"), later("hedged loses")) == "You said: hedged wins"
            assert await ask("and then") == "You said: and then"

        asyncio.run(hedged())

    def test_twice():
        assert asyncio.run(first(ask("twice"), later("twice"))) == "You said: twice"

    def test_broken():
        async def group():
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(ask("broken fails"))
                tasks.create_task(later("broken loses"))

        with pytest.raises(ExceptionGroup):
            asyncio.run(group())

    def test_left(loop):
        loop.create_task(later("left loses"))
        loop.run_until_complete(ask("left wins"))

    def test_after(loop):
        pass
"""

ANSWERS = [
    Rule(user="loses", wait=NEVER),
    Rule(user="hedged wins", wait=BOTH["hedged"]),
    Rule(user="twice", wait=BOTH["twice"], times=1),
    Rule(user="twice", wait=NEVER),
    Rule(user="broken fails", wait=BOTH["broken"], status=400, text="no"),
    Rule(user="left wins", wait=BOTH["left"]),
]


@pytest.fixture
def races(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Four tests in which two calls run at once, recorded when both were under way."""
    with Provider(ANSWERS, random_ids=True) as provider:
        made = Project(pytester, provider)
        made.write(RACES.format(url=provider.openai_url))

        def answer() -> None:
            for count, event in zip((2, 5, 7, 9), BOTH.values(), strict=True):
                provider.wait_for(count)
                event.set()

        thread = threading.Thread(target=answer)
        thread.start()
        monkeypatch.setenv("HEDGE_AFTER", "0")
        made.record()
        thread.join()
        yield made


def counted(ran: Ran) -> dict[str, tuple[str, int, list[tuple[str, str | None]]]]:
    """Outcome, calls and findings of each test."""
    assert ran.report is not None
    return {
        row["nodeid"].partition("::test_")[2]: (row["outcome"], row["calls"], ran.findings(row["nodeid"]))
        for row in ran.report["tests"]
    }


PASSED = {
    "hedged": ("passed", 3, []),
    "twice": ("passed", 2, []),
    "broken": ("passed", 2, []),
    "left": ("passed", 2, []),
}


def test_who_loses_a_race_need_not_run_again(races: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sent in time or not, a call that nobody waited for is in the trace; one that was waited for must be made."""
    recorded = races.cassettes()
    tapes = {Path(name): text for name, text in recorded.items() if name.endswith(".json")}
    marks = {
        path.name: [one["response"].get("headers", {}).get(MARK) for one in json.loads(text)["interactions"]]
        for path, text in tapes.items()
    }
    assert {name: sorted(filter(None, found)) for name, found in marks.items()} == {
        "test_hedged.tape.json": ["overtaken"],
        "test_twice.tape.json": ["overtaken"],
        "test_broken.tape.json": ["overtaken"],
        "test_left.tape.json": ["unfinished"],
    }
    for seconds in ("0", "3600"):
        monkeypatch.setenv("HEDGE_AFTER", seconds)
        assert counted(races.replay()) == PASSED
        again = races.run("--llm-record")
        assert (again.exit, again.requests, races.cassettes()) == (0, 0, recorded)

    races.edit('ask("hedged wins"), ', 'asyncio.sleep(0, "You said: hedged wins"), ')
    races.edit('tasks.create_task(ask("broken fails"))', 'raise ValueError("no")')
    fails = counted(races.replay())
    assert fails["hedged"] == ("failed", 2, [("drift", "call_missing")])
    assert fails["broken"] == ("failed", 1, [("drift", "call_missing")])

    races.write(RACES.format(url=races.provider.openai_url))
    for path, text in tapes.items():
        (races.path / path).write_bytes(text.replace(MARK.encode(), b"link"))
    alone = counted(races.replay())
    assert {name: (outcome, findings) for name, (outcome, _, findings) in alone.items()} == {
        name: ("failed", [("drift", "call_missing")]) for name in PASSED
    }


GIVES_UP = """
    import asyncio, pathlib
    from pytest_llmtrace._capture.wire import in_flight

    ASKED = pathlib.Path({asked!r})

    async def ask():
        async with openai.AsyncOpenAI(base_url={url!r}, api_key="sk-plugin-0123456789", max_retries=3) as client:
            said = [{{"role": "user", "content": "loses"}}]
            await client.chat.completions.create(model="gpt-4o-mini", messages=said)

    def test_gives_up(monkeypatch):
        monkeypatch.setattr(in_flight, "PATIENCE", 0.2 if {waits} else 300)
        waits = in_flight._be_given_up

        async def noted():
            ASKED.touch()
            await waits()

        monkeypatch.setattr(in_flight, "_be_given_up", noted)

        async def for_a_moment():
            asking = asyncio.ensure_future(ask())
            if {waits}:
                await asking
            while not ASKED.exists():
                await asyncio.sleep(0.01)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

        asyncio.run(for_a_moment())
"""


def test_what_is_no_longer_cancelled_does_not_wait_for_ever(pytester: pytest.Pytester) -> None:
    """A call that was cancelled while it was recorded has no answer: the test fails after a while, and says why."""
    asked = pytester.path / "asked"
    with Provider(ANSWERS) as provider:
        project = Project(pytester, provider)

        def wait() -> None:
            provider.wait_for(1)
            asked.touch()

        thread = threading.Thread(target=wait)
        thread.start()
        project.write(GIVES_UP.format(url=provider.openai_url, asked=str(asked), waits=False))
        project.record()
        thread.join()
        asked.unlink()
        assert project.replay().exit == 0
        project.edit("if False:", "if True:")
        project.edit("0.2 if False", "0.2 if True")
        ran = project.replay()
    assert ran.exit == 1
    assert ran.requests == 0
    assert (
        f"llmtrace: POST {provider.openai_url}/chat/completions was cancelled by the application while it was "
        "recorded, so there is no answer on the tape.\n"
        "Now nothing has cancelled it for 0 s. If that is meant, record the test again with `pytest --llm-record "
        "--llm-record-mode=all`, which makes live calls.\n"
    ) in ran.text


LATE = """
    from pytest_llmtrace._run import owner
    from pytest_llmtrace._run.recording import saving

    before, save = owner.OwnerRun._late_verdict, saving.save

    def answered(run, *_):
        for one in run.recorded():  # as a thread of the test does whose answer comes now
            run.paying.journal.append(one)

    def verdict(run):
        answered(run)  # and the thread still waits for the disk, its request without an answer
        return before(run)

    def saved(run, journal):
        made = save(run, journal)
        answered(run)
        return made

    if {moment!r} == "before it is saved":
        owner.OwnerRun._late_verdict = verdict
    else:
        saving.save = saved

    def pytest_unconfigure():
        owner.OwnerRun._late_verdict, saving.save = before, save
"""


@pytest.mark.parametrize("moment", ["before it is saved", "while it is saved"])
def test_an_answer_that_comes_while_its_test_is_saved_is_kept(project: Project, moment: str) -> None:
    """It is on no tape, so the journal stays, and the report says that something waits."""
    project.write(AGENT)
    project.write(LATE.format(moment=moment), "conftest.py", prelude=False)
    row = project.record().test("test_agent")
    assert row["recorded"]["waiting"] is True
    assert [path.name for path in project.path.rglob("*.journal.jsonl")] == ["test_agent.journal.jsonl"]
