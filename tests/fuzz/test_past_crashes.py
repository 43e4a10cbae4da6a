"""What the fuzz suite once found: each input that broke a promise, kept."""

from __future__ import annotations

import time

import pytest

from tests.fuzz.targets import TARGETS

BY_NAME = {one.name: one for one in TARGETS}


@pytest.mark.parametrize(
    ("target", "data"),
    [
        pytest.param("amounts", b"9" * 4400, id="an amount with more digits than Python reads"),
        pytest.param("pyproject", b"\x80", id="a pyproject.toml that is not UTF-8"),
        pytest.param("pyproject", b"a = " + b"[" * 5000, id="a pyproject.toml that nests beyond reason"),
        pytest.param("pyproject", b"[tool.llmtrace.prices]\na = " + b"9" * 4400, id="a price with too many digits"),
        pytest.param("report", b'{"llmtrace": ' + b"9" * 4400 + b"}", id="a report whose number is too long to read"),
    ],
)
def test_it_stays_fixed(target: str, data: bytes) -> None:
    """The promise of the target holds for it."""
    BY_NAME[target].check(data)


@pytest.mark.parametrize(
    ("target", "data"),
    [pytest.param("vcrpy cassette", b"\n" * 2_000 + b"x", id="blank lines where a cassette of vcrpy may be")],
)
def test_it_takes_no_time(target: str, data: bytes) -> None:
    """What once took a minute takes no more than a moment."""
    begun = time.process_time()
    BY_NAME[target].check(data)
    assert time.process_time() - begun < 5
