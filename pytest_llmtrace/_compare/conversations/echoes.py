"""Messages that are in a history, or are not, because of a whole call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from pytest_llmtrace._compare.calls.fingerprints import SYSTEM_ROLES, Fingerprints, TurnPrint
from pytest_llmtrace._compare.fold import Place, Root


class Echoes:
    """Knows, for one side of a conversation, which messages came with a call that has no counterpart there."""

    def __init__(self, fingerprints: Fingerprints) -> None:
        self._fingerprints = fingerprints
        self._by_message: dict[str, list[tuple[int, Root]]] = defaultdict(list)

    def __bool__(self) -> bool:
        return bool(self._by_message)

    def add(self, turn: TurnPrint, position: int, root: Root) -> None:
        """What a call said, and its answer, follow from `root` in the turns after `position` of this side."""
        said = zip(turn.added, turn.call.messages[turn.kept :], strict=True)
        for key in (key for key, message in said if message["role"] not in SYSTEM_ROLES):
            self._by_message[key].append((position, root))
        output = turn.call.output
        if output is not None:
            self._by_message[self._fingerprints.echo(output)].append((position, root))

    def without(
        self, turn: TurnPrint, position: int, messages: Sequence[int], where: Place
    ) -> tuple[list[int], list[Root]]:
        """Positions in a turn's history without those that follow from a call, and the roots those follow from.

        What the turn itself brought is never an echo: neither what it added, nor what stands after the last answer.
        """
        if not self._by_message:
            return list(messages), []
        said = turn.call.messages
        last = max((at for at in messages if said[at]["role"] == "assistant"), default=-1)
        left, roots = [], []
        for at in messages:
            root = self._root(turn, at, position) if at < turn.kept or at <= last else None
            if root is None:
                left.append(at)
            else:
                root.seen(where)
                roots.append(root)
        return left, roots

    def _root(self, turn: TurnPrint, at: int, position: int) -> Root | None:
        message = turn.call.messages[at]
        keys = [turn.keys[at]]
        if message["role"] == "assistant":
            keys.append(self._fingerprints.echo(message))
        return next((root for key in keys for before, root in self._by_message.get(key, ()) if before < position), None)
