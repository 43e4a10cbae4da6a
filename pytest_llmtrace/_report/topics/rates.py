"""Several runs of one test drawn together: how often each finding occurred, as data and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._report.brief import value_text
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.layout import cut_end
from pytest_llmtrace._report.money import percent
from pytest_llmtrace._report.wording import finding_line

_VALUE: Final = 40
_LISTED: Final = 10


def rated(runs: Sequence[Sequence[Mapping[str, Any]]], failed: int, threshold: float) -> list[dict[str, Any]]:
    """The findings of all runs, each once, with `runs`, the numbers of those it occurred in, `of` and `rate`.

    A drift is the same wherever kind, conversation, turn and path are, a breach wherever the budget is; values are
    those of the first run. Of growth, `of` stays what grew. What the policy fails on becomes a warning where it does
    not decide: where the test does not fail in more than the threshold's share of its runs, or where it does because
    of others that occur more often.

    Args:
        runs: The findings of each run, as data.
        failed: How many runs failed, for whatever reason.
        threshold: The share of runs that may fail.
    """
    found: dict[str, dict[str, Any]] = {}
    for number, findings in enumerate(runs, 1):
        for finding in findings:
            kept = found.setdefault(_identity(finding), {**finding, "runs": []})
            if _GRAVITY[finding["severity"]] < _GRAVITY[kept["severity"]]:
                kept |= finding
            if number not in kept["runs"]:
                kept["runs"].append(number)
    for finding in found.values():
        finding |= {"of": finding.get("of", len(runs)), "rate": round(len(finding["runs"]) / len(runs), 4)}
    drifts = [one for one in found.values() if one["type"] == "drift" and one["severity"] == "fail"]
    decisive = [one for one in drifts if exceeds(len(one["runs"]), len(runs), threshold)]
    if decisive or not exceeds(failed, len(runs), threshold):
        for finding in drifts:
            if finding not in decisive:
                finding["severity"] = "warn"
    return sorted(found.values(), key=lambda one: (_GRAVITY[one["severity"]], -len(one["runs"])))


def exceeds(failed: int, count: int, threshold: float) -> bool:
    """Whether so many of `count` runs are more than the share that may fail."""
    return failed > count * threshold + _ROUNDING


def rates_text(runs: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], width: int = 80) -> str:
    """How often the test failed, and then how often each finding occurred: a line each, the most frequent first."""
    return "\n".join(_rate_lines(runs, findings, width))


def rate(finding: Mapping[str, Any]) -> str:
    """``: 2 of 5 runs``; empty for a finding of a test that ran once."""
    if "runs" not in finding:
        return ""
    found = len(finding["runs"])
    return f": {found} of {round(found / finding['rate'])} runs"


def _rate_lines(runs: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], width: int) -> Iterator[str]:
    failing = "more than" if exceeds(runs["failed"], runs["count"], runs["threshold"]) else "not more than"
    share = percent(runs["threshold"])
    yield f"failed in {runs['failed']} of {runs['count']} live runs, {failing} the {share} that may"
    shown = [one for one in findings if one["severity"] != "ignore"]
    for finding in shown[:_LISTED]:
        note = " (warning)" if finding["severity"] == "warn" else ""
        yield f"  {cut_end(finding_line(finding), width)}{rate(finding)}{note}"
        if finding["type"] == "drift" and (finding["golden"] is not None or finding["observed"] is not None):
            yield f"    {_values(finding)}"
    if len(shown) > _LISTED:
        yield f"  and {len(shown) - _LISTED} more"


def _values(finding: Mapping[str, Any]) -> str:
    """``refund -> lookup``, and how often another value came in its place."""
    golden, observed = (_short(finding[side]) for side in ("golden", "observed"))
    return f"{golden} -> {observed}"


def _short(value: Any) -> str:
    return "nothing" if value is None else cut_end(clean_line(value_text(value)), _VALUE)


def _identity(finding: Mapping[str, Any]) -> str:
    if (names := _IDENTITIES.get(finding["type"])) is not None:
        return canonical_json([finding.get(name) for name in names])
    return canonical_json(dict(finding))


_IDENTITIES: Final = {
    "drift": ("kind", "conversation", "turn", "path"),
    "breach": ("type", "scope", "what", "of", "refused"),
}
_GRAVITY: Final = {"fail": 0, "warn": 1, "ignore": 2}
_ROUNDING: Final = 1e-9
