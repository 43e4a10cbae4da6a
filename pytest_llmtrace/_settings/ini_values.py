"""The ini values and markers of the plugin, with the help that users read.

Every run of pytest declares them: no setting is read here, and nothing is imported that does so.
"""

from __future__ import annotations

from typing import Any, Final

import pytest

MODES: Final = ("off", "trace", "record", "live")
ALLOW: Final = "llm_secrets_allow"
DETECTOR: Final = "llm_secret_detector"
DETECTORS: Final = ("detect-secrets",)
ALL: Final = "all"
"""Every kind of personal data."""

MARKER_HELP: Final = (
    "llm_trace(*, policy, match, order, ignore, normalize, severities, tools, text_tolerance, text_scorer, min_calls): \
trace this test and compare it with its golden trace.",
    "llm_budget(*, usd, tokens, calls): fail this test, or each test of this class or module, if its LLM calls cost or \
use more; the nearest marker that names a limit decides, and None lifts it.",
)

_PERSONAL: Final = "card iban ssn email phone ip"
_TEXTS: Final = {
    "llm_mode": f"Mode of runs without a mode flag: one of {', '.join(MODES)}.",
    "llm_policy": "Named comparison policy of trace mode (default: exact).",
    "llm_live_policy": "Named comparison policy of live mode (default: tools).",
    "llm_live_threshold": "Like --llm-live-threshold.",
    "llm_budget": "Like --llm-budget.",
    "llm_budget_tokens": "Like --llm-budget-tokens.",
    "llm_budget_calls": "Like --llm-budget-calls.",
    "llm_test_budget": "What each test may cost in US dollars unless its llm_budget marker says.",
    "llm_test_budget_tokens": "What each test may use of tokens unless its llm_budget marker says.",
    "llm_test_budget_calls": "What each test may make of LLM calls unless its llm_budget marker says.",
    "llm_max_growth": "Like --llm-max-growth.",
    "llm_history": "Like --llm-history; the path of a file is relative to the root directory.",
    "llm_otlp": "Like --llm-otlp.",
    "llm_otlp_content": "`on`: spans hold prompts, answers, and arguments and results of tools (default: off). \
OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT in the environment beats it.",
    "llm_summary": "Like --llm-summary.",
    "llm_progress": "Like --llm-progress.",
    "llm_github": "In GitHub Actions: `on` (default) adds the report to the step summary and annotates tests with "
    "findings; `summary` or `annotations` does one of them; `off` neither.",
    "llm_privacy": "`hash`: golden traces and reports hold digests and sizes in place of prompts, answers, tool "
    "arguments and results (default: off). Needs llm_tapes = encrypted or off.",
    "llm_tapes": "`on` (default), `encrypted` with the key in LLMTRACE_KEY, or `off`: none are written, and tests that "
    "call an LLM over HTTP can only be compared with --llm-live.",
    DETECTOR: f"What else looks for keys while recording: `{DETECTORS[0]}` (pip install 'pytest-llmtrace[secrets]').",
}
_LISTS: Final[dict[str, tuple[Any, str]]] = {
    "llm_ignore": ("linelist", "Paths that are not compared, such as params.seed."),
    "llm_normalize": (
        "linelist",
        "Rules that are applied before texts are compared and requests are matched: date, uuid, path, /regex/, ...",
    ),
    "llm_pii": (
        "args",
        f"Kinds of personal data that files hold placeholders for: {_PERSONAL}, or `{ALL}` (default: none).",
    ),
    "llm_redact": (
        "linelist",
        "Rules of your own, one a line: `NAME: REGEX`. What matches is replaced in files by REDACTED-NAME-1a, -2a, ...",
    ),
    ALLOW: (
        "linelist",
        "Regular expressions: what has the form of a key, or stands in its place, and is none. One a line.",
    ),
    "llm_allow_hosts": ("linelist", "Hosts that replay may connect to, besides loopback."),
}


def declare_ini_values(parser: pytest.Parser) -> None:
    """Declare every ini value of the plugin."""
    for name, text in _TEXTS.items():
        parser.addini(name, text, default="")
    for name, (kind, text) in _LISTS.items():
        parser.addini(name, text, type=kind, default=[])


def are_given(config: pytest.Config) -> bool:
    """Whether the project sets any of them."""
    return any(config.getini(name) for name in (*_TEXTS, *_LISTS))
