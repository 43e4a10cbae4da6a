"""Where cassettes lie, and what their files are called.

Names are portable (``[A-Za-z0-9._-]``, nothing that Windows reserves), at most 200 bytes long, and unique even where
case is ignored. A name that had to change on the way, or that could be mistaken for another one, ends in a hash of
the original.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.frozen import frozen

FOLDER: Final = "cassettes"
FIXTURES: Final = "_fixtures"
GOLDEN: Final = ".trace.yaml"
TAPE: Final = ".tape.json"
JOURNAL: Final = ".journal.jsonl"
OBSERVED: Final = ".llmtrace-observed"
"""Marks a folder of observed traces (`--llm-save`): what lies in it looks like cassettes and is none."""


@frozen(slots=False)  # no slots: paths are made when they are asked for, and kept
class Cassette:
    """The files of one owner."""

    folder: Path
    stem: str
    """What their names begin with."""

    @cached_property
    def golden(self) -> Path:
        """The accepted trace, for people."""
        return self.folder / f"{self.stem}{GOLDEN}"

    @cached_property
    def tape(self) -> Path:
        """The HTTP interactions, for replay."""
        return self.folder / f"{self.stem}{TAPE}"

    @property
    def journal(self) -> Path:
        """What was paid for by a recording that has not been saved yet; not to be committed. Replay asks for none."""
        return _journal(self.folder, self.stem)

    @property
    def golden_file(self) -> str:
        """The golden trace as a replay reads it: a text takes a tenth of the steps that a `Path` does."""
        return f"{self.folder}{os.sep}{self.stem}{GOLDEN}"

    @property
    def tape_file(self) -> str:
        """The tape likewise."""
        return f"{self.folder}{os.sep}{self.stem}{TAPE}"

    @classmethod
    def at(cls, folder: Path, stem: str) -> Cassette:
        """The cassette whose files begin with `stem`."""
        return cls(folder=folder, stem=stem)


def test_cassette(test_file: Path, name: str) -> Cassette:
    """The cassette of a test.

    Args:
        test_file: the file that holds the test; the cassette lies in ``cassettes/<module>`` beside it.
        name: the node id after the file: ``TestRefund::test_ok[gpt-4o]``.
    """
    return cassette_in(folder_beside(test_file), name)


@functools.lru_cache(maxsize=16)  # the tests of a file come one after the other
def folder_beside(test_file: Path) -> Path:
    """The folder with the cassettes of the tests in a file."""
    return test_file.parent / FOLDER / _module_folder(test_file.name)


def cassette_in(folder: Path, name: str) -> Cassette:
    """The cassette of a test in the folder of its module; `name` is the node id after the file."""
    return Cassette.at(folder, _test_stem(name))


def test_tape_name(name: str) -> str:
    """What the tape of that cassette is called."""
    return f"{_test_stem(name)}{TAPE}"


def fixture_cassette(
    base: Path, scope: str, name: str, param: str | None = None, folder: str | None = None
) -> Cassette:
    """The cassette of a fixture of wider scope than one test.

    Args:
        base: the directory whose ``cassettes`` folder holds it: of the test file or of the conftest.
        scope: ``class``, ``module``, ``package`` or ``session``.
        name: the fixture's name.
        param: the id of its parameter, if it has one.
        folder: the file name of the test module that defines the fixture, where it is not a conftest's.
    """
    place = base / FOLDER if folder is None else base / FOLDER / _module_folder(folder)
    return Cassette.at(place / FIXTURES, _fixture_stem(scope, name, param))


def discover(root: Path) -> Iterator[Cassette]:
    """Every cassette in the ``cassettes`` folders at or under a directory, sorted by path.

    Symbolic links to directories, hidden directories and folders of observed traces below `root` are left out. A
    cassette may lack any of its files but one.
    """
    inside = FOLDER in root.resolve().parts
    for place, names in _folders(root):
        if inside or FOLDER in place.relative_to(root).parts:
            stems = {name[: -len(ending)] for name in names for ending in (GOLDEN, TAPE) if name.endswith(ending)}
            yield from (Cassette.at(place, stem) for stem in sorted(stems) if stem and not _VARIANT.search(stem))


def discover_files(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """The folders of these cassettes with the names of their golden traces and tapes: no path is made of each."""
    inside = FOLDER in root.resolve().parts
    for place, names in _folders(root):
        if inside or FOLDER in place.relative_to(root).parts:
            yield place, [one for one in names if one.endswith((GOLDEN, TAPE)) and _is_of_a_cassette(one)]


def _is_of_a_cassette(name: str) -> bool:
    stem = name[: -len(GOLDEN if name.endswith(GOLDEN) else TAPE)]
    return bool(stem) and not _VARIANT.search(stem)


def is_variant(name: str) -> bool:
    """Whether a file of this name is a variant of a golden trace."""
    return name.endswith(GOLDEN) and _VARIANT.search(name.removesuffix(GOLDEN)) is not None


def is_further(name: str) -> bool:
    """Whether a golden file of this name is not the one trace of its test: a variant, or a further run of it."""
    return is_variant(name) or _RUN.search(name.removesuffix(GOLDEN)) is not None


def variant_file(golden: Path, number: int) -> Path:
    """Where a variant of a golden trace lies: ``test_a.variant-1.trace.yaml`` beside ``test_a.trace.yaml``."""
    return golden.with_name(f"{golden.name.removesuffix(GOLDEN)}.variant-{number}{GOLDEN}")


def variants_of(golden: Path) -> dict[int, Path]:
    """The variants of a golden trace that there are, by number, in order."""
    beginning = f"{golden.name.removesuffix(GOLDEN)}.variant-"
    found = {}
    # Names first: this is asked of every cassette of a folder.
    names = os.listdir(golden.parent) if golden.parent.is_dir() else []  # noqa: PTH208
    for name in names:
        if name.startswith(beginning) and name.endswith(GOLDEN):
            number = name.removeprefix(beginning).removesuffix(GOLDEN)
            if _VARIANT_NUMBER.fullmatch(number):
                found[int(number)] = golden.parent / name
    return dict(sorted(found.items()))


def golden_of(variant: Path) -> Path:
    """The golden trace that a variant belongs to."""
    return variant.with_name(_VARIANT.sub("", variant.name.removesuffix(GOLDEN)) + GOLDEN)


def discover_variants(root: Path) -> Iterator[Path]:
    """Every variant in the ``cassettes`` folders at or under a directory, also where its golden trace is gone."""
    inside = FOLDER in root.resolve().parts
    for place, names in _folders(root):
        if inside or FOLDER in place.relative_to(root).parts:
            yield from (place / name for name in sorted(names) if is_variant(name))


def discover_remains(root: Path) -> Iterator[Cassette]:
    """Cassettes of which nothing but variants or a journal is left, in the same folders."""
    inside = FOLDER in root.resolve().parts
    for place, names in _folders(root):
        if inside or FOLDER in place.relative_to(root).parts:
            goldens = {golden_of(place / name).name for name in names if is_variant(name)}
            stems = {name.removesuffix(JOURNAL) for name in names if name.endswith(JOURNAL)}
            stems |= {name.removesuffix(GOLDEN) for name in goldens}
            known = {stem for stem in stems if {f"{stem}{GOLDEN}", f"{stem}{TAPE}"} & {*names}}
            yield from (Cassette.at(place, stem) for stem in sorted(stems - known))


def golden_names(root: Path) -> list[str]:
    """The golden traces at or under a directory, in whatever folders: paths relative to it, sorted."""
    found = (place / name for place, names in _folders(root) for name in names if name.endswith(GOLDEN))
    return sorted(path.relative_to(root).as_posix() for path in found)


def _folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """The directories at or under one with the names of their files, without those that hold no cassettes."""
    for directory, subdirectories, names in os.walk(root):
        place = Path(directory)
        subdirectories[:] = sorted(
            name for name in subdirectories if not name.startswith(".") and not (place / name / OBSERVED).exists()
        )
        yield place, names


def _module_folder(file_name: str) -> str:
    """``test_refund`` for ``test_refund.py``; other files (doctests) and unusual names get a hash."""
    stem, ending = os.path.splitext(file_name)  # noqa: PTH122  # a name, not a path
    plain = ending == ".py" and _is_lower(stem) and stem != FIXTURES and _fits(stem)
    return stem if plain else _hashed(_slug(stem), file_name)


@functools.lru_cache(maxsize=16)  # a recording asks for it five times a test
def _journal(folder: Path, stem: str) -> Path:
    return folder / f"{stem}{JOURNAL}"


@functools.lru_cache(maxsize=64)  # who reads the files of the next tests has asked before
def _test_stem(name: str) -> str:
    head, bracket, parameter = name.partition("[")
    slug, is_plain = _slug_of_function(head)
    if bracket:
        return _hashed(f"{slug}-{_slug(parameter.removesuffix(']'))}", name)
    return slug if is_plain else _hashed(slug, name)


@functools.lru_cache(maxsize=16)  # its parameters come one after the other
def _slug_of_function(name: str) -> tuple[str, bool]:
    """What the name of a test becomes without its parameters, and whether it needs no hash."""
    *classes, test = parts = name.split("::")
    slug = ".".join(map(_slug, parts))
    plain = _is_lower(test) and all(map(_PLAIN_CLASS.fullmatch, classes)) and _fits(slug)
    return slug, bool(plain)


def _fixture_stem(scope: str, name: str, param: str | None) -> str:
    slug = f"{_slug(scope)}-{_slug(name)}"
    if param is not None:
        return _hashed(f"{slug}-{_slug(param)}", f"{scope}\0{name}\0{param}")
    plain = scope in _SCOPES and _is_lower(name) and _fits(slug)
    return slug if plain else _hashed(slug, f"{scope}\0{name}")


def _slug(part: str) -> str:
    if part.isascii() and (part.isidentifier() or part.isalnum()):  # nearly all are
        return part
    return _UNPORTABLE.sub("-", part).strip("-.") or "unnamed"


def _fits(stem: str) -> bool:
    """Whether a stem is short enough, and no device of Windows (a device whatever follows the first dot)."""
    return len(stem) <= _LONGEST_STEM and not _is_device(stem)


def _is_lower(name: str) -> bool:
    """Whether a name has small letters, digits and underscores alone. Nearly all are told without an expression."""
    return (name.isascii() and name.isidentifier() and name.islower()) or bool(_LOWER_NAME.fullmatch(name))


def _is_device(name: str) -> bool:
    """Whether Windows takes a name for one of its devices."""
    return name.partition(".")[0].lower() in _DEVICES


def _hashed(slug: str, original: str) -> str:
    """The slug and eight digits of a hash of the original.

    A name without a hash never looks like this: it has no hyphen (a fixture's has one, and this then has two).
    """
    if _is_device(slug):
        slug = f"_{slug}"
    return f"{slug[: _LONGEST_STEM - _HASH_DIGITS - 1].rstrip('-.')}-{digest(original)[:_HASH_DIGITS]}"


_LONGEST_STEM: Final = 200 - len(JOURNAL)
_HASH_DIGITS: Final = 8
_SCOPES: Final = frozenset({"function", "class", "module", "package", "session"})
_LOWER_NAME: Final = re.compile(r"[a-z0-9_]+")
_PLAIN_CLASS: Final = expression(r"Test(?:[A-Z0-9_][a-z0-9_]*)?")
"""``Test`` and one capitalised word: of all the names that differ in case alone, one, which goes without a hash."""
_VARIANT: Final = expression(r"\.variant-[1-9][0-9]{0,3}$")
"""No name of a test ends like this: a hyphen in one is followed by eight digits of a hash."""
_VARIANT_NUMBER: Final = expression(r"[1-9][0-9]{0,3}", re.ASCII)
_RUN: Final = expression(r"\.run-[0-9]{1,4}$")
_UNPORTABLE: Final = expression(r"[^A-Za-z0-9._-]+")
_DEVICES: Final = frozenset(
    {
        "con",
        "prn",
        "aux",
        "nul",
        "conin",
        "conout",
        *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
    }
)
