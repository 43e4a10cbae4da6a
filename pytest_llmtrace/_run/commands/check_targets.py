"""What is checked for the files and folders that somebody names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pytest_llmtrace._store.paths import (
    GOLDEN,
    JOURNAL,
    TAPE,
    Cassette,
    discover,
    discover_variants,
    golden_of,
    is_variant,
)
from pytest_llmtrace.errors import CassetteError

Target = Cassette | Path
"""A cassette; or a variant that has no golden trace, or a journal."""


def targets(paths: Iterable[Path]) -> Iterator[Target]:
    """What is to be checked for these files and folders, each cassette once, in order.

    Raises:
        CassetteError: a file is named like none of ours.
    """
    seen: set[Path] = set()
    for path in paths:
        for target in _below(path) if path.is_dir() else (_target(path),):
            key = target.absolute() if isinstance(target, Path) else target.golden.absolute()
            if key not in seen:
                seen.add(key)
                yield target


def _below(folder: Path) -> Iterator[Target]:
    yield from discover(folder)
    yield from (variant for variant in discover_variants(folder) if not golden_of(variant).exists())


def _target(path: Path) -> Target:
    if path.name.endswith(JOURNAL):
        return path
    if is_variant(path.name):
        return path if not golden_of(path).exists() else _cassette(golden_of(path), GOLDEN)
    for ending in (GOLDEN, TAPE):
        if path.name.endswith(ending):
            return _cassette(path, ending)
    raise CassetteError(f"{path}: neither a golden trace ({GOLDEN}), nor a tape ({TAPE}), nor a folder")


def _cassette(path: Path, ending: str) -> Cassette:
    return Cassette.at(path.parent, path.name.removesuffix(ending))
