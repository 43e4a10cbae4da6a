"""Live calls that another plugin's guard keeps in: the user hears of the guard, not of a failed connection."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.recorder import Recorder

_GUARDS: Final = (
    ("A test tried to use socket", "pytest-socket", "--disable-socket", "--allow-hosts"),
    ("Network is disabled", "pytest-recording", "--block-network", "--allowed-hosts"),
)
"""How the error of each begins, its name, the option that blocks, and the one that lets a host through."""


def stop_if_blocked(recorder: Recorder, exchange: Exchange, error: BaseException) -> None:
    """Stop a test whose call ended with an error of another guard, for its SDK would try again and say less."""
    why = blocked(error, urlsplit(exchange.request.url).hostname or "") if exchange.is_llm else None
    if why is not None:
        exchange.taped, exchange.unsent = False, True
        recorder.refuse_live(why)


def blocked(error: BaseException, host: str) -> str | None:
    """Why a call did not reach a host and what helps, where another plugin kept it in; `None`: that was not it."""
    found: BaseException | None = error
    while found is not None:
        for begins, plugin, option, allows in _GUARDS:
            if str(found).startswith(begins):
                return (
                    f"{plugin} kept a live call from {host}: {str(found).rstrip('.')}.\n"
                    f"Leave out {option}, or let the host through: {allows}={host}"
                )
        found = found.__cause__ or found.__context__
    return None
