"""A virtual environment for each arm: what all share is installed once, each adds its own plugin at a pinned version.

The versions of what all share are those of the extra `bench` in pyproject.toml.
"""

from __future__ import annotations

import compileall
import hashlib
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

from benchmarks.progress import say

ROOT = Path(__file__).parents[1]
PLACE = ROOT / ".venv" / "bench"
REQUIREMENTS = "requirements.txt"
"""What an environment was made of, in its folder."""


class CannotInstallError(Exception):
    """A peer cannot be installed here; says why."""


def python_of(name: str, requirements: tuple[str, ...], *, options: tuple[str, ...] = ()) -> Path:
    """The interpreter of an arm's environment, made where it is missing or the requirements have changed.

    Raises:
        CannotInstallError: with pip's last line.
    """
    return _made(name, requirements, options=options, seen=_base())


def _base() -> Path:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return _made("base", tuple(project["optional-dependencies"]["bench"])).parents[1]


def _made(name: str, requirements: tuple[str, ...], *, options: tuple[str, ...] = (), seen: Path | None = None) -> Path:
    for source in _sources(requirements):
        _compiled(source)
    folder = PLACE / name
    python, note = folder / "bin" / "python", folder / REQUIREMENTS
    wanted = "\n".join((sys.version, str(seen), *options, *requirements, _stamp(requirements)))
    if note.exists() and note.read_text("utf-8") == wanted:
        return python
    say(f"installing the environment of {name}")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    if seen is not None:
        (_packages(folder) / "base.pth").write_text(f"{_packages(seen)}\n", "utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install", "--quiet"]
    if not requirements:
        note.write_text(wanted, "utf-8")
        return python
    done = subprocess.run([*pip, *options, *requirements], capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise CannotInstallError((errors or [done.stderr.strip()])[-1])
    note.write_text(wanted, "utf-8")
    return python


def _packages(folder: Path) -> Path:
    return next((folder / "lib").glob("python3*/site-packages"))


@cache
def _compiled(source: Path) -> None:
    """Compile a project that runs from its source, as pip does with what it installs.

    Python itself would do so in the first of the measured runs, or, with PYTHONDONTWRITEBYTECODE, in each.
    """
    for package in (folder.parent for folder in source.glob("*/__init__.py")):
        compileall.compile_dir(package, quiet=1)


def _stamp(requirements: tuple[str, ...]) -> str:
    """Of a project that is installed from its source: what it depends on."""
    files = [one / "pyproject.toml" for one in _sources(requirements)]
    return "".join(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)


def _sources(requirements: tuple[str, ...]) -> list[Path]:
    """The projects that are installed from their source."""
    return [Path(one) for one in requirements if one.startswith("/")]
