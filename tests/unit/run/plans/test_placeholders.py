"""Placeholder keys for replay."""

import os

from pytest_llmtrace._run.plans.placeholders import (
    PLACEHOLDER_KEY,
    placeholder_keys_of_providers,
    placeholder_keys_of_tree,
    variables,
)


def test_only_recorded_providers_get_a_placeholder():
    """An application that picks its provider by the keys it finds must not find others."""
    keys = placeholder_keys_of_providers(["openai"])
    assert keys == {"OPENAI_API_KEY": PLACEHOLDER_KEY}
    assert "GOOGLE_API_KEY" in placeholder_keys_of_providers(["gemini"])
    assert placeholder_keys_of_providers(["nobody"]) == {}


def test_variables_are_set_for_a_while_and_only_where_they_are_unset(monkeypatch):
    """A real key stays; an empty one is replaced; afterwards everything is as it was."""
    monkeypatch.setenv("A_KEY", "real")
    monkeypatch.setenv("B_KEY", "")
    monkeypatch.delenv("C_KEY", raising=False)
    with variables({"A_KEY": "x", "B_KEY": "x", "C_KEY": "x"}):
        assert [os.environ[name] for name in ("A_KEY", "B_KEY", "C_KEY")] == ["real", "x", "x"]
    assert (os.environ["A_KEY"], os.environ["B_KEY"], "C_KEY" in os.environ) == ("real", "", False)


def test_a_variable_that_the_test_itself_changes_is_left_alone(monkeypatch):
    """What the test set stays for whoever restores it."""
    monkeypatch.delenv("C_KEY", raising=False)
    with variables({"C_KEY": "x"}):
        os.environ["C_KEY"] = "mine"
    assert os.environ["C_KEY"] == "mine"


def test_providers_of_vcrpy_cassettes_get_a_placeholder(tmp_path):
    """Modules that build their client on import need it, before any of our tapes is there; other YAML is not read."""
    cassette = (
        "interactions:\n- request:\n    method: POST\n    uri: https://api.{}/v1/x\n  response: {{}}\nversion: 1\n"
    )
    for name, host in {
        "cassettes/test_a/test_one.yaml": "anthropic.com",
        "cassettes/test_a/test_one.trace.yaml": "mistral.ai",
        "settings/test_one.yaml": "cohere.com",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(cassette.format(host), encoding="utf-8")
    assert placeholder_keys_of_tree([tmp_path]) == {"ANTHROPIC_API_KEY": PLACEHOLDER_KEY}
