"""The words for what was found: the same in a failure, the summary and the reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.limits import RUN
from pytest_llmtrace._model.record_flag import record_flag
from pytest_llmtrace._report.clean import clean_line
from pytest_llmtrace._report.money import UNKNOWN, count, percent, usd

SUBJECTS: Final = {
    "model": "model",
    "params": "parameters",
    "tools": "offered tools",
    "prompt": "prompt",
    "user": "user message",
    "tool_result": "tool result",
    "tool_call": "tool call",
    "output": "answer",
    "error": "error",
    "order": "order",
    "event": "event",
    "call_added": "call",
    "call_missing": "call",
}
"""What each kind of drift is about, as the subject of `changed`, `added`, `gone` or `missing`."""

_WHOLE: Final = expression(
    r"(messages\[\d+\](\.content)?|output(\.content|\.tool_calls\[\d+\])?|params\.[\w-]+|tools(\.[\w-]+|\[\d+\])|error"
    r"|(tool|event)\.[^.]+)?"
)
"""Paths of things that a title names; a path that goes on means a part of one."""

BUDGETS: Final = {"usd": "cost", "tokens": "tokens", "calls": "calls", "growth": "growth"}
"""What each kind of budget limits."""

FINDING_NAMES: Final = {
    "drift": "drifted",
    "no_cassette": "without a recording",
    "miss": "with a request that is not on the tape",
    "unplayed": "with a recorded request that was not made",
    "bypass": "with traffic past the tape",
    "too_few": "with fewer LLM calls than expected",
    "breach": "over budget",
    "internal": "that could not be judged",
}
"""The tests that have a finding of this type, in the order in which they are counted; `too_few` is a `bypass` of its
own."""

FINDING_TITLES: Final = {
    "bug": "ran into an llmtrace internal error",
    "internal": "could not be judged by pytest-llmtrace",
    "no_cassette": "made an LLM call but has no recording",
    "tapes_off": "made an LLM call that nothing can replay: tapes are off",
    "drift": "drifted from its golden trace",
    "miss": "made a request that is not on its tape",
    "bypass": "called past its tape",
    "too_few": "made fewer LLM calls than its marker expects",
    "unplayed": "did not make a request that was recorded",
    "breach": "is over its budget",
}
"""What a test with a finding of this type did, the gravest first.

`bug` is an `internal` of its own, `tapes_off` a `no_cassette`, `too_few` a `bypass`."""


def plural(number: int, noun: str) -> str:
    """``1 call``, ``2 calls``, ``1,204 calls``."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def joined(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def turns(numbers: Collection[int]) -> str:
    """``turn 3``, ``turns 2-5``, ``turns 1, 3-4``."""
    return f"turn{'' if len(numbers) == 1 else 's'} {ranges(numbers)}"


def ranges(numbers: Iterable[int]) -> str:
    """Numbers with their runs drawn together: ``1, 3-5``."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def change(drift: Mapping[str, Any]) -> str:
    """``changed``, or ``added`` or ``gone`` where one side has nothing: of the whole thing, not of a part of it."""
    if drift["kind"] in {"call_added", "call_missing"}:
        return {"call_added": "added", "call_missing": "missing"}[drift["kind"]]
    if not _WHOLE.fullmatch(drift["path"]) or (drift["golden"] is None) == (drift["observed"] is None):
        return "changed"
    return "added" if drift["golden"] is None else "gone"


def drift_title(drifts: Sequence[Mapping[str, Any]]) -> str:
    """What happened to one turn, from the data of its drifts: ``model and prompt changed, tool call added``."""
    by_subject: dict[str, str] = {}
    for drift in drifts:
        kind = str(drift["kind"])
        subject = SUBJECTS.get(kind, clean_line(kind))
        how = change(drift)
        by_subject[subject] = how if by_subject.get(subject, how) == how else "changed"
    by_change: dict[str, list[str]] = {}
    for subject, how in by_subject.items():
        by_change.setdefault(how, []).append(subject)
    return ", ".join(f"{joined(subjects)} {how}" for how, subjects in by_change.items())


def drift_line(drift: Mapping[str, Any], *, label: bool = True) -> str:
    """One drift in one line, from its data: ``lead turn 2 prompt changed (messages[0].content)``."""
    where = f"{clean_line(drift['conversation'])} " if label and drift["conversation"] else ""
    path = f" ({clean_line(drift['path'])})" if drift["path"] else ""
    folded = drift["folded"]
    also = f", {folded} more follow{'s' if folded == 1 else ''} from it" if folded else ""
    return f"{where}turn {drift['turn']} {drift_title([drift])}{path}{also}"


def amount(what: str, value: float | None) -> str:
    """A value in the unit of a budget: ``$0.0124``, ``12,916``, ``12 %``."""
    if value is None:
        return UNKNOWN
    return {"usd": usd, "growth": percent}.get(what, count)(value)


def scope_name(scope: str) -> str:
    """Whom a budget is for: ``the run``, a directory, a test."""
    return {RUN: "the run", ".": "the root directory"}.get(scope) or clean_line(scope)


def budget_use(budget: Mapping[str, Any]) -> str:
    """What was used of a budget, from its data: ``cost $0.0124 of $0.05 allowed``."""
    what = str(budget["what"])
    name = BUDGETS.get(what, clean_line(what))
    if budget.get("of"):
        name += f" of {BUDGETS.get(budget['of'], clean_line(budget['of']))}"
    return f"{name} {amount(what, budget['value'])} of {amount(what, budget['limit'])} allowed"


def breach_line(breach: Mapping[str, Any]) -> str:
    """One breached budget in one line, from its data."""
    text = budget_use(breach)
    if breach["value"] is None and breach.get("models"):
        models = joined([clean_line(model) for model in breach["models"]])
        text += f" (no price for {models}: enter it in [tool.llmtrace.prices])"
    source = f" (set by {clean_line(breach['source'])})" if breach.get("source") else ""
    return f"{text}; live calls were refused{source}" if breach.get("refused") else f"{text}{source}"


def uncounted_line(uncounted: Mapping[str, Any]) -> str:
    """What crashed workers paid for."""
    calls, cost = plural(uncounted["live_calls"], "live call"), usd(uncounted["live_cost_usd"])
    tests = joined([clean_line(one) for one in uncounted["tests"]])
    return (
        f"a worker crashed in {tests}: {calls} (about {cost}) that it made are in no total. Answers that were to be "
        "recorded are in the journal of their test, where the next recording takes them from"
    )


def stray_line(stray: Mapping[str, Any]) -> str:
    """A call of an LLM that no test made."""
    what = f"{clean_line(stray['request'])} was sent outside of any test"
    if stray["count"] > 1:
        what += f", {stray['count']} times"
    if stray["refused"]:
        return f"{what}, and stopped: no test is judged for it, so the run fails. A thread must end with its test"
    return f"{what}: it is in no recording and in no total. A thread must end with its test"


def unseen_lines(document: Mapping[str, Any]) -> list[str]:
    """Tests and fixtures that failed though pytest counts them as passed, in the document of a run, with the reason."""
    rows = [row for row in document["tests"] if row["outcome"] == "passed"] + document.get("fixtures", [])
    return [
        f"{clean_line(row['nodeid'])} failed, though pytest counts no failure for it, so the run fails: "
        f"{finding_line(one)}"
        for row in rows
        for one in row["findings"]
        if one["severity"] == "fail"
    ]


def finding_line(finding: Mapping[str, Any]) -> str:
    """Any finding in one line, from its data."""
    kind = finding["type"]
    if kind == "drift":
        return drift_line(finding)
    if kind == "breach":
        return breach_line(finding)
    if kind in {"miss", "unplayed"}:
        what = "not on the tape" if kind == "miss" else "recorded, not made"
        return f"{clean_line(finding['method'])} {clean_line(finding['url'])}: {what}"
    if kind == "bypass":
        few = finding.get("expected")
        what = f"past the tape: {clean_line(finding['what'])}"
        return f"fewer than {plural(few, 'LLM call')} seen (min_calls)" if few else what
    if kind == "no_cassette":
        return _without_cassette(finding)
    return clean_line(str(finding.get("text", "")).partition("\n")[0])


def _without_cassette(finding: Mapping[str, Any]) -> str:
    tape, place = finding.get("tape"), clean_line(finding["cassette"])
    if finding.get("tapes_off"):
        return "cannot be replayed: llm_tapes = off"
    if finding.get("severity") == "warn":  # live mode
        return f"compared with nothing: no golden trace at {place}"
    return f"no golden trace at {place}, recorded calls at {clean_line(tape)}" if tape else f"no recording at {place}"


def finding_title(finding: Mapping[str, Any]) -> str:
    """What a test with this finding did: ``drifted from its golden trace``."""
    special = "tapes_off" if finding.get("tapes_off") else "too_few" if finding.get("expected") else None
    special = "bug" if finding.get("traceback") else special
    return FINDING_TITLES[special or finding["type"]]


def counted_as(finding: Mapping[str, Any]) -> str:
    """Under which name in `FINDING_NAMES` a finding counts."""
    return "too_few" if finding.get("expected") and finding["type"] == "bypass" else finding["type"]


def record_command(owners: Sequence[str]) -> str:
    """The command that records these tests (or, of a fixture, the whole suite)."""
    tests = [owner for owner in owners if "::" in owner]
    return " ".join([f"pytest {record_flag()}", *(quoted(test) for test in tests)])


def quoted(argument: str) -> str:
    """A node id as one word of a shell command, in double quotes where those are safe."""
    if any(character in argument for character in '"$`\\!'):
        return "'" + argument.replace("'", "'\"'\"'") + "'"
    return f'"{argument}"'
