"""What a test fails with whose recording would hold a secret."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_llmtrace._model.secrecy.eye import Leak
from pytest_llmtrace._report.clean import clean_line, disarmed
from pytest_llmtrace._report.layout import wrapped
from pytest_llmtrace._report.wording import plural


def leak_text(leaks: Sequence[Leak], *, journal: str | None, width: int = 80) -> str:
    """The whole screen.

    Args:
        leaks: what was found.
        journal: where the answers are that were paid for, without what was found; `None`: there are none.
        width: columns of the terminal.
    """
    lines = [f"llmtrace: nothing was recorded: it would hold {_counted(leaks)}", ""]
    for leak in leaks[:_MOST]:
        shown = f" ({clean_line(leak.shown)})" if leak.shown else ""
        lines += _item("  ", f"{clean_line(leak.place)}: {clean_line(leak.what)}{shown}", width)
    if len(leaks) > _MOST:
        lines.append(f"  {plural(len(leaks) - _MOST, 'more')}")
    lines += ["", *wrapped("If it is real, revoke it first: the provider has seen it.", width), ""]
    lines += wrapped("Then, whichever fits:", width)
    for way in (
        "a made-up example: `llm_secrets_allow = REGEX` in your ini file",
        "a form that is yours alone: `llm_redact = NAME: REGEX` there, or the hook `pytest_llmtrace_redact`",
        "a value from your environment: a variable that is named as keys are (ACME_API_KEY) while you record",
    ):
        lines += _item("  - ", way, width)
    if journal is not None:
        kept = f"What was paid for is kept without it, in {clean_line(journal)}"
        lines += ["", *wrapped(f"{kept}; the next `--llm-record` pays only for requests that change.", width)]
    return disarmed("\n".join(lines))


def _item(head: str, text: str, width: int) -> list[str]:
    first, *rest = wrapped(text, width - len(head))
    return [head + first, *(" " * (len(head) + 2 * (not head.strip())) + line for line in rest)]


def _counted(leaks: Sequence[Leak]) -> str:
    return "a secret" if len({leak.secret for leak in leaks}) == 1 else "secrets"


_MOST = 10
