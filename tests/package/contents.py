"""What is in a wheel and in a source distribution, and what should be."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

PACKAGE = "pytest_llmtrace"
NOT_FILES = {"PKG-INFO"}
"""What is in every source distribution and in no repository."""


def wheel_problems(wheel: Path, root: Path) -> Iterator[str]:
    """What a wheel lacks of the package, or has besides it: tests, caches, files that were forgotten."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    packaged = {name for name in names if not PurePosixPath(name).parts[0].endswith(".dist-info")}
    yield from _differences("the wheel", packaged, {name for name in files(root) if name.startswith(f"{PACKAGE}/")})
    ends = {PurePosixPath(name).relative_to(PurePosixPath(name).parts[0]).as_posix() for name in names - packaged}
    yield from (f"the wheel has no {name}" for name in ("entry_points.txt", "licenses/LICENSE") if name not in ends)


def sdist_problems(sdist: Path, root: Path) -> Iterator[str]:
    """What a source distribution lacks of the repository, or has besides it."""
    with tarfile.open(sdist) as archive:
        members = [PurePosixPath(member.name) for member in archive.getmembers() if member.isfile()]
    names = {member.relative_to(member.parts[0]).as_posix() for member in members}
    yield from _differences("the source distribution", names - NOT_FILES, files(root))


def files(root: Path) -> set[str]:
    """The files of the repository, or of a source distribution that was unpacked."""
    if (root / ".git").exists():
        done = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, stdout=subprocess.PIPE, text=True)
        return {name for name in done.stdout.split("\0") if name and (root / name).is_file()}
    found = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return {name for name in found if "__pycache__" not in name} - NOT_FILES


def _differences(archive: str, has: set[str], should: set[str]) -> Iterator[str]:
    yield from (f"{archive} has no {name}" for name in sorted(should - has))
    yield from (f"{archive} has {name}, which is not in the repository" for name in sorted(has - should))
