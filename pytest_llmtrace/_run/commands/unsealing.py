"""What an encrypted tape holds, for people who have the key: the golden trace beside it may hold digests alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._model.secret_key import VARIABLE, SecretKey
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._run.recording.borrowing import trace_of
from pytest_llmtrace._store.cassettes import load_tape
from pytest_llmtrace._store.faults import read_text
from pytest_llmtrace._store.golden_file import Golden
from pytest_llmtrace._store.sealed import Seal, sealed_data


def opened_tape(path: Path, environment: Mapping[str, str]) -> Golden | None:
    """The calls on an encrypted tape, as the golden trace they would be; `None` for any other tape.

    Raises:
        CassetteError: the key is missing, or another one; the tape cannot be read.
        SettingsError: the library for encryption is not installed.
    """
    if sealed_data(read_text(path)) is None:
        return None
    text = environment.get(VARIABLE, "").strip()
    tape = load_tape(path, Seal("", SecretKey(text) if text else None, strict=False))
    test = str(tape.meta.get("test") or path)
    trace = trace_of(tape.interactions, test, PriceBook())
    return Golden(test=test, trace=trace, totals=totals(trace.calls))
