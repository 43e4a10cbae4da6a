"""The shop's own data, and the tools that work on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass
class Order:
    """An order as the shop keeps it."""

    item: str
    price_cents: int
    delivered: date | None = None


@dataclass
class Shop:
    """Orders, and the refunds that were paid."""

    today: date
    orders: dict[str, Order]
    refunded: dict[str, int] = field(default_factory=dict)

    def lookup_order(self, order_id: str) -> dict[str, Any]:
        """What is known about an order."""
        order = self.orders.get(order_id)
        if order is None:
            return {"error": f"there is no order {order_id}"}
        since = None if order.delivered is None else (self.today - order.delivered).days
        return {"item": order.item, "price_cents": order.price_cents, "days_since_delivery": since}

    def refund(self, order_id: str, amount_cents: int) -> dict[str, Any]:
        """Pay money back, at most the price of the order."""
        order = self.orders[order_id]
        if amount_cents > order.price_cents:
            return {"error": f"a refund is at most {order.price_cents} cents"}
        self.refunded[order_id] = amount_cents
        return {"refunded_cents": amount_cents}
