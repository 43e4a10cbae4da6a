"""Converting cassettes of vcrpy into tapes, one file or a whole tree."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pytest_llmtrace._capture.llm_requests import is_llm_request
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._run.recording.borrowing import providers
from pytest_llmtrace._store.atomic import write_text
from pytest_llmtrace._store.formats import IMPORTED
from pytest_llmtrace._store.paths import GOLDEN, TAPE
from pytest_llmtrace._store.tape_file import dump_tape
from pytest_llmtrace._store.vcrpy.cassette_file import load_vcrpy
from pytest_llmtrace._store.vcrpy.places import imported_cassette, without_ending
from pytest_llmtrace.errors import LlmtraceError

Outcome = Literal["converted", "tape_exists", "no_llm_calls", "not_a_cassette", "broken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of one file."""

    source: Path
    outcome: Outcome
    tape: Path | None = None
    """Where its tape is, or would be in a dry run."""
    interactions: int = 0
    calls: int = 0
    """Those of the interactions that go to an LLM."""
    reason: str = ""
    """Why it is broken, and the way out."""


def vcrpy_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that may be cassettes of vcrpy: those named, and all at or under the folders that are named.

    Each once, in order. Our own files are left out, and so are hidden folders and symbolic links to folders.
    """
    seen: set[Path] = set()
    for path in paths:
        for file in _below(path) if path.is_dir() else (path,):
            if file not in seen:
                seen.add(file)
                yield file


def import_file(
    source: Path, *, redactor: Redactor, force: bool = False, dry_run: bool = False, made: Sequence[Path] = ()
) -> Imported:
    """Convert one file. The tape is written whole or not at all; the source stays as it is.

    Args:
        source: what may be a cassette of vcrpy.
        redactor: removes what must not be on a tape.
        force: whether a tape that is there is replaced.
        dry_run: whether nothing is written.
        made: the tapes that this import has made already, which are never replaced.
    """
    stem = without_ending(source.name)
    if stem is None or source.name.endswith((GOLDEN, TAPE)):
        return Imported(source=source, outcome="not_a_cassette")
    tape = imported_cassette(source.parent, stem).tape
    try:
        interactions = load_vcrpy(source, redactor)
        if interactions is None:
            return Imported(source=source, outcome="not_a_cassette")
        calls = sum(is_llm_request(one.request) for one in interactions)
        found = Imported(source=source, outcome="converted", tape=tape, interactions=len(interactions), calls=calls)
        if not calls:
            return replace(found, outcome="no_llm_calls", tape=None)
        if tape in made or (tape.exists() and not force):
            return replace(found, outcome="tape_exists")
        if not dry_run:
            write_text(tape, dump_tape(interactions, _meta(source, interactions)))
    except (LlmtraceError, OSError) as error:
        return Imported(source=source, outcome="broken", reason=str(error))
    return found


def _meta(source: Path, interactions: Sequence[Interaction]) -> dict[str, str | list[str]]:
    return {IMPORTED: source.name, "providers": providers(interactions)}


def _below(folder: Path) -> Iterator[Path]:
    for directory, subdirectories, names in os.walk(folder):
        subdirectories[:] = sorted(name for name in subdirectories if not name.startswith("."))
        for name in sorted(names):
            if without_ending(name) is not None and not name.endswith((GOLDEN, TAPE)):
                yield Path(directory) / name
