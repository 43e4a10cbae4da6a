"""Placeholder keys for replay."""

import os

from pytest_llmtrace._run.plans.placeholders import (
    PLACEHOLDER_KEY,
    missing_keys,
    missing_keys_of_tree,
)
from pytest_llmtrace._settings.early import litellm_is_in_python


def test_only_recorded_providers_get_a_placeholder(monkeypatch):
    """An application that picks its provider by the keys it finds must not find others."""
    for name in ("OPENAI_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert missing_keys(("openai",)) == {"OPENAI_API_KEY": PLACEHOLDER_KEY}
    assert "GOOGLE_API_KEY" in missing_keys(("gemini",))
    assert missing_keys(("nobody",)) == {}


def test_keys_that_have_a_value_stay(monkeypatch):
    """A real key stays; an empty one is none."""
    monkeypatch.setenv("OPENAI_API_KEY", "real")
    monkeypatch.setenv("MISTRAL_API_KEY", "")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    providers = ("openai", "mistral", "anthropic")
    assert missing_keys(providers) == dict.fromkeys(["MISTRAL_API_KEY", "ANTHROPIC_API_KEY"], PLACEHOLDER_KEY)
    monkeypatch.delenv("OPENAI_API_KEY")
    assert list(missing_keys(providers)) == ["OPENAI_API_KEY", "MISTRAL_API_KEY", "ANTHROPIC_API_KEY"]


def test_a_dictionary_in_the_place_of_the_environment_is_asked(monkeypatch):
    """Tests patch `os.environ` as a whole, too: names and values are texts there, and not as the system holds them."""
    monkeypatch.setattr(os, "environ", {"OPENAI_API_KEY": "real", "LITELLM_RUST": "0"})
    assert missing_keys(("openai", "mistral")) == {"MISTRAL_API_KEY": PLACEHOLDER_KEY}
    assert litellm_is_in_python()
    os.environ["LITELLM_RUST"] = "1"
    assert not litellm_is_in_python()
    monkeypatch.undo()
    monkeypatch.setenv("OPENAI_API_KEY", "real")
    monkeypatch.delenv("MISTRAL_API_KEY", raising=False)
    assert missing_keys(("openai", "mistral")) == {"MISTRAL_API_KEY": PLACEHOLDER_KEY}


def test_whoever_asks_for_the_native_client_is_noticed(monkeypatch):
    """By a value, or by no value at all; whatever changes between two tests counts."""
    for value, is_in_python in (("0", True), ("1", False), ("", False), ("0", True)):
        monkeypatch.setenv("LITELLM_RUST", value)
        assert litellm_is_in_python() is is_in_python
    monkeypatch.delenv("LITELLM_RUST")
    assert not litellm_is_in_python()


def test_providers_of_vcrpy_cassettes_get_a_placeholder(tmp_path, monkeypatch):
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
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert missing_keys_of_tree([tmp_path]) == {"ANTHROPIC_API_KEY": PLACEHOLDER_KEY}
    monkeypatch.setenv("ANTHROPIC_API_KEY", "real")
    assert missing_keys_of_tree([tmp_path]) == {}
