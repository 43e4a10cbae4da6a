"""Files of an older format are read, and written in the current one by the next recording."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._store.cassettes import load_golden, load_tape, write
from pytest_llmtrace._store.formats import FORMAT
from pytest_llmtrace._store.golden_file import dump_golden
from pytest_llmtrace._store.journal import Journal
from pytest_llmtrace._store.journal_reader import read_journal
from pytest_llmtrace._store.paths import Cassette
from pytest_llmtrace._store.reading import load_meta
from pytest_llmtrace._store.upgrades import UPGRADES, Data, Kind
from pytest_llmtrace.errors import BrokenCassetteError
from tests.unit.store.test_cassettes import recorded

OLDER = -1
"""Two before the first: a file goes through both steps."""
KINDS: tuple[Kind, ...] = ("golden", "tape", "journal")


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two formats that there never were: in the first, names that the current one knows were written backwards."""
    for kind in KINDS:
        monkeypatch.setitem(UPGRADES, (kind, OLDER), _forwards)
        monkeypatch.setitem(UPGRADES, (kind, OLDER + 1), lambda data: data)


def _forwards(data: Data) -> Data:
    return {name if name == "llmtrace" else name[::-1]: value for name, value in data.items()}


def old_json(line: str) -> str:
    """A file, or a line, in that format."""
    data: dict[str, Any] = _forwards(json.loads(line))
    return json.dumps(data | ({"llmtrace": OLDER} if "llmtrace" in data else {}))


@pytest.fixture
def cassette(tmp_path: Path) -> Cassette:
    """A recording in that format, and a journal beside it."""
    made = Cassette.at(tmp_path, "test_x")
    write(made, recorded())
    text = made.golden.read_text("utf-8").replace(f"llmtrace: {FORMAT}", f"llmtrace: {OLDER}")
    for name in ("test", "totals", "conversations"):
        text = text.replace(f"\n{name}:", f"\n{name[::-1]}:")
    made.golden.write_text(text, encoding="utf-8")
    tape = made.tape.read_text("utf-8").replace(load_meta(made.tape)["golden"], digest(text))
    made.tape.write_text(old_json(tape), encoding="utf-8")
    journal = Journal(made.journal)
    for interaction in recorded().interactions:
        journal.append(interaction)
    journal.close()
    lines = made.journal.read_text("utf-8").splitlines()
    made.journal.write_text("".join(f"{old_json(line)}\n" for line in lines), encoding="utf-8")
    return made


@pytest.mark.usefixtures("older")
def test_files_of_an_older_format_are_read_step_by_step(cassette: Cassette) -> None:
    """What is read is what was recorded, from each kind of file."""
    new = recorded()
    assert new.golden is not None
    assert dump_golden(load_golden(cassette.golden)) == dump_golden(new.golden)
    assert load_tape(cassette.tape).interactions == tuple(new.interactions)
    assert load_meta(cassette.tape) == load_tape(cassette.tape).meta
    assert load_meta(cassette.tape)["golden"] == digest(cassette.golden.read_bytes())
    assert read_journal(cassette.journal).interactions == tuple(new.interactions)
    assert read_journal(cassette.journal).skipped == 0


@pytest.mark.usefixtures("older")
def test_the_next_recording_writes_the_current_format(cassette: Cassette, tmp_path: Path) -> None:
    """The same recording again changes the files to what they would be if they were new."""
    fresh = Cassette.at(tmp_path / "fresh", "test_x")
    write(fresh, recorded())
    assert write(cassette, recorded())
    assert cassette.golden.read_bytes() == fresh.golden.read_bytes()
    assert cassette.tape.read_bytes() == fresh.tape.read_bytes()


def test_a_number_that_there_never_was_is_an_error_with_the_way_out(cassette: Cassette) -> None:
    """Without a step from it nothing is guessed."""
    for load, path in ((load_golden, cassette.golden), (load_tape, cassette.tape), (read_journal, cassette.journal)):
        with pytest.raises(BrokenCassetteError) as caught:
            load(path)
        assert f"`llmtrace` must be a format number, not {OLDER}" in str(caught.value)
        assert "record it again with `pytest --llm-record" in str(caught.value)


def test_every_kind_of_file_can_come_to_the_current_format() -> None:
    """From every number that was released; whoever raises the number adds the steps."""
    assert {(kind, number) for kind in KINDS for number in range(1, FORMAT)} <= {*UPGRADES}
