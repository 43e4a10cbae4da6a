"""The cassette of one owner, as it was before."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from pytest_llmtrace._model import bounded_reading
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.verdict import Mode
from pytest_llmtrace._run.recording.old import Old, _totals_from
from pytest_llmtrace.errors import BrokenCassetteError, StorageError
from tests.unit.run.conftest import plan_in


def old(folder: Path, mode: Mode = "trace") -> Old:
    """What lies in a folder under the name of `x`."""
    return Old(plan_in(folder, mode), Redactor())


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"calls": "x"},
        {"calls": 1, "usage": 3},
        *(
            {"calls": 1, "usage": {"input_tokens": 1}, "priced_usd": 0.5, "unpriced_calls": 0, **wrong}
            for wrong in (
                {"calls": float("inf")},
                {"calls": 1.5},
                {"calls": 2**60},
                {"usage": {"input_tokens": "x"}},
                {"usage": {"output_tokens": -1}},
                {"priced_usd": "nan"},
                {"priced_usd": 10**400},
                {"priced_usd": -0.5},
                {"unpriced_calls": None},
                {"unpriced_calls": True},
                {"usage": {"input_tokens": True}},
                {"usage": {"input_tokens": 1, "estimated": 1}},
            )
        ),
    ],
)
def test_totals_that_cannot_be_read_name_the_tape(data: dict[str, Any]) -> None:
    """What a tape says of its totals is no reason for a traceback: the error names the file and the way out."""
    with pytest.raises(BrokenCassetteError) as raised:
        _totals_from(data, Path("a.tape.json"))
    assert str(raised.value).startswith("a.tape.json: this cassette file cannot be read: the totals in its `meta` are ")
    assert "Undo the edit with `git checkout -- a.tape.json`" in str(raised.value)


def test_totals_of_tokens_that_were_estimated_are_read() -> None:
    """That they were is said beside them, and is no number."""
    usage = {"input_tokens": 8, "output_tokens": 1, "estimated": True}
    data = {"calls": 1, "usage": usage, "priced_usd": 0.0, "unpriced_calls": 1}
    assert _totals_from(data, Path("a.tape.json")).usage.to_data() == usage


NO_FILES: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "a directory": Path.mkdir,
    "a dangling link": lambda path: path.symlink_to("nowhere"),
    "a circle of links": lambda path: path.symlink_to(path.name),
    "a pipe": lambda path: os.mkfifo(path),  # noqa: PLW0108  # not there on Windows
}


@pytest.mark.skipif(os.name == "nt", reason="Windows has none of these in a folder")
@pytest.mark.parametrize("mode", ["trace", "record"])
@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_file_is_no_cassette(tmp_path: Path, kind: str, mode: Mode) -> None:
    """A test whose files have such names has none, and nothing waits for a pipe."""
    for name in ("x.tape.json", "x.trace.yaml"):
        NO_FILES[kind](tmp_path / name)
    found = old(tmp_path, mode)
    assert (found.tape_exists, found.golden_exists, found.exists, found.is_as_accepted) == (False,) * 4


@pytest.mark.parametrize("text", ["{", '{"llmtrace": 1, "interactions": 3}', "\ufeffnone", b"\xff"])
def test_a_broken_tape_is_there_all_the_same(tmp_path: Path, text: str | bytes) -> None:
    """Replay says what is wrong with it; a recording replaces it, and knows that it replaces one."""
    (tmp_path / "x.tape.json").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(BrokenCassetteError, match=r"x\.tape\.json.*cannot be read"):
        old(tmp_path)
    found = old(tmp_path, "record")
    assert (found.tape_exists, found.exists, found.interactions) == (True, True, ())


@pytest.mark.parametrize("mode", ["trace", "record"])
def test_a_tape_that_may_not_be_read_is_no_missing_one(
    tmp_path: Path, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an error in each mode: a recording must not pay for what may be there."""

    def refused(_: Path) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(bounded_reading, "_opened", refused)
    with pytest.raises(StorageError, match=r"x\.tape\.json could not be read: Permission denied"):
        old(tmp_path, mode)


@pytest.mark.parametrize("mode", ["trace", "record"])
def test_a_golden_trace_is_one_whatever_is_in_it(tmp_path: Path, mode: Mode) -> None:
    """Whether it can be read is asked later; one that comes while a test is recorded was not there before."""
    file = tmp_path / "x.trace.yaml"
    file.write_bytes(b"\xff")
    os.truncate(file, 1 << 40)  # sparse, and more than is read
    found = old(tmp_path, mode)
    assert (found.golden_exists, found.exists, found.is_whole) == (True, True, True)
    file.unlink()
    before = old(tmp_path, "record")
    file.touch()
    assert before.golden_exists is False
