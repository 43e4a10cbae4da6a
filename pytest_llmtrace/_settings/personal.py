"""The settings that name what personal data files must not hold: `llm_pii` and `llm_redact`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.personal.names import NAMES
from pytest_llmtrace._settings.ini_values import ALL
from pytest_llmtrace.errors import SettingsError

if TYPE_CHECKING:
    from pytest_llmtrace._model.personal.kind import Kind


def read_personal(pii: Sequence[str], redact: Sequence[str], file: str) -> tuple[Kind, ...]:
    """What the ini values ask for, a project's own rules first. Raises: SettingsError that names file and line."""
    return (*_custom(redact, file), *_known(pii, file))


def _known(written: Sequence[str], file: str) -> Iterator[Kind]:
    names = [name for word in written for name in word.split(",") if name]
    if not names:
        return
    from pytest_llmtrace._model.personal.kinds import KINDS  # noqa: PLC0415  # its patterns cost every run 8 ms

    for name in names:
        if name not in KINDS and name != ALL:
            near = get_close_matches(name, KINDS, n=1)
            hint = f"did you mean {near[0]}? Possible are" if near else "possible are"
            raise SettingsError(f"{file}: llm_pii = {name}: no such kind; {hint} {', '.join(KINDS)} and {ALL}")
    yield from (kind for name, kind in KINDS.items() if name in names or ALL in names)


def _custom(written: Sequence[str], file: str) -> Iterator[Kind]:
    seen: set[str] = set()
    for line in written:
        name, colon, regex = (part.strip() for part in line.partition(":"))
        where = f"{file}: llm_redact: {line!r}"
        if not colon or not _NAME.fullmatch(name):
            raise SettingsError(
                f"{where}: must be NAME: REGEX, with a name of letters and dashes, such as customer-id: CUST-\\d{{6}}"
            )
        if name.lower() in NAMES or name.lower() in seen:
            whose = "has two rules" if name.lower() in seen else "is a kind of llm_pii"
            raise SettingsError(f"{where}: the name {name} {whose}; choose another, or put both into one rule: A|B")
        seen.add(name.lower())
        from pytest_llmtrace._model.personal.kinds import custom_kind  # noqa: PLC0415  # likewise

        yield custom_kind(name, _pattern(regex, where))


def _pattern(regex: str, where: str) -> re.Pattern[str]:
    if not regex:
        raise SettingsError(f"{where}: has no regular expression after the colon")
    try:
        pattern = re.compile(regex)
    except (re.error, OverflowError, RecursionError) as error:
        raise SettingsError(f"{where}: not a regular expression: {error}") from None
    if pattern.search("") is not None:
        raise SettingsError(
            f"{where}: matches where there is nothing, so it says nothing; it must match at least one letter"
        )
    if _NESTED.search(regex):
        raise SettingsError(
            f"{where}: repeats a repetition, which may take for ever on a text; one of the two is enough: (?:a)+ in "
            "place of (?:a+)+"
        )
    return pattern


_NAME: Final = expression(r"(?!redacted\b)[a-z]+(?:-[a-z]+)*", re.IGNORECASE)
_NESTED: Final = expression(r"\((?:\?:)?(?:\\?[^()\\]|\[[^\]]*\])(?:[+*]|\{\d*,\})\)(?:[+*]|\{\d*,\})")
"""A group that is nothing but a repeated letter, and is repeated itself: ``(a+)+``, ``(\\w*)*``."""
