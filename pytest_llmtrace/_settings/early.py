"""What must be settled before the first conftest is loaded, and what the header says."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_llmtrace._settings.ini_values import are_given
from pytest_llmtrace._settings.options import given_gates, is_given, owns_record_flag

if TYPE_CHECKING:  # which would cost every run of pytest 15 ms
    from pytest_llmtrace._settings.values import Settings

HISTORY: Final = "LLMTRACE_HISTORY"
"""The environment variable that names the database of the project's history, password and all."""
OTLP: Final = "LLMTRACE_OTLP"
"""The environment variable that names the collector which spans are sent to."""
_RUST: Final = "LITELLM_RUST"
IN_PYTHON: Final = {_RUST: "0"}
LITELLM: Final = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", **IN_PYTHON}
"""litellm reads the first when it is imported: with it the bundled price map is used instead of a download. The
second keeps it from a native HTTP client that no Python stub can see."""

_HELD: Final = (
    getattr(os.environ, "encodekey", str)(_RUST),
    getattr(os.environ, "encodevalue", str)(LITELLM[_RUST]),
)
"""The second as `os.environ` holds it."""
BEGAN: Final = time.time_ns()
"""When this process loaded the plugin: no test can have stopped or turned the clock by then."""

_before: dict[str, str | None] = {}


def is_disabled(environment: Mapping[str, str]) -> bool:
    """Whether the kill switch is on: `LLMTRACE_DISABLED` with any value but one that says no."""
    return environment.get("LLMTRACE_DISABLED", "").strip().lower() not in ("", "0", "false", "no")


def asks_for_tracing(early_config: pytest.Config) -> bool:
    """Whether flags or ini values ask for a mode, as far as is known before conftest files are loaded."""
    known = early_config.known_args_namespace
    flags = ("llmtrace_trace", "llmtrace_record", "llmtrace_live")
    if is_disabled(os.environ) or getattr(known, "llmtrace_off", False):
        return False
    return any(getattr(known, flag, False) for flag in flags) or bool(early_config.getini("llm_mode"))


def asks_for_anything(config: pytest.Config) -> bool:
    """Whether an option, an ini value or a table says how tests are to be traced, if any are."""
    if is_given(config) or are_given(config) or os.environ.get(HISTORY) or os.environ.get(OTLP):
        return True
    project = config.rootpath / "pyproject.toml"
    if not project.exists():
        return False
    from pytest_llmtrace._settings.pyproject import Pyproject  # noqa: PLC0415  # only where there is one

    return Pyproject(project).may_have_tables


def is_marked(item: pytest.Item) -> bool:
    """Whether a test, or anything that it is in, is marked `llm_trace`.

    As `get_closest_marker` says, which takes three times as long: every test of every suite is asked.
    """
    node: Any = item
    while node is not None:
        for mark in node.own_markers:
            if mark.name == "llm_trace":
                return True
        node = node.parent
    return False


def keep_litellm_local() -> None:
    """Keep litellm's import off the network and its traffic in Python, until `restore_environment`."""
    for name, value in LITELLM.items():
        if name not in _before:
            _before[name] = os.environ.get(name)
            os.environ[name] = value


@contextlib.contextmanager
def litellm_kept_local() -> Iterator[None]:
    """Collect tests that import litellm without a download of its price map."""
    keep_litellm_local()
    try:
        yield
    finally:
        restore_environment()


def litellm_is_in_python() -> bool:
    """Whether nobody has asked for its native client since `keep_litellm_local`."""
    held = getattr(os.environ, "_data", None)
    if held is None:  # whoever has put a dictionary in its place
        return os.environ.get(_RUST) == LITELLM[_RUST]
    return bool(held.get(_HELD[0]) == _HELD[1])  # `os.environ` encodes and decodes, each test asks


def is_no_verdict(raised: pytest.ExceptionInfo[BaseException]) -> bool:
    """Whether hooks are left out of what is shown of an exception: what a fixture raises is not about them.

    Of a verdict no code is shown anyway, and where all of it is left out pytest says that something is hidden.
    """
    return not isinstance(raised.value, pytest.fail.Exception)


def restore_environment() -> None:
    """Undo `keep_litellm_local`."""
    for name, value in _before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    _before.clear()


def header(config: pytest.Config, settings: Settings | None = None) -> str | None:
    """The line in pytest's header, or `None` where the plugin has nothing to do."""
    lines = []
    if settings is not None and settings.run_mode != "off":
        dry = ", dry run" if settings.dry_run else ""
        mode = f"record ({settings.record_mode}{dry})" if settings.run_mode == "record" else settings.run_mode
        lines.append(f"llmtrace: {mode} mode")
    if settings is not None and settings.history is not None:
        lines.append(f"llmtrace: history in {settings.history.database.shown}")
    if settings is not None and settings.otlp.url is not None:
        from pytest_llmtrace._otlp.address import shown  # noqa: PLC0415  # it is imported by now

        lines.append(f"llmtrace: spans to {shown(settings.otlp.url)}")
    if not owns_record_flag(config):
        lines.append("llmtrace: another plugin owns --llm-record; record with --llmtrace-record")
    return "\n".join(lines) or None


def idle_gates(config: pytest.Config) -> str | None:
    """The line at the end of a run that traced nothing, where it was to keep within a limit."""
    gates = given_gates(config)
    if not gates or config.option.llmtrace_off or config.option.collectonly:
        return None
    return (
        f"llmtrace: {' and '.join(gates)} held nothing, for no test was traced: add --llm-trace, --llm-record or "
        "--llm-live, or mark tests with llm_trace"
    )
