"""Environment variables that are set for a while."""

import os

from pytest_llmtrace._run.plans.variables import Variables, variables


def test_variables_are_what_they_were_afterwards(monkeypatch):
    """One that had a value, one that was empty, one that was not there, and one that was set twice."""
    names = ["A_KEY", "B_KEY", "C_KEY"]
    monkeypatch.setenv("A_KEY", "real")
    monkeypatch.setenv("B_KEY", "")
    monkeypatch.delenv("C_KEY", raising=False)
    with variables(dict.fromkeys(names, "x")):
        assert [os.environ[name] for name in names] == ["x", "x", "x"]
    assert [os.environ.get(name) for name in names] == ["real", "", None]
    own = Variables()
    own.set({"C_KEY": "x"})
    own.set({"C_KEY": "y"})
    own.put_back()
    assert "C_KEY" not in os.environ
    own.put_back()


def test_a_variable_that_the_test_itself_changes_is_left_alone(monkeypatch):
    """What the test set stays for whoever restores it, and so does what it removed."""
    monkeypatch.delenv("C_KEY", raising=False)
    monkeypatch.setenv("D_KEY", "before")
    with variables({"C_KEY": "x", "D_KEY": "x"}):
        os.environ["C_KEY"] = "mine"
        del os.environ["D_KEY"]
    assert (os.environ["C_KEY"], "D_KEY" in os.environ) == ("mine", False)
