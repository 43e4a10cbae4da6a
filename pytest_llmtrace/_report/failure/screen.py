"""What a failed test says: the title, a section for each thing that was found, and the way out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from pytest_llmtrace._model.findings import Breach, Bypass, Drift, Finding, Internal, Miss, NoCassette, Unplayed
from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._report.clean import clean_line, disarmed
from pytest_llmtrace._report.document.payload import finding_data, type_of
from pytest_llmtrace._report.failure.drift_section import drift_section
from pytest_llmtrace._report.failure.finding_sections import (
    breach_section,
    bypass_section,
    internal_section,
    miss_section,
    no_cassette_section,
    unplayed_section,
)
from pytest_llmtrace._report.layout import display_width, wrapped
from pytest_llmtrace._report.money import usd
from pytest_llmtrace._report.wording import (
    FINDING_TITLES,
    drift_line,
    joined,
    plural,
    quoted,
    record_command,
    scope_name,
)

_UNACCEPTED_TITLES: Final = {
    "no_cassette": "has recorded calls but no golden trace",
    "drift": "does not send what was recorded",
}
"""Of a test whose calls were recorded by something else."""
_ACCEPTED_SHOWN: Final = 10


def failure_text(verdict: Verdict, width: int = 80) -> str:
    """The whole screen of a failed owner, without colours, in lines of at most `width` columns where that is possible.

    Differences that the policy ignores are left out. Everything that was recorded is cleaned of what a terminal
    would act on.

    Args:
        verdict: What was found.
        width: Columns of the terminal.
    """
    found = [finding for finding in verdict.findings if finding.severity != "ignore" and not _is_note(finding)]
    blocks = [
        [_title(verdict, found)],
        *_sections(verdict, found, width),
        list(_went_on(verdict, width)),
        list(_way_out(verdict, found, width)),
    ]
    return disarmed("\n\n".join("\n".join(block) for block in blocks if block))


def accepted_text(verdict: Verdict) -> str:
    """The drift that record mode accepted, a line each: ``accepted: turn 1 prompt changed (messages[0].content)``."""
    accepted = (one for one in verdict.findings if isinstance(one, Drift) and one.severity == "ignore")
    drifts = [finding_data(drift) for drift in accepted]
    label = len({drift["conversation"] for drift in drifts}) > 1 or len(verdict.observed) > 1
    lines = [f"accepted: {drift_line(drift, label=label)}" for drift in drifts[:_ACCEPTED_SHOWN]]
    if len(drifts) > _ACCEPTED_SHOWN:
        lines.append(f"accepted: {plural(len(drifts) - _ACCEPTED_SHOWN, 'more difference')}")
    return "\n".join(lines)


def _title(verdict: Verdict, found: Sequence[Finding]) -> str:
    types = {_kind(finding) for finding in found} - {"breach"}
    said_otherwise = _UNACCEPTED_TITLES if any(isinstance(one, NoCassette) and one.tape for one in found) else {}
    titles = [said_otherwise.get(kind, title) for kind, title in FINDING_TITLES.items() if kind in types]
    titles += _breach_titles(verdict.owner, [finding for finding in found if isinstance(finding, Breach)])
    said = joined(titles) if len(titles) < 3 else f"{titles[0]}, and more"
    live = " (compared live)" if verdict.mode == "live" and "drift" in types else ""
    return f"{clean_line(verdict.owner)} {said}{live}"


def _kind(finding: Finding) -> str:
    if isinstance(finding, Bypass) and finding.expected:
        return "too_few"
    if isinstance(finding, Internal) and finding.traceback:
        return "bug"
    return "tapes_off" if isinstance(finding, NoCassette) and finding.tapes_off else type_of(finding)


def _breach_titles(owner: str, breaches: Sequence[Breach]) -> list[str]:
    if not breaches:
        return []
    shared = {breach.scope for breach in breaches}
    if len(shared) == 1 and owner not in shared:
        of = scope_name(next(iter(shared)))
        spent = "is spent" if any(breach.value is not None for breach in breaches) else "cannot be checked"
        return [f"was stopped: the budget of {of} {spent}"]
    if all(breach.value is None for breach in breaches):
        return ["has a budget that cannot be checked"]
    if all(breach.what == "growth" for breach in breaches):
        return ["uses more than its golden trace allows"]
    return ["is over its budget"]


def _sections(verdict: Verdict, found: Sequence[Finding], width: int) -> Iterator[list[str]]:
    """A block of lines for each type of finding that there is, the gravest first."""
    by_type: dict[type[Finding], list[Any]] = defaultdict(list)
    for finding in found:
        by_type[type(finding)].append(finding)
    yield list(internal_section(by_type[Internal], width))
    yield list(no_cassette_section(by_type[NoCassette], width, drifted=bool(by_type[Drift])))
    yield from drift_section(verdict, by_type[Drift], width)
    yield list(miss_section(by_type[Miss], width))
    yield list(bypass_section(by_type[Bypass], width, verdict.observed_totals.calls))
    yield list(unplayed_section(by_type[Unplayed]))
    yield list(breach_section(verdict, by_type[Breach], width))


def _went_on(verdict: Verdict, width: int) -> Iterator[str]:
    """That answers were not those to what was asked."""
    if verdict.nearest:
        text = (
            f"{plural(verdict.nearest, 'request')} not on the tape: the test went on with the nearest recorded answers "
            "(--llm-on-miss=nearest)."
        )
        yield from (f"  {line}" for line in wrapped(text, width - 2))


def _way_out(verdict: Verdict, found: Sequence[Finding], width: int) -> Iterator[str]:
    """How the test ended, the golden file, and the command that accepts what was observed."""
    types = {type_of(finding) for finding in found}
    yield from _circumstances(verdict, width)
    if "no_cassette" in types:
        missing = next(finding for finding in found if isinstance(finding, NoCassette))
        if missing.tapes_off:
            yield from _labelled("tapes", wrapped("llm_tapes = off, so only real calls can be compared", width - 10))
            yield from _labelled("live", [f"pytest --llm-live {quoted(verdict.owner)}"])
            return
        yield from _labelled("needs", [f"{clean_line(missing.cassette)} (does not exist)"])
        if missing.tape:
            yield from _labelled("tape", [clean_line(missing.tape)])
        yield from _command("record", verdict, width, recorded=missing.tape is not None)
        return
    if verdict.private and "drift" in types:
        yield from _labelled("texts", wrapped("shown as digests and sizes (llm_privacy = hash)", width - 10))
    if types - {"internal"} and verdict.golden_file:
        yield from _labelled("golden", [clean_line(verdict.golden_file)])
    if found and all(isinstance(finding, Miss) and finding.elsewhere for finding in found):
        yield from _labelled("replay", ["with the base URL of the recording: no live calls"])
        yield from _command("or", verdict, width, recorded=True)
    elif types - {"internal", "breach", "bypass"} or _grew(found):
        yield from _command("accept", verdict, width, recorded=True)
    if verdict.could_go_on and _stopped_early(verdict):
        text = "--llm-on-miss=nearest shows the turns not reached, free of charge"
        yield from _labelled("rest", wrapped(text, width - 10))


def _circumstances(verdict: Verdict, width: int) -> Iterator[str]:
    """How the test ended, and who sent what was not recorded, where that needs saying."""
    if verdict.exception and not _says_nothing(verdict.exception):
        text = f"{clean_line(verdict.exception)} (follows from the above)"
        yield from _labelled("ended", wrapped(text, width - 10))
    if verdict.left_over:
        name = clean_line(verdict.left_over)
        text = f"{name} sent it and is older than the test: one of an earlier test must end there"
        yield from _labelled("thread", wrapped(text, width - 10))


def _stopped_early(verdict: Verdict) -> bool:
    """Whether a model was asked something without an answer, and fewer calls were made than are recorded."""
    made = [turn.call for conversation in verdict.observed for turn in conversation.turns]
    recorded = sum(len(conversation.turns) for conversation in verdict.golden or ())
    gone = sum(isinstance(one, Drift) and one.kind == "call_missing" for one in verdict.findings)
    return len(made) + gone < recorded and any(call.status == "missed" for call in made)


def _command(label: str, verdict: Verdict, width: int, *, recorded: bool) -> Iterator[str]:
    command = clean_line(verdict.accept or record_command([verdict.owner]))
    if verdict.instead:  # what it costs with another model nobody knows
        text = f"write {clean_line(joined(verdict.instead))} in your code, then"
        yield from _labelled(label, [*wrapped(text, width - 10), command])
        return
    costs = _estimate(verdict, recorded=recorded)
    line = f"{command}    {costs}"
    yield from _labelled(label, [line] if display_width(line) + 10 <= width else [command, costs])


def _estimate(verdict: Verdict, *, recorded: bool) -> str:
    paid = f"{plural(verdict.accept_paid, 'answer')} paid for before, in the journal" if verdict.accept_paid else ""
    if not recorded:
        return f"{paid}; live calls after that" if paid else "makes live calls"
    if not verdict.accept_calls:
        return f"no live calls ({paid})" if paid else "no live calls"
    price = "price unknown" if verdict.accept_usd is None else f"about {usd(verdict.accept_usd)}"
    calls = f"{plural(verdict.accept_calls, 'live call')}, {price}"
    return f"{calls} ({paid})" if paid else calls


def _labelled(label: str, lines: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f"  {'' if number else label:<6}  {line}"


def _is_note(finding: Finding) -> bool:
    """Whether it is no part of why the test failed: live, what has no golden trace is compared with nothing."""
    return isinstance(finding, NoCassette) and finding.severity == "warn"


def _grew(found: Sequence[Finding]) -> bool:
    """Whether a cost grew past its limit, so that accepting it makes a new baseline."""
    return any(isinstance(finding, Breach) and finding.what == "growth" for finding in found)


def _says_nothing(exception: str) -> bool:
    """Whether an exception is only the miss in other words."""
    lowered = exception.lower()
    return "llmtrace" in lowered or "connection error" in lowered
