"""Where in the golden trace each call of both sides has its place."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llmtrace._compare.calls.fingerprints import TurnPrint
from pytest_llmtrace._compare.conversations.turns import Alignment
from pytest_llmtrace._compare.fold import Place, Position, place

Aligned = tuple[Sequence[TurnPrint], Sequence[TurnPrint], Alignment]
"""The golden and the observed turns of one conversation, and which is which."""


class Positions:
    """The calls of both sides in one order: an observed call that has no counterpart follows the one before it.

    Args:
        observed: How many observed calls there are.
        conversations: The conversations of both sides.
    """

    def __init__(self, observed: int, conversations: Sequence[Aligned]) -> None:
        self._observed: dict[int, Position] = {}
        self._labels: dict[int, str] = {}
        matched = {
            there[other].at: float(here[one].at)
            for here, there, alignment in conversations
            for one, other in alignment.aligned
        }
        known = {here[0].label for here, _, _ in conversations if here}
        self._labels.update(
            (turn.at, f"{turn.label} (new)")
            for here, there, _ in conversations
            if not here
            for turn in there
            if turn.label in known
        )
        last = -1.0
        for at in range(observed):
            last = matched.get(at, last)
            self._observed[at] = (last, 2.0, float(at))
        for here, there, _ in conversations:
            last = here[0].at - 0.5 if here else 0.0
            for turn in there if here else ():
                last = matched.get(turn.at, last)
                self._observed[turn.at] = (last, 2.0, float(turn.at))
                self._labels[turn.at] = here[0].label

    def golden(self, turn: TurnPrint) -> Place:
        """The place of a golden turn."""
        return place(turn.label, turn.number, (float(turn.at), 1.0))

    def observed(self, turn: TurnPrint) -> Place:
        """The place of an observed turn, in the golden conversation that it belongs to.

        One of no golden conversation has its own label, with `` (new)`` after it where a golden one is called the same.
        """
        return place(self._labels.get(turn.at, turn.label), turn.number, self._observed[turn.at])
