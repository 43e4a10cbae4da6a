"""Cassettes that nothing uses any more: found with more than one witness, and deleted only on request.

A recording is dear, so a single witness is not enough to delete it. That pytest does not collect a test may be a matter
of this machine, an option or a missing package; that a source does not show it, of how it is made. What both of them
do not know is gone.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.bounded_reading import read_head, read_regular
from pytest_llmtrace._model.bounds import LARGEST_SOURCE
from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._model.pruned import Unused, UnusedReason
from pytest_llmtrace._run.commands.collecting import Collected
from pytest_llmtrace._store.atomic import remove
from pytest_llmtrace._store.cassettes import load_golden
from pytest_llmtrace._store.faults import read_bytes
from pytest_llmtrace._store.formats import IMPORTED
from pytest_llmtrace._store.git import Index
from pytest_llmtrace._store.paths import FOLDER, Cassette, discover, discover_remains, variants_of
from pytest_llmtrace._store.reading import load_meta
from pytest_llmtrace._store.test_sources import Presence, place_of_test
from pytest_llmtrace.errors import LlmtraceError, SettingsError


class Witnesses:
    """Who says that a cassette is unused."""

    def __init__(self, collected: Collected | None = None, report: Report | None = None) -> None:
        """Args: collected: the tests there are, where pytest was asked; report: of a run, where one was named."""
        self._collected = collected
        self._report = report
        self._index = Index()
        self._mentioned = cache(_words_below)

    def unused(self, cassette: Cassette) -> Unused | None:
        """Why a cassette seems to be unused; `None` where it is in use, or may be."""
        if self._collected is not None and cassette.golden.resolve() in self._collected.goldens:
            return None
        files = tuple(_files(cassette))
        if self._report is not None and not self._report.names_any(files):
            return None
        owner = _owner(cassette)
        reason = self._reason(cassette, owner)
        if reason is None:
            return None
        if self._report is not None and self._report.is_older(files):
            reason = "recorded_since"
        untracked = tuple(file for file in files if not self._index.knows(file))
        return Unused(owner=owner or None, reason=reason, files=files, untracked=untracked)

    def _reason(self, cassette: Cassette, owner: str | None) -> UnusedReason | None:
        if owner is None:
            return "unread"
        if not owner:
            return None if cassette.tape.exists() else "no_owner"  # an imported tape waits for its test
        if owner.startswith("fixture "):
            return self._reason_of_fixture(cassette, owner)
        return self._reason_of_test(cassette, owner)

    def _reason_of_test(self, cassette: Cassette, owner: str) -> UnusedReason | None:
        place = place_of_test(cassette.golden, owner)
        if place is None:
            return "no_owner"
        if place.presence in _GONE:
            return _GONE[place.presence]
        if self._collected is None:
            return "not_collected" if self._report is not None else None
        if place.expected.resolve() in self._collected.goldens:
            return "elsewhere"
        name = owner.partition("::")[2]
        here = (place.source.resolve(), name.partition("[")[0]) in self._collected.functions
        return "parameter" if here and "[" in name else "not_collected"

    def _reason_of_fixture(self, cassette: Cassette, owner: str) -> UnusedReason | None:
        words = owner.partition(" [")[0].split(" ", 2)
        name = words[-1].rpartition("-")[2]  # a class stands before it
        base = next((one.parent for one in cassette.golden.absolute().parents if one.name == FOLDER), None)
        if base is not None and name in self._mentioned(base):
            return "not_collected" if self._report is not None else None
        return "fixture"


class Report:
    """What a run said of unused cassettes, in its report."""

    def __init__(self, path: Path, root: Path) -> None:
        """Read a JSON report; `root`: the folder that its paths are relative to.

        Raises:
            SettingsError: it is no report, or of a run that says nothing of unused cassettes.
        """
        try:
            data = json.loads(read_regular(path))
        except (OSError, ValueError, RecursionError) as error:
            raise SettingsError(f"{path}: cannot be read as a report: {error}") from None
        if not isinstance(data, dict) or not isinstance(data.get("unused"), list) or "llmtrace" not in data:
            raise SettingsError(f"{path}: is no report of `pytest --llm-report=FILE.json`")
        if data.get("mode") not in ("trace", "record"):
            raise SettingsError(
                f"{path}: is the report of a run in mode {data.get('mode')!r}, which says nothing of unused cassettes; "
                "take one of a whole run with --llm-trace"
            )
        self._named = {(root / str(name)).absolute() for name in data["unused"]}
        if self._named and not any(file.exists() for file in self._named):
            raise SettingsError(f"{path}: none of the files that it names is here; run this in the root directory")
        self._time = path.stat().st_mtime

    def names_any(self, files: tuple[Path, ...]) -> bool:
        """Whether it calls one of these files unused."""
        return any(file.absolute() in self._named for file in files)

    def is_older(self, files: tuple[Path, ...]) -> bool:
        """Whether one of them was written after it."""
        return any(file.stat().st_mtime > self._time for file in files)


def cassettes_below(folder: Path) -> list[Cassette]:
    """Every cassette, also where no more of it is left than variants or a journal."""
    found = {cassette.golden: cassette for cassette in discover(folder)}
    for cassette in discover_remains(folder):
        found.setdefault(cassette.golden, cassette)
    return [found[golden] for golden in sorted(found)]


def folder_of_tests(folder: Path) -> Path:
    """Where the tests are whose cassettes lie in a folder: above the ``cassettes`` folder that it is, or is in.

    That is at most two levels up: a project may itself be kept in a folder of that name.
    """
    whole = folder.resolve()
    inside = [one for one in (whole, *whole.parents)[:_LEVELS] if one.name == FOLDER]
    return inside[0].parent if inside else folder


def delete(unused: Unused) -> None:
    """Delete the files of a cassette, and the folders that are empty then. Raises: StorageError."""
    for file in unused.files:
        remove(file)
    folder = unused.files[0].absolute().parent
    for one in (folder, *folder.parents)[:_LEVELS]:
        with contextlib.suppress(OSError):
            one.rmdir()
        if one.exists() or one.name == FOLDER:
            return


def _files(cassette: Cassette) -> Iterator[Path]:
    files = (cassette.golden, *variants_of(cassette.golden).values(), cassette.tape, cassette.journal)
    yield from (file for file in files if file.is_file())


def _owner(cassette: Cassette) -> str | None:
    """Whose a cassette is, by its files; empty where they do not say, `None` where one cannot be read."""
    meta = load_meta(cassette.tape)
    try:
        if cassette.golden.is_file():
            written = digest(read_bytes(cassette.golden)) == meta.get("golden")
            return str(meta.get("test")) if written else load_golden(cassette.golden).test
        for variant in variants_of(cassette.golden).values():
            return load_golden(variant).test
    except (LlmtraceError, OSError):
        return None
    owner = meta.get("test")
    return owner if isinstance(owner, str) and IMPORTED not in meta else ""


def _words_below(folder: Path) -> frozenset[str]:
    """Every name in the sources and settings below a folder."""
    words: set[str] = set()
    for file in folder.rglob("*"):
        if file.suffix in _SOURCES and file.is_file() and not _HIDDEN & {*file.relative_to(folder).parts}:
            with contextlib.suppress(OSError):  # what cannot be read mentions nobody
                words |= {*_WORD.findall(read_head(file, LARGEST_SOURCE).decode("utf-8", "replace"))}
    return frozenset(words)


_LEVELS: Final = 3
"""``cassettes/<module>/_fixtures``."""
_GONE: Final[dict[Presence, UnusedReason]] = {"no_file": "source_gone", "no_test": "test_gone"}
_WORD: Final = re.compile(r"\w+")
_SOURCES: Final = frozenset({".py", ".ini", ".toml", ".cfg", ".md", ".rst", ".txt"})
_HIDDEN: Final = frozenset({".git", ".tox", ".venv", "node_modules", "site-packages", "__pycache__"})
