from __future__ import annotations

from pytest_llmtrace._report.document.attempts import owners
from pytest_llmtrace._report.document.payload_texts import Payloads, as_texts, from_texts
from tests.unit.report.builders import chat, payload

MADE = [payload(f"tests/test_a.py::test_{name}", chat(2), golden=chat(1)) for name in ("a", "b", "ü\n")]


def test_there_and_back():
    """A payload is the same after its way as a text, and a text takes one line."""
    texts = as_texts(MADE)

    assert from_texts(texts) == MADE
    assert [text.count("\n") for text in texts] == [0, 0, 0]


def test_what_is_not_plain_becomes_plain_on_the_way():
    """Data of the application that JSON or xdist would refuse, or that others could not read, is no reason to fail."""
    odd = {"nodeid": "t", "findings": [{"golden": float("nan"), "observed": {"b", "a"}, 1: "\ud800"}], "usage": (1, 2)}

    assert from_texts(as_texts([odd])) == [
        {"nodeid": "t", "findings": [{"golden": "nan", "observed": ["a", "b"], "1": "\\ud800"}], "usage": [1, 2]}
    ]
    assert as_texts([{"nodeid": "\ud800"}]) == ['{"nodeid":"\\\\ud800"}']


def test_payloads_are_read_when_they_are_asked_for():
    """Many payloads are a sequence of them, and hold none: each is another object whenever it is asked for."""
    many = Payloads(as_texts(MADE[:2]))
    many.add(as_texts(MADE[2:]))

    assert (len(many), list(many), many[-1], list(many[1:])) == (3, MADE, MADE[2], MADE[1:])
    assert many[0] is not many[0]


def test_owners_are_read_one_after_the_other():
    """Going through the owners of many payloads reads those of one owner at a time, after one look at all of them."""
    read: list[int] = []

    class Watched(Payloads):
        def __getitem__(self, at):
            read.append(at)
            return super().__getitem__(at)

    found = owners(Watched(as_texts([*MADE, {**MADE[0], "calls": 5}])))

    assert read == []
    assert [(next(found).nodeid, list(read)) for _ in range(2)] == [
        ("tests/test_a.py::test_a", [3, 0]),
        ("tests/test_a.py::test_b", [3, 0, 1]),
    ]
