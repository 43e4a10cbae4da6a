"""The command line options and ini values of the plugin, with the help that users read."""

from __future__ import annotations

import argparse
from typing import Any, Final

import pytest

from pytest_llmtrace._model.record_flag import RECORD_ALIAS, RECORD_FLAG, mockllm_is_installed
from pytest_llmtrace._settings.budgets import declare_budgets
from pytest_llmtrace._settings.ci import declare_ci
from pytest_llmtrace._settings.live import declare_live
from pytest_llmtrace._settings.personal import declare_personal
from pytest_llmtrace._settings.secrets import declare_secrets
from pytest_llmtrace._settings.terminal import declare_terminal

RECORD_MODES: Final = ("new", "changed", "all")
ON_MISS: Final = ("stop", "nearest")
MODES: Final = ("off", "trace", "record", "live")

_RECORD_HELP: Final = (
    "Record: answer from the tape while requests match, call the provider for the rest, and write the cassettes of "
    "tests that pass."
)


def declare(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare every option and ini value of the plugin."""
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
    declare_live(group, parser)
    declare_ci(parser)
    group.addoption(
        "--llm-off",
        action="store_true",
        dest="llmtrace_off",
        help="Trace nothing, whatever markers and ini values say.",
    )
    declare_budgets(group, parser)
    group.addoption(
        "--llm-report",
        metavar="FILE",
        dest="llmtrace_report",
        action="append",
        default=[],
        help="Write a report; may be given several times. The ending picks the form: .html, .json, .jsonl, .md, "
        "codequality.json (GitLab), metrics.txt (OpenMetrics).",
    )
    declare_terminal(group, parser)
    parser.addini("llm_mode", f"Mode of runs without a mode flag: one of {', '.join(MODES)}.", default="")
    parser.addini("llm_policy", "Named comparison policy of trace mode (default: exact).", default="")
    parser.addini("llm_live_policy", "Named comparison policy of live mode (default: tools).", default="")
    parser.addini("llm_ignore", "Paths that are not compared, such as params.seed.", type="linelist", default=[])
    parser.addini(
        "llm_normalize",
        "Rules that are applied before texts are compared and requests are matched: date, uuid, path, /regex/, ...",
        type="linelist",
        default=[],
    )
    parser.addini(
        "llm_privacy",
        "`hash`: golden traces and reports hold digests and sizes in place of prompts, answers, tool arguments and "
        "results (default: off). Needs llm_tapes = encrypted or off.",
        default="",
    )
    parser.addini(
        "llm_tapes",
        "`on` (default), `encrypted` with the key in LLMTRACE_KEY, or `off`: none are written, and tests that call an "
        "LLM over HTTP can only be compared with --llm-live.",
        default="",
    )
    declare_personal(parser)
    declare_secrets(parser)
    parser.addini("llm_allow_hosts", "Hosts that replay may connect to, besides loopback.", type="linelist", default=[])


def _declare_record(group: Any, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare --llm-record and its alias, or the alias alone where another plugin owns the name."""
    both = (RECORD_FLAG, RECORD_ALIAS)
    attributes = {"action": "store_true", "dest": "llmtrace_record", "help": _RECORD_HELP}
    if not _taken_by_another(pluginmanager):
        try:
            group.addoption(*both, **attributes)
        except (ValueError, argparse.ArgumentError):
            pass
        else:
            return
    attributes["help"] = f"{_RECORD_HELP} (Another plugin owns {RECORD_FLAG}, so this is the only name here.)"
    group.addoption(RECORD_ALIAS, **attributes)
    group.addoption(
        "--llmtrace-alias-only",
        dest="llmtrace_owns_record",
        action="store_false",
        default=False,
        help=argparse.SUPPRESS,
    )


def owns_record_flag(config: pytest.Config) -> bool:
    """Whether --llm-record is this plugin's; otherwise only the alias is."""
    return bool(getattr(config.option, "llmtrace_owns_record", True))


def _taken_by_another(pluginmanager: pytest.PytestPluginManager) -> bool:
    """Whether pytest-mockllm, which owns --llm-record too, is installed and may be loaded after this plugin."""
    if pluginmanager.is_blocked("mockllm") or pluginmanager.is_blocked("pytest_mockllm"):
        return False
    return mockllm_is_installed()
