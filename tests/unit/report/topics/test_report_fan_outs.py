"""Fan-outs and agents in the reports: a price per member, and in sum."""

from __future__ import annotations

from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.fanout import fan_outs
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._report.commands.transcript import transcript
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.document.entries import packed_entries, unpacked_entries
from pytest_llmtrace._report.files.markdown import markdown
from tests.unit.report.builders import TEST, call, payload, said

USAGE = {"input_tokens": 100, "output_tokens": 10}


def moa() -> list[LLMCall]:
    """Two references, one without a known price, and the call that merges their answers."""
    answers = {"a": "I am a and say: Paris.", "b": "I am b and say: Paris."}
    question = said("user", "Capital of France?")
    references = [
        call([question], said("assistant", text), model=name, cost=0.5 if name == "a" else None)
        for name, text in answers.items()
    ]
    merged = said("user", "\n".join(answers.values()))
    return [*references, call([merged], said("assistant", "Paris."), model="judge", cost=0.25)]


def test_the_document_prices_a_fan_out_per_member_and_in_sum() -> None:
    """The row of a test holds its fan-outs; a sum with an unknown price is null, with the known part beside it."""
    (row,) = document([payload(TEST, moa())], {TEST: "passed"}, mode="trace")["tests"]
    assert row["fanouts"] == [
        {
            "members": [
                {"member": "openai/a", "model": "openai/a", "calls": 1, "usage": USAGE, "cost_usd": 0.5},
                {
                    "member": "openai/b",
                    "model": "openai/b",
                    "calls": 1,
                    "usage": USAGE,
                    "cost_usd": None,
                    "priced_usd": 0.0,
                },
            ],
            "aggregator": {"model": "openai/judge", "calls": 1, "usage": USAGE, "cost_usd": 0.25},
            "calls": 2,
            "usage": {"input_tokens": 200, "output_tokens": 20},
            "cost_usd": None,
            "priced_usd": 0.5,
        }
    ]
    (plain,) = document([payload(TEST, moa()[:2])], {TEST: "passed"}, mode="trace")["tests"]
    assert "fanouts" not in plain


def test_markdown_has_a_table_per_fan_out() -> None:
    """A row per member, their sum, and the aggregator."""
    text = list(markdown(document([payload(TEST, moa())], {TEST: "passed"}, mode="trace")))
    start = text.index("<details><summary><b>1 fan-out</b></summary>")
    assert text[start + 2 : start + 10] == [
        f"`{TEST}`",
        "",
        "| Member | Calls | Tokens in | Tokens out | Cost |",
        "|---|--:|--:|--:|--:|",
        "| `openai/a` | 1 | 100 | 10 | $0.50 |",
        "| `openai/b` | 1 | 100 | 10 | ? |",
        "| `all members` | 2 | 200 | 20 | ? (at least $0.50) |",
        "| `into openai/judge` | 1 | 100 | 10 | $0.25 |",
    ]


def test_a_transcript_ends_with_its_fan_outs() -> None:
    """Before the totals of the whole stand those of each member."""
    calls = moa()
    found = transcript(conversations(calls), totals(calls), gathered=fan_outs(calls))
    assert [line.text for line in found][-7:] == [
        "fan-out of 2 members  calls   in  out                cost",
        "openai/a                  1  100   10               $0.50",
        "openai/b                  1  100   10                   ?",
        "all members               2  200   20  ? (at least $0.50)",
        "into openai/judge         1  100   10               $0.25",
        "",
        "3 calls · 300 tokens in, 30 out · ? (at least $0.75)",
    ]


def test_a_transcript_of_several_agents_ends_with_their_totals() -> None:
    """Calls without an agent have a row of their own, the last."""
    calls = [
        call([said("user", "x")], agent="subagent:b", parent="lead"),
        call([said("user", "y")]),
        call([said("user", "z")], agent="lead"),
    ]
    assert [line.text for line in transcript(conversations(calls), totals(calls))][-6:-2] == [
        "agent         calls   in  out     cost",
        "lead              1  100   10  $0.0001",
        "subagent:b        1  100   10  $0.0001",
        "(no agent)        1  100   10  $0.0001",
    ]
    one = [line.text for line in transcript(conversations(calls[1:]), totals(calls[1:]))]
    assert not any(line.startswith("agent ") for line in one)


def test_calls_without_an_agent_count_where_others_have_one() -> None:
    """The agents of the document add up to its totals; where nothing has an agent, there is no row."""
    named, other = call([said("user", "x")], agent="lead"), call([said("user", "y")], cost=0.5)
    made = document([payload(TEST, [named, other])], {TEST: "passed"}, mode="trace")
    assert [(row["agent"], row["calls"], row["cost_usd"]) for row in made["agents"]] == [
        ("lead", 1, 0.0001),
        ("(no agent)", 1, 0.5),
    ]
    assert document([payload(TEST, [other])], {TEST: "passed"}, mode="trace")["agents"] == []


def test_entries_name_their_conversation_and_fan_out() -> None:
    """A reader of the `.jsonl` report can put conversations and fan-outs together again, the same in every run."""

    def places() -> list[tuple[str, int | None, int | None]]:
        packed = packed_entries(Trace(owner=TEST, entries=tuple(moa())))
        return [(one["conversation"], one["fanout"], one["aggregates"]) for one in unpacked_entries(packed)]

    (a, *first), (b, *second), (judge, *last) = places()
    assert (first, second, last) == ([1, None], [1, None], [None, 1])
    assert len({a, b, judge}) == 3
    assert b == f"{a}-2"
    assert places() == places()
