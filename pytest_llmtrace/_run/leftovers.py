"""Cassette files that no test of a full run used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_llmtrace._report.document.payload import own_files
from pytest_llmtrace._run.scope import Coverage, search_roots
from pytest_llmtrace._store.paths import discover_files, discover_variants, golden_of, test_cassette


def unused_files(
    session: pytest.Session, coverage: Coverage, root: Path, payloads: Sequence[Mapping[str, Any]], ran: Iterable[str]
) -> list[str]:
    """Their paths, relative to the root directory; none where tests were left out.

    Args:
        session: The run that is over.
        coverage: What is known of the tests that did not run.
        root: The root directory.
        payloads: What owners reported, the files they used included.
        ran: Node ids of all tests that ran, or failed before they could: the cassettes of those that reported nothing
            are theirs.
    """
    if not coverage.is_full(session):
        return []
    root = root.resolve()
    used = {name for one in payloads for name in (one["used"] if "used" in one else own_files(one))}
    found: dict[str, Path] = {}
    for folder in search_roots(session.config):
        for place, names in discover_files(folder):
            above = f"{_name(place, root)}/".removeprefix("./")
            left_over = (place / name for name in names if above + name not in used)  # few: each is looked at closely
            found |= {_name(path, root): path for path in left_over if path.exists()}
        for path in discover_variants(folder):
            if _name(golden_of(path), root) not in used:
                found[_name(path, root)] = path
    left = found.keys() - used
    if left:
        told = {payload["nodeid"] for payload in payloads}
        left -= {_name(path, root) for path in _of_tests(root, (one for one in ran if one not in told))}
        skipped = [_of_module(root, nodeid) for nodeid in coverage.skipped_modules]
        left = {name for name in left if not any(found[name].is_relative_to(folder) for folder in skipped)}
    return sorted(left)


def _of_tests(root: Path, nodeids: Iterable[str]) -> Iterator[Path]:
    for nodeid in nodeids:
        file, _, name = nodeid.partition("::")
        if name:
            cassette = test_cassette(root / file, name)
            yield from (cassette.golden, cassette.tape)


def _of_module(root: Path, nodeid: str) -> Path:
    """The folder that the cassettes of a module's tests are in."""
    return test_cassette(root / nodeid, "test").golden.parent.resolve()


def _name(path: Path, root: Path) -> str:
    """The path below the root directory, which is resolved."""
    try:
        return path.resolve().relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()
