"""One digest for the behaviour that a trace shows."""

from __future__ import annotations

from typing import Final

from pytest_llmtrace._compare.calls.fingerprints import Fingerprints
from pytest_llmtrace._compare.calls.lens import lens
from pytest_llmtrace._compare.policies.policy import POLICIES, Policy
from pytest_llmtrace._model.canonical import canonical_json, digest
from pytest_llmtrace._model.trace import Trace

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
    fingerprints = Fingerprints(lens(POLICIES["exact"]))
    talks = sorted(fingerprints.conversation(prints) for prints in fingerprints.prints(trace.calls))
    return digest(canonical_json([DIGEST_VERSION, talks, *_beside_calls(trace)]))


def _beside_calls(trace: Trace) -> tuple[list[str], list[str]]:
    """Digests of executed tools, and of events."""
    if not (trace.executions or trace.events):
        return [], []
    from pytest_llmtrace._compare.entries import event_data, execution_data  # noqa: PLC0415  # most tests have neither

    return (
        sorted(digest(canonical_json(execution_data(one))) for one in trace.executions),
        sorted(digest(canonical_json(event_data(one))) for one in trace.events),
    )


def digest_decides(policy: Policy) -> bool:
    """Whether equal digests mean that a policy finds nothing, so that the golden trace need not be read."""
    return policy.order == "free"
