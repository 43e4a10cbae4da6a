"""The stop: before a live call goes out, it is asked whether any budget that it counts for is spent.

A call is counted when it goes out, with what is known of it then: that it is a call, and the tokens and price of its
input. What it really used takes the place of that when its answer is there. So no more calls go out than a budget of
calls allows, however many are made at once, and dollars and tokens exceed theirs by the answers of the calls that were
under way at most.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, reduce
from operator import add
from typing import TYPE_CHECKING, Final

from pytest_llmtrace._capture.assembly.origin import made_for
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.from_litellm.drain import settle
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._model.limits import RUN, Limit
from pytest_llmtrace._model.usage import Usage
from pytest_llmtrace._run.money.ledger import Ledger, Spent, Sums, is_spent
from pytest_llmtrace._run.plans.plan import Plan

if TYPE_CHECKING:  # what live calls alone need is imported with the first
    from pytest_llmtrace._capture.assembly.reader import Reader
    from pytest_llmtrace._capture.from_litellm.call import LitellmCall
    from pytest_llmtrace._model.findings import Breach
    from pytest_llmtrace._model.trace import LLMCall


class Spending:
    """What the live calls of one owner use of its own budgets, and of those that it shares with others."""

    def __init__(
        self, plan: Plan, prices: PriceBook, ledger: Ledger, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._plan = plan
        self._prices = prices
        self._shared = ledger
        self._own = Ledger() if plan.limits else None
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._set_aside: dict[int, tuple[Exchange, Spent]] = {}
        """Per call that is under way."""
        self._unpriced: list[tuple[LitellmCall, LLMCall]] = []
        """Calls of litellm's that were answered, and whose price only litellm may know; it says so later."""
        self._litellm_calls: set[int] = set()
        """All that were answered."""
        self._clock = clock
        self._counted_at = clock()
        self._uncounted: list[Exchange] = []
        """Answered a moment ago, where no budget is held against them."""

    @cached_property
    def reader(self) -> Reader:
        """Has read what was answered; the trace is assembled of the same."""
        from pytest_llmtrace._capture.assembly.reader import Reader  # noqa: PLC0415

        return Reader()

    def before(self, exchange: Exchange | None) -> Breach | None:
        """Count a live call that is about to be made. Returns the budget that forbids it; `None` if it may go out."""
        if not (self._plan.limits or self._plan.shared_limits):
            return None
        self._price_late()
        amount = self._expected(exchange)
        with self._asking:  # what is asked and what is counted are one step: a call that is refused counts for no other
            refusal = self._refused(amount)
        if refusal is None and exchange is not None:
            with self._lock:
                self._set_aside[id(exchange)] = (exchange, amount)
        return refusal

    def answered(self, exchange: Exchange) -> None:
        """Count what an answered live call used, for the budgets and for whoever watches the run.

        At once where there is a budget, or another process counts, too, or litellm made it. Elsewhere with others, once
        in a second and when the owner is over: the calls of a test are read one after the other then, which costs half.
        """
        at_once = self._plan.limits or self._plan.shared_limits or exchange.context is not None
        with self._lock:
            self._uncounted.append(exchange)
        if at_once or self._clock() - self._counted_at >= self._shared.pause:
            self._count()

    def _count(self) -> None:
        """Count the calls that wait for it."""
        with self._lock:
            waiting, self._uncounted = self._uncounted, []
        self._counted_at = self._clock()
        if waiting:
            self._enter(reduce(add, map(self._used, waiting)))

    def _used(self, exchange: Exchange) -> Spent:
        """What a call has used, less what was set aside for it."""
        expected = self._taken_back(exchange)
        from pytest_llmtrace._capture.dialects.tokens import estimate_usage  # noqa: PLC0415

        call = self.reader.answered(exchange)
        if call is None or (exchange.status or 0) >= 400:
            return Spent() - expected  # it is no call of a model, or was refused: tried again, it counts again
        usage = call.usage if call.usage is not None else estimate_usage(call)
        cost = self._cost(call, usage)
        made = self._litellm_call(exchange)
        if cost is None and made is not None:
            with self._lock:
                self._unpriced.append((made, call))
        unpriced = {call.name: 1} if cost is None and made is None else {}
        actual = Spent(usd=cost or 0.0, tokens=usage.total_tokens, calls=1, unpriced=unpriced)
        return actual if expected is _NOTHING else actual - expected

    def failed(self, exchange: Exchange) -> None:
        """A live call ended without an answer."""
        self._enter(Spent() - self._taken_back(exchange))

    def close(self) -> None:
        """Count the calls that wait for it, and give back what was set aside for those that were never answered."""
        if self._uncounted:
            self._count()
        if not (self._set_aside or self._unpriced):
            return
        with self._lock:
            left = [exchange for exchange, _ in self._set_aside.values()]
        for exchange in left:
            self.failed(exchange)
        self._price_late()

    def price(self, exchange: Exchange) -> float | None:
        """What it would cost to ask the model of a request for such an answer; `None`: not known."""
        call = self.reader.answered(exchange)
        if call is None or call.usage is None:
            return None
        return self._prices.cost(call.model, call.provider, call.usage, call.operation, call.params)

    def _enter(self, amount: Spent) -> None:
        if amount != Spent():
            self._enter_own(amount)
            self._shared.enter(self._plan.directory, amount)

    def _enter_own(self, amount: Spent) -> None:
        if self._own is not None:  # else nobody asks for it
            self._own.enter(self._plan.directory, amount)

    def _refused(self, amount: Spent) -> Breach | None:
        """The first budget that is spent; where none is, the amount is entered."""
        plan = self._plan
        own = next(_breaches(plan.limits, self._own.sums(), plan.owner), None) if self._own is not None else None
        asked = own is None and amount != Spent()
        shared = self._shared.enter(plan.directory, amount, plan.shared_limits) if asked else self._shared.sums()
        refusal = next(_breaches(plan.shared_limits, shared, RUN), own)
        if refusal is None:
            self._enter_own(amount)
        return refusal

    def _expected(self, exchange: Exchange | None) -> Spent:
        """What is known of a call before it goes out."""
        from pytest_llmtrace._capture.dialects.parsing import parse_request  # noqa: PLC0415
        from pytest_llmtrace._capture.dialects.tokens import estimate_usage  # noqa: PLC0415

        call = parse_request(exchange.request, self.reader.table) if exchange is not None else None
        if call is None:
            return Spent()
        usage = Usage(input_tokens=estimate_usage(call).input_tokens)
        return Spent(usd=self._cost(call, usage) or 0.0, tokens=usage.total_tokens, calls=1)

    def _taken_back(self, exchange: Exchange) -> Spent:
        with self._lock:
            return self._set_aside.pop(id(exchange), (exchange, _NOTHING))[1]

    def _cost(self, call: LLMCall, usage: Usage) -> float | None:
        """As the trace prices it: by the project, by the provider's own answer, by the price map."""
        own = self._prices.is_project_price(call.model, call.provider)
        if call.cost is not None and not own:
            return call.cost
        models = (call.model,) if own or not call.response_model else (call.response_model, call.model)
        costs = (self._prices.cost(one, call.provider, usage, call.operation, call.params) for one in models if one)
        return next((cost for cost in costs if cost is not None), None)

    def _litellm_call(self, exchange: Exchange) -> LitellmCall | None:
        """The call of litellm's that was answered; its context names it for what is sent after that, too."""
        if exchange.context is None:
            return None
        with self._lock:
            known = len(self._litellm_calls)
            self._litellm_calls.add(id(exchange.context))  # the recorder keeps it as long
            is_new = len(self._litellm_calls) > known
        return made_for(exchange) if is_new else None

    def _price_late(self) -> None:
        """Count the calls whose price litellm alone knows, and name the models whose price nobody does."""
        with self._lock:
            waiting, self._unpriced = self._unpriced, []
        if waiting:
            settle()
        for made, call in waiting:
            self._enter(Spent(usd=made.cost) if made.cost else Spent(unpriced={call.name: 1}))


def _breaches(limits: Iterable[Limit], sums: Sums, whole: str) -> Iterator[Breach]:
    """The refusals: of limits that are reached, or nobody can know whether they are. `whole`: the scope of all sums."""
    for limit in limits:
        spent = sums.of(limit.scope if limit.scope != whole else None)
        if is_spent(limit, spent):
            yield _breach(limit, spent)


def _breach(limit: Limit, spent: Spent) -> Breach:
    from pytest_llmtrace._model.findings import Breach  # noqa: PLC0415

    value: float = getattr(spent, limit.what)
    known = value >= limit.value
    return Breach(
        scope=limit.scope,
        what=limit.what,
        limit=limit.value,
        value=value if known else None,
        models=() if known else spent.models,
        refused=True,
        source=limit.source,
    )


_NOTHING: Final = Spent()
"""Set aside for a call where there is no budget."""
