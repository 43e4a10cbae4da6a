"""Cassettes that are read before it is their turn."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy.search import STRICTEST
from pytest_llmtrace._run.plans.plan import Plan
from pytest_llmtrace._run.recording import ahead
from pytest_llmtrace._run.recording.ahead import Ahead
from pytest_llmtrace._run.recording.old import Old
from pytest_llmtrace._settings.values import Settings
from pytest_llmtrace._store.paths import Cassette, cassette_in, folder_beside
from pytest_llmtrace._store.tape_file import dump_tape
from pytest_llmtrace._store.vouching import signed, unsigned
from pytest_llmtrace.errors import BrokenCassetteError, CassetteError
from tests.unit.run.conftest import plan_in
from tests.unit.store.exchanges import interaction

VALUE = "Qx9dkLmn7Wv3Zt8Rb5Hy2Jc"
"""Has no form that a key is told by."""
TRACING = Settings(mode="trace")


class Suite:
    """Tests with recordings, as pytest has them; nothing of them runs."""

    def __init__(self, folder: Path, tests: int) -> None:
        self.file = folder / "test_a.py"
        session = SimpleNamespace(items=[])
        self.items = session.items
        for number in range(tests):
            self.items.append(
                SimpleNamespace(
                    nodeid=f"test_a.py::test_{number}", path=self.file, own_markers=[], parent=None, session=session
                )
            )

    def cassette(self, number: int) -> Cassette:
        return cassette_in(folder_beside(self.file), f"test_{number}")

    def record(self, *numbers: int, said: str = "hello", padding: int = 0) -> None:
        """Leave recordings of these tests, or of all."""
        for number in numbers or range(len(self.items)):
            cassette = self.cassette(number)
            cassette.folder.mkdir(parents=True, exist_ok=True)
            golden = f"test: test_a.py::test_{number}\n# {'-' * padding}\n"
            cassette.golden.write_text(golden, encoding="utf-8")
            made = interaction({"model": "m", "messages": [{"role": "user", "content": f"{said} {number}"}]}, {})
            outline = {"reading": 1, "kinds": [], "calls": [], "searched": STRICTEST, "asked": ["a" * 32]}
            text = dump_tape([made], {"golden": digest(golden), "outline": unsigned(outline)})
            cassette.tape.write_text(signed(text), encoding="utf-8")

    def plan(self, number: int, reading: Ahead | None) -> Plan:
        made = plan_in(self.file.parent)
        return made.of(cassette=self.cassette(number), ahead=reading)


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Three tests that were recorded."""
    made = Suite(tmp_path, 3)
    made.record()
    return made


@pytest.fixture(autouse=True)
def recorded_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can set the time of a file's last change."""
    monkeypatch.setattr(ahead, "_OLD", 2**63)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cassettes that are read ahead."""
    stems: list[str] = []
    files = ahead._files
    monkeypatch.setattr(ahead, "_files", lambda item: stems.append(item.nodeid.partition("::")[2]) or files(item))
    return stems


def second_of(suite: Suite, settings: Settings = TRACING) -> Ahead:
    """At the second test, which has made it read that and the third one."""
    reading = Ahead(settings)
    for item in suite.items[:2]:
        reading.come_to(item)
    return reading


def facts(old: Old) -> dict[str, Any]:
    """What there is to know of a cassette."""
    requests = [(one.request.body, one.response.body, one.key) for one in old.interactions]
    tape = (old.outline, old.asked, old._meta, old.tape_exists)
    return {"requests": requests, "tape": tape, "golden": (old.golden_exists, old._digests_hold, old.is_whole)}


@pytest.mark.parametrize("number", [1, 2])
def test_what_was_read_ahead_is_what_the_test_would_read(suite: Suite, number: int) -> None:
    """Whoever asks for the cassette sees no difference, and neither file is opened again."""
    reading = second_of(suite)
    found = Old(suite.plan(number, reading), Redactor())
    assert reading._taken == 1
    assert facts(found) == facts(Old(suite.plan(number, None), Redactor()))
    assert (found.is_whole, found.golden_exists, len(found.interactions)) == (True, True, 1)
    assert (found.outline is not None, found.asked) == (True, ("a" * 32,))


def test_what_was_read_is_taken_once(suite: Suite) -> None:
    """A test that runs again, or another one with the same cassette, shares nothing with the first."""
    reading = second_of(suite)
    assert reading.take(suite.cassette(1)) is not None
    assert reading.take(suite.cassette(1)) is None
    reading.come_to(suite.items[1])
    assert reading.take(suite.cassette(1)) is None


def rewritten(path: Path) -> None:
    """Other bytes of the same size, and the time that the file had: only that it was changed can be seen."""
    found = path.stat()
    path.write_bytes(path.read_bytes().replace(b"test", b"TEST").replace(b"hello", b"HELLO"))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (found.st_size, found.st_mtime_ns)


def exchanged(path: Path) -> None:
    """Another file with the same bytes and times."""
    found, other = path.stat(), path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.replace(path)


CHANGES: dict[str, Callable[[Path], object]] = {
    "rewritten": rewritten,
    "exchanged": exchanged,
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\n"),
    "emptied": lambda path: path.write_bytes(b""),
    "touched": os.utime,
    "locked": lambda path: path.chmod(0o400),
    "gone": Path.unlink,
    "a directory": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.skipif(os.name == "nt", reason="nothing is read ahead there")
@pytest.mark.parametrize("name", ["tape", "golden"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_was_changed_since_is_read_again(suite: Suite, name: str, change: str) -> None:
    """What a fixture, a test, an editor or another process does to either file counts, as if nothing had been read."""

    def found(reading: Ahead | None) -> object:
        try:
            return facts(Old(suite.plan(2, reading), Redactor()))
        except CassetteError as error:
            return str(error)

    reading = second_of(suite)
    CHANGES[change](getattr(suite.cassette(2), name))
    assert found(reading) == found(None)
    assert reading._taken == 0


def test_what_was_written_since_the_run_began_or_right_before_is_not_kept(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be written once more in the same tick of the file system's clock: nobody would see it."""
    changed = max(suite.cassette(2).tape.stat().st_ctime_ns, suite.cassette(2).golden.stat().st_ctime_ns)
    for old, kept in ((changed, False), (changed + 1, True)):
        monkeypatch.setattr(ahead, "_OLD", old)
        assert (second_of(suite).take(suite.cassette(2)) is not None) is kept
    monkeypatch.undo()
    assert second_of(suite).take(suite.cassette(2)) is None
    later = suite.cassette(2).tape.stat().st_mtime_ns + 10**12
    monkeypatch.setattr(ahead, "_OLD", later)
    os.utime(suite.cassette(2).golden, ns=(later, later))  # a time that is yet to come
    assert second_of(suite).take(suite.cassette(2)) is None


def test_the_clock_is_read_before_a_test_can_turn_it() -> None:
    """What is old is known from the time when the plugin was loaded, with two seconds to spare."""
    source = Path(ahead.__file__).read_text("utf-8")
    assert "_OLD: Final = BEGAN - 2 * 10**9\n" in source
    assert "import time" not in source


def test_secrets_that_became_known_meanwhile_are_taken_out(suite: Suite) -> None:
    """The search is that of the moment at which the test begins."""
    suite.record(2, said=VALUE)
    reading = second_of(suite)
    found = Old(suite.plan(2, reading), Redactor([VALUE]))
    assert reading._taken == 1
    assert VALUE.encode() not in found.interactions[0].request.body
    assert (found.outline, found.asked) == (None, ())


UNREADABLE: dict[str, Callable[[Cassette], object]] = {
    "broken": lambda cassette: cassette.tape.write_text("{"),
    "newer": lambda cassette: cassette.tape.write_text('{"llmtrace": 1000}'),
    "no UTF-8": lambda cassette: cassette.tape.write_bytes(b"\xff"),
    "nested": lambda cassette: cassette.tape.write_text("[" * 9000),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_is_wrong_with_a_cassette_is_told_by_its_own_test(suite: Suite, kind: str) -> None:
    """The test that read ahead says nothing, and those around it are as ever."""
    UNREADABLE[kind](suite.cassette(1))
    reading = second_of(suite)
    with pytest.raises(CassetteError, match=r"test_1\.tape\.json"):
        Old(suite.plan(1, reading), Redactor())
    assert reading.take(suite.cassette(2)) is not None


def test_bugs_in_reading_are_met_by_the_test_itself(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test does not fail for what is wrong with another one."""

    def bug(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ahead, "unsearched", bug)
    assert second_of(suite).take(suite.cassette(2)) is None


@pytest.mark.parametrize("left", ["tape", "golden"])
def test_half_a_cassette_is_not_kept(suite: Suite, left: str) -> None:
    """What else serves as a tape is found out when the test begins."""
    getattr(suite.cassette(2), left).unlink()
    assert second_of(suite).take(suite.cassette(2)) is None


@pytest.mark.parametrize("name", ["tape", "golden"])
def test_large_files_are_not_kept(suite: Suite, name: str) -> None:
    """What they cost is their size, wherever they are read."""
    path = getattr(suite.cassette(2), name)
    path.write_text(path.read_text("utf-8") + " " * ahead._SMALL, encoding="utf-8")
    assert second_of(suite).take(suite.cassette(2)) is None


def test_encrypted_tapes_are_not_kept(suite: Suite) -> None:
    """Whether they can be opened is a matter of their test."""
    suite.cassette(2).tape.write_text('{"llmtrace": 1, "encrypted": "x"}', encoding="utf-8")
    assert second_of(suite).take(suite.cassette(2)) is None


@pytest.mark.parametrize("settings", [Settings(mode="trace", tapes="off"), Settings(mode="trace", tapes="encrypted")])
def test_nothing_is_read_where_tapes_are_not_plain(suite: Suite, read: list[str], settings: Settings) -> None:
    """Nothing of it could be taken."""
    assert (second_of(suite, settings).take(suite.cassette(1)), read) == (None, [])


def test_nothing_is_read_on_windows(suite: Suite, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It would not be seen that a file was changed whose time was set back."""
    monkeypatch.setattr(ahead, "_STAMPS_TELL", False)
    assert (second_of(suite).take(suite.cassette(1)), read) == (None, [])


def test_only_marked_tests_are_read_where_marks_decide(suite: Suite, read: list[str]) -> None:
    """Those between them count for nothing."""
    for number in (0, 2):
        suite.items[number].own_markers.append(pytest.mark.llm_trace.mark)
    reading = Ahead(Settings())
    for number in (0, 2):
        reading.come_to(suite.items[number])
    assert read == ["test_2"]
    assert reading.take(suite.cassette(2)) is not None


def sizes(suite: Suite, order: Sequence[int], read: list[str], *, takes: bool = True) -> list[int]:
    """How many cassettes are read at each test that reads any."""
    reading, found = Ahead(TRACING), []
    for number in order:
        before = len(read)
        reading.come_to(suite.items[number])
        found.append(len(read) - before)
        if takes:
            reading.take(suite.cassette(number))
    return [one for one in found if one]


def test_the_more_is_of_use_the_more_is_read(tmp_path: Path, read: list[str]) -> None:
    """Each is read once; the first test, which may be the only one, reads none."""
    suite = Suite(tmp_path, 100)
    suite.record()
    assert sizes(suite, range(100), read) == [2, 6, 14, 30, 32, 15]
    assert read == [f"test_{number}" for number in range(1, 100)]
    read.clear()
    assert sizes(suite, range(100), read, takes=False) == [2] * 49 + [1]


def test_no_more_is_read_than_fits(tmp_path: Path, read: list[str]) -> None:
    """What is kept is bounded in bytes, too, and what nobody took is given up with the next ones."""
    suite = Suite(tmp_path, 60)
    suite.record(padding=ahead._SMALL - 100)
    assert max(sizes(suite, range(60), read)) == ahead._MOST_BYTES // ahead._SMALL
    reading = second_of(suite)
    reading.come_to(suite.items[2])
    reading.come_to(suite.items[3])
    assert reading.take(suite.cassette(2)) is None


ORDERS: dict[str, tuple[list[int], list[int]]] = {
    "each one alone": ([7], []),
    "backwards": (list(range(19, -1, -1)), []),
    "every second": (list(range(0, 20, 2)), []),
    "chunks, as workers of xdist get them": ([4, 5, 6, 7, 15, 16, 17, 18], [2, 6, 2, 2]),
    "again and again": ([3, 3, 4, 4, 4, 5, 5], [2]),
    "another one in between": ([0, 1, 9, 2, 3], [2, 2]),
}


@pytest.mark.parametrize("kind", ORDERS)
def test_tests_in_any_order_find_what_is_theirs(tmp_path: Path, read: list[str], kind: str) -> None:
    """One that comes out of turn reads nothing, and from there it begins anew."""
    suite = Suite(tmp_path, 20)
    suite.record()
    order, expected = ORDERS[kind]
    assert sizes(suite, order, read) == expected
    reading = Ahead(TRACING)
    for number in order:
        reading.come_to(suite.items[number])
        found = Old(suite.plan(number, reading), Redactor())
        assert f"hello {number}".encode() in found.interactions[0].request.body


def test_a_test_that_is_not_of_the_session_reads_nothing(suite: Suite, read: list[str]) -> None:
    """Whoever runs it, the others find what is theirs."""
    stranger = SimpleNamespace(**{**vars(suite.items[0]), "nodeid": "test_a.py::test_other"})
    reading = Ahead(TRACING)
    for item in (stranger, stranger, suite.items[1], stranger, suite.items[1], suite.items[2]):
        reading.come_to(item)
    assert read == ["test_2"]


@pytest.mark.parametrize("step", ["_files", "_digested", "_parsed", "_taken_apart"])
def test_an_interrupted_reading_leaves_the_others_as_they_are(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """What was not read yet is read by its test."""

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    reading = Ahead(TRACING)
    reading.come_to(suite.items[0])
    with monkeypatch.context() as patch:
        patch.setattr(ahead, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            reading.come_to(suite.items[1])
    reading.come_to(suite.items[2])
    assert facts(Old(suite.plan(2, reading), Redactor())) == facts(Old(suite.plan(2, None), Redactor()))


def test_a_plan_of_a_recording_takes_nothing(suite: Suite) -> None:
    """What is written again is read again."""
    reading = second_of(suite)
    Old(suite.plan(2, reading).of(mode="record"), Redactor())
    assert reading._taken == 0
    suite.cassette(1).tape.write_text("{")
    with pytest.raises(BrokenCassetteError):
        Old(suite.plan(1, reading), Redactor())
