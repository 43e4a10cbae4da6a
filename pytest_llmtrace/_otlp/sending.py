"""Sending spans from a process of its own, within a time that nothing can exceed.

In this process HTTP is recorded, replayed and blocked, the user's OpenTelemetry may be set up in any way, and what an
exporter does cannot be interrupted. A process of its own has none of that, and can be ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from pytest_llmtrace._otlp import exporting
from pytest_llmtrace._otlp.address import HEADERS, TRACES_HEADERS, shown

RUN_SECONDS: Final = 10.0
"""How long a run of pytest waits at its end at most, whatever the collector, the network or the exporter do."""
HIDDEN: Final = "***"
_QUIET: Final = {"OTEL_SDK_DISABLED": "true"}
"""Under `opentelemetry-instrument` every process is instrumented, this one too: without it, it would report itself."""
_LONGEST: Final = 300
_SHORTEST_KEY: Final = 6
"""Of a header's value that is taken for a key, and of its parts: ``Basic`` is none, ``4`` neither."""


def send(
    spans: Iterable[Mapping[str, Any]],
    url: str,
    resource: Mapping[str, str],
    version: str,
    seconds: float = RUN_SECONDS,
) -> str | None:
    """Send spans. Returns what went wrong, in a line and without keys; `None`: all of them arrived.

    Args:
        spans: as plain data.
        url: what they are posted to.
        resource: the attributes of their resource.
        version: of their scope.
        seconds: how long this may take.
    """
    with tempfile.TemporaryFile() as lines:  # however many there are; nobody else can read it
        for one in chain([{"url": url, "resource": resource, "version": version}], spans):
            lines.write(json.dumps(one, allow_nan=False).encode("ascii") + b"\n")
        lines.seek(0)
        try:
            done = subprocess.run(  # noqa: S603  # this interpreter, and a file of ours
                [sys.executable, "-P", str(Path(exporting.__file__))],
                stdin=lines,
                env=os.environ | _QUIET,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"no answer within {seconds:g} seconds"
    problem = _problem(done)
    return None if problem is None else _one_line(without_keys(problem.replace(url, shown(url)), os.environ))


def without_keys(text: str, environment: Mapping[str, str]) -> str:
    """A text without the values of the headers that are sent along."""
    for key in sorted(_keys(environment), key=len, reverse=True):
        text = text.replace(key, HIDDEN)
    return text


def _keys(environment: Mapping[str, str]) -> Iterator[str]:
    for name in (HEADERS, TRACES_HEADERS):
        for pair in environment.get(name, "").split(","):
            value = pair.partition("=")[2].strip()
            for one in (value, unquote(value), *unquote(value).split()):
                if len(one) >= _SHORTEST_KEY:
                    yield one


def _problem(done: subprocess.CompletedProcess[bytes]) -> str | None:
    """What the process says, which may have ended otherwise than it should."""
    try:
        said = json.loads(done.stdout)
        problem: str | None = said["problem"]
    except (ValueError, KeyError, TypeError):
        error = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return f"the process that sends ended with {done.returncode}: {error or 'it said nothing'}"
    return problem


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
