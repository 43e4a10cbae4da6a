"""Replays that are the recording, word for word: nothing is assembled for them, and nothing less is noticed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import ref

import pytest

from pytest_llmtrace._capture import current
from pytest_llmtrace._capture import recorder as recording
from pytest_llmtrace._capture.assembly import assembler
from pytest_llmtrace._capture.from_litellm.call import LitellmCall
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._compare.policies.policy import named_policy
from pytest_llmtrace._model.findings import Bypass, Finding
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.limits import Limit, MaxGrowth
from pytest_llmtrace._model.privacy import Mask
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy import lines
from pytest_llmtrace._model.verdict import Mode
from pytest_llmtrace._report.document.replays import Replay
from pytest_llmtrace._run.judging import word_for_word
from pytest_llmtrace._run.judging.judge import verdict
from pytest_llmtrace._run.money.ledger import Ledger
from pytest_llmtrace._run.owner import OwnerRun
from pytest_llmtrace._run.plans.plan import Plan
from pytest_llmtrace._run.plans.privacy import Privacy
from pytest_llmtrace._run.telling import told_of
from pytest_llmtrace._store.paths import Cassette
from pytest_llmtrace._store.settling import Settling
from pytest_llmtrace._store.tape_file import tape_text
from pytest_llmtrace._store.vouching import signed, unsigned
from pytest_llmtrace.errors import BrokenCassetteError

OWNER = "test_a.py::test_x"
PRICES = {"m": {"input_cost_per_token": 1.0, "output_cost_per_token": 2.0}}
ASKED = ("Refund order 7, please.", "The one in Lyon.")


class Test:
    """One test of a folder: recorded and replayed without pytest."""

    __test__ = False

    def __init__(self, folder: Path) -> None:
        self.cassette = Cassette.at(folder, "x")
        self.plan = Plan(
            owner=OWNER,
            mode="trace",
            record_mode="changed",
            cassette=self.cassette,
            root=folder,
            policy=named_policy("exact"),
        )
        self.redactor = Redactor()
        self.prices: Mapping[str, Mapping[str, float]] = PRICES
        self.litellm: float | None = None
        """What litellm says that a call costs, through which it is made."""

    def run(
        self,
        mode: Mode,
        *,
        late: str | None = None,
        asked: tuple[str, ...] = ASKED,
        then: Callable[[Recorder], object] = bool,
        **plan: Any,
    ) -> OwnerRun:
        """Ask these, be judged, ask what comes late and do what else does, and be over."""
        made = OwnerRun(
            replace(self.plan, mode=mode, **plan),
            redactor=self.redactor,
            prices=PriceBook(self.prices),
            ledger=Ledger(),
            settling=Settling(),
        )
        made.enter()
        for text in asked:
            self.ask(made, text)
        made.close_call_phase(None)
        if late is not None:
            self.ask(made, late)
        then(made.recorder)
        made.leave()
        made.finish(passed=True)
        return made

    def ask(self, made: OwnerRun, text: str) -> None:
        body = {"model": "m", "messages": [{"role": "user", "content": text}]}
        request = HttpRequest(
            method="POST",
            url="https://api.openai.com/v1/chat/completions",
            body=json.dumps(body, separators=(",", ":")).encode(),
        )
        call = None
        if self.litellm is not None:
            call = LitellmCall(
                heard_by=ref(made.recorder), kwargs={}, sent=body, succeeded=True, ended=1.0, cost=self.litellm
            )
            made.recorder.litellm_calls.append(call)
        exchange = made.recorder.open(request, call)
        if exchange.response is None:
            said = {"message": {"role": "assistant", "content": f"So: {text}"}, "finish_reason": "stop"}
            usage = {"prompt_tokens": len(text), "completion_tokens": 2}
            answer = {"model": "m-acme-2026-07", "choices": [said], "usage": usage}
            headers = (("content-type", "application/json"),)
            made.recorder.answered(
                exchange, HttpResponse(status=200, headers=headers, body=json.dumps(answer).encode())
            )

    def edit(self, old: str, new: str, file: Path | None = None) -> None:
        """Edit the tape, or another file, by hand."""
        path = file or self.cassette.tape
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def without_outline(self) -> None:
        """Make the tape one of an older version."""
        data = json.loads(self.cassette.tape.read_text("utf-8"))
        del data["meta"]["outline"]
        self.cassette.tape.write_text(json.dumps(data), encoding="utf-8")


@pytest.fixture
def test(tmp_path: Path) -> Test:
    """A test that was recorded."""
    made = Test(tmp_path)
    assert made.run("record").saved.written
    return made


@pytest.fixture
def assembled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes each trace that is assembled."""
    noted: list[str] = []

    def noting(recorder: recording.Recorder, *args: Any) -> Any:
        noted.append(recorder.owner)
        return assemble(recorder, *args)

    assemble = assembler.assemble
    monkeypatch.setattr(assembler, "assemble", noting)
    return noted


def told(run: OwnerRun) -> dict[str, Any]:
    """What reports are told of it."""
    found = told_of(run, with_entries=False, more=None)
    return found.payload if isinstance(found, Replay) else found


def findings(run: OwnerRun) -> tuple[Finding, ...]:
    assert run.verdict is not None
    return run.verdict.findings


def kinds(run: OwnerRun) -> list[str]:
    """The kinds of drift that were found."""
    return [getattr(one, "kind", type(one).__name__) for one in findings(run)]


def outlined(test: Test) -> set[str]:
    """What the outline of its tape says."""
    return set(json.loads(test.cassette.tape.read_text("utf-8"))["meta"]["outline"])


def test_reports_are_told_the_same_as_of_an_assembled_trace(test: Test, assembled: list[str]) -> None:
    """Nothing is assembled for them; a tape of an older version, which has no outline, goes the long way."""
    run = test.run("trace")
    short = told(run)
    assert assembled == []
    assert (findings(run), short["calls"], short["golden_totals"]) == ((), 2, "as observed")
    assert short["priced_usd"] == sum(len(text) + 4 for text in ASKED)
    test.without_outline()
    older = test.run("trace")
    assert told(older) == short
    assert assembled == [OWNER]
    assert findings(older) == ()


def test_who_asks_for_more_gets_the_whole_trace(test: Test, assembled: list[str]) -> None:
    """The test itself, reports with entries, and whatever else looks at traces."""
    run = test.run("trace")
    said = [message.text for call in run.trace().calls for message in call.messages]
    assert said == list(ASKED)
    found = told_of(run, with_entries=True, more=None)
    assert isinstance(found, dict)
    assert ASKED[1] in json.dumps(found["entries"])
    seen = told_of(
        run, with_entries=False, more=lambda trace: {"texts": [one.output.text for one in trace.calls if one.output]}
    )
    assert isinstance(seen, dict)
    assert seen["texts"] == [f"So: {text}" for text in ASKED]
    assert assembled == [OWNER]


def test_prices_are_those_of_today(test: Test) -> None:
    """What was recorded at another price costs what it costs now, unknown prices included."""
    test.prices = {"m": {"input_cost_per_token": 10.0, "output_cost_per_token": 0.0}}
    assert told(test.run("trace"))["cost_usd"] == 10 * sum(map(len, ASKED))
    test.prices = {}
    assert (told(test.run("trace"))["cost_usd"], told(test.run("trace"))["unpriced_models"]) == (None, ["openai/m"])


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("So: Refund", "No: Refund", ["output"]),
        ("Refund order 7", "Refund order 8", []),
        ('"prompt_tokens": 23', '"prompt_tokens": 24', []),
        ("[0, 23, 2]", "[0, 1, 2]", []),
    ],
)
def test_a_tape_that_was_edited_is_looked_at(
    test: Test, assembled: list[str], old: str, new: str, found: list[str]
) -> None:
    """Another answer is drift; a request is still found by its key; what is used is read of the answers again."""
    test.edit(old, new)
    run = test.run("trace")
    assert kinds(run) == found
    assert assembled == [OWNER]
    assert told(run)["usage"]["input_tokens"] == sum(map(len, ASKED)) + (new == '"prompt_tokens": 24')


def test_a_golden_trace_that_was_edited_counts(test: Test) -> None:
    """Its digest does not hold any more, so that it is read and compared."""
    test.edit("So: The one", "So: No one", test.cassette.golden)
    assert kinds(test.run("trace")) == ["output"]
    test.cassette.golden.unlink()
    assert kinds(test.run("trace")) == ["NoCassette"]


def test_totals_that_are_none_are_told_though_the_tape_vouches_for_itself(test: Test) -> None:
    """The test fails with the file and the way out, before anybody adds them up; recording it again is that way."""
    data = json.loads(test.cassette.tape.read_text("utf-8"))
    data["meta"]["totals"]["usage"]["input_tokens"] = "39"
    data["meta"]["outline"] = unsigned(data["meta"]["outline"])
    test.cassette.tape.write_text(signed(tape_text(data["interactions"], data["meta"])), encoding="utf-8")
    with pytest.raises(BrokenCassetteError, match="totals in its `meta` are unreadable"):
        test.run("trace")
    left = current.current()
    assert left is not None
    current.pop(left)
    assert test.run("record").saved.written
    assert isinstance(told_of(test.run("trace"), with_entries=False, more=None), Replay)


def test_a_golden_trace_that_was_edited_and_says_the_same_passes(test: Test, assembled: list[str]) -> None:
    """A comment is none of its words, and yet it is read."""
    test.cassette.golden.write_text("# read\n" + test.cassette.golden.read_text("utf-8"), encoding="utf-8")
    assert kinds(test.run("trace")) == []
    assert assembled == [OWNER]


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        ({"limits": (Limit(scope=OWNER, what="calls", value=1),)}, ["Breach"]),
        ({"limits": (Limit(scope=OWNER, what="usd", value=1.0),)}, ["Breach"]),
        ({"min_calls": 3}, ["Bypass"]),
        ({"policy": replace(named_policy("exact"), order="strict")}, []),
        ({"privacy": Privacy(mask=Mask(None, None))}, []),
    ],
)
def test_what_the_owner_asks_for_is_held_against_the_whole_trace(
    test: Test, assembled: list[str], plan: dict[str, Any], found: list[str]
) -> None:
    """Budgets that are breached, calls that are wanted, an order of conversations, texts that are hidden."""
    run = test.run("trace", **plan)
    assert kinds(run) == found
    assert assembled
    assert run.verdict is not None
    assert [turn.call.usage is not None for one in run.verdict.observed for turn in one.turns] == [True, True]


def test_budgets_that_hold_need_no_trace(test: Test, assembled: list[str]) -> None:
    """They are held against the outline; growth is too, against the totals that were recorded."""
    limits = tuple(Limit(scope=OWNER, what=what, value=100) for what in ("calls", "tokens", "usd"))
    assert kinds(test.run("trace", limits=limits, growth=MaxGrowth(usd=0.0))) == []
    assert assembled == []
    test.prices = {"m": {"input_cost_per_token": 1.5, "output_cost_per_token": 2.0}}
    assert kinds(test.run("trace", growth=MaxGrowth(usd=0.0))) == ["Breach"]


@pytest.mark.parametrize("asked", [ASKED[:1], ASKED[::-1]])
def test_a_replay_that_asks_otherwise_is_compared(test: Test, assembled: list[str], asked: tuple[str, ...]) -> None:
    """A call that is missing is drift; two conversations in another order are none."""
    run = test.run("trace", asked=asked)
    assert kinds(run) == (["call_missing"] if len(asked) == 1 else [])
    assert assembled == [OWNER]


def test_a_secret_that_is_known_by_now_is_in_no_report(test: Test, assembled: list[str]) -> None:
    """An older tape that holds it is taken apart, its outline with it."""
    test.redactor = Redactor(["m-acme-2026-07"])
    run = test.run("trace")
    assert assembled == [OWNER]
    assert "m-acme-2026-07" not in json.dumps(told(run))


def test_a_replay_believes_that_its_tape_was_searched(test: Test, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording searches it before it is written, and leaves word of that; the next one looks again."""
    searched: list[str] = []
    search = lines.secrets_in
    monkeypatch.setattr(lines, "secrets_in", lambda *of, **kind: searched.append(of[0]) or search(*of, **kind))
    test.redactor = Redactor()
    assert (kinds(test.run("trace")), searched) == ([], [])
    test.redactor = Redactor(allowed=[re.compile("^sk-test-")])
    assert (kinds(test.run("trace")), searched) == ([], [])
    test.run("record")
    assert f'"searched": "{test.redactor.known.mark}"' in test.cassette.tape.read_text("utf-8")
    assert [OWNER in text for text in searched] == [True, False]  # the tape as it was, and the new lines of the new one
    searched.clear()
    test.redactor = Redactor()
    assert (kinds(test.run("trace")), len(searched)) == ([], 1)


def test_an_encrypted_or_masked_recording_has_no_outline(tmp_path: Path) -> None:
    """Nothing of it stands beside what is hidden: that the tape was searched, and what its requests are known by."""
    made = Test(tmp_path)
    made.run("record", privacy=Privacy(mask=Mask(None, None)))
    assert outlined(made) == {"searched", "asked", "digest"}


def test_recording_again_leaves_the_outline_as_it_is(test: Test) -> None:
    """Byte for byte, also where what ran at once began in another order."""
    before = test.cassette.tape.read_bytes()
    assert json.loads(before)["meta"]["outline"]["calls"] == [[0, 23, 2], [0, 16, 2]]
    for asked in (ASKED, ASKED[::-1]):
        assert not test.run("record", asked=asked).saved.written
        assert test.cassette.tape.read_bytes() == before


def test_what_the_teardown_asks_is_told_too(test: Test) -> None:
    """A verdict was given by then; reports count what came after it."""
    run = test.run("record", late="Bye.")
    assert (findings(run), told(run)["calls"]) == ((), 3)
    assert outlined(test) == {"searched", "asked", "digest"}
    assert told(test.run("trace", late="Bye."))["calls"] == 3


def test_a_verdict_is_of_what_was_judged_whenever_it_is_made(test: Test) -> None:
    """What the teardown asks in vain is told with it, and is none of what it counts."""

    def ask_late(recorder: Recorder) -> None:
        with pytest.raises(pytest.fail.Exception, match="did not record"):
            recorder.open(
                HttpRequest(method="POST", url="https://api.openai.com/v1/chat/completions", body=b"{}"), None
            )

    usual, run = test.run("trace").verdict, test.run("trace", then=ask_late)
    assert usual is not None
    assert kinds(run) == ["Miss"]
    assert run.verdict == replace(usual, findings=findings(run))


def test_what_litellm_says_until_the_end_counts(test: Test, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may say a price when the calls are judged already: they are counted in the end, and once, but for budgets."""
    counted: list[list[float | None]] = []
    count = word_for_word.costs_in_outline
    monkeypatch.setattr(word_for_word, "costs_in_outline", lambda *of: counted.append(count(*of)) or counted[-1])
    test.litellm, test.prices = 0.25, {}
    assert told(test.run("trace"))["cost_usd"] == 0.5
    assert counted == [[0.25, 0.25]]
    assert told(test.run("trace", then=lambda made: setattr(made.litellm_calls[1], "cost", 2.0)))["cost_usd"] == 2.25
    assert counted == [[0.25, 0.25], [0.25, 2.0]]
    told(test.run("trace", limits=(Limit(scope=OWNER, what="usd", value=1.0),)))
    assert counted[2:] == [[0.25, 0.25]] * 2


@pytest.mark.parametrize("later", [{"error": ValueError("x")}, {"kwargs": {"cache_hit": True}}])
def test_what_litellm_says_otherwise_in_the_end_is_looked_at(
    test: Test, assembled: list[str], later: dict[str, Any]
) -> None:
    """That a call failed, say, of which it had told a success."""
    test.litellm = 0.25
    run = test.run("trace", then=lambda made: [setattr(made.litellm_calls[0], *one) for one in later.items()])
    assert told(run)["calls"] == 2
    assert assembled == [OWNER]


def test_a_test_without_calls_is_judged_by_that_alone(tmp_path: Path, assembled: list[str]) -> None:
    """What has no recording and asks nothing gets the verdict of the long way, without it."""
    test = Test(tmp_path)
    run = test.run("trace", asked=())
    assert (assembled, run.seen) == ([], False)
    run.assembled = run._assembler.assembled()
    assert run.verdict == verdict(run, None)
    assert findings(test.run("trace", asked=(), min_calls=1)) == (Bypass(what="", expected=1),)
