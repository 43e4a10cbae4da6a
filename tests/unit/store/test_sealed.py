"""Encrypted tapes and journals."""

from __future__ import annotations

import builtins
import json
from pathlib import Path

import pytest

from pytest_llmtrace._model.secret_key import SecretKey
from pytest_llmtrace._store.cassettes import load_tape
from pytest_llmtrace._store.journal import Journal
from pytest_llmtrace._store.journal_reader import read_journal
from pytest_llmtrace._store.reading import load_meta
from pytest_llmtrace._store.sealed import Seal
from pytest_llmtrace._store.tape_file import dump_tape
from pytest_llmtrace.errors import (
    BrokenCassetteError,
    CassetteError,
    LockedCassetteError,
    NewerCassetteError,
    SettingsError,
)
from tests.unit.store.exchanges import interaction

TEST = "tests/test_a.py::test_x"
META = {"test": TEST, "providers": ["openai"]}
KEY = SecretKey("key")
SEAL = Seal(TEST, KEY)
SAID = [
    interaction({"messages": [{"role": "user", "content": "Ada " * 50}]}, {"id": "1"}, key=str(n)) for n in range(3)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A tape, encrypted."""
    file = tmp_path / "test_x.tape.json"
    file.write_text(SEAL.closed(dump_tape(SAID, META), META), encoding="utf-8")
    return file


def test_an_encrypted_tape_reads_back_and_shows_no_text(path):
    """With the key it is the tape again; without, only its meta can be read."""
    assert load_tape(path, SEAL).interactions == tuple(SAID)
    assert load_meta(path) == META
    assert "Ada" not in path.read_text("utf-8")
    assert max(map(len, path.read_text("utf-8").splitlines())) <= 120


def test_the_same_content_gives_the_same_bytes():
    """Encryption needs no random numbers; another key gives other bytes."""
    text = dump_tape(SAID, META)
    assert SEAL.closed(text, META) == Seal(TEST, SecretKey("key")).closed(text, META)
    assert SEAL.closed(text, META) != Seal(TEST, SecretKey("other")).closed(text, META)


def test_an_open_tape_needs_no_seal(tmp_path):
    """A tape that is not encrypted is read as it is, with and without a key."""
    file = tmp_path / "a.tape.json"
    file.write_text(dump_tape(SAID, META), encoding="utf-8")
    assert load_tape(file, Seal(TEST, None)).interactions == load_tape(file).interactions == tuple(SAID)


@pytest.mark.parametrize(
    ("key", "message"),
    [(None, "is encrypted, and LLMTRACE_KEY is not set"), ("other", "with another key than the one")],
)
def test_a_key_that_does_not_fit_is_named(path, key, message):
    """The error names the file and the variable."""
    with pytest.raises(LockedCassetteError) as raised:
        load_tape(path, Seal(TEST, SecretKey(key) if key else None))
    assert message in str(raised.value)
    assert str(path) in str(raised.value)
    assert "Set " in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"openai"', '"anthropic"', "its encrypted content was changed"),
        (f'"{TEST}"', '"test_b.py::test_y"', "it is the encrypted tape of another test, test_b.py::test_y"),
        ('"content": [\n', '"content": [1,\n', "its encrypted content is no list of lines"),
        ('"content": [\n  "', '"content": [\n  "!', "its encrypted content was changed"),
        ('"encrypted": {', '"encrypted": 1, "x": {', "its `encrypted` or its `meta` is no mapping"),
        ("\n}\n", "", "it is not valid JSON"),
    ],
)
def test_a_changed_file_is_broken(path, old, new, message):
    """Neither meta nor content can be changed alone, and a file cannot stand in for that of another test."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BrokenCassetteError, match="this cassette file cannot be read") as raised:
        load_tape(path, SEAL)
    assert message in str(raised.value)


def test_recording_takes_the_tape_of_a_renamed_test(path):
    """Where a test was renamed, its own old tape still answers."""
    renamed = Seal("tests/test_a.py::test_new", KEY, strict=False)
    assert load_tape(path, renamed).interactions == tuple(SAID)


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ('"llmtrace": 1', '"llmtrace": 99', NewerCassetteError, "has format 99"),
        ("AES-256-SIV", "ROT13", CassetteError, "it is encrypted with 'ROT13', which this version does not know"),
    ],
)
def test_what_a_later_version_wrote_is_not_guessed_at(path, old, new, error, message):
    """A newer format, or another algorithm, says that a newer version is needed."""
    path.write_text(path.read_text("utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(error, match="pip install --upgrade pytest-llmtrace") as raised:
        load_tape(path, SEAL)
    assert message in str(raised.value)


def test_without_the_library_the_error_says_what_to_install(path, monkeypatch):
    """`cryptography` is an extra: reading and writing say how to get it."""
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    for use in (lambda: load_tape(path, SEAL), lambda: SEAL.closed("{}", META)):
        with pytest.raises(SettingsError) as raised:
            use()
        assert str(raised.value) == (
            "encrypted tapes need the library `cryptography`: install it with `pip install 'pytest-llmtrace[privacy]'`"
        )


def test_a_journal_is_encrypted_line_by_line(tmp_path):
    """Each interaction is on disk at once and unreadable; two processes one after the other both read back."""
    file = tmp_path / "a.journal.jsonl"
    for _ in range(2):
        journal = Journal(file, SEAL)
        for one in SAID:
            journal.append(one)
        journal.close()
    assert b"Ada" not in file.read_bytes()
    assert read_journal(file, SEAL).interactions == (*SAID, *SAID)


def test_a_journal_of_another_key_is_locked(tmp_path):
    """What was paid for is not thrown away because a key is missing."""
    file = tmp_path / "a.journal.jsonl"
    journal = Journal(file, SEAL)
    journal.append(SAID[0])
    journal.close()
    for key in (None, SecretKey("other")):
        with pytest.raises(LockedCassetteError, match="LLMTRACE_KEY"):
            read_journal(file, Seal(TEST, key))


def test_lines_of_a_journal_cannot_be_moved(tmp_path):
    """A line is encrypted for its place, since it may refer to those before it; a moved one is skipped."""
    file = tmp_path / "a.journal.jsonl"
    journal = Journal(file, SEAL)
    for one in SAID[:2]:
        journal.append(one)
    journal.close()
    header, first, second = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(header + second + first)
    found = read_journal(file, SEAL)
    assert (found.interactions, found.skipped) == ((), 2)
    assert json.loads(header)["encrypted"] == {"algorithm": "AES-256-SIV", "key": KEY.check}
