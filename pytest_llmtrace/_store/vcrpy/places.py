"""Where pytest-recording and its relatives keep the cassette of a test, and where an imported tape of it lies."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._store.paths import FOLDER, Cassette, cassette_in, test_tape_name

ENDINGS: Final = (".yaml", ".yaml.gz", ".yml", ".json", ".json.gz")
"""How the names of vcrpy cassettes end."""


@frozen
class Places:
    """Where the cassette of one test may lie that this plugin did not record."""

    stem: str
    """The name of its file, without the ending."""
    folders: tuple[Path, ...]
    """In the order in which they are searched."""

    def there(self) -> Places:
        """Those of the places that are there."""
        return Places(stem=self.stem, folders=tuple(filter(os.path.isdir, self.folders)))

    def imported_tapes(self, own: str) -> list[Path]:
        """The tapes that an import may have written for this test, and that are there, but for its own."""
        return self._files(test_tape_name(_test_name(self.stem)), but=own)

    def vcrpy_files(self) -> list[Path]:
        """The files by the name of this test's cassette that are there, whatever they hold."""
        return self._files(*(f"{self.stem}{ending}" for ending in ENDINGS))

    def _files(self, *names: str, but: str = "") -> list[Path]:
        # A new test of a recording asks for a dozen files that are not there. As text, and of what raises nothing, that
        # takes a sixth of the time.
        files = [f"{folder}{os.sep}{name}" for folder in map(str, self.folders) for name in names]
        files = [file for file in files if file != but]
        return [Path(file) for file in files if os.access(file, os.F_OK) and os.path.isfile(file)]  # noqa: PTH113


def places_of_test(test_file: Path, root: Path, stem: str) -> Places:
    """Where vcrpy's users keep cassettes.

    pytest-recording: ``cassettes/<module>`` beside the test file; pytest-vcr: ``cassettes`` there; langchain-tests and
    many a ``vcr_cassette_dir``: the same two in a folder above, up to the root directory.
    """
    return Places(stem=stem, folders=_folders(test_file, root))


@functools.lru_cache(maxsize=16)  # the tests of a file come one after the other
def _folders(test_file: Path, root: Path) -> tuple[Path, ...]:
    parents = [test_file.parent]
    if test_file.parent.is_relative_to(root):
        parents += [folder for folder in test_file.parent.parents if folder.is_relative_to(root)]
    return tuple(place for one in parents for place in (one / FOLDER / test_file.stem, one / FOLDER))


def recording_stem(class_name: str | None, test_name: str) -> str:
    """What pytest-recording calls the cassette of a test, by its class and its name with parameters."""
    name = f"{class_name}.{test_name}" if class_name else test_name
    name = name.translate(_FORBIDDEN)
    if len(name) + len(".yaml") <= _LONGEST_NAME:
        return name
    hashed = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    return f"{name[: _LONGEST_NAME - len('.yaml') - len(hashed) - 3]}...{hashed}"


def imported_cassette(folder: Path, stem: str) -> Cassette:
    """Where the tape of an imported cassette goes: where its test looks, as far as the name tells.

    ``TestRefund.test_ok[a]`` was ``TestRefund::test_ok[a]``. Characters that pytest-recording replaced are lost, so
    a test looks here, too.
    """
    return cassette_in(folder, _test_name(stem))


def _test_name(stem: str) -> str:
    head, bracket, parameter = stem.partition("[")
    return f"{head.replace('.', '::')}{bracket}{parameter}"


def without_ending(name: str) -> str | None:
    """The name of a vcrpy file without its ending; `None` where it has another ending."""
    found = max((ending for ending in ENDINGS if name.endswith(ending)), key=len, default=None)
    return None if found is None else name.removesuffix(found) or None


_FORBIDDEN: Final = dict.fromkeys(map(ord, "<>?%*:|\"'/\\"), "-")
_LONGEST_NAME: Final = 255
