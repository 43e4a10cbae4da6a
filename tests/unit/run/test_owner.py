"""The life of one owner, without pytest around it."""

from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path

import pytest

from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.verdict import Mode
from pytest_llmtrace._run.money.ledger import Ledger
from pytest_llmtrace._run.owner import OwnerRun
from pytest_llmtrace._run.telling import told_of
from pytest_llmtrace._store.settling import Settling
from tests.unit.run.conftest import plan_in

_ASKED = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
_SAID = {"model": "m", "choices": [{"message": {"role": "assistant", "content": "ho"}, "finish_reason": "stop"}]}


def _run(folder: Path, mode: Mode) -> OwnerRun:
    """An owner that asked a model once, and is over."""
    run = OwnerRun(
        plan_in(folder, mode), redactor=Redactor(), prices=PriceBook({}), ledger=Ledger(), settling=Settling()
    )
    run.enter()
    body = json.dumps(_ASKED).encode()
    asked = HttpRequest(method="POST", url="https://api.openai.com/v1/chat/completions", headers=(), body=body)
    exchange = run.recorder.open(asked, None)
    if exchange.response is None:
        answer = HttpResponse(
            status=200, headers=(("content-type", "application/json"),), body=json.dumps(_SAID).encode()
        )
        run.recorder.answered(exchange, answer)
    run.close_call_phase(None)
    assert run.verdict is not None
    assert run.verdict.findings == ()
    run.leave()
    run.finish(passed=True)
    told_of(run, with_entries=False, more=lambda _trace: {})
    return run


@pytest.mark.parametrize("mode", ["record", "trace"])
def test_an_owner_that_is_over_waits_for_no_garbage_collection(tmp_path: Path, mode: Mode) -> None:
    """Its tape and its trace leave memory with it: objects that know each other would make Python look for them."""
    if mode == "trace":
        _run(tmp_path, "record")
    gc.disable()
    try:
        run = _run(tmp_path, mode)
        left = weakref.ref(run.recorder), weakref.ref(run)
        del run
        assert [one() for one in left] == [None, None]
    finally:
        gc.enable()


def _call(run: OwnerRun, asked: dict[str, object], said: dict[str, object], key: str = "sk-any") -> None:
    headers = (("authorization", f"Bearer {key}"),)
    body = json.dumps(asked, separators=(",", ":")).encode()
    sent = HttpRequest(method="POST", url="https://api.openai.com/v1/chat/completions", headers=headers, body=body)
    exchange = run.recorder.open(sent, None)
    answer = HttpResponse(status=200, headers=(("content-type", "application/json"),), body=json.dumps(said).encode())
    run.recorder.answered(exchange, answer)


@pytest.mark.parametrize("becomes_known", ["by a request", "by the environment"])
@pytest.mark.parametrize("place", ["in the trace", "on the tape alone"])
def test_what_becomes_known_for_a_secret_late_is_in_no_file_and_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, becomes_known: str, place: str
) -> None:
    """The journal, which has it by then, is written anew; nothing else is written, and what was paid for is kept."""
    secret = "Qx9dkLmn7Wv3Zt8Rb5Hy2Jc"
    settling = Settling()
    run = OwnerRun(
        plan_in(tmp_path, "record"),
        redactor=Redactor.from_environment(),
        prices=PriceBook({}),
        ledger=Ledger(),
        settling=settling,
    )
    run.enter()
    in_trace = place == "in the trace"
    asked = {**_ASKED, "messages": [{"role": "user", "content": f"later {secret}"}]} if in_trace else _ASKED
    _call(run, asked, _SAID if in_trace else {**_SAID, "note": f"later {secret}"})
    if becomes_known == "by the environment":
        monkeypatch.setenv("ACME_API_KEY", secret)
    else:
        _call(run, {**_ASKED, "model": "other"}, _SAID, secret)
    run.close_call_phase(None)
    run.leave()
    run.finish(passed=True)
    settling.finish()
    assert "the value of ACME_API_KEY" in str(run.look.text(run)) or "the key of a request" in str(run.look.text(run))
    ((name, kept),) = {path.name: path.read_text() for path in tmp_path.iterdir()}.items()
    assert (name, secret in kept, "later REDACTED" in kept) == ("x.journal.jsonl", False, True)
    reported = str(told_of(run, with_entries=True, more=lambda trace: {"trace": repr(trace)}))
    assert (secret in reported, "later REDACTED" in reported) == (False, in_trace)
