"""An owner whose cassette cannot be read: what its failure says, and what the reports know of it."""

from __future__ import annotations

import os
import re
from typing import Any, Final

from pytest_llmtrace._capture.faults import Fault
from pytest_llmtrace._model.verdict import Mode, Verdict
from pytest_llmtrace._report.document.payload import owner_payload
from pytest_llmtrace._run.plans.plan import Plan
from pytest_llmtrace._run.recording.names import relative
from pytest_llmtrace.errors import LlmtraceError

_RECORDS: Final = "`pytest --llm(?:trace)?-record [^`]*`"


def told(error: LlmtraceError, plan: Plan) -> str:
    """The error's text, with paths as they are shown elsewhere, and the command that records this very owner.

    A broken file may not say whose it is, or say it wrongly.
    """
    text = re.sub(_RECORDS, lambda _match: f"`{plan.accept}`", str(error))
    return text.replace(f"{plan.root}{os.sep}", "")


def unreadable_verdict(plan: Plan, text: str) -> Verdict:
    """Nothing could be judged, and this is why."""
    from pytest_llmtrace._model.findings import Internal  # noqa: PLC0415

    return Verdict(owner=plan.owner, mode=plan.mode, findings=(Internal(text=text),), stopped=True)


def unreadable_payload(plan: Plan, text: str, *, with_entries: bool) -> dict[str, Any]:
    """The payload of an owner that could not begin. Its files are used: they must not be taken for leftovers."""
    from pytest_llmtrace._model.trace import Trace  # noqa: PLC0415

    files = [relative(path, plan.root) for path in (plan.cassette.golden, plan.cassette.tape) if path.exists()]
    golden = relative(plan.cassette.golden, plan.root) if plan.cassette.golden.exists() else None
    return owner_payload(
        unreadable_verdict(plan, text),
        Trace(owner=plan.owner),
        cassette={"golden": golden, "used": files},
        recorded={},
        with_entries=with_entries,
    )


def broken_payload(owner: str, mode: Mode, found: Fault, *, late: bool, with_entries: bool) -> dict[str, Any]:
    """The payload of a test that a bug of ours kept from having one of its own; `late`: or from having only one."""
    from pytest_llmtrace._model.findings import Internal  # noqa: PLC0415
    from pytest_llmtrace._model.trace import Trace  # noqa: PLC0415

    finding = Internal(text=found.text, traceback=found.traceback)
    verdict = Verdict(owner=owner, mode=mode, findings=(finding,), stopped=True)
    return owner_payload(
        verdict,
        Trace(owner=owner),
        cassette={},
        recorded={},
        with_entries=with_entries,
        phase="teardown" if late else "call",
    )
