"""One conversation on both sides: its turns compared one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pytest_llmtrace._compare.calls.fingerprints import SYSTEM_ROLES, Fingerprints, TurnPrint
from pytest_llmtrace._compare.calls.head_and_reply import described, head_changes, reply_changes, tools_asked
from pytest_llmtrace._compare.calls.history import Histories, Hunk
from pytest_llmtrace._compare.calls.hunks import Hunks, moved_messages
from pytest_llmtrace._compare.conversations.echoes import Echoes
from pytest_llmtrace._compare.conversations.fan_outs import Gathering, only_quotes_differ
from pytest_llmtrace._compare.conversations.pairing import Pairing
from pytest_llmtrace._compare.conversations.positions import Positions
from pytest_llmtrace._compare.conversations.turns import Alignment, align_turns, ranks
from pytest_llmtrace._compare.differences.changes import Change, Side
from pytest_llmtrace._compare.fold import Ledger, Place, Root
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.prefixes import runs

Gathered = tuple[Mapping[int, Gathering], Mapping[int, Gathering]]
"""The fan-outs of both sides, by the position of the aggregator's call."""


class PairedConversation:
    """The comparison of one pairing.

    First `settle` what was not made, was made besides, or was made in another order; then `compare` each aligned pair,
    in golden order: a message that is there or not because of a whole call is no difference of its own.
    """

    def __init__(
        self,
        pairing: Pairing,
        fingerprints: Fingerprints,
        ledger: Ledger,
        gathered: Gathered = ({}, {}),
        *,
        again: bool = False,
    ) -> None:
        self.golden: Final = pairing.golden
        self.observed: Final = pairing.observed
        self.same: Final = pairing.same
        self.turns = (
            Alignment(pairs=[(one, one) for one in range(len(self.golden))], moved=[], missing=[], added=[])
            if pairing.same
            else align_turns(pairing.golden, pairing.observed)
        )
        self._fingerprints = fingerprints
        self._ledger = ledger
        self._gathered = gathered
        self._again = again
        """Whether these are requests that were made more often than they were recorded."""
        self._hunks = Hunks(fingerprints.lens)
        self._histories: Histories[Root] = Histories()
        self._moved: tuple[Root | None, Histories[Root]] = None, Histories()
        """The turns that were moved together and are compared now."""
        self._heads: dict[tuple[str, str], list[Change]] = {}
        self._context: Root | None = None
        """The first message that one side dropped from its context and the other did not."""
        self._said: tuple[set[str], ...] | None = None
        """All messages and answers of each side, once they are needed."""
        self._gone = Echoes(fingerprints)
        self._extra = Echoes(fingerprints)
        self._orders: dict[int, Root] = {}
        """Golden turns that were moved, and the difference that says so."""

    @property
    def gathered(self) -> Iterator[int]:
        """Positions of the golden calls that came before a call of this conversation: what it quotes of a fan-out."""
        for one, other in self.turns.aligned if self._gathered[0] else ():
            here = self._gathered[0].get(self.golden[one].at)
            if here is not None and self.observed[other].at in self._gathered[1]:
                yield from (member.at for member in here.members)

    def settle(self, positions: Positions, *, stopped: bool) -> None:
        """Enter the calls that are on one side only or were moved.

        Args:
            positions: Of the calls of both sides.
            stopped: Whether the observed side ended early: golden calls after the last one made were not reached.
        """
        self._settle_order(positions)
        reached = max((one for one, _ in self.turns.aligned), default=0) if stopped else len(self.golden)
        for run in runs(one for one in self.turns.missing if one < reached):
            root = self._enter_calls("golden", [self.golden[one] for one in run], positions)
            for one in run:
                self._gone.add(self.golden[one], one, root)
        for run in runs(self.turns.added):
            root = self._enter_calls("observed", [self.observed[other] for other in run], positions)
            for other in run:
                self._extra.add(self.observed[other], other, root)

    def compare(self, one: int, other: int, positions: Positions) -> None:
        """Compare an aligned pair of turns."""
        golden, observed = self.golden[one], self.observed[other]
        where = positions.golden(golden)
        roots: list[Root] = []
        if golden.head != observed.head:
            roots.extend(self._ledger.enter(change, where) for change in self._head_changes(golden, observed))
        kept, new = self._histories_of(one).advance(golden.keys, observed.keys)
        for root in (root for hunk in kept for root in hunk.causes):
            root.seen(where)
        if new:
            self._compare_histories(new, one, other, where, positions)
        roots.extend(root for hunk in (*kept, *new) for root in hunk.causes)
        if observed.missed:
            self._explain(observed, roots, where, positions)
        elif golden.reply != observed.reply:
            for change in reply_changes(golden.call, observed.call, self._fingerprints.lens):
                self._ledger.enter(change, where)

    def _histories_of(self, one: int) -> Histories[Root]:
        """The histories that go on with a golden turn: what was moved says nothing of the turns around it."""
        block = self._orders.get(one)
        if block is None:
            return self._histories
        if self._moved[0] is not block:
            self._moved = block, Histories()
        return self._moved[1]

    def _settle_order(self, positions: Positions) -> None:
        """Enter the turns that were moved; those that stayed together are one difference."""
        before, after = ranks(self.golden), ranks(self.observed)
        last = (-2, -2)
        for one, other in self.turns.moved:
            golden, observed = self.golden[one], self.observed[other]
            rank = before[golden.at], after[observed.at]
            if (one - 1, other - 1) == last:
                root = self._orders[one - 1]
                root.seen(positions.golden(golden), again=True)
            else:
                change = Change(kind="order", path="turn", golden=rank[0], observed=rank[1], place=golden.name)
                root = self._ledger.enter(change, positions.golden(golden))
            last = (one, other)
            self._orders[one] = root
            self._gone.add(golden, -1, root)
            self._extra.add(observed, -1, root)

    def _head_changes(self, golden: TurnPrint, observed: TurnPrint) -> list[Change]:
        pair = (golden.head, observed.head)
        if pair not in self._heads:
            lens = self._fingerprints.lens
            self._heads[pair] = head_changes(lens.head(golden.call), lens.head(observed.call))
        return self._heads[pair]

    def _compare_histories(
        self, hunks: list[Hunk[Root]], one: int, other: int, where: Place, positions: Positions
    ) -> None:
        golden, observed = self.golden[one], self.observed[other]
        left = []
        for hunk in hunks:
            here, gone = self._gone.without(golden, one, range(*hunk.golden), where)
            there, extra = self._extra.without(observed, other, range(*hunk.observed), where)
            hunk.causes.extend((*gone, *extra))
            left.append((hunk, here, there))
        moved = moved_messages(golden, observed, [(here, there) for _, here, there in left])
        if moved:
            changes = [
                Change(
                    kind="order",
                    path=f"messages[{here}]",
                    golden=here,
                    observed=there,
                    role=golden.call.messages[here]["role"],
                    place=golden.keys[here],
                )
                for here, there in moved.items()
            ]
            root = self._enter_group(changes, where)
            hunks[0].causes.append(root)
        elsewhere = set(moved.values())
        for hunk, here, there in left:
            changed = [position for position in here if position not in moved]
            instead = [position for position in there if position not in elsewhere]
            if one in self._orders:
                new = self._unknown(golden, changed, 1), self._unknown(observed, instead, 0)
                if new != (changed, instead):
                    hunk.causes.append(self._orders[one])  # it came after other turns than before
                    changed, instead = new
            hunk.causes.extend(self._causes(golden, observed, changed, instead, where, positions))
        if not (moved or self._gone or self._extra or any(self._gathered)):
            leads = all(map(self._ledger.leads, hunks[-1].causes))
            hunks[-1].settled = leads and self._hunks.in_place(golden, observed, hunks[-1])

    def _causes(  # noqa: PLR0917  # one stretch of two histories, and where they are
        self,
        golden: TurnPrint,
        observed: TurnPrint,
        here: list[int],
        there: list[int],
        where: Place,
        positions: Positions,
    ) -> list[Root]:
        """What a stretch of two histories that is not equal follows from, or says anew."""
        if self._cut(golden, observed, here, there):
            if self._context is None:
                one_sided = self._hunks.changes(golden, observed, here, there)
                self._context = self._enter_group([change for group in one_sided for change in group], where)
            self._context.seen(where)
            return [self._context]
        quoted = self._quoted(golden, observed, here, there, positions)
        if quoted is None:
            return [self._enter_group(group, where) for group in self._hunks.changes(golden, observed, here, there)]
        for root in quoted:
            root.seen(where)
        return quoted

    def _cut(self, golden: TurnPrint, observed: TurnPrint, here: list[int], there: list[int]) -> bool:
        """Whether messages are on one side only because a context was cut: the other side knew them before."""
        if bool(here) == bool(there) or not (self._context or golden.rewritten or observed.rewritten):
            return False
        return not (self._unknown(golden, here, 1) or self._unknown(observed, there, 0))

    def _unknown(self, turn: TurnPrint, places: list[int], other: int) -> list[int]:
        """Which messages of a turn's history the other side of the conversation has nowhere; prompts are its own."""
        if self._said is None:
            self._said = tuple(
                {key for turn in side for key in (*turn.added, *self._answer_keys(turn.call.output))}
                for side in (self.golden, self.observed)
            )
        known, said = self._said[other], turn.call.messages
        return [
            at
            for at in places
            if said[at]["role"] in SYSTEM_ROLES or known.isdisjoint((turn.keys[at], *self._answer_keys(said[at])))
        ]

    def _answer_keys(self, message: Message | None) -> tuple[str, ...]:
        """Digests of an answer as it came and as histories repeat it; none of any other message."""
        if message is None or message["role"] != "assistant":
            return ()
        return self._fingerprints.key(message), self._fingerprints.echo(message)

    def _quoted(
        self, golden: TurnPrint, observed: TurnPrint, here: list[int], there: list[int], positions: Positions
    ) -> list[Root] | None:
        """What messages of an aggregator differ in, where that is only the answers of a fan-out: its differences."""
        one, other = self._gathered[0].get(golden.at), self._gathered[1].get(observed.at)
        if one is None or other is None or not here or len(here) != len(there):
            return None
        said, heard = golden.call.messages, observed.call.messages
        pairs = zip(here, there, strict=True)
        if not all(only_quotes_differ(said[at], heard[to], one, other) for at, to in pairs):
            return None
        places = [positions.golden(member).position for member in one.members]
        places += [positions.observed(member).position for member in other.members]
        found = self._ledger.entered(places)
        return found if found or not observed.missed else None  # a request without an answer is explained by something

    def _enter_group(self, changes: list[Change], where: Place) -> Root:
        """Enter differences that are one: the first is listed, the others follow from it."""
        root = self._ledger.enter(changes[0], where)
        if root.at is where:
            for _ in changes[1:]:
                root.seen(where, again=True)
        return root

    def _enter_calls(self, side: Side, prints: list[TurnPrint], positions: Positions) -> Root:
        """Enter calls, one right after the other, that are on one side only: the first is listed."""
        first = prints[0]
        places = [positions.golden(one) if side == "golden" else positions.observed(one) for one in prints]
        described_call = described(first.call, self._fingerprints.lens) | ({"again": True} if self._again else {})
        root = self._ledger.enter(
            Change(
                kind="call_missing" if side == "golden" else "call_added",
                path="call",
                golden=described_call if side == "golden" else None,
                observed=described_call if side == "observed" else None,
                place=f"{side} {first.name}",
                tools=tuple(key for one in prints for key in tools_asked(one.call, self._fingerprints.lens)),
            ),
            places[0],
        )
        for one in places[1:]:
            root.seen(one, again=True)
        if any(one.missed for one in prints):
            root.severity = "fail"
        return root

    def _explain(self, observed: TurnPrint, roots: list[Root], where: Place, positions: Positions) -> None:
        """Make sure that a request which replay could not answer fails for a reason that is listed.

        What the rules of a policy absorb is no reason as long as there is another: the tape is searched by them, too.
        """
        if not roots:
            self._enter_calls("observed", [observed], positions)
        elif all(root.severity != "fail" for root in roots):
            reasons = [root for root in roots if not root.absorbed] or roots
            for root in [root for root in reasons if root.at is where] or reasons:
                root.blame()
