"""Which payloads count: an owner may hand in several, for reruns, phases, and one per xdist worker.

The rule: the last attempt of an owner says what it found, called and cost; of earlier attempts only the money that
was really paid still counts. A fixture that several workers set up is several attempts of one owner, so that a replay
reports the same under xdist as without it. A ``teardown`` payload is no attempt of its own: it adds to the one before.
So does ``again``, one more run of a test that is repeated on purpose: what all of them used counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any, Final, Protocol

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._report.amounts import totals_from
from pytest_llmtrace._report.document.payload import AS_OBSERVED
from pytest_llmtrace._report.document.replays import Replay

Payload = Mapping[str, Any]
"""What `payload.owner_payload` made."""


class Told(Protocol):
    """Payloads and replays, one after the other."""

    def __iter__(self) -> Iterator[Payload | Replay]: ...
    def __getitem__(self, at: int, /) -> Payload | Replay: ...


@frozen
class Owner:
    """A test or a fixture with all its payloads."""

    nodeid: str
    fixture: bool
    last: tuple[Payload, ...]
    """The payloads of the last attempt: one per phase."""
    earlier: tuple[Payload, ...]
    """Those of the attempts before it."""
    amounts: Totals
    """What the last attempt used and cost."""
    golden_amounts: Totals | None
    """What the golden trace used and cost; `None` where there is none."""
    live: Totals
    """What all attempts paid, as totals whose unpriced calls are the live ones."""
    parts: Mapping[str, Sequence[tuple[str, Totals]]]
    """What the last attempt is made of per ``model``, ``agent`` and ``source``, by name: of each payload on its own."""
    stopped: bool
    """Whether the last attempt ended before it was done."""

    @classmethod
    def of(cls, nodeid: str, last: tuple[Payload, ...], earlier: tuple[Payload, ...], *, fixture: bool) -> Owner:
        """The owner with these payloads."""
        amounts = [totals_from(payload) for payload in last]
        told = list(zip(last, amounts, strict=True))
        golden = next(
            ((n, payload["golden_totals"]) for n, payload in enumerate(last) if payload["golden_totals"]), None
        )
        return cls(
            nodeid=nodeid,
            fixture=fixture,
            last=last,
            earlier=earlier,
            amounts=amounts[0] if len(amounts) == 1 else reduce(add, amounts),
            golden_amounts=golden and (amounts[golden[0]] if golden[1] == AS_OBSERVED else totals_from(golden[1])),
            live=reduce(add, [_paid(one) for one in (*earlier, *last) if one["live_calls"]], NOTHING),
            parts={part: [row for one, whole in told for row in _rows(one, part, whole)] for part in PARTS},
            stopped=any(payload.get("stopped") for payload in last),
        )

    @property
    def directory(self) -> str:
        """Where it is, relative to the root directory."""
        return str(self.last[0].get("directory", "."))

    @property
    def swapped(self) -> dict[str, Any]:
        """Of calls that asked another model: `models`, `calls` and `seconds`, of all runs; or empty."""
        found = [payload["swapped"] for payload in self.last if payload.get("swapped")]
        if not found:
            return {}
        models: Counter[str] = Counter()
        for one in found:
            models.update(one["models"])
        totals = {name: sum(one[name] for one in found) for name in ("calls", "seconds")}
        return {"models": dict(sorted(models.items())), **totals}

    @property
    def variants(self) -> Mapping[str, int]:
        """The variants of the golden trace that runs were compared with, and how many."""
        found = [payload["variant"] for payload in self.last if payload.get("variant")]
        return Counter(found) if found else {}

    @property
    def runs(self) -> Mapping[str, Any] | None:
        """Of a test that was repeated: `count`, `failed` and `threshold`."""
        return next((payload["runs"] for payload in self.last if payload.get("runs")), None)

    @property
    def findings(self) -> list[Mapping[str, Any]]:
        """What the last attempt found."""
        return [finding for payload in self.last for finding in payload["findings"]]

    @property
    def failed(self) -> bool:
        """Whether a finding of the last attempt fails its test."""
        return bool(self.findings) and any(finding["severity"] == "fail" for finding in self.findings)

    @property
    def golden(self) -> str | None:
        """The golden trace's file."""
        return next((payload["golden"] for payload in self.last if payload["golden"]), None)

    @property
    def recorded(self) -> dict[str, Any]:
        """What record mode did: what all attempts paid for is live, though the last had it from the journal."""
        data = dict(self.last[0]["recorded"])
        before = [payload["recorded"] for payload in self.earlier if payload["recorded"]]
        if before:
            paid = sum(one["live"] for one in before)
            data = data or {**before[-1], "live": 0, "from_journal": 0}  # the last one could not begin
            data |= {"live": data["live"] + paid, "from_journal": max(0, data["from_journal"] - paid)}
            data["written"] = data["written"] or any(one["written"] for one in before)
        return data

    @property
    def fan_outs(self) -> list[Mapping[str, Any]]:
        """The fan-outs of the last attempt."""
        return [fan_out for payload in self.last for fan_out in payload.get("fanouts", ())]


PARTS: Final = ("model", "agent", "source")
"""What amounts are broken down by."""
NOTHING: Final = Totals()


def _paid(payload: Payload) -> Totals:
    return Totals(
        live_calls=payload["live_calls"],
        live_usd=payload["live_cost_usd"],
        live_seconds=payload.get("live_s", 0.0),
        unpriced_calls=payload["live_unpriced_calls"],
    )


def _rows(payload: Payload, part: str, whole: Totals) -> Iterable[tuple[str, Totals]]:
    rows = payload[f"{part}s"]
    return [(rows, whole)] if isinstance(rows, str) else [(row[part], totals_from(row)) for row in rows]


def owners(payloads: Sequence[Payload]) -> Iterator[Owner]:
    """The owners of these payloads, tests before fixtures, each sorted by node id: the same with and without xdist.

    One after the other: `payloads` may read them from somewhere whenever they are asked for.
    """
    for one in owners_or_replays(payloads):
        yield one if isinstance(one, Owner) else Owner.of(one.nodeid, (one.payload,), (), fixture=False)


def owners_or_replays(told: Told) -> Iterator[Owner | Replay]:
    """The same; an owner of which nothing is told but that it is a replay, as nearly all are, is left as it is."""
    attempts: dict[tuple[bool, str, str], list[list[int | Replay]]] = {}
    for at, payload in enumerate(told):
        if isinstance(payload, Replay):
            attempts.setdefault((False, payload.nodeid, ""), []).append([payload])
            continue
        fixture = bool(payload["fixture"])
        place = (payload["golden"] or "") if fixture else ""  # fixtures of one name in two modules are two
        made = attempts.setdefault((fixture, payload["nodeid"], place), [])
        if payload["phase"] != "call" and made:
            made[-1].append(at)
        else:
            made.append([at])
    for (fixture, nodeid, _place), made in sorted(attempts.items(), key=lambda item: item[0]):
        if len(made) == len(made[0]) == 1 and isinstance(made[0][0], Replay):
            yield made[0][0]
            continue
        last = tuple(_payload(told, one) for one in made[-1])
        earlier = tuple(_payload(told, one) for attempt in made[:-1] for one in attempt)
        yield Owner.of(nodeid, last, earlier, fixture=fixture)


def _payload(told: Told, one: int | Replay) -> Payload:
    found = told[one] if isinstance(one, int) else one
    return found.payload if isinstance(found, Replay) else found
