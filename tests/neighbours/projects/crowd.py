"""Tests that shuffled order, other workers, reruns and limits of time must not change."""

import json
import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from asking import chat


@pytest.mark.parametrize("number", range(6))
def test_asks(number):
    assert chat(f"number {number}") == f"You said: number {number}"


def test_asks_in_a_thread():
    def ask(text):
        answer = chat(text)
        return answer.upper()

    with ThreadPoolExecutor(1) as pool:
        assert list(pool.map(ask, "abc")) == ["YOU SAID: A", "YOU SAID: B", "YOU SAID: C"]


def test_draws():
    drawn = [random.random()]
    chat("in between")
    drawn.append(random.random())
    Path(os.environ["DRAWN"]).write_text(json.dumps(drawn))


def attempt(name):
    tries = Path(f"{name}.tries")
    number = int(tries.read_text()) if tries.exists() else 0
    tries.write_text(str(number + 1))
    return number


def test_flaky():
    number = attempt("flaky")
    chat("the same each time")
    assert number > 0


def test_flaky_in_what_it_asks():
    number = attempt("asks")
    chat(f"attempt {min(number, 1)}")
    assert number > 0
