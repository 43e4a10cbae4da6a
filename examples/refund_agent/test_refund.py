"""What the refund agent promises."""

from datetime import date

import pytest
from refund_agent.agent import handle
from refund_agent.shop import Order, Shop


@pytest.fixture
def shop():
    """A shop on the first of March, with one recent and one old order."""
    return Shop(
        today=date(2026, 3, 1),
        orders={
            "123": Order(item="Kettle", price_cents=4900, delivered=date(2026, 2, 20)),
            "077": Order(item="Lamp", price_cents=2500, delivered=date(2025, 12, 1)),
        },
    )


@pytest.mark.llm_budget(usd=0.01)
def test_recent_order_is_refunded(shop, llm_trace):
    """A recent order is looked up, then refunded in full, for less than a cent."""
    answer = handle("Please refund order 123, the kettle leaks.", shop)
    assert shop.refunded == {"123": 4900}
    assert "49" in answer
    assert llm_trace.tool_names == ["lookup_order", "refund"]


def test_old_order_is_refused(shop, llm_trace):
    """After 30 days the agent looks the order up and refuses."""
    answer = handle("I want my money back for order 077.", shop)
    assert shop.refunded == {}
    assert "30 days" in answer
    assert llm_trace.tool_names == ["lookup_order"]


def test_unknown_order(shop):
    """An order that does not exist is never refunded."""
    answer = handle("Refund order 999!", shop)
    assert shop.refunded == {}
    assert "999" in answer
