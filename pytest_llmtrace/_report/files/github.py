"""What GitHub Actions shows of a run: annotations at the tests, as workflow commands on standard output.

The rules of escaping are those of GitHub's own toolkit (`actions/toolkit`, `packages/core/src/command.ts`); the
limit of ten annotations of a kind per step is GitHub's (docs.github.com, "Workflow commands", "Limits").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._report.brief import value_text
from pytest_llmtrace._report.clean import clean, clean_line
from pytest_llmtrace._report.text_diff import text_diff
from pytest_llmtrace._report.topics.outcome import FORGIVEN, rows_of
from pytest_llmtrace._report.topics.rates import rate
from pytest_llmtrace._report.topics.way_out import accept_command, models_instead
from pytest_llmtrace._report.wording import breach_line, finding_line, finding_title, joined, plural, scope_name

MOST: Final = 10
"""Annotations of one kind that GitHub shows of a step."""
STEP_SUMMARY: Final = 1024 * 1024
"""Bytes of the summary of one step; of a larger one GitHub shows nothing."""
_WIDTH: Final = 110
_LINES: Final = 8
"""Lines of a difference that are shown, about."""


def workflow_commands(document: Mapping[str, Any], problems: Sequence[str] = ()) -> list[str]:
    """A line per failing finding, breach and warning; of each kind as many as GitHub shows, and how many more.

    The first finding of every test stands before the second of any.

    Args:
        document: The report document.
        problems: Texts for the user that belong to no test, and fail the run.
    """
    breaches = [
        _command(
            "error",
            {"title": f"LLM budget of {scope_name(breach['scope'])}"},
            f"{_state(breach)}: {breach_line(breach)}",
        )
        for breach in document["breaches"]
    ]
    failed = [_command("error", {"title": "pytest-llmtrace"}, clean_line(text)) for text in problems]
    return [
        *_limited("error", [*breaches, *failed, *_of_findings(document, "fail", "error")]),
        *_limited("warning", list(_of_findings(document, "warn", "warning"))),
    ]


def _of_findings(document: Mapping[str, Any], severity: str, name: str) -> Iterator[str]:
    found = [
        (position, row, finding)
        for row in rows_of(document)
        if row["outcome"] not in FORGIVEN
        for position, finding in enumerate(one for one in row["findings"] if one["severity"] == severity)
    ]
    for _, row, finding in sorted(found, key=lambda one: one[0]):
        where = {"file": row["file"], "line": str(row["line"])} if "file" in row else {}
        title = f"{row['nodeid'].partition('::')[2] or row['nodeid']} {finding_title(finding)}"
        yield _command(name, {**where, "title": clean_line(title)}, "\n".join(_text(row, finding)))


def _text(row: Mapping[str, Any], finding: Mapping[str, Any]) -> Iterator[str]:
    yield f"{finding_line(finding)}{rate(finding)}"
    if finding["type"] == "drift":
        golden, observed = (
            None if finding[side] is None else value_text(finding[side]) for side in ("golden", "observed")
        )
        if golden is not None or observed is not None:
            lines = text_diff(golden, observed, _WIDTH, _LINES)
            yield from (line for line in lines if line.startswith(("-", "+")))
    if finding["severity"] == "fail" and finding["type"] in {"drift", "no_cassette"} and not finding.get("tapes_off"):
        word = "record" if finding["type"] == "no_cassette" else "accept"
        models = models_instead(row)
        yield f"{word}: {f'write {joined(models)} in your code, then ' if models else ''}{accept_command(row)}"


def _state(breach: Mapping[str, Any]) -> str:
    return "cannot be checked" if breach["value"] is None else "over budget"


def _limited(name: str, lines: Sequence[str]) -> list[str]:
    if len(lines) <= MOST:
        return list(lines)
    left_out = len(lines) - MOST + 1
    more = "more finding" if name == "error" else "more warning"
    text = f"{plural(left_out, more)}: GitHub shows {MOST} annotations of a kind; the output of pytest has all"
    return [*lines[: MOST - 1], _command(name, {"title": "pytest-llmtrace"}, text)]


def _command(name: str, properties: Mapping[str, str], text: str) -> str:
    inside = ",".join(f"{key}={_property(clean_line(value))}" for key, value in properties.items())
    return f"::{name} {inside}::{_data(clean(text))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
