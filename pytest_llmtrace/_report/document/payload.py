"""What travels about one owner: plain JSON data that rides on its test report, from a worker to the controller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._report.amounts import are_the_same, parts, totals_data
from pytest_llmtrace._report.plain import plain
from pytest_llmtrace._report.tally import Tally, tally_of

if TYPE_CHECKING:  # most owners have none
    from pytest_llmtrace._model.findings import Finding
    from pytest_llmtrace._model.trace import LLMCall, Trace

AS_OBSERVED: Final = "as observed"
"""In place of the totals of a golden trace that are those of what was observed, as nearly always."""
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_OPTIONAL: Final = frozenset(
    {"elsewhere", "expected", "of", "policy_severity", "role", "source", "suggestion", "tape", "tapes_off"}
)
TYPES: Final[Mapping[str, str]] = {
    "Internal": "internal",
    "NoCassette": "no_cassette",
    "Drift": "drift",
    "Miss": "miss",
    "Bypass": "bypass",
    "Unplayed": "unplayed",
    "Breach": "breach",
}
"""The `type` of each class of findings in reports, the gravest first."""


def owner_payload(
    verdict: Verdict,
    told: Trace | Tally,
    *,
    cassette: Mapping[str, Any],
    recorded: Mapping[str, Any],
    with_entries: bool,
    would_record: Mapping[str, Any] | None = None,
    swapped: Mapping[str, Any] = _NOTHING,
    unswapped: Sequence[str] = (),
    phase: Literal["call", "teardown", "again"] = "call",
) -> dict[str, Any]:
    """Everything the reports need to know about one owner, as data that `payload_texts` makes plain.

    Thousands of them travel and wait, so what nearly always is the same is not said twice: `models`, `agents` and
    `sources` are rows, or one name that stands for the whole; `golden_totals` may be `AS_OBSERVED`; `used` is there
    where it is more or less than `own_files`.

    Args:
        verdict: The findings.
        told: What was observed; or what it came to, where that is known without it, and it has no fan-outs.
        cassette: `golden` and `tape`, paths relative to the root directory or `None`, `used`, the paths of all
            cassette files that were used, `directory`, where the owner is, and `variant`, the path of the variant that
            was compared with.
        recorded: Of record mode, `kept`, `live` and `from_journal`, numbers of interactions, and `written`; or empty.
        with_entries: Whether the full entries come along, for the `.jsonl` and `.html` reports.
        would_record: Of a dry run, what recording would take: `why`, `calls`, `at_least`, `cost_usd`.
        swapped: Of calls that asked another model than the application: `models`, how many per ``OLD=NEW``, `calls`
            and `seconds`.
        unswapped: ``OLD=NEW`` of models that were asked for and could not be replaced.
        phase: ``teardown`` for what came after the judgement: it adds to the payload before it, where any other
            payload of the same owner is a new attempt that replaces it; ``again`` for one more run of a test that is
            repeated.
    """
    tally = told if isinstance(told, Tally) else tally_of(told.calls)
    whole, golden = tally.whole, verdict.golden_totals
    data: dict[str, Any] = {
        "nodeid": verdict.owner,
        "fixture": is_fixture(verdict.owner),
        "phase": phase,
        "mode": verdict.mode,
        **totals_data(whole),
        "live_unpriced_calls": tally.unpriced_live,
        "models": parts("model", tally.models, whole=whole),
        "agents": parts("agent", tally.agents, whole=whole),
        "sources": parts("source", tally.sources, whole=whole),
        "unpriced_models": list(tally.unpriced_models),
        "golden": cassette.get("golden") or verdict.golden_file,
        "tape": cassette.get("tape") or verdict.tape_file,
        "directory": cassette.get("directory", "."),
        "golden_totals": golden and (AS_OBSERVED if are_the_same(golden, whole) else totals_data(golden)),
        "findings": [finding_data(finding) for finding in verdict.findings],
        "recorded": dict(recorded),
    }
    used = sorted(cassette.get("used") or ())
    if used != own_files(data):
        data["used"] = used
    if verdict.stopped:
        data["stopped"] = True
    if verdict.failed and verdict.accept:
        data["accept"] = verdict.accept
    rare = {
        "swapped": dict(swapped),
        "unswapped": list(unswapped),
        "variant": cassette.get("variant"),
        "not_understood": list(verdict.not_understood),
        "would_record": dict(would_record or {}),
        "nearest_answers": verdict.nearest,
        "fanouts": [] if isinstance(told, Tally) else _fan_outs(told.calls),
    }
    data |= {key: value for key, value in rare.items() if value}
    if with_entries and not isinstance(told, Tally):
        from pytest_llmtrace._report.document.both_sides import packed_sides  # noqa: PLC0415  # of such a report alone

        data["entries"] = plain(packed_sides(told, verdict))
    return data


def _fan_outs(calls: tuple[LLMCall, ...]) -> list[dict[str, Any]]:
    from pytest_llmtrace._report.topics.fan_outs import fan_outs_data  # noqa: PLC0415  # a replay is known to have none

    return fan_outs_data(calls)


def own_files(payload: Mapping[str, Any]) -> list[str]:
    """The golden trace and the tape of an owner, sorted: what it used, where its payload says nothing else."""
    return sorted(name for name in (payload["golden"], payload["tape"]) if name)


def type_of(finding: Finding) -> str:
    """The `type` of a finding."""
    return TYPES[type(finding).__name__]


def finding_data(finding: Finding) -> dict[str, Any]:
    """A finding as plain data: its `type` and its fields; those that rarely apply only where they do."""
    data = {"type": type_of(finding)} | {field.name: getattr(finding, field.name) for field in fields(finding)}
    if data.get("suggestion") is not None:
        data["suggestion"] = paste(data["suggestion"])
    data = {name: value for name, value in data.items() if value not in (None, False) or name not in _OPTIONAL}
    made: dict[str, Any] = plain(data)
    return made


def paste(rules: Sequence[str]) -> str | None:
    """Rules of `llm_normalize` as they stand in an ini file; `None` where there are none."""
    return "\n    ".join(("[pytest]\nllm_normalize =", *rules)) if rules else None


def properties(payload: Mapping[str, Any]) -> list[tuple[str, object]]:
    """An owner in a few named values, for JUnit; an unknown cost is ``?``."""
    calls, live, cost, usage = payload["calls"], payload["live_calls"], payload["cost_usd"], payload["usage"]
    return named(calls, live, (usage["input_tokens"], usage["output_tokens"]), cost, len(payload["findings"]))


def named(
    calls: int, live: int, tokens: tuple[int, int], cost: float | None, findings: int
) -> list[tuple[str, object]]:
    """The same of these values."""
    return [
        ("llmtrace_calls", calls),
        ("llmtrace_live_calls", live),
        ("llmtrace_input_tokens", tokens[0]),
        ("llmtrace_output_tokens", tokens[1]),
        ("llmtrace_cost_usd", "?" if cost is None else f"{cost:.12f}".rstrip("0").rstrip(".")),
        ("llmtrace_findings", findings),
    ]


def is_property(pair: object) -> bool:
    """Whether what a test has given to JUnit is one of those, or says how often the test ran; it may be anything."""
    return isinstance(pair, list | tuple) and len(pair) == 2 and pair[0] in _PROPERTIES


_PROPERTIES: Final = (
    "llmtrace_calls",
    "llmtrace_live_calls",
    "llmtrace_input_tokens",
    "llmtrace_output_tokens",
    "llmtrace_cost_usd",
    "llmtrace_findings",
    "llmtrace_runs",
    "llmtrace_failed_runs",
)


def is_fixture(owner: str) -> bool:
    """Whether an owner is a fixture of wider scope (``fixture <scope> <name>``) and no test."""
    if owner[:8] != "fixture ":
        return False
    return owner[8:].partition(" ")[0] in {"session", "package", "module", "class"}
