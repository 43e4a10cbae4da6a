"""Reading files that others made."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_llmtrace._model.bounded_reading import TooLargeError, UnfitFileError, read_head, read_regular


def _socket(path: Path) -> None:
    # The address of a socket may have a hundred characters only.
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


KINDS: dict[str, Callable[[Path], object]] = {
    "a pipe": lambda path: os.mkfifo(path),  # noqa: PLW0108  # not there on Windows
    "a directory": Path.mkdir,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a socket": _socket,
}


@pytest.mark.skipif(os.name == "nt", reason="Windows has none of these in a folder")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("read", [read_regular, lambda path: read_head(path, 10)])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str, read: Callable[[Path], bytes]) -> None:
    """A pipe is not waited for, a device not read to its end: each is an error of the file system that names it."""
    KINDS[kind](tmp_path / "x")
    with pytest.raises(UnfitFileError) as caught:
        read(tmp_path / "x")
    assert isinstance(caught.value, OSError)
    assert str(caught.value) == f"it is no file but {kind}"


def test_a_file_may_have_so_many_bytes(tmp_path: Path) -> None:
    """A file is read up to its bound, and refused beyond it before it is read; its beginning can always be read."""
    file = tmp_path / "x"
    file.write_bytes(b"0123456789")
    assert read_regular(file, 10) == b"0123456789"
    with pytest.raises(TooLargeError, match="it has more than 9 bytes"):
        read_regular(file, 9)
    os.truncate(file, 1 << 40)  # sparse: a terabyte that takes no room
    with pytest.raises(TooLargeError, match="it has more than 536870912 bytes"):
        read_regular(file)
    assert read_head(file, 4) == b"0123"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux has such files")
def test_a_file_without_a_size_is_read_whole() -> None:
    """A file that says it has no bytes, and has some, is bounded too."""
    file = Path("/proc/self/status")
    assert read_regular(file).startswith(b"Name:")
    with pytest.raises(TooLargeError):
        read_regular(file, 20)


def test_symbolic_links_are_followed(tmp_path: Path) -> None:
    """A link to a file is that file; one in a circle is an error of the file system."""
    (tmp_path / "x").write_bytes(b"here")
    (tmp_path / "link").symlink_to("x")
    (tmp_path / "circle").symlink_to("circle")
    assert read_regular(tmp_path / "link") == b"here"
    with pytest.raises(OSError, match="symbolic links"):
        read_regular(tmp_path / "circle")
