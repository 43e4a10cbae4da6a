"""The spans of a run on their way to a collector."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pytest_llmtrace import __version__
from pytest_llmtrace._otlp.address import shown
from pytest_llmtrace._otlp.sending import send
from pytest_llmtrace._report.document.attempts import Payload
from pytest_llmtrace._report.spans.of_run import run_resource, run_spans
from pytest_llmtrace._report.topics.unsent import unsent_line


def send_spans(document: Mapping[str, Any], payloads: Sequence[Payload], url: str) -> list[str]:
    """Send the spans of a run, if it has any. Returns what went wrong, if anything did: it never fails the run.

    Args:
        document: the report document.
        payloads: what it was drawn from.
        url: what they are posted to.
    """
    if not any(payload.get("spans") for payload in payloads):
        return []
    found = (asdict(span) for spans in run_spans(document, payloads) for span in spans)
    try:
        problem = send(found, url, run_resource(payloads, os.environ), __version__)
    except OSError as error:
        problem = f"the process that sends cannot be started: {error.strerror or error}"
    return [] if problem is None else [unsent_line(shown(url), problem)]
