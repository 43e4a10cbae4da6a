"""The report document: one dict from which every report file and the summary are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._report.amounts import dollars
from pytest_llmtrace._report.document.attempts import PARTS, Owner, Told, owners_or_replays
from pytest_llmtrace._report.document.growth import growth
from pytest_llmtrace._report.document.payload import finding_data
from pytest_llmtrace._report.document.replays import Replay
from pytest_llmtrace._report.document.sums import Sums, parts_of_owner
from pytest_llmtrace._report.plain import plain
from pytest_llmtrace._report.tally import NO_AGENT
from pytest_llmtrace._report.topics.dry_run import dry_run_sums
from pytest_llmtrace._report.topics.outcome import FAILED, FORGIVEN

if TYPE_CHECKING:
    from pytest_llmtrace._model.findings import Breach
from pytest_llmtrace._model.loading import collecting_nothing

FORMAT_VERSION: Final = 1
"""Of the document and of the lines of the `.jsonl` report.

1. The first.
"""

_NOTHING: Final[Mapping[str, float]] = MappingProxyType({})
_NOWHERE: Final[Mapping[str, tuple[str, int]]] = MappingProxyType({})


@collecting_nothing()  # all of it stays, and is much at once: reason enough for Python to look through all of memory
def document(
    payloads: Told,
    outcomes: Mapping[str, str],
    *,
    mode: str,
    breaches: Sequence[Breach] = (),
    budgets: Sequence[Mapping[str, Any]] = (),
    unused: Sequence[str] = (),
    durations: Mapping[str, float] = _NOTHING,
    places: Mapping[str, tuple[str, int]] = _NOWHERE,
    failed: bool = False,
) -> dict[str, Any]:
    """The document of one run. `attempts` says which of several payloads of one owner count.

    Where a price is unknown the cost is `None` and `priced_usd` (`live_priced_usd`) is the part that is known. Some
    keys stand only where there is something to say: `fixtures`, rows like those of `tests` for fixtures of wider
    scope; `growth`, what the tests used against what their golden traces used; and in a row:

    * `duration_s`, `live_s`: seconds that the test took, and that its live calls took (added up, also where they were
      made at the same time): with the times in `.jsonl` all that differs between two runs that did the same;
    * `by_model`, `by_agent`, `by_source`: rows like those of `models`, `agents` and `sources`, of this test alone;
    * `unpriced_calls`: how many of its calls have no known price;
    * `paid`: what all attempts of it really paid, where they paid: `live_calls`, `live_cost_usd` and `live_s`;
    * `directory`: of a fixture, whose calls count for the budgets of this directory;
    * `golden_calls` and `golden_usage`, and `growth` against that and the golden cost; `stopped`: the test ended before
      it was done, so there is no growth; `accept`: the command that records anew what failed;
    * `recorded`: what record mode did: `kept`, `live` and `from_journal` count requests, `written`, `removed` where
      that means that files were deleted, `waiting` where answers wait in the journal, `new` where there was no golden
      trace, `tools` and `outputs` where those are not what the golden trace had;
    * `would_record`: of a dry run, `calls` that recording would take (`at_least`: or more), their estimated `cost_usd`,
      and `why`: `new`, `changed`, `all`, `unchanged`, `failed`, `not_reached` or
      `other_tape`; `dry_run` has the sum of all;
    * `nearest_answers`: how many requests were answered with what comes nearest (`--llm-on-miss=nearest`);
    * `runs`: of a test that was repeated: `count`, `failed`, `threshold`; its findings then have `runs`, `of` and
      `rate`, and its amounts are those of all runs;
    * `swapped`: of calls that `--llm-model` sent to another model, how many per ``OLD=NEW`` (`models`), `calls`, and
      the `seconds` that these took;
    * `variants`: the variants of the golden trace that live runs came nearest to, and how many runs each;
    * `not_understood`: requests to LLM providers that are on the tape but not in the trace, because no dialect reads
      them;
    * `file` and `line` (from 1) of the test, relative to the checkout in GitHub and GitLab, else to the root directory;
    * `fanouts`: each with its `members`, their sum, and the `aggregator`.

    Args:
        payloads: What `owner_payload` and `replay_of` made, in any order but for those of one owner.
        outcomes: The outcome of each test by node id, as pytest counts them.
        mode: Mode of the run.
        breaches: The breached budgets of the run and of directories.
        budgets: All budgets of the run and of directories with what was used of them: `scope`, `what`, `limit`,
            `value`, `source`; of growth, `of` says whether tokens or dollars grew.
        unused: Cassette files that no test used; of a full run only.
        durations: Seconds that each test took, by node id.
        places: File and line of tests, by node id.
        failed: Whether the run failed for another reason: a test file that cannot be imported, an interrupt.
    """
    sums = Sums()
    tests: list[dict[str, Any]] = []
    fixtures: list[dict[str, Any]] = []
    drifted = False
    for owner in owners_or_replays(payloads):
        if isinstance(owner, Replay):
            sums.add_replay(owner)
            nodeid = owner.nodeid
            tests.append(owner.row(outcomes.get(nodeid, "unknown"), durations.get(nodeid), places.get(nodeid)))
            continue
        sums.add(owner)
        drifted |= owner.failed and outcomes.get(owner.nodeid) not in FORGIVEN
        if owner.fixture:
            fixtures.append(_row(owner, "failed" if owner.failed else "passed"))
        else:
            outcome = outcomes.get(owner.nodeid, "unknown")
            tests.append(_row(owner, outcome, durations.get(owner.nodeid), places.get(owner.nodeid)))
    failed = failed or drifted or any(outcome in FAILED for outcome in outcomes.values())
    made: dict[str, Any] = {
        "llmtrace": FORMAT_VERSION,
        "mode": mode,
        "exit": "failed" if failed or any(breach.severity == "fail" for breach in breaches) else "ok",
        "totals": totals_row(len(tests), sums.amounts, sums.paid),
        "models": [amounts_row("model", *one) for one in sums.of("model")],
        "agents": agent_rows(sums.of("agent")),
        "sources": [amounts_row("source", *one) for one in sums.of("source")],
        "tests": tests,
        "breaches": [breach_row(breach) for breach in breaches],
        "unused": plain(sorted(unused)),
    }
    would = [row for row in (*tests, *fixtures) if "would_record" in row]
    optional = {
        "budgets": plain(list(budgets)),
        "fixtures": fixtures,
        "growth": sums.growth,
        "dry_run": dry_run_sums(would) if would else None,
    }
    return made | {key: value for key, value in optional.items() if value}


def totals_row(tests: int, amounts: Totals, paid: Totals) -> dict[str, Any]:
    """The sum of everything.

    Args:
        tests: How many there are.
        amounts: What they used and cost.
        paid: What all attempts of them really paid, as totals whose unpriced calls are the live ones.
    """
    return {
        "tests": tests,
        "calls": amounts.calls,
        "usage": amounts.usage.to_data(),
        **_cost("cost_usd", "priced_usd", amounts.priced_usd, amounts.unpriced_calls),
        "unpriced_calls": amounts.unpriced_calls,
        **paid_row(paid),
    }


def paid_row(paid: Totals) -> dict[str, Any]:
    """Live calls, what they cost, and where that is unknown the part that is known."""
    cost = _cost("live_cost_usd", "live_priced_usd", paid.live_usd, paid.unpriced_calls)
    return {"live_calls": paid.live_calls, **cost, **_live_seconds(paid)}


def agent_rows(summed: Sequence[tuple[str, Totals]]) -> list[dict[str, Any]]:
    """A row per agent; where there is one, calls without an agent have a row of their own, the last."""
    named = [amounts_row("agent", *one) for one in summed if one[0] != NO_AGENT]
    return [*named, *(amounts_row("agent", *one) for one in summed if one[0] == NO_AGENT)] if named else []


def amounts_row(key: str, name: str, amounts: Totals) -> dict[str, Any]:
    """What a model, an agent or a source used and cost."""
    live = amounts.live_calls
    return {
        key: name,
        "calls": amounts.calls,
        "usage": amounts.usage.to_data(),
        **_cost("cost_usd", "priced_usd", amounts.priced_usd, amounts.unpriced_calls),
        **({"live_calls": live, "live_s": _seconds(amounts.live_seconds)} if live else {}),
    }


def _row(
    owner: Owner, outcome: str, duration: float | None = None, place: tuple[str, int] | None = None
) -> dict[str, Any]:
    amounts = owner.amounts
    golden = owner.golden_amounts
    return {
        "nodeid": owner.nodeid,
        "outcome": outcome,
        "mode": owner.last[0]["mode"],
        **({} if duration is None else {"duration_s": _seconds(duration)}),
        "calls": amounts.calls,
        "live_calls": amounts.live_calls,
        **_live_seconds(amounts),
        "usage": amounts.usage.to_data(),
        **_cost("cost_usd", "priced_usd", amounts.priced_usd, amounts.unpriced_calls),
        "golden": owner.golden,
        "golden_cost_usd": dollars(golden.cost_usd) if golden else None,
        "findings": owner.findings,
        "models": sorted({name for name, _ in owner.parts["model"]}),
        **({} if place is None else {"file": plain(place[0]), "line": place[1]}),
        **{key: value for key, value in _said_where_there_is_something(owner, golden).items() if value},
    }


def _said_where_there_is_something(owner: Owner, golden: Totals | None) -> dict[str, Any]:
    first, swapped = owner.last[0], owner.swapped
    return {
        **_parts(owner),
        "golden_calls": golden.calls if golden else None,
        "golden_usage": golden.usage.to_data() if golden else None,
        "growth": growth(owner),
        "stopped": owner.stopped,
        "accept": next((one["accept"] for one in owner.last if one.get("accept")), None),
        "runs": dict(owner.runs or {}),
        "swapped": {**swapped, "seconds": _seconds(swapped["seconds"])} if swapped else None,
        "variants": dict(sorted(owner.variants.items())),
        "fanouts": owner.fan_outs,
        "would_record": first.get("would_record"),
        "nearest_answers": first.get("nearest_answers"),
        "recorded": _recorded(owner),
        "not_understood": first.get("not_understood"),
    }


def _recorded(owner: Owner) -> dict[str, Any]:
    """What record mode did, with what all attempts paid; or empty."""
    done, paid = owner.recorded, owner.live
    if not done:
        return {}
    amounts = {
        "live_calls": paid.live_calls,
        **_cost("live_cost_usd", "live_priced_usd", paid.live_usd, paid.unpriced_calls),
    }
    return {**done, **amounts}


def _parts(owner: Owner) -> dict[str, Any]:
    """What the amounts of an owner are made of, so that documents can be added up."""
    made: dict[str, Any] = {
        "unpriced_calls": owner.amounts.unpriced_calls,
        "paid": paid_row(owner.live) if owner.live.live_calls else None,
        "directory": owner.directory if owner.fixture else None,
    }
    for key in PARTS:
        parts = parts_of_owner(owner, key)
        if key != "agent" or any(name != NO_AGENT for name, _ in parts):
            made[f"by_{key}"] = [_part_row(key, name, amounts) for name, amounts in parts]
    return made


def _part_row(key: str, name: str, amounts: Totals) -> dict[str, Any]:
    row = amounts_row(key, name, amounts)
    if amounts.unpriced_calls:
        row["unpriced_calls"] = amounts.unpriced_calls
    return row


def _cost(key: str, part: str, priced: float, unpriced: int) -> dict[str, float | None]:
    """The cost, and where it is unknown the part that is known."""
    return {key: None, part: dollars(priced)} if unpriced else {key: dollars(priced)}


def _live_seconds(amounts: Totals) -> dict[str, float]:
    return {"live_s": _seconds(amounts.live_seconds)} if amounts.live_calls else {}


def _seconds(number: float) -> float:
    """To the millisecond."""
    return round(number, 3)


def breach_row(breach: Breach) -> dict[str, Any]:
    """A breach of the run as the document lists it: its type goes without saying, and empty fields too."""
    data = finding_data(breach)
    kept = {key: data[key] for key in ("scope", "what", "limit")}
    kept["value"] = dollars(breach.value) if breach.what == "usd" else data["value"]
    return kept | {key: data[key] for key in ("of", "models", "refused", "source") if data.get(key)}
