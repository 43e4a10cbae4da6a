"""What is said about a cassette file that cannot be read: which file, what is wrong, where, and the way out."""

from __future__ import annotations

import errno
import re
import shlex
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any, Final

from pytest_llmtrace._model.bounded_reading import File, TooLargeError, UnfitFileError, read_head, read_regular
from pytest_llmtrace._model.bounds import LARGEST_FILE, LONGEST_QUOTE
from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.record_flag import record_flag
from pytest_llmtrace._store.formats import FORMAT, FORMAT_KEY
from pytest_llmtrace._store.paths import GOLDEN, TAPE
from pytest_llmtrace._store.upgrades import Kind, is_known
from pytest_llmtrace.errors import BrokenCassetteError, CassetteError, NewerCassetteError, StorageError


class Fault(Exception):  # noqa: N818  # never leaves the package: it becomes a BrokenCassetteError
    """Something in a file is not as the format says."""

    def __init__(self, what: str, line: int | None = None) -> None:
        """Args: what: is wrong, in words; line: where, from 1."""
        super().__init__(what)
        self.what = what
        self.line = line


def broken(path: File, fault: Fault, text: str = "") -> BrokenCassetteError:
    """The error for a file that does not keep to the format; `text` is its content, searched for the owner's name."""
    path = Path(path)
    return BrokenCassetteError(f"{_complaint(path, fault, text, 'cassette file')}\n{_way_out(path, text)}")


def broken_vcrpy(path: Path, fault: Fault, text: str = "") -> BrokenCassetteError:
    """The error for a vcrpy cassette that cannot be read; `text` is its content."""
    way_out = (
        f"Undo the edit with `{_undo(path)}`, or delete the file and record its test again with "
        f"`pytest {record_flag()}`, which makes live calls."
    )
    return BrokenCassetteError(f"{_complaint(path, fault, text, 'vcrpy cassette')}\n{way_out}")


def _complaint(path: Path, fault: Fault, text: str, kind: str) -> str:
    place = str(path) if fault.line is None else f"{path}, line {fault.line}"
    what = "it has unresolved merge conflicts" if conflict_line(text) is not None else _cut(fault.what)
    return f"{place}: this {kind} cannot be read: {what}"


def _cut(text: str) -> str:
    """What is wrong may be a key or a value of any length; both ends of the sentence say something."""
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE // 2]} … {text[-LONGEST_QUOTE // 2 :]}"


def conflict_line(text: str) -> int | None:
    """The line, from 1, on which a merge left its first conflict in a file; `None` where there is none."""
    found = _CONFLICT.search(text)
    return None if found is None else text.count("\n", 0, found.start()) + 1


def check_format(path: File, data: Any, text: str, kind: Kind) -> int:
    """The format number of a file, once it is sure to be ours, and one that this version reads.

    Raises:
        BrokenCassetteError: it is not a file of ours, or has a number that there never was.
        NewerCassetteError: its format number is beyond ours.
    """
    if type(data) is dict and type(number := data.get(FORMAT_KEY)) is int and number == FORMAT:
        return number  # nearly all
    if not isinstance(data, dict) or FORMAT_KEY not in data:
        raise broken(path, Fault(f"it is not a file of pytest-llmtrace (it has no `{FORMAT_KEY}` key)"), text)
    number = data[FORMAT_KEY]
    if not isinstance(number, int) or isinstance(number, bool) or not is_known(kind, number):
        raise broken(path, Fault(f"`{FORMAT_KEY}` must be a format number, not {number!r}"), text)
    if number > FORMAT:
        raise newer(path, number)
    return number


def newer(path: File, number: int) -> CassetteError:
    """The error for a file of a later version."""
    from pytest_llmtrace import __version__  # noqa: PLC0415  # the package itself imports what imports this

    return NewerCassetteError(
        f"{path}: this cassette file has format {number}, and pytest-llmtrace {__version__} reads formats up to "
        f"{FORMAT}.\nInstall a newer version: `pip install --upgrade pytest-llmtrace`."
    )


def read_text(path: Path, most: int = LARGEST_FILE) -> str:
    """The text of a cassette file; raises what `read_bytes` does, and `BrokenCassetteError` where it is not UTF-8."""
    return decoded(read_bytes(path, most), path)


def text_if_file(path: File) -> str | None:
    """The text of a cassette file; `None` where no file has this name: nothing has, or a directory or a pipe.

    Raises: as `read_text`.
    """
    try:
        return decoded(read_regular(path), path)
    except OSError as error:
        if isinstance(error, TooLargeError):
            raise broken(path, Fault(str(error))) from None
        if isinstance(error, UnfitFileError) or error.errno in _NO_FILE:
            return None
        raise StorageError(f"{path} could not be read: {error.strerror or error}") from error


def decoded(data: bytes, path: File) -> str:
    """The text of the content of a cassette file. Raises: BrokenCassetteError."""
    try:
        return data.decode("utf-8-sig" if data.startswith(BOM_UTF8) else "utf-8")
    except UnicodeDecodeError as error:
        raise broken(path, Fault(f"it is not UTF-8 ({error.reason} at byte {error.start})")) from None


def read_bytes(path: Path, most: int = LARGEST_FILE) -> bytes:
    """The content of a cassette file.

    Raises:
        FileNotFoundError: there is none.
        BrokenCassetteError: it has more bytes than it may have.
        StorageError: the operating system refused, or it is no file but a pipe, a device or a directory.
    """
    try:
        return read_regular(path, most)
    except FileNotFoundError:
        raise
    except TooLargeError as error:
        raise broken(path, Fault(str(error))) from None
    except OSError as error:
        raise StorageError(f"{path} could not be read: {error.strerror or error}") from error


def owner_in(text: str) -> str | None:
    """The test that a file names, where it cannot be read otherwise."""
    found = _OWNER.search(text)
    return found.group(1) if found else None


def _owner_beside(path: Path) -> str | None:
    """The test that the golden trace beside a damaged tape names."""
    if not path.name.endswith(TAPE):
        return None
    try:
        golden = path.with_name(path.name.removesuffix(TAPE) + GOLDEN)
        return owner_in(read_head(golden, _HEAD).decode("utf-8", "replace"))
    except OSError:  # it is missing as well
        return None


def _way_out(path: Path, text: str) -> str:
    owner = owner_in(text) or _owner_beside(path)
    name = shlex.quote(owner) if owner else "<test>"
    return f"Undo the edit with `{_undo(path)}`, or record it again with `pytest {record_flag()} {name}`."


def _undo(path: Path) -> str:
    """The command that brings a file back: a word of a shell each, whatever the file is called."""
    return f"git checkout -- {shlex.quote(path.as_posix())}"


_NO_FILE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_HEAD: Final = 4096
"""Bytes at the beginning of a file among which the name of its owner is."""

_CONFLICT: Final = expression(r"^(?:<{7}|>{7}) ", re.MULTILINE)
_OWNER: Final = expression(r"(?:^test: [\"']?|\"test\": \")([^\"'\n]{1,500}?::[^\"'\n]{1,500})[\"'\n]", re.MULTILINE)
