"""What a bug in this plugin says where no test is judged for it: the run goes on, and fails in the end."""

from __future__ import annotations

from pytest_llmtrace._model.findings import Internal
from pytest_llmtrace._report.clean import disarmed
from pytest_llmtrace._report.failure.finding_sections import internal_section

HEADING = "llmtrace internal error"


def internal_error_text(internal: Internal, *, heading: str = HEADING, width: int = 80) -> str:
    """The text, under a heading: what could not be done, where, and how to run without the plugin."""
    return disarmed("\n".join((heading, "", *internal_section([internal], width))))
