"""A provider that never answers, and a limit of time."""

from asking import chat


def test_never_ends():
    assert chat("paid for") == "You said: paid for"
    chat("never ends")


def test_after_it():
    assert chat("goes on") == "You said: goes on"
