from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import Attempt, CallError, Event, FailedCall, ToolCall, Trace
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._report.commands.stats import CassetteRow, stats_table
from pytest_llmtrace._report.commands.transcript import trace_repr, transcript
from pytest_llmtrace._report.layout import display_width
from tests.unit.report.builders import TEST, asked_for, call, chat, missed, said


def lines(text: str) -> list[str]:
    """Expected lines, written with the indentation of the test around them."""
    return dedent(text).strip("\n").split("\n")


def refund():
    """An agent that looks an order up and answers, and a second conversation that fails."""
    settings = {"params": {"temperature": 0}, "tools": ({"name": "lookup_order"}, {"name": "refund"}), "agent": "lead"}
    opening = [
        said("system", "You are a refund agent.\nCheck the policy first. " + "Be kind. " * 8),
        said("user", "123"),
    ]
    asked = asked_for("lookup_order", '{"order_id": "123"}')
    second = [*opening, asked, said("tool", '{"status": "delivered"}', tool_call_id="call_1")]
    return [
        call(opening, asked, **settings),
        call(
            second,
            said("assistant", "Your refund is on its way.", reasoning="It was delivered."),
            **settings,
            attempts=(Attempt(status=429, source="tape"), Attempt(status=None, source="tape")),
            finish_reason="length",
            cache_hit=True,
        ),
        call(
            [said("user", [{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {"url": "x" * 400}}])],
            None,
            agent="writer",
            error=CallError(type="RateLimitError", message="slow down", status=429),
            status="error",
            usage=None,
            cost=None,
        ),
    ]


def test_transcript():
    """A transcript shows settings once, and turn by turn what was added and what came back."""
    calls = refund()

    assert [line.text for line in transcript(conversations(calls), totals(calls))] == lines(
        """
        lead · openai/gpt-4o-mini · temperature=0 · tools: lookup_order, refund
          turn 1  (100 in, 10 out · $0.0001)
            system     You are a refund agent.
                       Check the policy first. Be kind. Be kind. Be kind. Be kind. Be
                       kind. Be kind. Be kind. Be kind.
            user       123
            assistant  -> lookup_order(order_id="123")
          turn 2  (100 in, 10 out · cache hit, free · 2 attempts (429 and no answer) ·
          ended by length)
            tool       call_1: {"status": "delivered"}
                       (thinks) It was delivered.
            assistant  Your refund is on its way.

        writer · openai/gpt-4o-mini
          turn 1
            user       Look:
                       [image_url, 447 characters]
            error      RateLimitError 429: slow down

        agent         calls   in  out     cost
        lead              2  200   20  $0.0001
        writer            1    0    0  $0

        3 calls · 200 tokens in, 20 out · $0.0001
        """
    )


def test_transcript_of_retries_and_fallbacks():
    """Each try has its cost, and a call that took the place of another says of which, and why."""
    asked = [said("user", "hi")]
    error = {"error": CallError(type="requests", message="slow down", status=429), "status": "error"}
    calls = [
        call(asked, None, attempts=(tried(429), tried(429)), usage=None, cost=None, **error),
        call(asked, None, fallback_from=busy("gpt-4o-mini"), usage=None, cost=None, **error),
        call(
            asked,
            said("assistant", "ho"),
            model="gpt-4o",
            fallback_from=busy("gpt-4o-mini"),
            attempts=(tried(None), tried(200, 0.0001)),
        ),
    ]

    assert [line.text for line in transcript(conversations(calls), totals(calls))] == lines(
        """
        main · openai/gpt-4o-mini
          turn 1  (2 attempts (429: free and 429: free))
            user       hi
            error      requests 429: slow down
          turn 2
            retry      after RateLimitError
            error      requests 429: slow down
          turn 3  (100 in, 10 out · $0.0001 · 2 attempts (no answer: free and 200:
          $0.0001))
                       now openai/gpt-4o
            fallback   from openai/gpt-4o-mini: RateLimitError
            assistant  ho

        3 calls · 100 tokens in, 10 out · $0.0001
        """
    )


def tried(status, cost=0.0):
    """One try of a call."""
    return Attempt(status=status, source="tape", cost=cost)


def busy(model):
    """A call that failed because too much was asked."""
    return FailedCall(model=f"openai/{model}", error="RateLimitError")


def test_what_was_executed_and_events_stand_in_the_turn_that_they_belong_to():
    """A result that is reported to the model stands once; an error, a result nobody was told and data in full."""
    asked = Message(
        role="assistant",
        tool_calls=[*asked_for("lookup", '{"id": 1}')["tool_calls"], *asked_for("audit", "{}", "call_2")["tool_calls"]],
    )
    second = [said("user", "123"), asked, said("tool", '{"status": "delivered"}', tool_call_id="call_1")]
    calls = [call(second[:1], asked, agent="lead"), call(second, said("assistant", "Yes."), agent="lead")]
    calls.append(call([said("user", "Something else")], said("assistant", "No."), agent="lead", session="s"))
    calls[:2] = [replace(one, session="s") for one in calls[:2]]
    entries = [
        Event(name="warm_up"),
        *calls[:2],
        ToolCall(name="lookup", arguments={"id": 1}, result={"status": "delivered"}, call_id="call_1", executed=True),
        ToolCall(name="audit", arguments={}, error="ValueError: no", call_id="call_2", executed=True, agent="auditor"),
        ToolCall(name="guess", arguments={"n": 2}, result=[1], session="s", agent="lead"),
        Event(name="compaction", data={"replaced": 3}, session="s", agent="lead"),
        calls[2],
    ]
    shown = transcript(conversations(calls), totals(calls), entries=entries)
    assert [line.text for line in shown][:-2] == lines(
        """
        before the first call
            event      warm_up

        lead · openai/gpt-4o-mini
          turn 1  (100 in, 10 out · $0.0001)
            user       123
            assistant  -> lookup(id=1)
                       -> audit()
            executed   lookup(id=1)
            executed   audit() (by auditor) failed: ValueError: no
          turn 2  (100 in, 10 out · $0.0001)
            tool       call_1: {"status": "delivered"}
            assistant  Yes.
            requested  guess(n=2) = [1]
            event      compaction: {"replaced": 3}
          turn 3  (100 in, 10 out · $0.0001)
                       (starts afresh, without the turns before)
            user       Something else
            assistant  No.
        """
    )


def test_transcript_colours():
    """Roles have colours, errors are red, headings bold."""
    calls = refund()

    found = {
        line.text.split()[0]: dict(line.markup)
        for line in transcript(conversations(calls), totals(calls))
        if line.text and line.markup
    }

    assert found["system"] == {"purple": True}
    assert found["user"] == {"cyan": True}
    assert found["assistant"] == {"green": True}
    assert found["tool"] == {"yellow": True}
    assert found["error"] == {"red": True}
    assert found["lead"] == {"bold": True}
    assert found["3"] == {"bold": True}


def test_transcript_of_a_conversation_that_changes():
    """Settings that change, a history that was cut, and an unusual operation and end are told."""
    history = [said("user", "one"), said("assistant", "two"), said("user", "three")]
    calls = [
        call(history, said("assistant", "four"), session="s"),
        call([history[0], said("user", "five")], None, session="s", model="gpt-5", status="abandoned"),
        call([said("user", "x")], None, session="t", operation="embeddings", usage=Usage(estimated=True), cost=None),
    ]

    assert [line.text for line in transcript(conversations(calls), totals(calls))] == lines(
        """
        s · openai/gpt-4o-mini
          turn 1  (100 in, 10 out · $0.0001)
            user       one
            assistant  two
            user       three
            assistant  four
          turn 2  (100 in, 10 out · $0.0001 · abandoned)
                       now openai/gpt-5
                       (context truncated: 3 messages dropped)
            user       five

        t · openai/gpt-4o-mini · embeddings
          turn 1  (about 0 in, 0 out · ?)
            user       x

        3 calls · 200 tokens in, 20 out · ? (at least $0.0002)
        """
    )


def test_transcript_of_a_summarised_context():
    """A summary is told where it was put, and stands once; what was kept is not repeated."""
    question, summary = said("user", "one"), said("user", "Summary: one, two.")
    middle, answer = [said("assistant", "two"), said("user", "three")], said("assistant", "four")
    calls = [
        call([question], middle[0]),
        call([question, *middle], answer),
        call([summary, middle[1], answer, said("user", "five")], said("assistant", "six")),
    ]

    assert [line.text for line in transcript(conversations(calls), totals(calls))][7:12] == [
        "  turn 3  (100 in, 10 out · $0.0001)",
        "               (context summarised: 2 messages dropped, 1 new in their place)",
        "    user       Summary: one, two.",
        "    user       five",
        "    assistant  six",
    ]


def test_empty_transcript():
    """A trace without calls is its totals."""
    assert [line.text for line in transcript((), Totals())] == ["0 calls · 0 tokens in, 0 out · $0"]


def test_transcript_is_safe_and_fits():
    """Long and hostile text is spelled out and wrapped to the width."""
    evil = "\x1b[2J " + "x" * 300 + "\r\u202e"
    calls = [call([said("user", evil)], said("assistant", evil), agent=evil, model=evil)]

    found = [line.text for line in transcript(conversations(calls), totals(calls), width=60)]

    assert max(display_width(text) for text in found) <= 60
    assert not set("".join(found)) & set("\x1b\r\u202e")


def test_repr():
    """A trace's repr is a title with its totals and a line per turn."""
    assert trace_repr(Trace(owner=TEST, entries=tuple(refund()))).split("\n") == lines(
        """
        <Trace tests/test_refund.py::test_refund: 3 calls, 1 tool call, $0.0001>
          lead turn 1  user: 123 -> assistant: lookup_order(order_id="123")
          lead turn 2  tool: {"status": "delivered"} -> assistant: Your refund is on its way.
          writer turn 1  user: Look: [image_url, 447 characters] -> RateLimitError 429: slow down
        """
    )


def test_repr_of_one_conversation():
    """A single conversation needs no name, and a missed call says so."""
    calls = chat(2)

    assert trace_repr(Trace(owner=TEST, entries=(calls[0], missed(calls[1])))).split("\n") == lines(
        """
        <Trace tests/test_refund.py::test_refund: 1 call, $0.0001>
          turn 1  user: Refund order 123 -> assistant: Answer 1
          turn 2  user: Next 1 -> no recorded answer
        """
    )


def test_repr_without_calls():
    """An empty trace is one line."""
    assert trace_repr(Trace(owner=TEST)) == "<Trace tests/test_refund.py::test_refund: 0 calls>"


def test_repr_is_short():
    """Of many turns the first are shown, and the cost that is not known is a question mark."""
    entries = (*chat(30), replace(chat(1, agent="x")[0], cost=None))

    found = trace_repr(Trace(owner=TEST, entries=entries)).split("\n")

    assert found[0] == "<Trace tests/test_refund.py::test_refund: 31 calls, ? (at least $0.003)>"
    assert len(found) == 22
    assert found[-1] == "  … 11 more turns"


def test_stats():
    """A folder's cassettes are a table with a sum, the models, and those that cannot be read."""
    unknown = Totals(calls=1, usage=Usage(input_tokens=12_000, cache_read_tokens=9_000), unpriced_calls=1)
    rows = [
        CassetteRow(owner="tests/test_a.py::test_a", totals=totals(chat(2)), models={"openai/m": totals(chat(2))}),
        CassetteRow(
            owner="tests/test_a.py::test_b",
            totals=unknown,
            models={"acme-9000": unknown},
            golden_bytes=812,
            tape_bytes=12_100,
        ),
        CassetteRow(owner="tests/cassettes/test_a/broken.trace.yaml", problem="line 3 is no YAML"),
        CassetteRow(owner="tests/test_a.py::test_c", totals=totals(chat(3)), golden_bytes=3_400_000),
    ]

    assert [line.text for line in stats_table(rows)] == lines(
        """
        test                     calls      in  cached  out     cost     size
        tests/test_a.py::test_c      3     300           30  $0.0003   3.4 MB
        tests/test_a.py::test_a      2     200           20  $0.0002      0 B
        tests/test_a.py::test_b      1  12,000   9,000    0        ?  12.9 kB
        3 cassettes                  6  12,500   9,000   50        ?   3.4 MB

        model         calls      in  cached  out     cost
        openai/m          2     200           20  $0.0002
        acme-9000         1  12,000   9,000    0        ?

        cost ? (at least $0.0005): 1 call without a price
        tests/cassettes/test_a/broken.trace.yaml: line 3 is no YAML
        """
    )


def test_stats_of_nothing():
    """A folder without cassettes says so."""
    assert [line.text for line in stats_table([])] == ["no cassettes"]
