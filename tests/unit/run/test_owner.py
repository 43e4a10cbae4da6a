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
