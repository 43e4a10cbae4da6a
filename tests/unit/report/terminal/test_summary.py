from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest

from pytest_llmtrace._model.findings import Breach, Bypass, Drift, Internal, Miss, NoCassette, Unplayed
from pytest_llmtrace._model.usage import Usage
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.layout import display_width
from pytest_llmtrace._report.terminal.summary import summary
from tests.unit.report.builders import GOLDEN, call, chat, payload, said

DRIFT = Drift(kind="prompt", conversation="lead", turn=1, path="messages[0].content", golden="x", observed="y")
A = "tests/test_a.py::test_a"


def lines(text: str) -> list[str]:
    """Expected lines, written with the indentation of the test around them."""
    return dedent(text).strip("\n").split("\n")


def texts(*args, **kwargs) -> list[str]:
    """The lines of a summary without their markup."""
    return [line.text for line in summary(*args, **kwargs)]


def marked(*args, **kwargs) -> dict[str, list[str]]:
    """The lines of a summary that have a colour, by colour."""
    found: dict[str, list[str]] = {}
    for line in summary(*args, **kwargs):
        for colour in line.markup:
            found.setdefault(colour, []).append(line.text)
    return found


def replayed():
    """A replayed run of eight tests: two models, an agent, drift, a warning, and a test without a recording."""
    cached = Usage(input_tokens=2_400, output_tokens=310, cache_read_tokens=1_800)
    found = {
        1: (DRIFT,),
        2: (NoCassette(cassette=GOLDEN),),
        5: (replace(DRIFT, kind="output", path="output.content", severity="warn"),),
    }
    golden = [replace(one, usage=cached) for one in chat(2)]
    payloads = []
    for number in range(8):
        calls = [replace(one, cost=one.cost * (number + 1), usage=cached) for one in chat(2)]
        if number == 3:
            calls.append(call([said("user", "hi")], said("assistant", "ho"), model="claude-x", provider="anthropic"))
        payloads.append(
            payload(f"tests/test_refund.py::test_refund[{number}]", calls, *found.get(number, ()), golden=golden)
        )
    outcomes = {one["nodeid"]: "failed" if number in {1, 2} else "passed" for number, one in enumerate(payloads)}
    budgets = [{"scope": "run", "what": "usd", "limit": 0.05, "value": 0.0073, "source": "--llm-budget"}]
    unused = ["tests/cassettes/test_gone/test_x.trace.yaml"]
    durations = {one["nodeid"]: 0.125 * number for number, one in enumerate(payloads)} | {payloads[6]["nodeid"]: 61.26}
    return document(payloads, outcomes, mode="trace", budgets=budgets, unused=unused, durations=durations)


def test_nothing_to_say():
    """Where no test was traced there is no section at all."""
    assert texts(document([], {}, mode="off")) == []
    assert texts(document([], {}, mode="off"), verbosity=-1) == []


def test_replayed_run():
    """A replayed run shows what it would have cost, the models, the agents, the dearest tests and what was found."""
    assert texts(replayed()) == lines(
        """
        trace · 8 tests · 17 calls · 38,500 tokens in (28,800 cached), 4,970 out
        nothing paid · would have cost $0.0073
        against the golden traces of 8 tests: tokens 43,360 -> 43,470 (+0.3 %), cost
        $0.0016 -> $0.0073 (+356 %)

        model               calls      in  cached    out     cost
        openai/gpt-4o-mini     16  38,400  28,800  4,960  $0.0072
        anthropic/claude-x      1     100             10  $0.0001

        agent         calls      in  cached    out     cost
        lead             16  38,400  28,800  4,960  $0.0072
        (no agent)        1     100             10  $0.0001

        dearest tests                      calls     in  cached  out     cost  vs golden
        tests/test…und.py::test_refund[7]      2  4,800   3,600  620  $0.0016     +700 %
        tests/test…und.py::test_refund[6]      2  4,800   3,600  620  $0.0014     +600 %
        tests/test…und.py::test_refund[5]      2  4,800   3,600  620  $0.0012     +500 %
        tests/test…und.py::test_refund[4]      2  4,800   3,600  620  $0.001      +400 %
        tests/test…und.py::test_refund[3]      3  4,900   3,600  630  $0.0009     +350 %
        and 3 more tests (--llm-summary=all)

        slowest tests                         seconds  calls
        tests/test_refund.py::test_refund[6]     61.3      2

        growth                          tokens  golden  change     cost   golden  change
        tests/tes…d.py::test_refund[7]   5,420   5,420          $0.0016  $0.0002  +700 %
        tests/tes…d.py::test_refund[6]   5,420   5,420          $0.0014  $0.0002  +600 %
        tests/tes…d.py::test_refund[5]   5,420   5,420          $0.0012  $0.0002  +500 %
        tests/tes…d.py::test_refund[4]   5,420   5,420          $0.001   $0.0002  +400 %
        tests/tes…d.py::test_refund[3]   5,530   5,420  +2.0 %  $0.0009  $0.0002  +350 %
        and 2 more tests (--llm-summary=all)

        1 test drifted and 1 test without a recording
        to record: pytest --llm-record "tests/test_refund.py::test_refund[2]"
        warning: tests/test_refund.py::test_refund[5]: lead turn 1 answer changed
        (output.content)
        budget: cost $0.0073 of $0.05 allowed (15 %)

        1 unused cassette file (llmtrace prune)
          tests/cassettes/test_gone/test_x.trace.yaml
        """
    )


def test_replayed_run_in_full():
    """With -v every test has a row, with its outcome."""
    assert texts(replayed(), verbosity=1, width=100) == lines(
        """
        trace · 8 tests · 17 calls · 38,500 tokens in (28,800 cached), 4,970 out
        nothing paid · would have cost $0.0073
        against the golden traces of 8 tests: tokens 43,360 -> 43,470 (+0.3 %), cost $0.0016 -> $0.0073
        (+356 %)

        model               calls      in  cached    out     cost
        openai/gpt-4o-mini     16  38,400  28,800  4,960  $0.0072
        anthropic/claude-x      1     100             10  $0.0001

        agent         calls      in  cached    out     cost
        lead             16  38,400  28,800  4,960  $0.0072
        (no agent)        1     100             10  $0.0001

        test                                 calls     in  cached  out     cost  vs golden  seconds  outcome
        tests/test_…fund.py::test_refund[7]      2  4,800   3,600  620  $0.0016     +700 %     0.88   passed
        tests/test_…fund.py::test_refund[6]      2  4,800   3,600  620  $0.0014     +600 %     61.3   passed
        tests/test_…fund.py::test_refund[5]      2  4,800   3,600  620  $0.0012     +500 %     0.62   passed
        tests/test_…fund.py::test_refund[4]      2  4,800   3,600  620  $0.001      +400 %     0.50   passed
        tests/test_…fund.py::test_refund[3]      3  4,900   3,600  630  $0.0009     +350 %     0.38   passed
        tests/test_…fund.py::test_refund[2]      2  4,800   3,600  620  $0.0006     +200 %     0.25   failed
        tests/test_…fund.py::test_refund[1]      2  4,800   3,600  620  $0.0004     +100 %     0.12   failed
        tests/test_…fund.py::test_refund[0]      2  4,800   3,600  620  $0.0002                0.00   passed

        growth                                tokens  golden  change     cost   golden  change
        tests/test_refund.py::test_refund[7]   5,420   5,420          $0.0016  $0.0002  +700 %
        tests/test_refund.py::test_refund[6]   5,420   5,420          $0.0014  $0.0002  +600 %
        tests/test_refund.py::test_refund[5]   5,420   5,420          $0.0012  $0.0002  +500 %
        tests/test_refund.py::test_refund[4]   5,420   5,420          $0.001   $0.0002  +400 %
        tests/test_refund.py::test_refund[3]   5,530   5,420  +2.0 %  $0.0009  $0.0002  +350 %
        tests/test_refund.py::test_refund[2]   5,420   5,420          $0.0006  $0.0002  +200 %
        tests/test_refund.py::test_refund[1]   5,420   5,420          $0.0004  $0.0002  +100 %

        1 test drifted and 1 test without a recording
        to record: pytest --llm-record "tests/test_refund.py::test_refund[2]"
        warning: tests/test_refund.py::test_refund[5]: lead turn 1 answer changed (output.content)
        budget: cost $0.0073 of $0.05 allowed (15 %)

        1 unused cassette file (llmtrace prune)
          tests/cassettes/test_gone/test_x.trace.yaml
        """
    )


def test_replayed_run_in_one_line():
    """With -q there is one line, red where something failed."""
    (text,) = texts(replayed(), verbosity=-1)

    assert text.split(", ") == [
        "llmtrace: 8 tests",
        "17 calls",
        "38.5k tokens in",
        "5k out",
        "cost $0.0073",
        "nothing paid",
        "1 drifted",
        "1 without a recording",
    ]
    assert list(marked(replayed(), verbosity=-1)) == ["red"]
    assert marked(document([payload(A, chat(1))], {A: "passed"}, mode="trace"), verbosity=-1) == {}


def test_few_words_name_what_fails_the_run_by_itself():
    """With -q a run that fails although every test passed says why."""
    made = document([payload(A, chat(1))], {A: "passed"}, mode="live")
    assert texts(made, verbosity=-1, warnings=["no call asked for a"])[1:] == ["llmtrace: warning: no call asked for a"]


def test_few_words_about_what_would_be_paid():
    """With -q a dry run says its sum all the same, and a live call without a price is no reason to say nothing."""
    would = {"why": "changed", "calls": 2, "at_least": False, "cost_usd": 0.0002}
    made = document([payload(A, mode="record", would_record=would)], {A: "skipped"}, mode="record")
    assert " ".join(texts(made, verbosity=-1)[1:]) == (
        "llmtrace: dry run: 1 test would be recorded with 2 live calls, about $0.0002; nothing was called or written"
    )
    unpriced = document([payload(A, [call(source="live", cost=None)])], {A: "passed"}, mode="live")
    assert texts(unpriced, verbosity=-1)[0].endswith("cost ?, ? paid")


def test_markup():
    """What failed is red, what is worth a look yellow, titles bold."""
    found = marked(replayed())

    assert found["red"] == ["1 test drifted and 1 test without a recording"]
    assert found["yellow"] == [
        "tests/test…und.py::test_refund[5]      2  4,800   3,600  620  $0.0012     +500 %",
        "tests/tes…d.py::test_refund[5]   5,420   5,420          $0.0012  $0.0002  +500 %",
        "warning: tests/test_refund.py::test_refund[5]: lead turn 1 answer changed",
        "(output.content)",
        "1 unused cassette file (llmtrace prune)",
    ]
    assert marked(replayed(), verbosity=1, width=120)["red"][:2] == [
        "tests/test_refund.py::test_refund[2]      2  4,800   3,600  620  $0.0006     +200 %     0.25   failed",
        "tests/test_refund.py::test_refund[1]      2  4,800   3,600  620  $0.0004     +100 %     0.12   failed",
    ]
    assert [title.split()[0] for title in found["bold"]] == ["model", "agent", "dearest", "slowest", "growth"]


def test_live_run_with_unknown_price():
    """A live run says what was paid; a model without a price is named and its cost is a question mark."""
    calls = [replace(one, source="live") for one in chat(2)]
    unknown = replace(calls[0], model="acme-9000", provider="acme", cost=None, usage=Usage(estimated=True))
    made = document([payload(A, [*calls, unknown], mode="live")], {A: "passed"}, mode="live")

    assert texts(made) == lines(
        """
        live · 1 test · 3 calls · 200 tokens in, 20 out, partly estimated
        ? (at least $0.0002) paid for 3 live calls
        no price is known for acme/acme-9000

        model               calls   in  out     cost  s/call
        openai/gpt-4o-mini      2  200   20  $0.0002    0.00
        acme/acme-9000          1    0    0        ?    0.00

        agent         calls   in  out  cost  s/call
        lead              3  200   20     ?    0.00

        dearest tests            calls   in  out  cost
        tests/test_a.py::test_a      3  200   20     ?
        """
    )


def test_recorded_run():
    """A recording run says per test what was paid, kept and written, and which drift was accepted."""
    live = [replace(one, source="live") for one in chat(2)]
    payloads = [
        payload(
            A,
            [*live, chat(3)[2]],
            replace(DRIFT, severity="ignore", folded=2),
            *(replace(DRIFT, severity="ignore", kind="user", turn=turn) for turn in range(2, 6)),
            mode="record",
            recorded={"kept": 1, "live": 2, "from_journal": 3, "written": True},
        ),
        payload(
            "tests/test_a.py::test_b",
            chat(2),
            mode="record",
            recorded={"kept": 2, "live": 0, "from_journal": 0, "written": False},
        ),
        payload(
            "tests/test_a.py::test_c",
            live,
            mode="record",
            recorded={"kept": 0, "live": 2, "from_journal": 0, "written": False},
        ),
    ]
    outcomes = dict.fromkeys((A, "tests/test_a.py::test_b", "tests/test_a.py::test_c"), "passed")
    made = document(payloads, outcomes, mode="record")

    assert texts(made) == lines(
        """
        record · 3 tests · 7 calls · 700 tokens in, 70 out
        $0.0004 paid for 4 live calls · all 7 calls $0.0007

        answered      calls   in  out     cost  s/call
        live              4  400   40  $0.0004    0.00
        replayed          3  300   30  $0.0003

        model               calls   in  out     cost  s/call
        openai/gpt-4o-mini      7  700   70  $0.0007    0.00

        agent         calls   in  out     cost  s/call
        lead              7  700   70  $0.0007    0.00

        dearest tests            calls   in  out     cost
        tests/test_a.py::test_a      3  300   30  $0.0003
        tests/test_a.py::test_b      2  200   20  $0.0002
        tests/test_a.py::test_c      2  200   20  $0.0002

        recorded
          tests/test_a.py::test_a
            2 live requests ($0.0002), 3 from the journal, paid before, 1 kept, written to g.trace.yaml
            accepted: lead turn 1 prompt changed (messages[0].content), 2 more follow
              from it
            accepted: lead turn 2 user message changed (messages[0].content)
            accepted: lead turn 3 user message changed (messages[0].content)
            accepted: 2 more differences
          tests/test_a.py::test_c
            2 live requests ($0.0002), unchanged
          1 test unchanged
        """
    )
    assert marked(made)["yellow"] == ["    2 live requests ($0.0002), unchanged"]
    assert texts(made, verbosity=1)[-4:] == [
        "  tests/test_a.py::test_b",
        "    2 kept, unchanged",
        "  tests/test_a.py::test_c",
        "    2 live requests ($0.0002), unchanged",
    ]


def test_breached_budgets():
    """Budgets show what was used of them; breached ones stand out, say who set them, and how to price a model."""
    breaches = [
        Breach(scope="run", what="usd", limit=0.01, value=None, models=("acme-9000", "b"), refused=True),
        Breach(scope="tests/a", what="usd", limit=0.01, value=None, models=("acme-9000",), source="usd of [x]"),
        Breach(scope=A, what="tokens", limit=100, value=220, source="llm_budget_tokens in pytest.ini"),
    ]
    budgets = [
        {"scope": "run", "what": "usd", "limit": 0.01, "value": None},
        {"scope": "run", "what": "tokens", "limit": 1000, "value": 220},
        {"scope": "tests", "what": "calls", "limit": 0, "value": 0},
        {"scope": "run", "what": "growth", "of": "tokens", "limit": 0.1, "value": 0.034},
        {"scope": "run", "what": "growth", "of": "usd", "limit": 0.1, "value": None},
    ]
    made = document([payload(A, chat(2))], {A: "passed"}, mode="live", breaches=breaches, budgets=budgets)

    assert texts(made)[-20:] == lines(
        """
        budget: tokens 220 of 1,000 allowed (22 %)
        budget: tests: calls 0 of 0 allowed
        budget: growth of tokens 3.4 % of 10 % allowed
        budget: growth of cost ? of 10 % allowed
        budget BREACHED: cost ? of $0.01 allowed (no price for acme-9000 and b: enter it
        in [tool.llmtrace.prices]); live calls were refused
        budget BREACHED: tests/a: cost ? of $0.01 allowed (no price for acme-9000: enter
        it in [tool.llmtrace.prices]) (set by usd of [x])
        budget BREACHED: tests/test_a.py::test_a: tokens 220 of 100 allowed (set by
        llm_budget_tokens in pytest.ini)
        No price is known for `acme-9000` and `b`, so the budget cannot be checked. To
        price them, add to pyproject.toml, in dollars per token:

          [tool.llmtrace.prices."acme-9000"]
          input_cost_per_token = 1e-6   # what your provider charges
          output_cost_per_token = 2e-6

          [tool.llmtrace.prices."b"]
          input_cost_per_token = 1e-6   # what your provider charges
          output_cost_per_token = 2e-6
        """
    )
    assert marked(made)["red"] == texts(made)[-16:-10]


def test_every_finding_is_counted():
    """Tests are counted by type of finding, once per type."""
    found = [
        DRIFT,
        DRIFT,
        Miss(method="GET", url="u"),
        Unplayed(method="GET", url="u"),
        Bypass(what="w"),
        Internal(text="t"),
        Breach(scope=A, what="usd", limit=1, value=2),
    ]
    made = document([payload(A, (), *found), payload("fixture session x", (), DRIFT)], {A: "failed"}, mode="trace")

    assert texts(made)[-3:] == lines(
        """
        1 test and 1 fixture drifted, 1 test with a request that is not on the tape, 1
        test with a recorded request that was not made, 1 test with traffic past the
        tape, 1 test over budget and 1 test that could not be judged
        """
    )


def test_what_records_a_fixture():
    """A fixture belongs to no test: it is recorded with the one that asked for it."""
    missing = payload("fixture session warm", (), NoCassette(cassette=GOLDEN))
    missing["accept"] = 'pytest --llm-record "t.py::test_b"'
    alone = document([missing], {}, mode="trace")
    both = document([missing, payload("t.py::test_a", (), NoCassette(cassette=GOLDEN))], {}, mode="trace")

    assert alone["fixtures"][0]["accept"] == 'pytest --llm-record "t.py::test_b"'
    assert texts(alone)[-2:] == lines(
        """
        1 fixture without a recording
        to record: pytest --llm-record "t.py::test_b"
        """
    )
    assert texts(both)[-3:] == lines(
        """
        1 test and 1 fixture without a recording
        to record: pytest --llm-record "t.py::test_a"
        to record: pytest --llm-record "t.py::test_b"
        """
    )


def test_long_lists_are_cut():
    """Without -v long lists name the first and count the rest, and with it they are whole."""
    payloads = [
        payload(f"tests/test_{number:02}.py::test_x", (), NoCassette(cassette=GOLDEN), replace(DRIFT, severity="warn"))
        for number in range(30)
    ]
    made = document(payloads, {}, mode="trace", unused=[f"c{number:02}.trace.yaml" for number in range(30)])

    short, long = texts(made), texts(made, verbosity=1)

    assert long == texts(made, shown="all") == texts(made, shown="all", by_flag=True, verbosity=-1)
    assert "to record: pytest --llm-record" in short
    assert [line for line in short if line.startswith(("and ", "  and "))] == lines(
        """
        and 25 more warnings (--llm-summary=all)
          and 25 more (--llm-summary=all)
        """
    )
    assert [line for line in long if line.startswith(("and ", "  and "))] == []
    assert len(long) > 30 * 4


def test_requests_that_nobody_understood_are_named():
    """They are on the tape, and in no figure; the document has them in the row of their test."""
    speech = "POST https://api.openai.com/v1/audio/speech"
    payloads = [payload("t.py::test_a", not_understood=(speech,)), payload("t.py::test_b", not_understood=(speech,))]

    made = document(payloads, {}, mode="trace")

    assert [row["not_understood"] for row in made["tests"]] == [[speech], [speech]]
    assert texts(made)[-2:] == lines(
        """
        2 requests to LLM providers not understood: on the tape, not in traces or totals
          POST https://api.openai.com/v1/audio/speech
        """
    )


def test_rows_of_each_table():
    """A number of rows cuts each table there, whatever the verbosity; only the ini value gives way to -q."""
    shown = texts(replayed(), shown=2, verbosity=1, width=120)
    starts = [line.split()[0] for line in shown[:24] if line]

    assert starts[3:] == [
        *("model", "openai/gpt-4o-mini", "anthropic/claude-x"),
        *("agent", "lead", "(no"),
        *("dearest", "tests/test_refund.py::test_refund[7]", "tests/test_refund.py::test_refund[6]", "and"),
        *("slowest", "tests/test_refund.py::test_refund[6]"),
        *("growth", "tests/test_refund.py::test_refund[7]", "tests/test_refund.py::test_refund[6]", "and"),
    ]
    assert texts(replayed(), shown=2, by_flag=True, verbosity=-1, width=120)[:24] == shown[:24]
    assert texts(replayed(), shown=2, verbosity=-1) == texts(replayed(), verbosity=-1)


def test_no_summary():
    """Off, there is nothing but breached budgets, and what went wrong with the report itself."""
    breach = Breach(scope="tests/agents", what="tokens", limit=100, value=220)
    breached = document([payload(A, chat(2), DRIFT)], {A: "failed"}, mode="trace", breaches=[breach])

    assert texts(replayed(), shown="off") == texts(replayed(), shown="off", verbosity=-1) == []
    assert texts(breached, shown="off", warnings=["cannot write `x.json`"]) == [
        "llmtrace: budget BREACHED: tests/agents: tokens 220 of 100 allowed",
        "llmtrace: warning: cannot write `x.json`",
    ]


def test_narrow_terminal():
    """Columns that say least go first, so that names can still be read."""
    shown = texts(replayed(), width=40)

    assert shown[shown.index("") + 1 :][:7] == lines(
        """
        model               calls     cost
        openai/gpt-4o-mini     16  $0.0072
        anthropic/claude-x      1  $0.0001

        agent         calls    out     cost
        lead             16  4,960  $0.0072
        (no agent)        1     10  $0.0001
        """
    )


def test_live_and_replayed_calls():
    """Where some calls were live, a table sets them against the others; how long they took stands beside them."""
    calls = [replace(one, source="live", duration=1.5) for one in chat(2)]
    kept = [replace(one, source=source) for one, source in zip(chat(2), ("tape", "journal"), strict=True)]
    made = document([payload(A, [*calls, *kept], mode="record")], {}, mode="record", durations={A: 3.456})

    assert texts(made)[3:7] == lines(
        """
        answered          calls   in  out     cost  s/call
        live                  2  200   20  $0.0002    1.50
        from the journal      1  100   10  $0.0001
        replayed              1  100   10  $0.0001
        """
    )
    assert texts(made)[-2:] == lines(
        """
        slowest tests            seconds  calls  live  s/call
        tests/test_a.py::test_a     3.46      4     2    1.50
        """
    )


def test_warnings_alone():
    """A warning of the plugin is shown even where no test was traced."""
    text = "`--llm-record` is taken; use `--llmtrace-record`"

    assert texts(document([], {}, mode="off"), warnings=[text]) == [f"warning: {text}"]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_fits(width):
    """Lines fit into the terminal, but for commands, which must stay whole."""
    wide = [line for line in texts(replayed(), width=width) if display_width(line) > width]

    assert [line for line in wide if not line.startswith("to record: ")] == []


def test_hostile_names():
    """Names from tests and recordings cannot act on the terminal."""
    evil = "\x1b[2J\u202eevil\n"
    calls = [replace(one, model=evil, provider="", agent=evil, cost=None) for one in chat(1)]
    found = replace(DRIFT, conversation=evil, path=evil, severity="warn")
    made = document([payload(f"t.py::{evil}", calls, found)], {}, mode="trace", unused=[evil])

    text = "\n".join(texts(made, warnings=[evil], verbosity=1))

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.count("\\x1b[2J\\u202eevil\\n") == 9
