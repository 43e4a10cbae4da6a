"""Settings: which of flag, marker, ini value and environment decides."""

import pytest

from pytest_llmtrace._model.limits import Limit, MaxGrowth
from pytest_llmtrace._settings.budgets import Budgets
from pytest_llmtrace._settings.early import asks_for_anything
from pytest_llmtrace._settings.otlp import CONTENT, Otlp
from pytest_llmtrace._settings.terminal import Terminal
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
    assert settings.by_marker is (settings.mode_of(marked=True) != settings.mode_of(marked=False))


@pytest.mark.parametrize(
    ("arguments", "ini", "message"),
    [
        ([], "llm_mode = fast", "llm_mode = 'fast': not a mode; choose one of off, trace, record, live"),
        ([], "llm_mode = record", "must be asked for each time: --llm-record"),
        ([], "llm_budget = much", "llm_budget: 'much' is not an amount of US dollars"),
        (["--llm-max-growth=10"], "", "--llm-max-growth: '10' is not a percentage"),
        (["--llm-budget-calls=few"], "", "--llm-budget-calls: 'few' is not a number of calls"),
        ([], "llm_budget_calls = 1.5", "llm_budget_calls: '1.5' is not a number of calls"),
        ([], "llm_test_budget_tokens = x", "llm_test_budget_tokens: 'x' is not a number of tokens"),
        (["--llm-summary=0"], "", "--llm-summary='0': not a number of rows from 1, `all` or `off`"),
        (["--llm-summary=some"], "", "--llm-summary='some': not a number of rows"),
        ([], "llm_summary = -1", "llm_summary='-1': not a number of rows"),
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
    ("arguments", "ini", "expected"),
    [
        ([], "", Terminal()),
        ([], "llm_summary = 20", Terminal(summary=20)),
        ([], "llm_summary = off", Terminal(summary="off")),
        (["--llm-summary=all"], "llm_summary = off", Terminal(summary="all", by_flag=True)),
    ],
)
def test_the_summary_that_is_asked_for(pytester, arguments, ini, expected):
    """The flag beats the ini value, and is known as the flag."""
    pytester.makeini(f"[pytest]\n{ini}\n")
    assert read(pytester.parseconfig(*arguments), {}).terminal == expected


@pytest.mark.parametrize(
    ("arguments", "name", "text", "asks"),
    [
        ([], "pytest.ini", "[pytest]\naddopts = -q\nllm_mode =\n", False),
        ([], "pyproject.toml", "[tool.pytest.ini_options]\n[tool.other]\n", False),
        (["--llm-off"], "pytest.ini", "[pytest]\n", True),
        (["--llm-save="], "pytest.ini", "[pytest]\n", True),
        (["--llm-model=nonsense"], "pytest.ini", "[pytest]\n", True),
        (["-o", "llm_budget=0"], "pytest.ini", "[pytest]\n", True),
        ([], "pytest.ini", "[pytest]\nllm_redact = nonsense\n", True),
        ([], "pyproject.toml", "[tool.pytest.ini_options]\n[tool.llmtrace.nonsense]\n", True),
    ],
)
def test_settings_are_read_at_once_where_there_are_any(pytester, arguments, name, text, asks):
    """Whatever could be wrong is found before a test runs; whoever set nothing pays for no reading."""
    (pytester.path / name).write_text(text, encoding="utf-8")
    assert asks_for_anything(pytester.parseconfig(*arguments)) is asks


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[tool.llmtrace.prices]\nacme = 1\n", '[tool.llmtrace.prices."acme"] must hold prices'),
        ('[tool.llmtrace.prices."acme"]\ninput_cost_per_token = -1\n', "must be US dollars, 0 or more"),
        ('[tool.llmtrace.prices."acme"]\ninput_cost_per_token = nan\n', "= nan: must be US dollars, 0 or more"),
        ('[tool.llmtrace.prices."acme"]\ninput_cost_per_token = "1e-6"\n', "= '1e-6': must be US dollars, 0 or more"),
        ("[tool.llmtrace]\nprices = 3\n", "tool.llmtrace.prices = 3: must hold tables"),
        ("[tool.llmtrace.prices.acme-1.5]\ninput_cost_per_token = 1\n", "a model whose name has dots is written in"),
        (
            '[tool.llmtrace.prices."acme"]\ninput_cost_per_tokn = 1\n',
            '[tool.llmtrace.prices."acme"] input_cost_per_tokn: litellm knows no such price; did you mean input',
        ),
        ("[tool.llmtrace]\nbudgets = 3\n", "tool.llmtrace.budgets = 3: must hold tables"),
        ("[tool.llmtrace.budgets]\nusd = 3\n", "tool.llmtrace.budgets.usd = 3: must be a table, such as"),
        ("[tool.llmtrace.budgets.tests]\n", '[tool.llmtrace.budgets."tests"] is empty; it takes usd, tokens, calls'),
        (
            "[tool.llmtrace.budgets.tests]\ndollars = 3\n",
            "[tool.llmtrace.budgets.\"tests\"] has no key 'dollars'; it takes usd, tokens, calls",
        ),
        (
            "[tool.llmtrace.budgets.tests.agents]\nusd = 3\n",
            "has no key 'agents'; it takes usd, tokens, calls (a directory whose name has dots or slashes is",
        ),
        ("[tool.llmtrace.budgets.tests]\nusd = -1\n", '"tests"] usd = -1: must be a number, 0 or more'),
        ("[tool.llmtrace.budgets.tests]\nusd = nan\n", '"tests"] usd = nan: must be a number, 0 or more'),
        ("[tool.llmtrace.budgets.tests]\ncalls = 1.5\n", '"tests"] calls = 1.5: must be a whole number'),
        ("[tool.llmtrace.budgets.tests]\ncalls = true\n", '"tests"] calls = True: must be a number, 0 or more'),
        ('[tool.llmtrace.budgets."tests/agnets"]\nusd = 1\n', "tests/agnets is not there"),
        ('[tool.llmtrace.budgets."tests/test_a.py"]\nusd = 1\n', "test_a.py is a file; a budget per test is set by a"),
        ('[tool.llmtrace.budgets."../tests"]\nusd = 1\n', '"../tests"]: must be a directory below'),
        ('[tool.llmtrace.budgets."/tests"]\nusd = 1\n', '"/tests"]: must be a directory below'),
        ('[tool.llmtrace.budgets.""]\nusd = 1\n', '""]: must be a directory below'),
        ('[tool.llmtrace.budgets."./run"]\nusd = 1\n', '"./run"]: `run` is what reports call the whole run'),
        (
            '[tool.llmtrace.budgets.tests]\nusd = 1\n[tool.llmtrace.budgets."tests/"]\nusd = 2\n',
            '[tool.llmtrace.budgets."tests"] and [tool.llmtrace.budgets."tests/"] are the same directory',
        ),
        ("[tool.llmtrace.prices\n", "cannot be read for [tool.llmtrace.prices]"),
    ],
)
def test_tables_that_cannot_be_used_name_the_file(pytester, monkeypatch, toml, message):
    """A broken table is an error that names the file and the entry, not a missing price or budget."""
    (pytester.path / "tests").mkdir()
    (pytester.path / "tests" / "test_a.py").touch()
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
    assert "my-own-words" not in repr(read(pytester.parseconfig("--llm-trace"), {"LLMTRACE_KEY": "my-own-words"}))


def test_every_budget_knows_where_it_was_set(pytester):
    """Flags beat ini values; directories are written as node ids spell them."""
    (pytester.path / "tests").mkdir()
    pytester.makepyprojecttoml(
        """
        [tool.pytest.ini_options]
        llm_budget = 1
        llm_budget_tokens = "5_000"
        llm_test_budget_calls = 3
        llm_max_growth = "tokens:10%"
        [tool.llmtrace.budgets."./tests/"]
        tokens = 2
        usd = 0.5
        """
    )
    budgets = read(pytester.parseconfig("--llm-budget=$2", "--llm-budget-calls=0"), {}).budgets
    table = '[tool.llmtrace.budgets."./tests/"] in pyproject.toml'
    assert budgets == Budgets(
        run=(
            Limit(scope="run", what="usd", value=2.0, source="--llm-budget"),
            Limit(scope="run", what="tokens", value=5000, source="llm_budget_tokens in pyproject.toml"),
            Limit(scope="run", what="calls", value=0, source="--llm-budget-calls"),
        ),
        directories=(
            Limit(scope="tests", what="usd", value=0.5, source=f"usd of {table}"),
            Limit(scope="tests", what="tokens", value=2, source=f"tokens of {table}"),
        ),
        test=(Limit(scope="", what="calls", value=3, source="llm_test_budget_calls in pyproject.toml"),),
        growth=MaxGrowth(tokens=0.1, source="llm_max_growth in pyproject.toml"),
    )


@pytest.mark.parametrize(
    ("arguments", "ini", "environment", "expected"),
    [
        ([], "", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h"}, Otlp()),
        ([], "", {CONTENT: "nonsense of another tool"}, Otlp()),
        ([], "llm_otlp = http://ini", {}, Otlp(url="http://ini/v1/traces")),
        ([], "llm_otlp = http://ini", {"LLMTRACE_OTLP": "http://env"}, Otlp(url="http://env/v1/traces")),
        (["--llm-otlp=http://a"], "", {"LLMTRACE_OTLP": "http://env"}, Otlp(url="http://a/v1/traces")),
        (["--llm-otlp=off"], "llm_otlp = http://ini\nllm_otlp_content = on", {}, Otlp()),
        (["--llm-otlp=http://a"], "llm_otlp_content = on", {}, Otlp(url="http://a/v1/traces", content=True)),
        (["--llm-otlp=http://a"], "llm_otlp_content = on", {CONTENT: "NO_CONTENT"}, Otlp(url="http://a/v1/traces")),
        (["--llm-otlp=http://a"], "", {CONTENT: "span_only"}, Otlp(url="http://a/v1/traces", content=True)),
        (["--llm-report=a.otlp.jsonl"], "", {CONTENT: "true"}, Otlp(content=True)),
    ],
)
def test_where_spans_go(pytester, arguments, ini, environment, expected):
    """The flag beats the environment, which beats the ini value; of content the standard's variable decides."""
    pytester.makeini(f"[pytest]\n{ini}\n")
    assert read(pytester.parseconfig(*arguments), environment).otlp == expected


@pytest.mark.parametrize(
    ("ini", "environment", "message"),
    [
        ("llm_otlp_content = yes", {}, "llm_otlp_content = 'yes': choose on or off"),
        ("", {CONTENT: "all"}, f"{CONTENT}='all': choose one of TRUE, FALSE, NO_CONTENT, SPAN_ONLY"),
    ],
)
def test_content_is_on_or_off(pytester, ini, environment, message):
    """What says neither is an error where spans are asked for."""
    pytester.makeini(f"[pytest]\nllm_otlp = http://h\n{ini}\n")
    with pytest.raises(SettingsError) as raised:
        read(pytester.parseconfig(), environment)
    assert message in str(raised.value)
