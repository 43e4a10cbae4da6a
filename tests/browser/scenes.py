"""Runs that the browser is shown: a mixed one, a large one, a hostile one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.findings import Breach, Drift
from pytest_llmtrace._model.trace import CallError, Event, LLMCall, ToolCall, Trace
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.trend import Trend
from pytest_llmtrace._model.usage import Usage
from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.document.payload import owner_payload
from pytest_llmtrace._report.html.history_page import history_page
from pytest_llmtrace._report.html.page import html_page
from tests.unit.model.trends import measured, past_runs, test_trend
from tests.unit.report.builders import asked_for, call, chat, missed, said

HOSTILE = (
    '</script><script>alert("script")</script>',
    "<img src=x onerror=\"alert('img')\">",
    "<!-- <script> \x1b[31mred\x1b[0m \u202egnippilf\u202c \x00 \u200b",
    "w" * 400,
)
"""Texts that would do something if they were taken for anything but text."""


def page(payloads: Sequence[dict[str, Any]], outcomes: dict[str, str], **more: Any) -> str:
    """The whole report of a run."""
    return "".join(html_page(document(payloads, outcomes, mode="trace", **more), payloads))


def mixed() -> str:
    """Drift that shows again, a fan-out with agents and tools, a test stopped at once, a failure, a calm test."""
    drifted = [*chat(6, system="You are a refund agent. Answer in one line.")]
    edited = "tests/test_refund.py::test_refund"
    return page(
        [
            scene_payload(edited, drifted, golden=chat(6), findings=[_prompt(folded=5)]),
            scene_payload("tests/test_research.py::test_mixture", mixture()),
            scene_payload(
                "tests/test_stop.py::test_stopped", [missed(chat(1)[0])], golden=chat(4), findings=[_prompt()]
            ),
            scene_payload("tests/test_errors.py::test_retries", [_failed()]),
            scene_payload(
                "tests/test_calm.py::test_calm[red-1]",
                [replace(one, model="gpt-4o-" + "2026-01-01-preview-" * 4) for one in chat(2)],
            ),
        ],
        {
            edited: "failed",
            "tests/test_research.py::test_mixture": "passed",
            "tests/test_stop.py::test_stopped": "failed",
            "tests/test_errors.py::test_retries": "failed",
            "tests/test_calm.py::test_calm[red-1]": "passed",
        },
        breaches=[Breach(scope="run", what="usd", limit=0.001, value=0.0042)],
        unused=["tests/cassettes/test_gone/test_gone.trace.yaml"],
    )


def odd() -> str:
    """Repeated runs, a fixture, a test whose calls did not come along, a call that was left out."""
    runs = [
        scene_payload("t.py::test_runs", chat(turns)) | {"phase": phase} for turns, phase in ((1, "call"), (3, "again"))
    ]
    fixture = scene_payload("fixture session client", chat(1))
    merged = {name: value for name, value in scene_payload("t.py::test_merged", chat(2)).items() if name != "entries"}
    golden = chat(4)
    left_out = [golden[0], replace(golden[2], output=said("assistant", "Answer three")), golden[3]]
    found = [
        Drift(
            kind="call_missing", conversation="lead", turn=2, path="", golden={"user": "Next 1", "output": "Answer 2"}
        ),
        Drift(kind="output", conversation="lead", turn=3, path="output", golden="Answer 3", observed="Answer three"),
    ]
    shorter = scene_payload("t.py::test_left_out", left_out, golden=golden, findings=found)
    return page(
        [*runs, fixture, merged, shorter], {f"t.py::test_{name}": "passed" for name in ("runs", "merged", "left_out")}
    )


def large(tests: int = 1_000, turns: int = 200) -> str:
    """So many tests of two turns, one of which has so many turns."""
    made = [scene_payload("", chat(2, system=f"You are agent {number}.")) for number in range(40)]
    payloads = [
        made[number % 40] | {"nodeid": f"tests/test_{number % 25:02}.py::test_case[{number}]"}
        for number in range(tests)
    ]
    payloads[7] = scene_payload(payloads[7]["nodeid"], chat(turns))
    outcomes = {
        payload["nodeid"]: "failed" if number % 50 == 3 else "passed" for number, payload in enumerate(payloads)
    }
    return page(payloads, outcomes)


def hostile() -> str:
    """Every text that a model, a tool, a server or a file name could supply is an attack."""
    text = "\n".join(HOSTILE)
    calls = [
        call(
            [said("system", text), said("user", HOSTILE[1], name=HOSTILE[0])],
            asked_for(HOSTILE[0], '{"<img src=x onerror=alert(1)>": "</script>"}'),
            agent=HOSTILE[1],
            model=HOSTILE[0],
        ),
        call(
            [said("user", text)],
            said("assistant", text),
            agent="other",
            status="error",
            error=CallError(type=HOSTILE[1], message=text),
        ),
    ]
    drift = Drift(
        kind="output",
        conversation=HOSTILE[1],
        turn=1,
        path=HOSTILE[0],
        golden=text,
        observed=HOSTILE[1],
        folded=1,
        folded_at=(f"{HOSTILE[0]} turn 2",),
    )
    nodeid = f"tests/test_{HOSTILE[1]}.py::test[{HOSTILE[0]}]"
    return page([scene_payload(nodeid, calls, findings=[drift])], {nodeid: HOSTILE[0]}, unused=[HOSTILE[1]])


def mixture() -> list[Any]:
    """A lead agent, three references from one point, a tool that was seen to run, and the merged answer."""
    question = said("user", "Which of our suppliers is late, and what does it cost us?")
    plan = asked_for("search_orders", '{"status": "late", "since": "2026-01-01"}')
    found = said("tool", '{"orders": 14, "late": ["Acme", "Globex"]}', tool_call_id="call_1")
    answers = {
        "analyst": "Acme is late by 12 days.",
        "critic": "Globex is late as well.",
        "optimist": "It costs $420 a day.",
    }
    usages = {"analyst": (620, 210), "critic": (610, 150), "optimist": (600, 95)}
    lead = [said("system", "You lead a research team."), question]
    calls: list[Any] = [
        call(lead, plan, agent="lead", started=0.0, duration=0.8, usage=Usage(input_tokens=300, output_tokens=40))
    ]
    calls.append(
        ToolCall(
            name="search_orders",
            arguments={"status": "late"},
            result={"orders": 14},
            call_id="call_1",
            executed=True,
            agent="lead",
            started=0.82,
            duration=0.2,
        )
    )
    told = [*lead, plan, found]
    brief = said("user", "14 orders are late: Acme, Globex. Which, and what does it cost?")
    for place, (agent, answer) in enumerate(answers.items()):
        into, out = usages[agent]
        calls.append(
            call(
                [said("system", f"You are the {agent}."), brief],
                said("assistant", answer),
                agent=agent,
                parent="lead",
                model=("gpt-4o", "claude-sonnet-4-5", "gpt-4o-mini")[place],
                started=1.1 + place / 50,
                duration=1.4 - place / 3,
                cost=0.004 - place / 1000,
                usage=Usage(input_tokens=into, output_tokens=out),
            )
        )
    calls.append(Event(name="context summarised", data={"replaced": 3}, agent="lead", started=2.6))
    merged = said("user", "Merge these answers:\n" + "\n".join(answers.values()))
    calls.append(
        call(
            [*told, merged],
            said("assistant", "Acme and Globex are late; it costs us $420 a day."),
            agent="lead",
            started=2.7,
            duration=1.1,
            cost=0.0021,
            usage=Usage(input_tokens=1_450, output_tokens=60),
        )
    )
    return calls


def _failed() -> LLMCall:
    return call(
        [said("user", "Hello?")],
        status="error",
        usage=None,
        cost=None,
        error=CallError(type="RateLimitError", message="Too many requests.", status=429),
    )


def _prompt(folded: int = 0) -> Drift:
    return Drift(
        kind="prompt",
        conversation="lead",
        turn=1,
        path="messages[0].content",
        role="system",
        first=True,
        golden="You are a refund agent.",
        observed="You are a refund agent. Answer in one line.",
        folded=folded,
        folded_at=tuple(f"lead turn {number}" for number in range(2, folded + 2)),
    )


def scene_payload(
    nodeid: str, entries: Sequence[Any], *, golden: Sequence[LLMCall] | None = None, findings: Sequence[Drift] = ()
) -> dict[str, Any]:
    """The payload of a test that made these entries."""
    trace = Trace(owner=nodeid, entries=tuple(entries))
    verdict = Verdict(
        owner=nodeid,
        mode="trace",
        findings=tuple(findings),
        golden=None if golden is None else conversations(golden),
        golden_calls=tuple(golden or ()),
        golden_totals=None if golden is None else totals(golden),
        observed=conversations(trace.calls),
        stopped=any(one.status == "missed" for one in trace.calls),
    )
    name = nodeid.rpartition("::")[2]
    cassette = {"golden": f"tests/cassettes/{name}.trace.yaml" if len(name) < 80 else None, "tape": None, "used": []}
    return owner_payload(verdict, trace, cassette=cassette, recorded={}, with_entries=True)


def history() -> str:
    """A project over a thousand runs: a test that became dearer and drifted, a hostile one, one without a price."""
    runs = past_runs(1_000, change_url='javascript:alert("link")')
    dearer = [
        measured(at, "0.001" if at < 500 else "0.002", drift={"prompt": 1} if at == 500 else {}) for at in range(1_000)
    ]
    hostile_test = [measured(999, "0.001", drift={"tool_call": 2})]
    tests = (
        test_trend("tests/test_a.py::test_dearer", *dearer),
        test_trend("tests/test_a.py::test_unpriced", *(measured(at, None) for at in range(0, 1_000, 2))),
        test_trend("tests/test_b.py::test_hostile[" + "".join(HOSTILE) + "]", *hostile_test),
    )
    return "".join(history_page(Trend(project=HOSTILE[0], runs=runs, tests=tests)))
