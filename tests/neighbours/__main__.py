"""Puts the plugins of requirements.txt, and what they need beyond this environment, into a folder of it.

Run as ``python -m tests.neighbours FOLDER``. Nothing happens where the folder has what the list asks for.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

LIST = Path(__file__).with_name("requirements.txt")
_QUIET = ("--quiet", "--quiet", "--disable-pip-version-check")


def main(folder: Path) -> None:
    """Make the folder anew, unless it is up to date."""
    made_for = folder / LIST.name
    wanted = f"{sys.version}\n{LIST.read_text('utf-8')}"
    if made_for.exists() and made_for.read_text("utf-8") == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    _pip("--no-deps", "--target", str(folder), *_missing())
    made_for.write_text(wanted, encoding="utf-8")


def _missing() -> list[str]:
    """What pip would install here: `--target` alone would install pytest and the SDKs a second time."""
    report = json.loads(_pip("--dry-run", "--report", "-", "--requirement", str(LIST)))
    found = [one["metadata"] for one in report["install"]]
    return [f"{metadata['name']}=={metadata['version']}" for metadata in found]


def _pip(*arguments: str) -> str:
    command = [sys.executable, "-m", "pip", "install", *_QUIET, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))
