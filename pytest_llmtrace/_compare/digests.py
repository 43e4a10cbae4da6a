"""One digest for the behaviour that a trace shows."""

from __future__ import annotations

import hashlib
from operator import attrgetter
from typing import Final, TypeVar

from pytest_llmtrace._compare.calls.fingerprints import Fingerprints
from pytest_llmtrace._compare.calls.lens import lens
from pytest_llmtrace._compare.policies.policy import POLICIES
from pytest_llmtrace._model.canonical import canonical_json, digest, written_value
from pytest_llmtrace._model.conversations import Conversation, conversations
from pytest_llmtrace._model.trace import LLMCall, Trace

Known = TypeVar("Known")
DIGEST_VERSION: Final = 1
"""Goes up when the same behaviour gets another digest; a stored digest of another version says nothing."""


def behaviour_digest(trace: Trace) -> str:
    """Equal for traces that do not differ under `exact`, whatever the order of their parallel conversations.

    Equal digests mean that `compare` finds nothing, under every policy whose `order` is free. Different digests mean
    that it finds something under `exact`, with exceptions that only cost time: calls that are grouped into other
    conversations because labels came or went, executions of tools that only the observed trace has, and answers of a
    fan-out that are quoted in another order.

    Linear in what each turn added. Missed calls count as they are, so a trace with one equals no golden trace.
    """
    fingerprints = _Exact()
    calls = trace.calls
    found = conversations(calls)
    if all(map(_is_plain, found)):
        talks = sorted(map(fingerprints.plain_conversation, found))
    else:
        talks = sorted(fingerprints.conversation(prints) for prints in fingerprints.prints(calls))
    return digest(canonical_json([DIGEST_VERSION, talks, *_beside_calls(trace)]))


def _is_plain(conversation: Conversation) -> bool:
    """Whether each turn adds messages, none of which is about a tool: nothing is reordered, nor seen otherwise."""
    turns = conversation.turns
    said = [one for turn in turns for one in (*turn.added, turn.call.output) if one is not None]
    if not all(map(_added_by, turns)):
        return False
    return all(map(_ABOUT_TOOLS.isdisjoint, said)) or not any(one["tool_calls"] or one["tool_call_id"] for one in said)


class _Exact(Fingerprints):
    """Digests under `exact`; what calls ask besides their messages, and how they end, is digested once in a process.

    The tests of a module offer the same tools. These are known by their values and not as objects, which a test may
    change.
    """

    def __init__(self) -> None:
        super().__init__(lens(POLICIES["exact"]))
        self._endings = _of_few(_ENDINGS)

    def plain_conversation(self, conversation: Conversation) -> str:
        """As `conversation`, in a third of the steps: a plain message is what its own digest says."""
        return digest(
            "\n".join(
                ",".join(
                    (self.head(one.call), str(one.kept), *[said.digest for said in one.added], self._reply(one.call))
                )
                for one in conversation.turns
            )
        )

    def _head(self, call: LLMCall) -> str:
        asked = [call.operation, call.provider, call.model, dict(call.params), list(call.tools)]
        written = written_value(asked)
        if written is None:
            return super()._head(call)
        key = hashlib.blake2b(written, digest_size=16).digest()
        known = _HEADS.get(key)
        if known is None:
            known = _of_few(_HEADS)[key] = super()._head(call)
        return known


_added_by: Final = attrgetter("added")
_ABOUT_TOOLS: Final = frozenset({"tool_calls", "tool_call_id"})
_MOST: Final = 1024
"""Digests that are remembered."""
_HEADS: Final[dict[bytes, str]] = {}
_ENDINGS: Final[dict[tuple[str | None, str], str]] = {}


def _of_few(known: dict[Known, str]) -> dict[Known, str]:
    """What is remembered, forgotten where it became too much."""
    if len(known) >= _MOST:
        known.clear()
    return known


def _beside_calls(trace: Trace) -> tuple[list[str], list[str]]:
    """Digests of executed tools, and of events."""
    if not (trace.executions or trace.events):
        return [], []
    from pytest_llmtrace._compare.entries import event_data, execution_data  # noqa: PLC0415  # most tests have neither

    return (
        sorted(digest(canonical_json(execution_data(one))) for one in trace.executions),
        sorted(digest(canonical_json(event_data(one))) for one in trace.events),
    )
