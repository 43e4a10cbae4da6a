"""What travels of a replay that was the recording, word for word: a row of what differs from one such test to the next.

Nearly every test of a run is one. Its row takes a third of the text that its payload would take, and the document is
drawn from rows as they are. Whoever asks for a payload gets the one that `owner_payload` would have made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pytest_llmtrace._model.outline import Kind, Outline
from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._report.amounts import dollars, totals_data
from pytest_llmtrace._report.document.growth import ratio
from pytest_llmtrace._report.document.payload import AS_OBSERVED, is_fixture, named, properties
from pytest_llmtrace._report.plain import plain
from pytest_llmtrace._report.tally import NO_AGENT, agent_of, model_of


class Replay(NamedTuple):
    """One test, whose calls had one model and one agent, and a price that is known. As JSON it is a list."""

    nodeid: str
    directory: str
    golden: str
    tape: str
    model: str
    agent: str
    calls: int
    usd: float
    golden_usd: float
    """What the golden trace cost, whose calls and tokens are those of the replay."""
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def usage(self) -> Usage:
        """The tokens of its calls."""
        return Usage(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cache_read_tokens=self.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens,
            reasoning_tokens=self.reasoning_tokens,
        )

    @property
    def payload(self) -> dict[str, Any]:
        """What `owner_payload` would have made."""
        whole = Totals(calls=self.calls, usage=self.usage, priced_usd=self.usd)
        golden = Totals(calls=self.calls, usage=whole.usage, priced_usd=self.golden_usd)
        return {
            "nodeid": self.nodeid,
            "fixture": False,
            "phase": "call",
            "mode": "trace",
            **totals_data(whole),
            "live_unpriced_calls": 0,
            "models": self.model,
            "agents": self.agent,
            "sources": "tape",
            "unpriced_models": [],
            "golden": self.golden,
            "tape": self.tape,
            "directory": self.directory,
            "golden_totals": AS_OBSERVED if self.usd == self.golden_usd else totals_data(golden),
            "findings": [],
            "recorded": {},
        }

    def row(self, outcome: str, duration: float | None, place: tuple[str, int] | None) -> dict[str, Any]:
        """The row of the document that would be drawn from the payload."""
        usage = self.usage.to_data()
        amounts = {"calls": self.calls, "usage": usage, "cost_usd": self.usd}
        return {
            "nodeid": self.nodeid,
            "outcome": outcome,
            "mode": "trace",
            **({} if duration is None else {"duration_s": round(duration, 3)}),
            "calls": self.calls,
            "live_calls": 0,
            "usage": usage,
            "cost_usd": self.usd,
            "golden": self.golden,
            "golden_cost_usd": self.golden_usd,
            "findings": [],
            "models": [self.model],
            **({} if place is None else {"file": plain(place[0]), "line": place[1]}),
            "by_model": [{"model": self.model, **amounts}],
            **({} if self.agent == NO_AGENT else {"by_agent": [{"agent": self.agent, **amounts}]}),
            "by_source": [{"source": "tape", **amounts}],
            "golden_calls": self.calls,
            "golden_usage": usage,
            "growth": {"tokens": 0.0, "usd": ratio(self.golden_usd, self.usd)},
        }


def replay_of(
    owner: str,
    outline: Outline,
    costs: Sequence[float | None],
    *,
    golden: Mapping[str, Any],
    files: tuple[str, str],
    directory: str,
) -> Replay | None:
    """The row of a replay; `None` where it takes a payload to say what it came to.

    Args:
        owner: Its node id.
        outline: Of its tape.
        costs: What each call costs today; `None`: not known.
        golden: What its golden trace used and cost, as the tape has it: `calls`, `usage`, `priced_usd`,
            `unpriced_calls`.
        files: Its golden trace and its tape, relative to the root directory.
        directory: Where the owner is, relative to the same.
    """
    calls, made = outline.calls, len(outline.calls)
    if not calls or len(costs) != made or None in costs:
        return None
    if golden.get("calls") != made or golden.get("unpriced_calls") != 0:
        return None
    (kind, usage), cost = calls[0], costs[0]
    if made > 1:
        if any(one is not kind for one, _ in calls):
            return None
        usage, cost = Usage.sum([one for _, one in calls]), 0.0
        for one in costs:  # one by one: `sum` rounds otherwise since Python 3.12
            cost += one or 0.0
    kept = golden.get("priced_usd")
    if type(kept) is not float or golden.get("usage") != usage.to_data() or is_fixture(owner):
        return None
    usd = dollars(cost)
    golden_usd = usd if kept == usd else dollars(kept)
    if usd is None or golden_usd is None:
        return None
    return Replay(
        owner, directory, *files, *_names(kind), made, usd, golden_usd,
        usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens,
        usage.reasoning_tokens,
    )  # fmt: skip


def _names(kind: Kind) -> tuple[str, str]:
    """The model and the agent of calls of a kind; those of a suite have them in common."""
    known = _NAMED.get(id(kind))
    if known is None or known[0] is not kind:
        if len(_NAMED) >= _MOST_NAMED:
            _NAMED.clear()
        known = _NAMED[id(kind)] = kind, (model_of(kind), agent_of(kind))
    return known[1]


_NAMED: Final[dict[int, tuple[Kind, tuple[str, str]]]] = {}
_MOST_NAMED: Final = 1024


def properties_of(told: Mapping[str, Any] | Replay) -> list[tuple[str, object]]:
    """What pytest's JUnit report says of a test: calls, tokens, cost and findings; nothing of a fixture."""
    if isinstance(told, Replay):
        return named(told.calls, 0, (told.input_tokens, told.output_tokens), told.usd, 0)
    return [] if told["fixture"] else properties(told)
