"""Word that forked processes leave for the test that forked them."""

from __future__ import annotations

import pytest

from pytest_llmtrace._capture import forks
from pytest_llmtrace._capture.forks import Forks


def test_word_of_forks_is_looked_for_where_anybody_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that forks nothing looks for no file; one that did hears each thing once, and forgets it."""
    monkeypatch.setattr(forks, "_FORKED", [])
    monkeypatch.setattr(forks, "_TELLS_OF_FORKS", True)
    one = Forks()
    for _ in range(2):
        one.tell("POST https://api.openai.com/v1/x", ("test_a.py:3",))
    assert one.told() == ()

    forks._FORKED.append(None)

    assert one.told() == (("POST https://api.openai.com/v1/x (in a process forked by this test)", ("test_a.py:3",)),)
    assert one.told() == ()
    assert Forks().told() == ()


def test_where_forks_are_not_told_of_the_file_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost where Python does not say that a process was forked."""
    monkeypatch.setattr(forks, "_TELLS_OF_FORKS", False)
    one = Forks()
    one.tell("POST x", ())
    assert [what for what, _ in one.told()] == ["POST x (in a process forked by this test)"]
