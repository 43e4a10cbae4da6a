"""The command line options of the plugin, with the help that users read.

Every run of pytest declares them: no setting is read here, and nothing is imported that does so.
"""

from __future__ import annotations

import argparse
import importlib.util
from typing import Any, Final

import pytest

RECORD_MODES: Final = ("new", "changed", "all")
ON_MISS: Final = ("stop", "nearest")

_GATES: Final = {
    "--llm-budget": "llmtrace_budget_usd",
    "--llm-budget-tokens": "llmtrace_budget_tokens",
    "--llm-budget-calls": "llmtrace_budget_calls",
    "--llm-max-growth": "llmtrace_max_growth",
}
_RECORD_HELP: Final = (
    "Record: answer from the tape while requests match, call the provider for the rest, and write the cassettes of "
    "tests that pass."
)


def declare_options(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare every option of the plugin."""
    group = parser.getgroup("llmtrace", "LLM regression recording (pytest-llmtrace)")
    group.addoption(
        "--llm-trace",
        action="store_true",
        dest="llmtrace_trace",
        help="Replay recorded LLM calls offline and fail tests whose trajectory drifted from their golden trace.",
    )
    _declare_record(group, pluginmanager)
    group.addoption(
        "--llm-record-mode",
        choices=RECORD_MODES,
        dest="llmtrace_record_mode",
        default=None,
        help="With --llm-record: `changed` (default) pays only for requests that are not on the tape, `new` only for "
        "tests without a cassette (others are replayed and compared), `all` for everything.",
    )
    group.addoption(
        "--llm-dry-run",
        action="store_true",
        dest="llmtrace_dry_run",
        help="With --llm-record: call and write nothing, and say which tests would be recorded, with how many live "
        "calls, and for about how many dollars.",
    )
    group.addoption(
        "--llm-on-miss",
        choices=ON_MISS,
        dest="llmtrace_on_miss",
        default=None,
        help="What replay does with an LLM request that is not on the tape: `stop` the test there (default), or answer "
        "with what was recorded for the `nearest` request and go on, to see the whole trajectory at once; the test "
        "fails all the same.",
    )
    group.addoption(
        "--llm-record-in-ci",
        action="store_true",
        dest="llmtrace_record_in_ci",
        help="Allow --llm-record where the CI variable is set (an accident there costs money).",
    )
    group.addoption(
        "--llm-live",
        action="store_true",
        dest="llmtrace_live",
        help="Make real calls, write nothing, and compare with the golden traces: shows that a model changed.",
    )
    _declare_live(group)
    group.addoption(
        "--llm-off",
        action="store_true",
        dest="llmtrace_off",
        help="Trace nothing, whatever markers and ini values say.",
    )
    _declare_budgets(group)
    group.addoption(
        "--llm-report",
        metavar="FILE",
        dest="llmtrace_report",
        action="append",
        default=[],
        help="Write a report; may be given several times. The ending picks the form: .html, .json, .jsonl, .md, "
        "codequality.json (GitLab), metrics.txt (OpenMetrics), otlp.jsonl (OpenTelemetry spans).",
    )
    _declare_history(group)
    _declare_otlp(group)
    _declare_terminal(group)


def is_given(config: pytest.Config) -> bool:
    """Whether any of them was given in this run."""
    return any(
        value is not None and value is not False and value != []
        for name, value in vars(config.option).items()
        if name.startswith("llmtrace_")
    )


def given_gates(config: pytest.Config) -> list[str]:
    """The flags of limits that were given in this run."""
    return [flag for flag, name in _GATES.items() if getattr(config.option, name, None) is not None]


def owns_record_flag(config: pytest.Config) -> bool:
    """Whether --llm-record is this plugin's; otherwise only the alias is."""
    return bool(getattr(config.option, "llmtrace_owns_record", True))


def _declare_record(group: Any, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare --llm-record and its alias, or the alias alone where another plugin owns the name."""
    flag, alias = "--llm-record", "--llmtrace-record"
    attributes = {"action": "store_true", "dest": "llmtrace_record", "help": _RECORD_HELP}
    if not _taken_by_another(pluginmanager) and not _is_declared(group, flag):
        try:
            group.addoption(flag, alias, **attributes)
        except (ValueError, argparse.ArgumentError):
            pass
        else:
            return
    attributes["help"] = f"{_RECORD_HELP} (Another plugin owns {flag}, so this is the only name here.)"
    group.addoption(alias, **attributes)
    group.addoption(
        "--llmtrace-alias-only",
        dest="llmtrace_owns_record",
        action="store_false",
        default=False,
        help=argparse.SUPPRESS,
    )


def _taken_by_another(pluginmanager: pytest.PytestPluginManager) -> bool:
    """Whether pytest-mockllm, which owns --llm-record too, is installed and may be loaded after this plugin."""
    if pluginmanager.is_blocked("mockllm") or pluginmanager.is_blocked("pytest_mockllm"):
        return False
    return importlib.util.find_spec("pytest_mockllm") is not None


def _is_declared(group: Any, flag: str) -> bool:
    """Whether a plugin that was loaded before has declared a flag; pytest 8 says so when it parses: too late."""
    parser = getattr(group, "parser", None)
    groups = (getattr(parser, "_anonymous", None), *getattr(parser, "_groups", ()))
    return any(flag in option.names() for one in groups for option in getattr(one, "options", ()))


def _declare_live(group: Any) -> None:
    group.addoption(
        "--llm-live-runs",
        metavar="N",
        dest="llmtrace_live_runs",
        default=None,
        help="With --llm-live: run each test N times and say how often each drift occurs; a test fails when more of "
        "its runs fail than --llm-live-threshold allows.",
    )
    group.addoption(
        "--llm-live-threshold",
        metavar="SHARE",
        dest="llmtrace_live_threshold",
        default=None,
        help="The share of a test's live runs that may fail: 50%% (default), 20%%, 0%%.",
    )
    group.addoption(
        "--llm-model",
        metavar="OLD=NEW",
        dest="llmtrace_model",
        action="append",
        default=[],
        help="With --llm-live: ask model NEW wherever a test asks for OLD (may be given several times), and report "
        "drift, cost and latency of NEW per test.",
    )
    group.addoption(
        "--llm-save",
        metavar="DIR",
        dest="llmtrace_save",
        default=None,
        help="Keep the trace that each test was seen to make, in the form of a golden trace, for `llmtrace diff`.",
    )


def _declare_budgets(group: Any) -> None:
    group.addoption(
        "--llm-budget",
        metavar="USD",
        dest="llmtrace_budget_usd",
        default=None,
        help="Fail the run if its LLM calls cost more US dollars (replayed ones: would have cost); recording or live, "
        "stop.",
    )
    group.addoption(
        "--llm-budget-tokens",
        metavar="N",
        dest="llmtrace_budget_tokens",
        default=None,
        help="The same for tokens, input and output together.",
    )
    group.addoption(
        "--llm-budget-calls",
        metavar="N",
        dest="llmtrace_budget_calls",
        default=None,
        help="The same for LLM calls.",
    )
    group.addoption(
        "--llm-max-growth",
        metavar="PERCENT",
        dest="llmtrace_max_growth",
        default=None,
        help="Fail if tokens or dollars grew by more than this against the golden traces, per test and in total: "
        "10%%, or tokens:10%%,usd:25%%.",
    )


def _declare_history(group: Any) -> None:
    group.addoption(
        "--llm-history",
        metavar="URL",
        dest="llmtrace_history",
        default=None,
        help="Keep what this run called, used and found in a database, for `llmtrace history`: a file of SQLite "
        "(history.db), or postgresql://user:password@host/database. Needs pip install 'pytest-llmtrace[history]'. "
        "LLMTRACE_HISTORY in the environment says it without showing a password; `off` keeps nothing.",
    )


def _declare_otlp(group: Any) -> None:
    group.addoption(
        "--llm-otlp",
        metavar="URL",
        dest="llmtrace_otlp",
        default=None,
        help="Send the calls of this run as OpenTelemetry spans (GenAI conventions, OTLP over HTTP) to a collector, "
        "Langfuse, Phoenix, Logfire, ...: http://localhost:4318, or `env` for where OTEL_EXPORTER_OTLP_ENDPOINT says. "
        "Needs pip install 'pytest-llmtrace[otel]'. Keys are taken from OTEL_EXPORTER_OTLP_HEADERS; LLMTRACE_OTLP in "
        "the environment is a default; `off` sends nothing.",
    )


def _declare_terminal(group: Any) -> None:
    group.addoption(
        "--llm-summary",
        metavar="N|all|off",
        dest="llmtrace_summary",
        default=None,
        help="Rows of each table of the summary: a number (default: 5, with -v all), `all`, or `off` for nothing but "
        "breached budgets.",
    )
    group.addoption(
        "--llm-progress",
        metavar="SECONDS|off",
        dest="llmtrace_progress",
        default=None,
        help="While recording or live: seconds between two lines with the calls made and the dollars spent so far "
        "(default: 10, and more the longer the run), or `off`.",
    )
