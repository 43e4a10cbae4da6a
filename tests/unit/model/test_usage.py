"""Token counts and totals."""

from __future__ import annotations

from dataclasses import fields, replace

from pytest_llmtrace._model.usage import Sum, Totals, Usage


def test_a_sum_is_what_adding_gives():
    """Every field of totals and of their usage counts; a sum of nothing is nothing."""
    usage = Usage(**{field.name: number for number, field in enumerate(fields(Usage)[:-1], start=1)}, estimated=True)
    others = {field.name: number for number, field in enumerate(fields(Totals), start=10)}
    first = Totals(**(others | {"usage": usage}))
    second = replace(first, calls=1, priced_usd=0.1, usage=Usage(input_tokens=7))
    made = Sum()

    assert made.totals == Totals()
    for one in (first, second, second):
        made.add(one)
    assert made.totals == Totals() + first + second + second
