"""Secrets in a streamed answer that are split: each event holds a piece, and none the whole.

The texts of all events that belong together (one choice, block or tool call; the text, the arguments, the reasoning)
are joined, searched as one, and what is found is cut out of its pieces. The events stay as many as they were, and every
byte that belongs to no secret stays.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Final

from pytest_llmtrace._model.secrecy.edits import Edit, applied
from pytest_llmtrace._model.secrecy.leaves import Leaf, leaves, quoted
from pytest_llmtrace._model.secrecy.search import Known, secrets_in


def without_split_secrets(text: str, known: Known) -> str:
    """A stream with every secret removed that is split over several of its events; the same where there is none.

    Args:
        text: the body of a response: server-sent events, lines of JSON, or one JSON array of events.
        known: what is secret by its value.
    """
    if text.lstrip()[:1] == "[":
        made = without_split([text], known)
        return text if made is None else made[0]
    if "\n" not in text:  # one event at most
        return text
    documents = [found.span("json") for found in DOCUMENT.finditer(text)]
    parts = [text[start:end] for start, end in documents]
    changed = without_split(parts, known) if len(parts) > 1 else None
    if changed is None:
        return text
    edits = [
        Edit(start=start, end=end, what="", replacement=new)
        for (start, end), old, new in zip(documents, parts, changed, strict=True)
        if old != new
    ]
    return applied(text, edits)


def split_secrets(text: str, known: Known) -> Iterator[Edit]:
    """What is secret in the joined texts of events, wherever these stand in a JSON document: a tape, or a stream."""
    for pieces in _channels(_leaves([text])):
        yield from secrets_in("".join(leaf.text for _, leaf in pieces), known)


def without_split(documents: Sequence[str], known: Known) -> list[str] | None:
    """JSON documents that are events of one stream, without the secrets split over them; `None`: there are none.

    Where each event has a number or a type of its own, so that nothing goes on, all texts under the same keys do.
    """
    found = _leaves(documents)
    made = _without_split(documents, _channels(found), known)
    found = found if made is None else _leaves(made)
    return _without_split(made or documents, _channels(found, numbered=True), known) or made


def _without_split(
    documents: Sequence[str], channels: Iterable[Sequence[tuple[int, Leaf]]], known: Known
) -> list[str] | None:
    changes: dict[int, list[Edit]] = {}
    for pieces in channels:
        for number, edit in _edits(pieces, known):
            changes.setdefault(number, []).append(edit)
    if not changes:
        return None
    return [
        applied(document, sorted(changes[number], key=lambda edit: edit.start)) if number in changes else document
        for number, document in enumerate(documents)
    ]


def _leaves(documents: Sequence[str]) -> list[tuple[int, Leaf]]:
    """The texts of documents, each with the number of its document."""
    return [(number, leaf) for number, document in enumerate(documents) for leaf in leaves(document)]


def _channels(found: Iterable[tuple[int, Leaf]], *, numbered: bool = False) -> Iterator[Sequence[tuple[int, Leaf]]]:
    """The texts that go on in one another.

    Args:
        found: the texts of the events.
        numbered: whether only what has a channel of its own in each event is wanted, joined.
    """
    channels: dict[Hashable, list[tuple[int, Leaf]]] = {}
    for number, leaf in found:
        channels.setdefault(leaf.wide_channel if numbered else leaf.channel, []).append((number, leaf))
    for pieces in channels.values():
        if numbered and len({leaf.channel for _, leaf in pieces}) < len(pieces):
            continue  # searched already
        if len(pieces) > 1 and len({leaf.text for _, leaf in pieces}) > 1:
            yield pieces


def _edits(pieces: Sequence[tuple[int, Leaf]], known: Known) -> list[tuple[int, Edit]]:
    """What is to be written in place of the texts of some events, by the number of the event."""
    found = secrets_in("".join(leaf.text for _, leaf in pieces), known)
    made: list[tuple[int, Edit]] = []
    position = 0
    for number, leaf in pieces if found else ():
        end = position + len(leaf.text)
        text = _piece(leaf.text, position, end, found)
        if text != leaf.text:
            made.append((number, Edit(start=leaf.start, end=leaf.end, what="", replacement=quoted(text))))
        position = end
    return made


def _piece(text: str, start: int, end: int, found: Sequence[Edit]) -> str:
    """The piece of the joined text from `start` to `end` with its share of the edits made.

    What takes the place of a secret stands where the secret began.
    """
    inside = [
        Edit(
            start=max(edit.start, start) - start,
            end=min(edit.end, end) - start,
            what="",
            replacement=edit.replacement if start <= edit.start else "",
        )
        for edit in found
        if edit.start < end and edit.end > start
    ]
    return applied(text, inside)


DOCUMENT: Final = re.compile(r"^(?:data:)?[ \t]*(?P<json>[\[{].*?[}\]])[ \t\r]*$", re.MULTILINE)
