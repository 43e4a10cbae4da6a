"""A tree, searched for secrets: cassettes, journals, reports and what else recordings leave behind."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.checked import Checked, Problem
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secret_key import VARIABLE, SecretKey
from pytest_llmtrace._run.commands.secrets_in import secrets_in
from pytest_llmtrace._store.faults import read_bytes
from pytest_llmtrace._store.sealed import Seal, sealed_data
from pytest_llmtrace.errors import CassetteError, LockedCassetteError, SettingsError, StorageError


def text_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that are named, and those of named folders that recordings, tapes of others and reports may be.

    Source code is not among them, nor are links, hidden folders and virtual environments.
    """
    seen: set[Path] = set()
    for path in paths:
        for file in _below(path) if path.is_dir() else (path,):
            if file.absolute() not in seen:
                seen.add(file.absolute())
                yield file


class Searcher:
    """Searches one file after the other."""

    def __init__(self, redactor: Redactor, environment: Mapping[str, str] = os.environ) -> None:
        """Args: redactor: knows what is secret; environment: may hold the key of encrypted tapes."""
        self._redactor = redactor
        text = environment.get(VARIABLE, "").strip()
        self._seal = Seal("", SecretKey(text) if text else None, strict=False)
        self._files = self._bytes = self._locked = 0
        self._found: list[Problem] = []

    def search(self, path: Path) -> None:
        """Search a file; what is no text is left alone."""
        try:
            data = read_bytes(path)
        except CassetteError as error:
            self._found.append(Problem(file=path, kind="broken", facts={"text": str(error)}))
            return
        if b"\0" in data[:_HEAD]:
            return
        self._files += 1
        self._bytes += len(data)
        text = self._opened(data.decode("utf-8", "replace"), path)
        for facts in secrets_in(text, self._redactor):
            self._found.append(Problem(file=path, kind="secret", line=facts.pop("line"), facts=facts))

    def searched(self) -> Checked:
        """What it came to."""
        found = tuple(self._found)
        return Checked(cassettes=0, locked=self._locked, problems=found, files=self._files, size=self._bytes)

    def _opened(self, text: str, path: Path) -> str:
        """A tape is decrypted where the key is there."""
        if path.suffix != ".json" or sealed_data(text) is None:
            return text
        try:
            return self._seal.opened(text, path)
        except (LockedCassetteError, SettingsError, StorageError):
            self._locked += 1
            return text


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        here = Path(parent)
        folders[:] = sorted(name for name in folders if not _is_foreign(here / name))
        for name in sorted(files):
            file = here / name
            if file.suffix.lower() in _ENDINGS and not file.is_symlink():
                yield file


def _is_foreign(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in _FOREIGN or (folder / "pyvenv.cfg").exists()


_HEAD: Final = 8192
_FOREIGN: Final = frozenset({"node_modules", "__pycache__", "site-packages"})
_ENDINGS: Final = frozenset(
    {
        ".csv", ".env", ".har", ".htm", ".html", ".json", ".jsonl", ".log", ".md", ".ndjson", ".txt", ".xml", ".yaml",
        ".yml",
    }
)  # fmt: skip
