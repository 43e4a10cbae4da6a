"""Cassettes on disk: what the rest of the package reads and writes them with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from pytest_llmtrace._model.body_digests import digests_of
from pytest_llmtrace._model.canonical import Json, digest
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._store import atomic, golden_file, tape_file
from pytest_llmtrace._store.faults import read_text
from pytest_llmtrace._store.formats import OUTLINE_ASKED, OUTLINE_KEY
from pytest_llmtrace._store.golden_file import Golden
from pytest_llmtrace._store.interactions import InteractionWriter, LaidOut
from pytest_llmtrace._store.json_text import json_text
from pytest_llmtrace._store.locks import alone_in
from pytest_llmtrace._store.paths import Cassette, variants_of
from pytest_llmtrace._store.reading import tape_text
from pytest_llmtrace._store.sealed import Seal
from pytest_llmtrace._store.tape_file import TapeFile
from pytest_llmtrace._store.vouching import asked_by, signed, unsigned
from pytest_llmtrace.errors import CassetteError


@frozen
class Recorded:
    """What a cassette holds."""

    golden: Golden | None
    """`None`: there is none, or it could not be read."""
    interactions: Sequence[Interaction] = ()
    """Redacted, in the order in which they began."""
    meta: Mapping[str, Json] = field(default_factory=dict)
    """Plain data for the tape, such as digests. `write` adds ``golden``, the digest of the golden file's bytes."""


def load_golden(path: Path) -> Golden:
    """Read a golden trace.

    Raises:
        FileNotFoundError: there is none.
        CassetteError: it cannot be used as it is.
    """
    return golden_file.load_golden(read_text(path), path)


def load_tape(path: Path, seal: Seal | None = None) -> TapeFile:
    """Read a tape; `seal` opens it where it is encrypted.

    Raises:
        FileNotFoundError: there is none.
        CassetteError: it cannot be used as it is.
        SettingsError: it is encrypted, and the library for that is not installed.
    """
    return tape_file.load_tape(tape_text(path, seal), path)


def write(
    cassette: Cassette,
    recorded: Recorded,
    old: Recorded | None = None,
    *,
    keep_tape: bool = False,
    seal: Seal | None = None,
    sealed: bool = False,
    may_hold: Callable[[str], bool] = lambda _: True,
    laid_out: Callable[[Sequence[Interaction]], list[LaidOut] | None] = lambda _: None,
    outline_of: Callable[[Sequence[Interaction]], dict[str, Any] | None] = lambda _: None,
) -> bool:
    """Write a cassette, and say whether any file changed. Each file is replaced whole or not at all, the tape first.

    What was there before keeps its order, and its bytes where nothing differs but what a provider makes up. A
    recording without interactions has no tape. Whether a power cut finds new files is up to the caller (`settling`); it
    finds the old ones, or whole new ones in their place.

    Args:
        cassette: the files.
        recorded: what was recorded, with a golden trace.
        old: what the files hold now, where they could be read.
        keep_tape: whether a recording without interactions leaves the tape that is there.
        seal: what opens the tape that is there now, where that is encrypted.
        sealed: whether the tape is to be encrypted.
        may_hold: whether a file may hold this text; where it may not, nothing is written.
        laid_out: what a tape is to hold of these interactions, where somebody made that already.
        outline_of: their outline, where they are told by one. An encrypted tape has none.

    Raises:
        StorageError: the operating system refused; that file is as it was.
        SettingsError: the tape is to be encrypted, and the key or the library is missing.
    """
    if recorded.golden is None:
        raise ValueError("a cassette needs a golden trace")
    from pytest_llmtrace._store.ordering import (  # noqa: PLC0415  # only where something is written
        fan_outs_in_order,
        interactions_in_old_order,
        trace_in_old_order,
    )

    interactions = tuple(recorded.interactions)
    golden = replace(recorded.golden, trace=fan_outs_in_order(recorded.golden.trace))
    if old is not None:
        interactions = interactions_in_old_order(old.interactions, interactions)
        if old.golden is not None:
            golden = replace(golden, trace=trace_in_old_order(old.golden.trace, golden.trace))
    text = golden_file.dump_golden(golden).encode()
    changed = False
    found = old is not None
    with alone_in(cassette.folder):  # or the tape of one recording stays beside the golden trace of another
        while interactions:
            meta = {**recorded.meta, "golden": digest(text)}
            outline = outline_of(interactions) if not sealed else None
            same = found and atomic.holds(cassette.golden, text)
            made = laid_out(interactions) or _laid_out(interactions)
            old_data, old_asked = _old_data(cassette.tape, seal) if same or old is not None else (None, ())
            if old_data is not None and not (same and _is_same(old_data, made)):
                old_data = None
            tape = _tape(interactions, made, meta, outline, (old_data, old_asked))
            if not may_hold(tape):
                return False
            tape = seal.closed(tape, meta) if seal is not None and sealed else tape
            if found:
                changed = atomic.write_text(cassette.tape, tape, settled=False)
                break
            if atomic.create_text(cassette.tape_file, tape):
                changed = True
                break
            found = True  # somebody has made one since
        if found or not atomic.create_bytes(cassette.golden_file, text):
            changed = atomic.write_bytes(cassette.golden, text, settled=False) or changed
        else:
            changed = True
        return changed if interactions or keep_tape else atomic.remove(cassette.tape) or changed


def remove(cassette: Cassette) -> bool:
    """Delete the golden trace, its variants and the tape of an owner, and say whether there were any.

    Raises:
        StorageError: the operating system refused.
    """
    files = (cassette.golden, cassette.tape, *variants_of(cassette.golden).values())
    removed = [atomic.remove(file) for file in files]
    return any(removed)


def _tape(
    interactions: Sequence[Interaction],
    made: Sequence[LaidOut],
    meta: Mapping[str, Json],
    outline: dict[str, Any] | None,
    old: tuple[Sequence[Any] | None, Sequence[str | None]],
) -> str:
    """The text of a tape: of what was recorded, or of what stays on it in its place, the data in `old`."""
    old_data, old_asked = old
    if outline is not None:
        asked = list(_asked(interactions, old_data, old_asked))
        meta = {**meta, OUTLINE_KEY: unsigned({**outline, **({OUTLINE_ASKED: asked} if asked else {})})}
    if old_data is None:
        text = tape_file.tape_of_texts([one.text for one in made], meta)
    else:
        text = tape_file.tape_text(old_data, meta)
    return signed(text) if outline is not None else text


def _asked(
    interactions: Sequence[Interaction], old_data: Sequence[Any] | None, old_asked: Sequence[str | None]
) -> Sequence[str | None]:
    """The digests by which a replay knows the requests of a tape again.

    Args:
        interactions: what was recorded.
        old_data: what stays on the tape in its place.
        old_asked: the digests that it has; how its requests were spelled it says nowhere else.
    """
    digests = digests_of([one.request for one in interactions], old_asked)
    if old_data is None:
        return digests
    kept = tape_file.interactions_of(old_data)
    return digests_of([one.request for one in kept], {*old_asked, *digests})


def _laid_out(interactions: Sequence[Interaction]) -> list[LaidOut]:
    writer = InteractionWriter()
    data = [writer.data(interaction) for interaction in interactions]
    return [LaidOut(one, json_text(one)) for one in data]


def _is_same(old: Sequence[Any], made: Sequence[LaidOut]) -> bool:
    """Whether a tape holds the same recording already: the behaviour is, and all that shapes it."""
    from pytest_llmtrace._store.same_recording import same_recording  # noqa: PLC0415  # likewise

    return same_recording(old, [one.data for one in made])


def _old_data(path: Path, seal: Seal | None) -> tuple[Sequence[Any] | None, Sequence[str | None]]:
    """The interactions of the tape that is there now, as data, and their digests; none where it cannot be read."""
    try:
        data = tape_file.tape_data(tape_text(path, seal), path)
    except (FileNotFoundError, CassetteError):
        return None, ()
    old, meta = data.get("interactions"), data.get("meta")
    asked = asked_by(meta.get(OUTLINE_KEY)) if isinstance(meta, dict) else ()
    return old if isinstance(old, list) else None, asked
