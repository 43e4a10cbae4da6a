"""Lets the examples be recorded with nothing but this repository: no key, no network, no money.

Replaying needs neither a key nor a provider. Recording needs both; where you have not set a key, the examples are
recorded from the scripted provider of this repository instead of the real one. Your own project needs none of this.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

HERE = Path(__file__).parent

PROVIDERS = {"OPENAI": "api.openai.com", "ANTHROPIC": "api.anthropic.com"}
"""Prefix of the environment variables, and the host of the real API."""

NOBODY = "http://127.0.0.1:9"
"""Where requests go in replay: to the tape, which knows every loopback port as the one it was recorded on."""


def pytest_configure(config: pytest.Config) -> None:
    """Decide where each provider's requests go, before any test makes a client."""
    replaying = not any(
        config.getoption(name, default=False) for name in ("llmtrace_record", "llmtrace_live", "llmtrace_off")
    )
    local = [prefix for prefix in PROVIDERS if _is_local(prefix, replaying=replaying)]
    stack = config.stash[_STACK] = ExitStack()
    config.add_cleanup(stack.close)
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    if local:
        url = NOBODY if replaying or config.option.collectonly else _start_provider(stack)
        for name, value in _environment(local, url):
            patch.setenv(name, value)


_STACK = pytest.StashKey[ExitStack]()


def _is_local(prefix: str, *, replaying: bool) -> bool:
    """Whether the scripted provider stands in for a real one."""
    if replaying:
        tapes = HERE.glob("*/cassettes/**/*.tape.json")
        return not any(PROVIDERS[prefix] in tape.read_text("utf-8") for tape in tapes)
    return not any(os.environ.get(f"{prefix}_{name}") for name in ("API_KEY", "BASE_URL", "API_BASE"))


def _environment(prefixes: list[str], url: str) -> Iterator[tuple[str, str]]:
    for prefix in prefixes:
        base = f"{url}/v1" if prefix == "OPENAI" else url
        yield f"{prefix}_API_KEY", "sk-examples"
        yield f"{prefix}_BASE_URL", base
        yield f"{prefix}_API_BASE", base


def _start_provider(stack: ExitStack) -> str:
    sys.path.append(str(HERE.parent))
    from tests.provider import Provider, load_script

    rules = [rule for script in sorted(HERE.glob("*/provider.yaml")) for rule in load_script(script)]
    return stack.enter_context(Provider(rules)).url
