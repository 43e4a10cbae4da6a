"""Options, ini values and markers: declared here, read once, frozen."""

from pytest_llmtrace._settings import hookspecs
from pytest_llmtrace._settings.ci import CI
from pytest_llmtrace._settings.early import (
    asks_for_tracing,
    header,
    keep_litellm_local,
    litellm_in_python,
    litellm_kept_local,
    restore_environment,
    settle_record_flag,
    unsettle_record_flag,
)
from pytest_llmtrace._settings.markers import MARKER_HELP, BudgetMarker, TraceMarker, budget_marker, trace_marker
from pytest_llmtrace._settings.options import declare
from pytest_llmtrace._settings.private import Tapes
from pytest_llmtrace._settings.values import Settings, read

__all__ = [
    "CI",
    "MARKER_HELP",
    "BudgetMarker",
    "Settings",
    "Tapes",
    "TraceMarker",
    "asks_for_tracing",
    "budget_marker",
    "declare",
    "header",
    "hookspecs",
    "keep_litellm_local",
    "litellm_in_python",
    "litellm_kept_local",
    "read",
    "restore_environment",
    "settle_record_flag",
    "trace_marker",
    "unsettle_record_flag",
]
