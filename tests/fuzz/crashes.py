"""Broken promises: each kind of crash once, as a file that says how to see it again."""

from __future__ import annotations

import hashlib
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

FOLDER: Final = Path(".fuzz")
"""What `make fuzz` keeps: inputs that reached something new, and crashes."""
_OURS: Final = re.compile(r"/(?:pytest_llmtrace|tests)/")


def crashes_of(target: str) -> Path:
    """The folder with the crashes of a target."""
    return FOLDER / "crashes" / slug(target)


def slug(name: str) -> str:
    """The name of a target as that of a folder."""
    return name.replace(" ", "-").lower()


def signature(error: BaseException) -> str:
    """What makes two crashes the same: the exception, and the line of ours in which it was raised."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if _OURS.search(frame.filename)]
    place = f"{Path(ours[-1].filename).name}-{ours[-1].lineno}" if ours else "elsewhere"
    return f"{type(error).__name__}-{place}"


class Guard:
    """Runs inputs and keeps the first one of each crash, so that a run goes on after it."""

    def __init__(self, target: str, run: Callable[[bytes], object]) -> None:
        """Args: target: its name. run: what takes an input."""
        self._folder = crashes_of(target)
        self._run = run

    def __call__(self, data: bytes) -> None:
        """Run one input."""
        try:
            self._run(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we are looking for
            self.keep(signature(error), data, "".join(traceback.format_exception(error)))

    def keep(self, name: str, data: bytes, text: str) -> None:
        """Keep a crash: its input, and beside it what was raised. Of two of a kind the smaller one is kept."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / name
        if not file.exists() or len(data) < file.stat().st_size:
            file.write_bytes(data)
            how = f"Again: python -m tests.fuzz --again {file}\n"
            file.with_name(f"{name}.txt").write_text(f"{how}\n{text}", encoding="utf-8", errors="backslashreplace")


def known(target: str) -> set[str]:
    """The crashes of a target that are kept."""
    folder = crashes_of(target)
    return {one.name for one in folder.iterdir() if one.suffix != ".txt"} if folder.is_dir() else set()


def digest(data: bytes) -> str:
    """The name of an input."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
