"""Reading a journal: what was paid for and has not been saved, whatever became of the process that wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_llmtrace._model.bounds import MOST_LINES
from pytest_llmtrace._model.exact_json import loads_finite
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._store.faults import Fault, broken, check_format, read_bytes
from pytest_llmtrace._store.formats import FORMAT, FORMAT_KEY, SEALED_KEY
from pytest_llmtrace._store.interactions import InteractionReader
from pytest_llmtrace._store.journal import HEADER
from pytest_llmtrace._store.sealed import Seal
from pytest_llmtrace._store.upgrades import upgraded
from pytest_llmtrace.errors import BrokenCassetteError


@frozen
class JournalFile:
    """What a journal holds."""

    interactions: tuple[Interaction, ...] = ()
    skipped: int = 0
    """Lines that cannot be read, other than a last one that a crash cut off."""


def read_journal(path: Path, seal: Seal | None = None) -> JournalFile:
    """What a journal holds; nothing where there is none. `seal` opens what is encrypted.

    Raises:
        BrokenCassetteError: it is no journal of ours.
        NewerCassetteError: a later version wrote it.
        LockedCassetteError: it is encrypted, and the key is missing, or another one.
        StorageError: the operating system refused.
        SettingsError: it is encrypted, and the library for that is not installed.
    """
    try:
        data = read_bytes(path)
    except FileNotFoundError:
        return JournalFile()
    if data.count(b"\n") > MOST_LINES:
        raise broken(path, Fault(f"it has more than {MOST_LINES} lines"))
    *lines, torn = data.split(b"\n")
    if not lines and not HEADER.startswith(torn):
        raise _foreign(path)
    reader: InteractionReader | None = None
    made: list[Interaction] = []
    skipped = number = 0
    format_number = FORMAT
    for line in lines:
        parsed = _parsed(line)
        if isinstance(parsed, dict) and FORMAT_KEY in parsed:
            format_number = check_format(path, parsed, "", "journal")
            reader, number = InteractionReader(), 0
            if isinstance(parsed.get(SEALED_KEY), dict) and seal is not None:
                seal.unlock(parsed[SEALED_KEY], path)
        elif reader is None:
            raise _foreign(path)
        else:
            number += 1
            try:
                opened = _opened(parsed, path, seal, number)
                made.append(reader.interaction(upgraded("journal", opened, format_number)))
            except (Fault, BrokenCassetteError, RecursionError):
                reader.skip()
                skipped += 1
    return JournalFile(interactions=tuple(made), skipped=skipped)


def _foreign(path: Path) -> BrokenCassetteError:
    return broken(path, Fault("it is not a journal of pytest-llmtrace (its first line is no header)", 1))


def _opened(data: Any, path: Path, seal: Seal | None, number: int) -> Any:
    if seal is None or not isinstance(data, dict) or not isinstance(data.get(SEALED_KEY), str):
        return data
    return _parsed(seal.decrypted_line(data[SEALED_KEY], path, number))


def _parsed(line: bytes) -> Any:
    try:
        return loads_finite(line)
    except (ValueError, RecursionError):
        return None
