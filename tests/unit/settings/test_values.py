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
