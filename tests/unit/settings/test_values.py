"""Settings: which of flag, marker, ini value and environment decides."""

import pytest

from pytest_llmtrace._settings.values import Settings, read
from pytest_llmtrace.errors import SettingsError


@pytest.mark.parametrize(
    ("settings", "marked", "mode"),
    [
        (Settings(), False, "off"),
        (Settings(), True, "trace"),
        (Settings(default_mode="trace"), False, "trace"),
        (Settings(default_mode="live"), True, "live"),
        (Settings(mode="off"), True, "off"),
        (Settings(mode="record"), True, "record"),
        (Settings(mode="live", default_mode="trace"), False, "live"),
        (Settings(disabled=True, mode="record"), True, "off"),
    ],
)
def test_flags_beat_the_marker_and_the_marker_beats_the_ini_value(settings, marked, mode):
    """Disabled beats everything, then flags, then the marker, then the ini value."""
    assert settings.mode_of(marked=marked) == mode


@pytest.mark.parametrize(
    ("arguments", "ini", "message"),
    [
        ([], "llm_mode = fast", "llm_mode = 'fast': not a mode; choose one of off, trace, record, live"),
        ([], "llm_mode = record", "must be asked for each time: --llm-record"),
        ([], "llm_budget = much", "llm_budget: 'much' is not an amount of US dollars"),
        (["--llm-max-growth=10"], "", "--llm-max-growth: '10' is not a percentage"),
    ],
)
def test_values_that_cannot_be_used_name_their_source(pytester, arguments, ini, message):
    """The error names the option or ini value, the value, and what to write."""
    pytester.makeini(f"[pytest]\n{ini}\n")
    config = pytester.parseconfig(*arguments)
    with pytest.raises(SettingsError) as raised:
        read(config, {})
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[tool.llmtrace.prices]\nacme = 1\n", '[tool.llmtrace.prices."acme"] must hold prices'),
        ('[tool.llmtrace.prices."acme"]\ninput_cost_per_token = -1\n', "must be US dollars, 0 or more"),
        ("[tool.llmtrace.prices\n", "cannot be read for [tool.llmtrace.prices]"),
    ],
)
def test_prices_that_cannot_be_used_name_the_file(pytester, monkeypatch, toml, message):
    """A broken price table is an error that names the file and the entry, not a missing price."""
    config = pytester.parseconfig()
    (pytester.path / "pyproject.toml").write_text(toml, encoding="utf-8")
    monkeypatch.setattr(type(config), "rootpath", property(lambda _: pytester.path))
    with pytest.raises(SettingsError) as raised:
        read(config, {})
    assert message in str(raised.value)
    assert "pyproject.toml" in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "ini", "env", "message"),
    [
        ([], "llm_privacy = hash", {}, "Either set llm_tapes = encrypted"),
        ([], "llm_privacy = some", {}, "llm_privacy = 'some': not possible; choose one of off, hash"),
        ([], "llm_tapes = some", {}, "llm_tapes = 'some': not possible; choose one of on, off, encrypted"),
        (["--llm-record"], "llm_tapes = encrypted", {"LLMTRACE_KEY": " "}, "set the environment variable LLMTRACE_KEY"),
        (["--llm-record"], "llm_tapes = encrypted", {"LLMTRACE_KEY": "k"}, "pip install 'pytest-llmtrace[privacy]'"),
    ],
)
def test_privacy_that_cannot_be_kept_is_an_error(pytester, monkeypatch, arguments, ini, env, message):
    """Plain tapes beside digests, a missing key and a missing library are said before anything is recorded."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    pytester.makeini(f"[pytest]\n{ini}\n")
    config = pytester.parseconfig(*arguments)
    with pytest.raises(SettingsError) as raised:
        read(config, env)
    assert message in str(raised.value)


def test_without_a_key_everything_but_recording_can_start(pytester):
    """Whoever has no key can run plain tests; each file that needs it says so."""
    pytester.makeini("[pytest]\nllm_privacy = hash\nllm_tapes = encrypted\n")
    settings = read(pytester.parseconfig("--llm-trace"), {})
    assert (settings.privacy, settings.tapes, settings.key) == ("hash", "encrypted", None)
    assert "secret" not in repr(read(pytester.parseconfig("--llm-trace"), {"LLMTRACE_KEY": "secret"}))
