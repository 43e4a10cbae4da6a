"""How files are named in what people read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmtrace._run.recording.names import relative, shown_files
from pytest_llmtrace._store.paths import Cassette

ROOT = Path("/project")


@pytest.mark.parametrize(
    "folder", ["/project/tests/cassettes/test_a", "/project", "/elsewhere/cassettes", "/project/../x"]
)
@pytest.mark.parametrize("stem", ["test_one", "test..two-0123abcd"])
def test_the_files_of_a_cassette_are_shown_as_each_is_alone(folder: str, stem: str) -> None:
    """The folder is looked at once for all tests of a file; below the root directory, in it, and elsewhere."""
    cassette = Cassette.at(Path(folder), stem)
    for _ in range(2):
        shown = shown_files(cassette, ROOT)
        assert shown == (relative(cassette.golden_file, ROOT), relative(cassette.tape_file, ROOT))


def test_another_folder_and_another_root_are_looked_at_anew() -> None:
    """What was shown last holds for that folder and that root directory alone."""
    one, other = Cassette.at(Path("/project/a"), "x"), Cassette.at(Path("/project/b"), "x")
    assert shown_files(one, ROOT)[1] == "a/x.tape.json"
    assert shown_files(other, ROOT)[1] == "b/x.tape.json"
    assert shown_files(other, Path("/project/b"))[1] == "x.tape.json"
