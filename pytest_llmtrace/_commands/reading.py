"""How commands find and read the cassettes that they are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from pytest_llmtrace._model.record_flag import record_flag
from pytest_llmtrace._store.cassettes import load_golden
from pytest_llmtrace._store.golden_file import Golden
from pytest_llmtrace._store.paths import GOLDEN, TAPE, Cassette, discover
from pytest_llmtrace.errors import LlmtraceError


def cassette_of(file: Path) -> Cassette:
    """The cassette that a file belongs to.

    Raises:
        ClickException: It is named like neither a golden trace nor a tape.
    """
    for ending in (GOLDEN, TAPE):
        if file.name.endswith(ending):
            return Cassette.at(file.parent, file.name.removesuffix(ending))
    raise click.ClickException(f"{file}: neither a golden trace ({GOLDEN}) nor a tape ({TAPE})")


def golden_at(path: Path) -> Golden:
    """The golden trace at a path.

    Raises:
        LlmtraceError: It cannot be read, or there is only a tape beside where it should be.
        OSError: The file system says no.
    """
    try:
        return load_golden(path)
    except FileNotFoundError:
        text = f"{path}: there is no golden trace, only a tape; `pytest {record_flag()}` makes it, from the tape"
        raise LlmtraceError(text) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A golden trace that cannot be read."""

    path: Path
    text: str
    """Why, and what to do."""


def goldens_at(paths: Iterable[Path]) -> Iterator[Golden | Broken]:
    """The golden traces at or below each path, one at a time: of a folder all, of a file its own.

    Raises:
        ClickException: A file is named like neither a golden trace nor a tape.
    """
    for path in paths:
        for file in (one.golden for one in discover(path)) if path.is_dir() else [_named(path)]:
            try:
                yield golden_at(file)
            except (LlmtraceError, OSError) as error:
                yield Broken(path=file, text=str(error))


def _named(file: Path) -> Path:
    """The golden trace that a file is, or belongs to: a variant is one itself."""
    return file if file.name.endswith(GOLDEN) else cassette_of(file).golden
