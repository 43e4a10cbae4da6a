"""What is said while money is being spent, in one line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pytest_llmtrace._report.money import percent, usd
from pytest_llmtrace._report.wording import amount, plural

_SMALLEST: Final = 0.0005


def progress_text(
    *, seconds: float, calls: int, dollars: float, tokens: int, unpriced: int, limits: Iterable[tuple[str, float]]
) -> str:
    """``llmtrace 1:40: 120 live calls, $0.0421 of $2.00 (2.1 %)``.

    Args:
        seconds: How long the run has been going on.
        calls: Live calls so far.
        dollars: What those with a price have cost.
        tokens: What they used, input and output together.
        unpriced: How many of them have no price.
        limits: The budgets of the run: ``usd``, ``tokens`` or ``calls``, and how much.
    """
    allowed = dict(limits)
    parts = [
        _of_calls(calls, allowed.get("calls")),
        usd(dollars) + _share(dollars, allowed.get("usd"), "usd"),
    ]
    if unpriced:
        parts.append(f"{plural(unpriced, 'call')} without a price")
    if "tokens" in allowed:
        share = _share(tokens, allowed["tokens"], "tokens").replace(" (", " tokens (")
        parts.append(amount("tokens", tokens) + share)
    return f"llmtrace {_clock(seconds)}: {', '.join(parts)}"


def _of_calls(calls: int, limit: float | None) -> str:
    """``120 live calls``, ``120 of 500 live calls (24 %)``."""
    if limit is None:
        return plural(calls, "live call")
    share = f" ({percent(calls / limit)})" if limit else ""
    return f"{amount('calls', calls)} of {plural(int(limit), 'live call')}{share}"


def _share(used: float, limit: float | None, what: str) -> str:
    if limit is None:
        return ""
    ratio = used / limit if limit else 0.0
    share = "<0.1 %" if 0 < ratio < _SMALLEST else percent(ratio)
    return f" of {amount(what, limit)}" + (f" ({share})" if limit else "")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
