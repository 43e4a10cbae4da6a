"""How commands find and read the cassettes that they are given."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_llmtrace._store.cassettes import load_golden
from pytest_llmtrace._store.golden_file import Golden
from pytest_llmtrace._store.paths import GOLDEN, TAPE, Cassette
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
        text = f"{path}: there is no golden trace, only a tape; `pytest --llm-record` makes it, from the tape"
        raise LlmtraceError(text) from None
