"""All that is secret in a text: by form, by place and by value, plain or in an encoding."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from typing import Final
from urllib.parse import quote_plus

from pytest_llmtrace._model.canonical import canonical_json, digest
from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.key_shapes import PLACEHOLDER, keys_in
from pytest_llmtrace._model.secrecy import base64_runs, escapes
from pytest_llmtrace._model.secrecy.edits import Edit, applied, merged
from pytest_llmtrace._model.secrecy.places import form_fields, places_in

SEARCH: Final = 1
"""Goes up when anything is found in a text that was not found before: another form, another place, another escape.

What an earlier search found nothing in is searched anew (docs/design/0048).
"""
STRICTEST: Final = str(SEARCH)
"""The mark of a search that allows nothing: where that finds nothing, none does that allows something."""


@frozen
class Known:
    """Values that are secret wherever they stand, and what looks like a secret and is none."""

    values: Sequence[tuple[str, str]] = ()
    """Each with what it is; the longest first. A body is searched as one letter for a byte, so there may be two
    spellings of one."""
    allowed: Sequence[re.Pattern[str]] = field(default=())
    plain: bool = False
    """Whether all values are known to be ASCII."""

    @classmethod
    def of(cls, values: Iterable[tuple[str, str]], allowed: Sequence[re.Pattern[str]] = ()) -> Known:
        """Args: values: each with what it is; allowed: what is none, found anywhere in it."""
        spelled = {
            one.encode("utf-8", "surrogatepass").decode("latin-1") if narrow else one: what
            for value, what in values
            for one in _spellings(value)
            for narrow in (False, True)
        }
        values = tuple(sorted(spelled.items(), key=lambda one: (-len(one[0]), one[0])))
        return cls(values=values, allowed=tuple(allowed), plain=all(value.isascii() for value, _ in values))

    def allows(self, secret: str) -> bool:
        """Whether it is known to be none."""
        return any(pattern.search(secret) for pattern in self.allowed)

    @property
    def mark(self) -> str:
        """What tells this search, but for its values, from others that may find something else."""
        if not self.allowed:
            return STRICTEST
        rules = sorted((pattern.pattern, int(pattern.flags)) for pattern in self.allowed)
        return f"{SEARCH}-{digest(canonical_json(rules))[:16]}"


@functools.lru_cache(maxsize=256)
def _spellings(value: str) -> Sequence[str]:
    """A value as it is, in JSON and in JSON inside of that (a backslash, a quote, a line end), and in a form."""
    made = {value, quote_plus(value.encode("utf-8", "surrogatepass"))}
    for only_ascii in (False, True):
        spelled = value
        for _ in range(_MOST_QUOTED):
            spelled = json.dumps(spelled, ensure_ascii=only_ascii)[1:-1]
            made.add(spelled)
    return sorted(made)


def secrets_in(text: str, known: Known, *, strict: bool = False) -> list[Edit]:
    """What is secret in a text, as the edits that remove it, in order.

    Args:
        text: any text; of a body, one letter for each byte.
        known: what is secret by its value, and what is not.
        strict: whether it is a JSON document.
    """
    return _found(text, known, strict=strict, depth=0)


def without_secrets(text: str, known: Known, *, strict: bool = False) -> str:
    """The text with every secret replaced; the same where there is none."""
    for _ in range(_ROUNDS):  # what comes to stand together may be a secret again
        edits = secrets_in(text, known, strict=strict)
        if not edits:
            break
        text = applied(text, edits)
    return text


def _found(text: str, known: Known, *, strict: bool, depth: int) -> list[Edit]:
    found = list(_plain(text, known, strict=strict))
    found += _in_base64(text, known, depth)
    views: list[escapes.Decoded] = []
    read = text
    while len(views) < _DEEPEST and escapes.hides_letters(read):  # one kind of escape may hide another
        views.insert(0, escapes.decoded(read))
        read = views[0].text
        for edit in [*_plain(read, known, strict=strict), *_in_base64(read, known, depth)]:
            start, end = edit.start, edit.end
            for view in views:
                start, end = view.origin(start), view.origin(end)
            made = edit.replacement
            if made != PLACEHOLDER and escapes.percent_encoded(text[start:end]):
                made = quote_plus(made)
            found.append(replace(edit, start=start, end=end, replacement=made))
    return merged(found)


def _plain(text: str, known: Known, *, strict: bool) -> Iterator[Edit]:
    for value, what in known.values:
        position = 0
        while (position := text.find(value, position)) >= 0:
            end = position + len(value)
            if not _in_escape(text, position):
                yield Edit(start=position, end=end, what=what, secret=value)
            position = end
    for key in keys_in(text):
        if not known.allows(key.value):
            start, end = key.hidden
            yield Edit(start=start, end=end, what=key.what, secret=key.value, is_key=True)
    for edit in (*places_in(text, strict=strict), *form_fields(text)):
        if not known.allows(edit.secret):
            yield edit


def _in_escape(text: str, position: int) -> bool:
    """Whether the letter here belongs to a backslash, so that what begins with it does not begin here."""
    before = position
    while before > 0 and text[before - 1] == "\\":
        before -= 1
    return (position - before) % 2 == 1 and text[position] in 'nrtbfu"\\/'


def _in_base64(text: str, known: Known, depth: int) -> Iterator[Edit]:
    if depth >= _DEEPEST:
        return
    said = [(place, base64_runs.decoded(text[slice(*place)])) for place in base64_runs.runs(text)]
    inside = [(place, inner) for place, inner in said if inner is not None and (not known.plain or _SAYS.search(inner))]
    # Most are identifiers, and say nothing; what does is searched in one go before each for itself. Only a form is
    # told by the whole text, and is none with another line.
    is_form = any(True for _, inner in inside for _ in form_fields(inner))
    together = "\n".join(inner for _, inner in inside)
    if not is_form and not (together and _found(together, known, strict=True, depth=depth + 1)):
        return
    for (start, end), inner in inside:
        edits = _found(inner, known, strict=inner[:1] in ("{", "["), depth=depth + 1)
        if edits:
            made = base64_runs.encoded(applied(inner, edits), text[start:end])
            yield replace(edits[0], start=start, end=end, replacement=made)


_ROUNDS: Final = 4
_DEEPEST: Final = 3
_SAYS: Final = expression(r"[\t\n\r -~]{5}")
"""Letters in a row: no value is shorter, nor the sign or name (``?sig=``, ``code=``, ``://a:``) that another secret is
told by. Few identifiers say so much when they are read as base64."""
_MOST_QUOTED: Final = 5
"""How often JSON may have been put into JSON."""
