from __future__ import annotations

import unicodedata
from dataclasses import replace
from textwrap import dedent
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._model.findings import Breach, Bypass, Drift, Internal, Miss, NoCassette, Unplayed
from pytest_llmtrace._model.severities import DriftKind
from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._report.failure.screen import accepted_text, failure_text
from tests.unit.report.builders import GOLDEN, TEST, asked_for, call, chat, missed, said, verdict


def screen(text: str) -> str:
    """An expected screen, written with the indentation of the test around it."""
    return dedent(text).strip("\n")


PROMPT = Drift(
    kind="prompt",
    conversation="lead",
    turn=1,
    path="messages[0].content",
    role="system",
    golden="Always check the policy before refunding.",
    observed="Refund quickly.",
    first=True,
)


def test_prompt_changed_in_the_first_of_three_turns():
    """A prompt that was rewritten is shown old and new, later turns as not reached, with the command that accepts."""
    golden = chat(3, system="Always check the policy before refunding.")
    observed = [missed(chat(1, system="Refund quickly.")[0])]

    assert failure_text(verdict(PROMPT, golden=golden, observed=observed, stopped=True)) == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace

          lead · gpt-4o-mini · 3 turns recorded, 1 made
          ~ turn 1  prompt changed                                   <- first divergence
              messages[0].content (system)
              -  Always check the policy before refunding.
              +  Refund quickly.
            turn 2-3  not reached

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  3 live calls, about $0.0004
        """
    )


def test_folded_consequences_and_a_quiet_conversation():
    """What follows from a drift is named beside it, and a conversation without drift takes one line."""
    writer = chat(2, agent="writer")
    critic = chat(1, agent="critic")
    drift = replace(PROMPT, folded=4, folded_at=("lead turn 2", "lead turn 3", "lead turn 5", "writer turn 1"))

    text = failure_text(
        verdict(drift, golden=[*chat(5), *writer, *critic], observed=[*chat(5), *writer, *critic], mode="live")
    )

    assert text == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace (compared live)

          lead · gpt-4o-mini · 5 turns
          ~ turn 1  prompt changed                                   <- first divergence
              messages[0].content (system)
              -  Always check the policy before refunding.
              +  Refund quickly.
              also in turns 2-3, 5, and in writer turn 1
            turn 4  ok

          writer · gpt-4o-mini · 2 turns  follows from the drift above
          critic · gpt-4o-mini · 1 turn  ok

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  8 live calls, about $0.0004
        """
    )


def test_tool_argument_changed_late_and_the_test_died_of_it():
    """Turns before the first divergence are one line, and the exception that followed from the miss is named."""
    drift = Drift(
        kind="tool_call",
        conversation="lead",
        turn=4,
        path="output.tool_calls[0].arguments.city",
        role="assistant",
        golden="Paris",
        observed="Atlantis",
        first=True,
    )
    found = verdict(
        drift,
        golden=chat(6),
        observed=[*chat(3), missed(chat(4)[3])],
        stopped=True,
        exception="AttributeError: 'NoneType' object has no attribute 'generations'",
        accept_usd=None,
    )

    assert failure_text(found) == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace

          lead · gpt-4o-mini · 6 turns recorded, 4 made
            turn 1-3  ok
          ~ turn 4  tool call changed                                <- first divergence
              output.tool_calls[0].arguments.city (assistant)
              -  Paris
              +  Atlantis
            turn 5-6  not reached

          ended   AttributeError: 'NoneType' object has no attribute 'generations'
                  (follows from the above)
          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  6 live calls, price unknown
        """
    )


def test_call_added_and_call_missing_in_different_conversations():
    """Calls that are too many or missing are shown by what they sent and got; a new conversation is called new."""
    asking = call([said("user", "Where is it?")], asked_for("lookup_order", '{"order_id": "123"}'), agent="critic")
    found = verdict(
        Drift(kind="call_added", conversation="lead", turn=3, path="", first=True),
        Drift(kind="call_missing", conversation="writer", turn=2, path=""),
        Drift(kind="call_added", conversation="critic", turn=1, path=""),
        golden=[*chat(2), *chat(2, agent="writer")],
        observed=[*chat(3), *chat(1, agent="writer"), asking],
    )

    assert failure_text(found) == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace

          lead · gpt-4o-mini · 2 turns recorded, 3 made
            turn 1-2  ok
          + turn 3  call added                                       <- first divergence
              +  user: Next 2
              +  assistant: Answer 3

          writer · gpt-4o-mini · 2 turns recorded, 1 made
            turn 1  ok
          - turn 2  call missing
              -  user: Next 1
              -  assistant: Answer 2

          critic · gpt-4o-mini · 1 turn made, not in the golden trace
          + turn 1  call added
              +  user: Where is it?
              +  assistant: lookup_order(order_id="123")

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  4 live calls, about $0.0004
        """
    )


def test_one_word_in_a_long_prompt():
    """A change in a long line is shown with what stands around it and marked below."""
    long = (
        "You are a refund agent of the ACME shop. Be polite at all times and never discuss competitors. Orders placed "
        "within {} days of delivery may be refunded in full, others only by voucher. Escalate anything above 500 "
        "dollars to a human, and always write a summary of the conversation."
    )
    drift = replace(PROMPT, golden=long.format(30), observed=long.format(14))

    assert failure_text(verdict(drift, golden=chat(1), observed=chat(1))) == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace

          lead · gpt-4o-mini · 1 turn
          ~ turn 1  prompt changed                                   <- first divergence
              messages[0].content (system)
              -  …competitors. Orders placed within 30 days of delivery may be refunded…
              +  …competitors. Orders placed within 14 days of delivery may be refunded…
                                                    ^^

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  1 live call, about $0.0004
        """
    )


def test_lines_of_a_long_prompt():
    """A text of many lines is compared by line, with one line around each change."""
    before = "\n".join(f"Rule {number}: be nice to customer {number}." for number in range(1, 31))
    after = before.replace("Rule 7: be nice", "Rule 7: be rude").replace("\nRule 20: be nice to customer 20.", "")
    drift = replace(PROMPT, golden=before, observed=after)

    assert failure_text(verdict(drift, golden=chat(1), observed=chat(1))) == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace

          lead · gpt-4o-mini · 1 turn
          ~ turn 1  prompt changed                                   <- first divergence
              messages[0].content (system)
                 …
                 Rule 6: be nice to customer 6.
              -  Rule 7: be nice to customer 7.
              +  Rule 7: be rude to customer 7.
                            ^^^^
                 …
                 Rule 19: be nice to customer 19.
              -  Rule 20: be nice to customer 20.
                 Rule 21: be nice to customer 21.
                 …

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  1 live call, about $0.0004
        """
    )


def test_data_that_no_line_holds():
    """A large value that is data, tool schemas for one, is compared line by line; a short one stands on one line."""
    schema = {"type": "object", "properties": {"order_id": {"type": "string"}, "reason": {"type": "string"}}}
    tool = {"name": "refund", "description": "Refunds an order.", "parameters": schema}
    changed = {**tool, "parameters": {**schema, "required": ["order_id"]}}
    found = verdict(
        Drift(kind="tools", conversation="lead", turn=1, path="tools[0]", golden=tool, observed=changed, first=True),
        Drift(kind="params", conversation="lead", turn=1, path="params.temperature", golden=None, observed=0.7),
        Drift(
            kind="params",
            conversation="lead",
            turn=1,
            path="params.response_format",
            golden={"type": "text"},
            observed={"type": "json_object"},
            severity="warn",
        ),
        golden=chat(1),
        observed=chat(1),
    )

    assert failure_text(found) == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace

          lead · gpt-4o-mini · 1 turn
          ~ turn 1  offered tools and parameters changed             <- first divergence
              tools[0]
                 …
                   },
              +    "required": [
              +     "order_id"
              +    ],
                   "type": "object"
                 …
              params.temperature
              +  0.7
              params.response_format (warning)
              -  {"type": "text"}
              +  {"type": "json_object"}

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  1 live call, about $0.0004
        """
    )


def test_tool_result_in_json():
    """A long tool result that is JSON in a text is compared as data, so that only what changed is seen."""
    before = '{"items": [{"id": 1, "name": "lamp"}, {"id": 2, "name": "desk"}], "status": "delivered", "total": 129.5}'
    drift = Drift(
        kind="tool_result",
        conversation="lead",
        turn=2,
        path="messages[3].content",
        role="tool",
        golden=before,
        observed=before.replace("delivered", "lost").replace("desk", "chair"),
        first=True,
    )

    assert failure_text(verdict(drift, golden=chat(3), observed=chat(2), stopped=True)) == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace

          lead · gpt-4o-mini · 3 turns recorded, 2 made
            turn 1  ok
          ~ turn 2  tool result changed                              <- first divergence
              messages[3].content (tool)
                 …
                    "id": 2,
              -     "name": "desk"
              +     "name": "chair"
                             ^^^^^
                 …
                  ],
              -   "status": "delivered",
              +   "status": "lost",
                  "total": 129.5
                 …
            turn 3  not reached

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  3 live calls, about $0.0004
        """
    )


def test_difference_that_a_normaliser_absorbs():
    """Where a rule would absorb a difference, the screen names it below that difference."""
    user = Drift(
        kind="user",
        conversation="main",
        turn=1,
        path="messages[1].content",
        role="user",
        golden="Today is 2026-01-03. Refund 12.",
        observed="Today is 2026-02-17. Refund 12.",
        first=True,
        suggestion=("date",),
    )
    output = Drift(
        kind="output", conversation="main", turn=1, path="output.content", golden="12 left", observed="13 left"
    )

    text = failure_text(verdict(user, output, golden=chat(1, agent=None), observed=chat(1, agent=None)))

    assert text == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace

          main · gpt-4o-mini · 1 turn
          ~ turn 1  user message and answer changed                  <- first divergence
              messages[1].content (user)
              -  Today is 2026-01-03. Refund 12.
              +  Today is 2026-02-17. Refund 12.
                               ^^^^^
              `llm_normalize = date` in the ini file would absorb it
              output.content
              -  12 left
              +  13 left

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  1 live call, about $0.0004
        """
    )


def test_what_is_gone_and_what_came_in_its_place_have_one_heading():
    """A tool call that another one stands in for is shown as one change of its place."""
    shared = {"kind": "tool_call", "conversation": "main", "turn": 1, "path": "output.tool_calls[0]"}
    gone = Drift(**shared, golden={"name": "lookup", "arguments": {}}, role="assistant", first=True)
    came = Drift(**shared, observed={"name": "refund", "arguments": {}}, role="assistant")
    text = failure_text(verdict(gone, came, golden=chat(1, agent=None), observed=chat(1, agent=None)))
    assert text.split("\n")[4:7] == ["      output.tool_calls[0] (assistant)", "      -  lookup()", "      +  refund()"]


def test_what_fails_although_it_only_warns_says_why():
    """The setting of the policy is named, and why it does not help."""
    drift = Drift(
        kind="prompt",
        conversation="main",
        turn=1,
        path="messages[0].content",
        golden="Be brief.",
        observed="Be kind.",
        first=True,
        policy_severity="warn",
    )
    text = failure_text(verdict(drift, golden=chat(1, agent=None), observed=chat(1, agent=None)))
    assert text.split("\n")[7:9] == [
        "      the policy says `prompt = warn`, but the tape has no answer to what is",
        "      sent now",
    ]


def test_difference_that_does_not_show():
    """Two texts that look alike are told apart by spelling out white space, control or composed characters."""
    pairs = [("Refund quickly.\n", "Refund quickly."), ("caf\u00e9", "cafe\u0301"), ("a\u200bb", "ab")]
    found = [
        Drift(kind="user", conversation="lead", turn=number, path="messages[1].content", golden=one, observed=other)
        for number, (one, other) in enumerate(pairs, start=1)
    ]

    assert failure_text(verdict(*found, golden=chat(3), observed=chat(3))) == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace

          lead · gpt-4o-mini · 3 turns
          ~ turn 1  user message changed
              messages[1].content
              -  Refund quickly.\\n
              +  Refund quickly.
          ~ turn 2  user message changed
              messages[1].content
              -  caf\\xe9
              +  cafe\\u0301
          ~ turn 3  user message changed
              messages[1].content
              -  a\\u200bb
              +  ab

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  3 live calls, about $0.0004
        """
    )


def test_recorded_text_cannot_act_on_the_terminal():
    """Escape sequences, carriage returns and bidi controls of a recording are spelled out wherever they are shown."""
    evil = "\x1b[2J\x1b]0;owned\x07 hi \u202egnp.exe\r"
    history = [said("user", evil), said("assistant", evil)]
    found = verdict(
        Drift(kind="output", conversation=evil, turn=1, path=evil, role=evil, golden="hi", observed=evil, first=True),
        Drift(kind="call_added", conversation="lead", turn=1, path=""),
        Miss(method="GET", url=evil, detail=evil),
        Bypass(what=evil, stack=(evil,)),
        golden=[],
        observed=[call(history, said("assistant", evil), agent="lead", session="lead", model=evil)],
        exception=evil,
        accept=evil,
    )

    assert failure_text(found) == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace, and more

          lead · \\x1b[2J\\x1b]0;owned\\x07 hi \\u202egnp.exe\\r · 1 turn made, not in the g…
          + turn 1  call added
              +  assistant: \\x1b[2J\\x1b]0;owned\\x07 hi \\u202egnp.exe
              +  assistant: \\x1b[2J\\x1b]0;owned\\x07 hi \\u202egnp.exe

          \\x1b[2J\\x1b]0;owned\\x07 hi \\u202egnp.exe\\r
          ~ turn 1  answer changed                                   <- first divergence
              \\x1b[2J\\x1b]0;owned\\…np.exe\\r (\\x1b[2J\\x1b]0;owned\\x07 hi \\u202egnp.exe\\r)
              -  hi
              +  \\x1b[2J\\x1b]0;owned\\x07 hi \\u202egnp.exe\\r

          not on the tape
            GET \\x1b[2J\\x1b]0;owned\\x07 hi \\u202egnp.exe\\r
              \\x1b[2J\\x1b]0;owned\\x07 hi \\u202egnp.exe\\r
            Replay answers every request of a traced test from its tape, and no such
            request was recorded.

          past the tape
            \\x1b[2J\\x1b]0;owned\\x07 hi \\u202egnp.exe\\r
              \\x1b[2J\\x1b]0;owned\\x07 hi \\u202egnp.exe\\r
            It could not be recorded and compared. Call through an HTTP client that is
            seen (httpx, requests, aiohttp, urllib3, botocore), put the call in a
            function under `@pytest_llmtrace.tool(replay=True)`, or let the host through
            with the ini value `llm_allow_hosts`.

          ended   \\x1b[2J\\x1b]0;owned\\x07 hi \\u202egnp.exe\\r (follows from the above)
          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  \\x1b[2J\\x1b]0;owned\\x07 hi \\u202egnp.exe\\r    no live calls
        """
    )


def test_no_recording():
    """A test without a recording is told which call it made, where its golden trace would be, and how to record it."""
    found = NoCassette(cassette=GOLDEN, request="openai/gpt-4o-mini  user: Refund order 123")

    assert failure_text(verdict(found)) == screen(
        """
        tests/test_refund.py::test_refund made an LLM call but has no recording

          call    openai/gpt-4o-mini  user: Refund order 123

          needs   tests/cassettes/test_refund/test_refund.trace.yaml (does not exist)
          record  pytest --llm-record "tests/test_refund.py::test_refund"
                  makes live calls
        """
    )


@pytest.mark.parametrize(
    ("found", "calls", "text"),
    [
        (NoCassette(cassette=GOLDEN), 1, "2 answers paid for before, in the journal; live calls after that"),
        (PROMPT, 0, "no live calls (2 answers paid for before, in the journal)"),
        (PROMPT, 3, "3 live calls, price unknown (2 answers paid for before, in the journal)"),
    ],
)
def test_what_is_paid_for_already(found, calls, text):
    """Answers that an earlier recording left in the journal are told apart from those that cost."""
    said = failure_text(replace(verdict(found), accept_calls=calls, accept_usd=None, accept_paid=2))
    assert said.splitlines()[-1].strip() == text


def test_recorded_calls_without_a_golden_trace():
    """A tape that another tool recorded is named, and that the golden trace costs nothing."""
    found = NoCassette(cassette=GOLDEN, tape="tests/cassettes/test_refund/test_refund.yaml")

    assert failure_text(verdict(found)) == screen(
        """
        tests/test_refund.py::test_refund has recorded calls but no golden trace

          A vcrpy cassette answers every call of this test. Recording makes the golden
          trace from it, at no cost.

          needs   tests/cassettes/test_refund/test_refund.trace.yaml (does not exist)
          tape    tests/cassettes/test_refund/test_refund.yaml
          record  pytest --llm-record "tests/test_refund.py::test_refund"
                  no live calls
        """
    )


def test_other_requests_missing_past_the_tape_and_not_made():
    """Requests that are no LLM calls have a section each: not on the tape, past it, and recorded but not made."""
    found = verdict(
        Miss(
            method="GET",
            url="https://api.weather.example/v1/today?city=Rome",
            detail="query `city`: 'Paris' was recorded, 'Rome' was sent",
        ),
        *(Unplayed(method="POST", url=f"https://crm.example/orders/{number}") for number in range(1, 11)),
        Bypass(what="connection to 203.0.113.7:443", stack=("app/agent.py:12 in run", "lm15/client.py:88 in send")),
        golden=chat(2),
        observed=chat(2),
        accept_calls=0,
    )

    assert failure_text(found) == screen(
        """
        tests/test_refund.py::test_refund made a request that is not on its tape, and more

          not on the tape
            GET https://api.weather.example/v1/today?city=Rome
              query `city`: 'Paris' was recorded, 'Rome' was sent
            Replay answers every request of a traced test from its tape, and no such
            request was recorded.

          past the tape
            connection to 203.0.113.7:443
              app/agent.py:12 in run
              lm15/client.py:88 in send
            It could not be recorded and compared. Call through an HTTP client that is
            seen (httpx, requests, aiohttp, urllib3, botocore), put the call in a
            function under `@pytest_llmtrace.tool(replay=True)`, or let the host through
            with the ini value `llm_allow_hosts`.

          recorded, not made
            POST https://crm.example/orders/1
            POST https://crm.example/orders/2
            POST https://crm.example/orders/3
            POST https://crm.example/orders/4
            POST https://crm.example/orders/5
            POST https://crm.example/orders/6
            POST https://crm.example/orders/7
            POST https://crm.example/orders/8
            and 2 more
            The tape holds answers to them, and nothing asked.

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  no live calls
        """
    )


def test_over_a_dollar_budget():
    """A breached budget says by how much, and which turns cost most."""
    dear = replace(chat(2)[1], cost=0.0121)
    found = verdict(
        Breach(scope=TEST, what="usd", limit=0.01, value=0.0122),
        Breach(scope=TEST, what="calls", limit=1, value=2, refused=True, source="@pytest.mark.llm_budget(calls=...)"),
        golden=chat(2),
        observed=[chat(2)[0], dear],
    )

    assert failure_text(found) == screen(
        """
        tests/test_refund.py::test_refund is over its budget

          cost    $0.0122 of $0.01 allowed (22 % over)
          calls   2 of 1 allowed (100 % over)
                  a live call was refused: the budget was spent
                  limit set by @pytest.mark.llm_budget(calls=...)
          dearest turns
            lead turn 2  openai/gpt-4o-mini  100 in, 10 out  $0.0121
            lead turn 1  openai/gpt-4o-mini  100 in, 10 out  $0.0001

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
        """
    )


@pytest.mark.parametrize(
    ("scope", "value", "title"),
    [
        ("run", 0.5, "was stopped: the budget of the run is spent"),
        ("tests/agents", 0.5, "was stopped: the budget of tests/agents is spent"),
        ("run", None, "was stopped: the budget of the run cannot be checked"),
    ],
)
def test_stopped_by_a_budget_that_it_shares(scope, value, title):
    """A test that was refused a call because of a budget of the run or of a directory says which one."""
    models = () if value else ("acme-9000",)
    breach = Breach(scope=scope, what="usd", limit=0.5, value=value, models=models, refused=True, source="--llm-budget")
    shown = failure_text(verdict(breach, mode="record")).split("\n")

    assert shown[0] == f"{TEST} {title}"
    why = "the budget was spent" if value else "nobody knows what is left"
    assert shown[3:5] == [f"          a live call was refused: {why}", "          limit set by --llm-budget"]
    assert ('    [tool.llmtrace.prices."acme-9000"]' in shown) is (value is None)


def test_budget_with_an_unknown_price():
    """A budget that cannot be checked names the model and the lines of pyproject.toml that price it."""
    found = verdict(
        Breach(scope=TEST, what="usd", limit=0.01, value=None, models=("acme-9000",)),
        golden=chat(1),
        observed=[replace(chat(1)[0], cost=None, model="acme-9000", provider="")],
    )

    assert failure_text(found) == screen(
        """
        tests/test_refund.py::test_refund has a budget that cannot be checked

          cost    ? of $0.01 allowed: a model has no price
          No price is known for `acme-9000`, so the budget cannot be checked. To price
          it, add to pyproject.toml, in dollars per token:

            [tool.llmtrace.prices."acme-9000"]
            input_cost_per_token = 1e-6   # what your provider charges
            output_cost_per_token = 2e-6

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
        """
    )


def test_cost_grew_past_its_limit():
    """Growth is shown against the golden trace, and may be accepted as the new baseline."""
    found = verdict(
        Breach(scope=TEST, what="growth", of="usd", limit=0.1, value=0.34, source="--llm-max-growth"),
        golden=chat(2),
        observed=[replace(one, cost=0.000134) for one in chat(2)],
    )

    assert failure_text(found) == screen(
        """
        tests/test_refund.py::test_refund uses more than its golden trace allows

          growth  34 % of 10 % allowed (cost)
                  golden  220 tokens, $0.0002
                  now     220 tokens, $0.000268
                  limit set by --llm-max-growth
          dearest turns
            lead turn 1  openai/gpt-4o-mini  100 in, 10 out  $0.000134
            lead turn 2  openai/gpt-4o-mini  100 in, 10 out  $0.000134

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  2 live calls, about $0.0004
        """
    )


def test_drift_and_breach_together():
    """A test with several kinds of findings has them all on one screen, the gravest first."""
    found = verdict(
        Breach(scope="fixture session client", what="tokens", limit=100, value=110),
        PROMPT,
        golden=chat(1),
        observed=chat(1),
        owner="fixture session client",
        accept=None,
    )

    assert failure_text(found) == screen(
        """
        fixture session client drifted from its golden trace and is over its budget

          lead · gpt-4o-mini · 1 turn
          ~ turn 1  prompt changed                                   <- first divergence
              messages[0].content (system)
              -  Always check the policy before refunding.
              +  Refund quickly.

          tokens  110 of 100 allowed (10 % over)

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record    1 live call, about $0.0004
        """
    )


def test_what_another_process_asked():
    """A process cannot be seen: the way out is another one than for a client that cannot."""
    found = Bypass(what="api.openai.com:443 (by a process that was started here)", stack=("test_a.py:5 in test_one",))

    assert failure_text(verdict(found)) == screen(
        """
        tests/test_refund.py::test_refund called past its tape

          past the tape
            api.openai.com:443 (by a process that was started here)
              test_a.py:5 in test_one
            What another process asks is neither recorded nor replayed. Call in the
            test's own process, put what starts the other one in a function under
            `@pytest_llmtrace.tool(replay=True)`, or let the host through with the ini
            value `llm_allow_hosts`.
        """
    )


def test_internal_error():
    """A bug of the plugin is shown with its traceback and the ways to switch the plugin off."""
    found = Internal(
        text="KeyError: 'choices'",
        traceback="Traceback (most recent call last):\n  File \"chat.py\", line 1, in parse\nKeyError: 'choices'\n",
    )

    assert failure_text(verdict(found)) == screen(
        """
        tests/test_refund.py::test_refund ran into an llmtrace internal error

          KeyError: 'choices'

            Traceback (most recent call last):
              File "chat.py", line 1, in parse
            KeyError: 'choices'

          This is a bug in pytest-llmtrace: please report it with the lines above.

          To run without the plugin: `--llm-off`, or LLMTRACE_DISABLED=1 in the environment.
        """
    )


def test_broken_cassette():
    """A cassette that cannot be read is no bug: its own text says what to do."""
    found = Internal(text=f"{GOLDEN}: line 3 is no YAML.\nRestore it, or delete it and record the test again.")

    assert failure_text(verdict(found)) == screen(
        """
        tests/test_refund.py::test_refund could not be judged by pytest-llmtrace

          tests/cassettes/test_refund/test_refund.trace.yaml: line 3 is no YAML.
          Restore it, or delete it and record the test again.

          To run without the plugin: `--llm-off`, or LLMTRACE_DISABLED=1 in the environment.
        """
    )


def test_failed_call_added():
    """A call that is too many and failed is shown with its error."""
    failing = call([said("user", "x")], None, error=CallError(type="RateLimitError", message="slow\ndown", status=429))
    found = verdict(
        Drift(kind="call_added", conversation="main", turn=1, path="", first=True), golden=[], observed=[failing]
    )

    assert failure_text(found) == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace

          main · gpt-4o-mini · 1 turn made, not in the golden trace
          + turn 1  call added                                       <- first divergence
              +  user: x
              +  RateLimitError 429: slow\\ndown

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  no live calls
        """
    )


def test_drift_without_traces():
    """Drift in conversations that neither trace knows is shown all the same, under their names."""
    found = verdict(
        Drift(kind="order", conversation="lead", turn=0, path="tool_calls", golden=["a", "b"], observed=["b", "a"]),
        Drift(kind="event", conversation="", turn=2, path="event.compaction", golden={"replaced": 3}),
    )

    assert failure_text(found) == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace

          lead
          ~ order changed
              tool_calls
              -  ["a", "b"]
              +  ["b", "a"]

          outside any conversation
          ~ turn 2  event gone
              event.compaction
              -  {"replaced": 3}

          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  no live calls
        """
    )


def test_what_came_in_another_order():
    """A turn, call or message that came at another place is told by its positions."""
    found = verdict(
        Drift(kind="order", conversation="lead", turn=2, path="turn", golden=2, observed=3, first=True),
        Drift(kind="order", conversation="lead", turn=2, path="messages[4]", golden=4, observed=5, role="tool"),
        golden=chat(3),
        observed=chat(3),
    )

    assert failure_text(found) == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace

          lead · gpt-4o-mini · 3 turns
            turn 1  ok
          ~ turn 2  order changed                                    <- first divergence
              turn 2 came as turn 3
                 user: Next 1
              messages[4] came as messages[5]
            turn 3  ok

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  3 live calls, about $0.0004
        """
    )


def test_many_differences_and_conversations():
    """Only the first differences are shown in full, and of many quiet conversations only some."""
    drifts = [
        Drift(kind="user", conversation="lead", turn=turn, path="messages[1].content", golden="a", observed="b")
        for turn in range(1, 61)
    ]
    quiet = [one for number in range(1, 7) for one in chat(1, agent=f"helper{number}")]

    text = failure_text(verdict(*drifts, golden=[*chat(60), *quiet], observed=[*chat(60), *quiet]))

    assert text.count("messages[1].content") == 8
    assert text.count("user message changed") == 40
    assert text.split("\n\n")[1].endswith("  ~ turn 40  user message changed\n    … 20 more lines")
    assert dedent(text.split("\n\n")[2]) == screen(
        """
          helper1 · gpt-4o-mini · 1 turn  ok
          helper2 · gpt-4o-mini · 1 turn  ok
          helper3 · gpt-4o-mini · 1 turn  ok
          and 3 more conversations without drift
        """
    )


def test_drift_in_very_many_conversations():
    """Of very many conversations that drifted the first are shown, and that of the first divergence in any case."""
    drifts = [
        Drift(kind="user", conversation=f"a{number:02}", turn=1, path="messages[1]", first=number == 29)
        for number in range(30)
    ]
    calls = [one for number in range(30) for one in chat(1, agent=f"a{number:02}")]

    blocks = failure_text(verdict(*drifts, golden=calls, observed=calls)).split("\n\n")

    assert [block.split()[0] for block in blocks[1:-2]] == [*(f"a{number:02}" for number in range(12)), "a29"]
    assert blocks[-2] == "  and drift in 17 more conversations"


def test_narrow_terminal():
    """On a narrow terminal lines are cut or wrapped, but for node ids, paths and commands, which must stay whole."""
    found = verdict(replace(PROMPT, golden="Refund now. " * 9, observed="Refund later. " * 9), golden=chat(1))

    assert failure_text(found, width=40) == screen(
        """
        tests/test_refund.py::test_refund drifted from its golden trace

          lead · gpt-4o-mini · 1 turn recorded,…
          ~ turn 1  prompt changed  <- first divergence
              messages[0].content (system)
              -  Refund now. Refund now. Refund…
              +  Refund later. Refund later. Re…
                        ^^^^^         ^^^^^

          golden  tests/cassettes/test_refund/test_refund.trace.yaml
          accept  pytest --llm-record "tests/test_refund.py::test_refund"
                  1 live call, about $0.0004
        """
    )


VALUES = (
    st.none()
    | st.text()
    | st.recursive(
        st.integers() | st.text() | st.floats(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
LABELS = st.sampled_from(["lead", "writer", "other"]) | st.text()
DRIFTS = st.builds(
    Drift,
    kind=st.sampled_from(get_args(DriftKind)),
    conversation=LABELS,
    turn=st.integers(min_value=0, max_value=6),
    path=st.text(),
    golden=VALUES,
    observed=VALUES,
    severity=st.sampled_from(["fail", "warn", "ignore"]),
    role=st.none() | st.text(),
    first=st.booleans(),
    folded=st.integers(min_value=0, max_value=9),
    folded_at=st.lists(st.builds("{} turn {}".format, LABELS, st.integers(min_value=1, max_value=6))).map(tuple),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(DRIFTS, max_size=6), st.sampled_from([0, 1, 4]), st.sampled_from([0, 1, 4]), st.booleans())
def test_any_drift_has_a_screen(drifts, recorded, made, stopped):
    """Whatever was found, there is a screen, each drift that counts is in it, and nothing in it acts on a terminal."""
    golden = [*chat(recorded), *chat(1, agent="writer")]

    text = failure_text(verdict(*drifts, golden=golden, observed=chat(made), stopped=stopped))

    assert all(unicodedata.category(character) not in {"Cc", "Cs"} for character in text.replace("\n", ""))
    for drift in drifts:
        if drift.severity != "ignore" and drift.turn:
            assert f" turn {drift.turn}  " in text


@pytest.mark.parametrize(
    "exception", ["MissError: pytest-llmtrace has no answer", "APIConnectionError: Connection error."]
)
def test_exceptions_that_only_repeat_the_miss(exception):
    """An exception that is the miss in other words is left out."""
    found = verdict(PROMPT, golden=chat(1), observed=chat(1), exception=exception)

    assert failure_text(found) == failure_text(replace(found, exception=None))


def test_ignored_drift_is_not_shown():
    """What the policy ignores does not appear on the screen of another finding."""
    found = verdict(replace(PROMPT, severity="ignore"), Breach(scope=TEST, what="calls", limit=1, value=2))

    assert failure_text(found) == screen(
        """
        tests/test_refund.py::test_refund is over its budget

          calls   2 of 1 allowed (100 % over)
        """
    )


def test_accepted_drift():
    """What record mode accepted is a line per difference, with the conversation where there are several."""
    one = replace(PROMPT, severity="ignore")
    other = Drift(kind="call_added", conversation="writer", turn=3, path="", folded=2, severity="ignore")

    assert accepted_text(verdict(one)) == "accepted: turn 1 prompt changed (messages[0].content)"
    assert accepted_text(verdict(one, other)) == screen(
        """
        accepted: lead turn 1 prompt changed (messages[0].content)
        accepted: writer turn 3 call added, 2 more follow from it
        """
    )
    assert accepted_text(verdict(*[one] * 12)).endswith("\naccepted: 2 more differences")
    assert accepted_text(verdict()) == ""


def test_a_prompt_cannot_give_orders_to_the_ci_system():
    """Folded or not, no line of a prompt is a workflow command."""
    drift = replace(PROMPT, golden=f"{'x' * 71} ::error::a", observed="::add-mask::b\n  ##[group]c")
    text = failure_text(verdict(drift, golden=chat(1), observed=chat(1)))
    assert "add-mask" in text
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::") or "##[" in line]
