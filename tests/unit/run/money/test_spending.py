"""The stop: which budget forbids a live call, and what calls under way count."""

from __future__ import annotations

import json
import weakref
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pytest_llmtrace._capture.asked import Asked
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.from_litellm.call import LitellmCall
from pytest_llmtrace._capture.labels import NO_LABELS
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._compare.policies.policy import named_policy
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.limits import Limit
from pytest_llmtrace._run.money.ledger import Ledger
from pytest_llmtrace._run.money.spending import Spending
from pytest_llmtrace._run.plans.plan import Plan
from pytest_llmtrace._store.paths import Cassette
from tests.unit.capture.conftest import observed_with

ME = "tests/agents/test_a.py::test_x"
RECORDER = observed_with().recorder
PRICES = {"cheap": {"input_cost_per_token": 0.001, "output_cost_per_token": 0.01}}


def limit(what: Any, value: float, scope: str = "run") -> Limit:
    """A limit."""
    return Limit(scope=scope, what=what, value=value)


def spending(*limits: Limit, ledger: Ledger | None = None, directory: str = "tests/agents") -> Spending:
    """The stop of a test with these limits."""
    plan = Plan(
        owner=ME,
        mode="live",
        record_mode="changed",
        cassette=Cassette.at(Path("c"), "x"),
        root=Path(),
        policy=named_policy("tools"),
        directory=directory,
        limits=tuple(one for one in limits if one.scope == ME),
        shared_limits=tuple(one for one in limits if one.scope != ME),
    )
    return Spending(plan, PriceBook(PRICES), ledger or Ledger())


def request(model: str = "cheap", context: Any = None) -> Exchange:
    """A chat request that is about to be sent."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "one two three"}]}).encode()
    sent = HttpRequest(method="POST", url="https://api.openai.com/v1/chat/completions", headers=(), body=body)
    return Exchange(asked=Asked(sent, "k"), told_llm=True, labels=NO_LABELS, context=context)


def by_litellm(model: str, cost: float | None, said: str = "one two three") -> LitellmCall:
    """The call of litellm's that says it will send the request."""
    sent = {"model": model, "messages": [{"role": "user", "content": said}]}
    return LitellmCall(heard_by=weakref.ref(RECORDER), kwargs={}, model=model, sent=sent, cost=cost)


def answered(exchange: Exchange, status: int = 200, tokens: int = 100) -> Exchange:
    """The same with its answer: ten tokens in, so many out."""
    message = {"role": "assistant", "content": "yes"}
    body = {
        "object": "chat.completion",
        "model": json.loads(exchange.request.body)["model"],
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": tokens},
    }
    if status != 200:
        body = {"error": {"message": "slow down"}}
    exchange.answered(HttpResponse(status=status, headers=(), body=json.dumps(body).encode()), "live")
    return exchange


def call(stop: Spending, **how: Any) -> None:
    """One call from its request to its answer; it must not be refused."""
    exchange = request()
    assert stop.before(exchange) is None
    stop.answered(answered(exchange, **how))


def told(stop: Spending, exchange: Exchange | None = None) -> tuple[Any, ...] | None:
    """What forbids the next call: scope, what, value and models."""
    breach = stop.before(exchange or request())
    return breach and (breach.scope, breach.what, breach.value, breach.models, breach.refused)


def test_nothing_is_refused_before_a_budget_is_spent() -> None:
    """A call may go out while anything is left, and none after."""
    stop = spending(limit("tokens", 111))
    call(stop)
    call(stop)
    assert told(stop) == ("run", "tokens", 220, (), True)


def test_dollars_are_those_of_the_answer() -> None:
    """Ten tokens in and a hundred out."""
    stop = spending(limit("usd", 1.01))
    call(stop)
    assert told(stop) == ("run", "usd", pytest.approx(1.01), (), True)
    assert told(spending(limit("usd", 0))) == ("run", "usd", 0, (), True)


def test_of_calls_that_are_made_at_once_no_more_go_out_than_are_allowed() -> None:
    """A call counts when it goes out, not when it is answered."""
    stop = spending(limit("calls", 2))
    under_way = [request(), request()]
    assert [stop.before(one) for one in under_way] == [None, None]
    assert told(stop) == ("run", "calls", 2, (), True)
    assert told(stop) == ("run", "calls", 2, (), True)  # what was refused did not count


def test_a_call_that_is_refused_counts_for_no_other_at_any_time() -> None:
    """Whoever asks while it is refused is not told of a call that nobody makes, and not refused because of it."""
    seen: list[int] = []
    ledger = Ledger(listener=lambda: seen.append(ledger.sums().of(None).calls))
    stop = spending(limit("calls", 1, scope=ME), limit("calls", 2), ledger=ledger)
    other = spending(limit("calls", 2), limit("calls", 1, scope="tests/other"), ledger=ledger, directory="tests/other")
    assert stop.before(request()) is None
    assert told(stop) == (ME, "calls", 1, (), True)
    assert other.before(request()) is None
    assert told(other) == ("run", "calls", 2, (), True)
    assert told(stop) == ("run", "calls", 2, (), True)
    assert seen == [1, 2, 2]


def test_of_threads_that_ask_at_once_all_are_told_the_same() -> None:
    """Three calls of three: a refusal says that, however many others are refused in the same moment."""
    stop = spending(limit("calls", 3, scope=ME), limit("calls", 9))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: told(stop), range(64)))
    assert Counter(found) == {None: 3, (ME, "calls", 3, (), True): 61}


def test_the_input_of_calls_under_way_counts() -> None:
    """Dollars and tokens that are known before the answer are not given out twice."""
    stop = spending(limit("usd", 0.01), limit("tokens", 1000))
    assert stop.before(request()) is None
    scope, what, value, _, _ = told(stop) or ()
    assert (scope, what) == ("run", "usd")
    assert 0.01 <= value < 0.02


@pytest.mark.parametrize("ending", ["failed", "refused", "closed"])
def test_a_call_without_an_answer_gives_back_what_was_set_aside(ending: str) -> None:
    """A retry of a request that was turned away is not one call too many."""
    stop = spending(limit("calls", 1), limit("calls", 1, scope=ME))
    exchange = request()
    assert stop.before(exchange) is None
    if ending == "failed":
        stop.failed(exchange)
    elif ending == "refused":
        stop.answered(answered(exchange, status=429))
    else:
        stop.close()
    call(stop)
    assert told(stop) == ("run", "calls", 1, (), True)


def test_each_scope_counts_what_is_its_own() -> None:
    """A test, the directories around it and the run are spent one by one."""
    ledger = Ledger()
    elsewhere = spending(limit("calls", 9), ledger=ledger, directory="tests/other")
    sibling = spending(limit("calls", 9), ledger=ledger)
    call(elsewhere)
    call(sibling)
    mine = (limit("calls", 1, scope=ME), limit("calls", 2, scope="tests/agents"), limit("calls", 4, scope="tests"))
    assert spending(*mine, ledger=ledger).before(request()) is None
    used_up = spending(mine[0], limit("calls", 3), ledger=ledger)
    assert told(used_up) == ("run", "calls", 3, (), True)
    assert told(spending(*mine, ledger=ledger)) == ("tests/agents", "calls", 2, (), True)
    assert told(spending(limit("calls", 2, scope="tests"), ledger=ledger)) == ("tests", "calls", 3, (), True)


def test_a_dollar_budget_stops_when_nobody_knows_what_is_left() -> None:
    """After a call without a price the next one is refused, and the model is named; other budgets go on."""
    ledger = Ledger()
    stop = spending(limit("usd", 5), ledger=ledger)
    exchange = request("acme")
    assert stop.before(exchange) is None
    stop.answered(answered(exchange))
    assert told(stop) == ("run", "usd", None, ("openai/acme",), True)
    assert told(spending(limit("usd", 5), ledger=ledger)) == ("run", "usd", None, ("openai/acme",), True)
    assert spending(limit("tokens", 500), ledger=ledger).before(request("acme")) is None


@pytest.mark.parametrize(("cost", "value"), [(2.0, 2.0), (None, None), (0.0, None)])
def test_a_price_that_litellm_alone_knows_is_waited_for(cost: float | None, value: float | None) -> None:
    """Litellm tells what a call cost after its answer; what it does not know either stops the next one."""
    stop = spending(limit("usd", 1))
    exchange = request("acme", context=by_litellm("acme", cost))
    assert stop.before(exchange) is None
    stop.answered(answered(exchange))
    assert told(stop) == ("run", "usd", value, () if value else ("openai/acme",), True)


@pytest.mark.parametrize("said", ["one two three", "other words"])
def test_what_an_sdk_asks_after_litellm_is_not_priced_by_litellm(said: str) -> None:
    """A context goes on naming the call of litellm's that was made in it, whose price says nothing of the next call."""
    stop, context = spending(limit("usd", 1)), by_litellm("acme", 0.5, said)
    asked = request("acme", context=context)
    if said == "one two three":
        stop.answered(answered(request("acme", context=context)))
    stop.answered(answered(asked))
    assert told(stop) == ("run", "usd", None, ("openai/acme",), True)


def test_a_connection_that_nobody_can_read_is_asked_about_and_not_counted() -> None:
    """It may go out while anything is left."""
    stop = spending(limit("calls", 1))
    assert stop.before(None) is None
    assert stop.before(None) is None
    call(stop)
    assert stop.before(None) is not None


def test_the_stop_is_shared_by_workers(tmp_path: Path) -> None:
    """Of two workers that want the last call, one gets it."""
    one, other = (spending(limit("calls", 1), ledger=Ledger(tmp_path / "ledger")) for _ in range(2))
    assert one.before(request()) is None
    assert told(other) == ("run", "calls", 1, (), True)


def test_calls_that_no_budget_counts_are_counted_together() -> None:
    """Whoever watches is told once a second, and when the owner is over; nothing is left out of the sum."""
    told_of: list[int] = []
    now = [0.0]
    ledger = Ledger(listener=lambda: told_of.append(ledger.sums().of(None).calls))
    plan = spending()._plan
    stop = Spending(plan, PriceBook(PRICES), ledger, clock=lambda: now[0])
    for _ in range(2):
        call(stop)
    assert told_of == []
    now[0] = 1.0
    call(stop)
    call(stop)
    assert told_of == [3]
    stop.close()
    assert told_of == [3, 4]
    spent = ledger.sums().of(None)
    assert (spent.calls, spent.tokens, spent.usd) == (4, 440, pytest.approx(4.04))


def test_other_processes_and_budgets_are_told_at_once(tmp_path: Path) -> None:
    """A worker that dies has told what it paid for, a budget knows of each answer, and so does who asked to."""
    watched = spending(ledger=Ledger(told_every=0))
    for stop in (spending(ledger=Ledger(tmp_path / "ledger")), spending(limit("calls", 9)), watched):
        call(stop)
        assert stop._shared.sums().of(None).calls == 1
