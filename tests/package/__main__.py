"""``python -m tests.package build``, ``smoke``, ``compat`` and ``notes``; see the Makefile."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from pytest_llmtrace import __version__
from tests.package.contents import sdist_problems, wheel_problems
from tests.package.environments import borrowing, interpreters, made, tested, unpacked
from tests.package.notes import notes

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
WORK = ROOT / "build" / "package"
SMOKE = [
    "tests/unit/test_structure.py",
    "tests/unit/test_schemas.py",
    "tests/unit/test_package.py",
    "tests/unit/test_cli_check.py",
    "tests/unit/report/html/test_assets.py",
    "tests/plugin/test_record_and_replay.py",
]
"""Whatever a file that the wheel forgot would break."""
PARTS = ["tests/unit", "tests/plugin", "tests/e2e"]


def main() -> int:
    """Do what was asked for. Returns the exit status."""
    asked = parser().parse_args()
    return {"build": _build, "smoke": _smoke, "compat": _compat, "notes": _notes}[asked.command](asked)


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    made_parser = argparse.ArgumentParser(prog="python -m tests.package", description=__doc__)
    commands = made_parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build the source distribution, from it the wheel, and look into both")
    commands.add_parser("smoke", help="install the wheel beside the dependencies that are here, and run some tests")
    compat = commands.add_parser("compat", help="run the tests on each Python, with newest and lowest dependencies")
    compat.add_argument("--python", action="append", default=[], metavar="3.X", help="of those that are here; several")
    compat.add_argument("--only", choices=["newest", "lowest"], help="of the dependencies")
    compat.add_argument("--extras", default="test,sdks", help="what is installed with the newest; default: test,sdks")
    compat.add_argument("arguments", nargs="*", help="of pytest, after --; the unit, plugin and end-to-end tests")
    told = commands.add_parser("notes", help="print what the changelog says of a version: that of the code")
    told.add_argument("version")
    return made_parser


def _build(_: argparse.Namespace) -> int:
    shutil.rmtree(DIST, ignore_errors=True)
    command = [sys.executable, "-m", "build", "--outdir", str(DIST), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wheel, sdist = _built()
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist)], check=True)
    problems = [*wheel_problems(wheel, ROOT), *sdist_problems(sdist, ROOT)]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes; {sdist.name}: {sdist.stat().st_size:,} bytes", flush=True)
    return 1 if problems else 0


def _smoke(_: argparse.Namespace) -> int:
    wheel, sdist = _built()
    return tested(borrowing(WORK / "smoke", wheel), unpacked(sdist, WORK / "smoke-tests"), SMOKE)


def _compat(asked: argparse.Namespace) -> int:
    wheel, sdist = _built()
    there = interpreters()
    chosen = asked.python or list(there)
    missing = [version for version in chosen if version not in there]
    if missing:
        print(f"no Python {', '.join(missing)} here; there are {', '.join(there) or 'none'}", file=sys.stderr)
        return 2
    done = {}
    for version in chosen:
        for which in (asked.only,) if asked.only else ("newest", "lowest"):
            name = f"{version}-{which}"
            extras = asked.extras if which == "newest" else "test"
            python = made(WORK / name, there[version], wheel, extras, lowest=which == "lowest")
            done[name] = tested(python, unpacked(sdist, WORK / f"{name}-tests"), asked.arguments or ["-n", "2", *PARTS])
    for name, status in done.items():
        print(f"{name:<14} {'passed' if status == 0 else f'FAILED (exit status {status})'}")
    return 1 if any(done.values()) else 0


def _notes(asked: argparse.Namespace) -> int:
    if asked.version != __version__:
        print(f"the code says {__version__}, not {asked.version}", file=sys.stderr)
        return 1
    try:
        print(notes((ROOT / "CHANGELOG.md").read_text("utf-8"), asked.version))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _built() -> tuple[Path, Path]:
    wheels, sdists = list(DIST.glob("*.whl")), list(DIST.glob("*.tar.gz"))
    if (len(wheels), len(sdists)) != (1, 1):
        sys.exit("dist/ does not hold one wheel and one source distribution: python -m tests.package build")
    return wheels[0], sdists[0]


if __name__ == "__main__":
    sys.exit(main())
