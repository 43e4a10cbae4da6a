"""What a framework's own hooks said in one test, kept beside what HTTP and the application said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pytest_llmtrace._capture.threads import hold, release

if TYPE_CHECKING:
    from pytest_llmtrace._capture.from_langchain.runs import Run
    from pytest_llmtrace._capture.manual.calls import Record
    from pytest_llmtrace._model.messages import Message
    from pytest_llmtrace._model.trace import Event


class Framework:
    """The runs of one test while they last, and what they left."""

    __slots__ = ("_batch", "_holds", "events", "messages", "rewrites", "runs")

    def __init__(self) -> None:
        self.runs: dict[Any, Run] = {}
        """Those that have not ended, by their id."""
        self.events: list[Event] = []
        self.rewrites: list[Any] = []
        """Objects by which a rewritten context was recognised, so that runs around do not report it again."""
        self.messages: dict[int, tuple[Any, Any, Any, tuple[Message, ...]]] = {}
        """By `id` of a message that was sent: itself, its content and tool calls then, and what the trace holds of it.
        """
        self._batch: tuple[Any, list[Record]] | None = None
        self._holds = False

    def hold_threads(self) -> None:
        """From now on threads are inside of what starts them, until `release`."""
        if not self._holds:
            self._holds = True
            hold()

    def release(self) -> None:
        """The test is over."""
        if self._holds:
            self._holds = False
            release()

    def batch(self, mark: Any, size: Any) -> list[Record] | None:
        """The records of prompts that a model is given at once, to which one of them is to be added.

        Args:
            mark: An object that the prompts of one batch share.
            size: How many prompts the batch has.
        """
        if not isinstance(size, int) or size < 2:
            return None
        if self._batch is None or self._batch[0] is not mark or len(self._batch[1]) >= size:
            self._batch = (mark, [])
        return self._batch[1]


def member(batch: Iterable[Record], messages: tuple[Any, ...], given: dict[int, tuple[Any, ...]]) -> Record | None:
    """The record of a batch that a request was made for: the next one that asked the same, else the next one.

    Args:
        batch: Its records that no request was found for yet.
        messages: What was sent.
        given: By `id` of a record, what it was given.
    """
    left = list(batch)
    wanted = [one.digest for one in messages]
    same = (one for one in left if [message.digest for message in given.get(id(one), ())] == wanted)
    return next(same, left[0] if left else None)
