"""Environments in which a built wheel is installed, and the tests that run there: against it, not the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

from tests.package.contents import PACKAGE

SMALLEST, LARGEST = 11, 14
"""Minor versions of Python 3 that are supported."""
LOWEST = Path(__file__).with_name("lowest.txt")
QUIET = ("--quiet", "--disable-pip-version-check")


def interpreters() -> dict[str, Path]:
    """The supported Pythons of this machine by version: on the PATH, and those of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = {}
    for minor in range(SMALLEST, LARGEST + 1):
        version = f"3.{minor}"
        candidates = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"), reverse=True)]
        working = (Path(one) for one in candidates if one and _version(Path(one)) == version)
        python = next(working, None)
        if python is not None:
            found[version] = python
    return found


def borrowing(folder: Path, wheel: Path) -> Path:
    """An environment with the wheel, and everything else from this one: made in a second. Returns its Python."""
    shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    python = _python_of(folder)
    _run(sys.executable, "-m", "pip", "--python", str(python), "install", *QUIET, "--no-deps", str(wheel))
    # A line of a .pth file adds a folder, but not the .pth files in it: of this checkout's own install nothing is seen.
    (_site_packages(python) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


def made(folder: Path, python: Path, wheel: Path, extras: str, *, lowest: bool) -> Path:
    """An environment of its own with the wheel and what it needs, from the package index. Returns its Python."""
    shutil.rmtree(folder, ignore_errors=True)
    _run(str(python), "-m", "venv", str(folder))
    constraints = ("--constraint", str(LOWEST)) if lowest else ()
    own = _python_of(folder)
    _run(str(own), "-m", "pip", "install", *QUIET, *constraints, f"{wheel}[{extras}]")
    return own


def unpacked(sdist: Path, folder: Path) -> Path:
    """The source distribution without the package: what tests find beside them is not what they test."""
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (tree,) = folder.iterdir()
    shutil.rmtree(tree / PACKAGE)
    return tree


def tested(python: Path, tree: Path, arguments: list[str]) -> int:
    """Run the tests of an unpacked source distribution. Returns the exit status of pytest.

    Raises:
        RuntimeError: it is not the installed package that would be tested.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    program = f"import {PACKAGE}, sys; print({PACKAGE}.__file__); print(sys.prefix)"
    done = subprocess.run(
        [str(python), "-c", program], cwd=tree, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    file, prefix = done.stdout.split("\n")[:2]
    if not Path(file).is_relative_to(prefix):
        raise RuntimeError(f"{python} imports {file}, which is not installed in {prefix}")
    print(f"{_version(python)}: testing {file}", flush=True)
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=tree, env=environment, check=False).returncode


def _version(python: Path) -> str | None:
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([str(python), "-c", program], check=False, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _site_packages(python: Path) -> Path:
    program = "import sysconfig; print(sysconfig.get_path('purelib'))"
    done = subprocess.run([str(python), "-c", program], check=True, stdout=subprocess.PIPE, text=True)
    return Path(done.stdout.strip())


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
