"""Files that come from elsewhere: each is read, or refused with an error that names it, and what is read is kept."""

from __future__ import annotations

import functools
import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._model.matching import request_key
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._run.commands.merging import merge
from pytest_llmtrace._store.faults import decoded
from pytest_llmtrace._store.formats import FORMAT, FORMAT_KEY
from pytest_llmtrace._store.golden_file import dump_golden, load_golden
from pytest_llmtrace._store.interactions import InteractionWriter
from pytest_llmtrace._store.journal_reader import read_journal
from pytest_llmtrace._store.json_text import compact_bytes
from pytest_llmtrace._store.tape_file import dump_tape, load_tape
from pytest_llmtrace._store.vcrpy.cassette_file import load_vcrpy
from pytest_llmtrace.errors import LlmtraceError, StorageError
from tests.fuzz import seeds
from tests.fuzz.target import of_bytes
from tests.unit.store.test_bodies import meaning

GOLDEN: Final = Path("tests/cassettes/test_a/test_a.trace.yaml")
TAPE: Final = Path("tests/cassettes/test_a/test_a.tape.json")


def golden(data: bytes) -> None:
    """A golden trace that is read says the same after it was written, and writing it again changes no byte."""
    loaded = _read(GOLDEN, lambda: load_golden(decoded(data, GOLDEN), GOLDEN))
    if loaded is None:
        return
    try:
        text = dump_golden(loaded)
    except StorageError as error:
        assert loaded.test in str(error)  # noqa: PT017 - both are promised
        return
    again = load_golden(text, GOLDEN)
    assert math.isfinite(again.totals.priced_usd)
    assert again.totals.priced_usd >= 0
    assert dump_golden(again) == text
    assert compare(loaded.trace, again.trace, POLICIES["exact"]) == ()


def tape(data: bytes) -> None:
    """A tape that is read says the same after it was written, and writing it again changes no byte."""
    loaded = _read(TAPE, lambda: load_tape(decoded(data, TAPE), TAPE))
    if loaded is None:
        return
    text = dump_tape(loaded.interactions, loaded.meta)
    again = load_tape(text, TAPE)
    assert _said(again.interactions) == _said(loaded.interactions)
    assert dump_tape(again.interactions, again.meta) == text


def journal(data: bytes) -> None:
    """What a journal holds can be recorded again; a line that cannot be read costs itself alone."""
    path = _file("test_a.journal.jsonl", data)
    loaded = _read(path, lambda: read_journal(path))
    if loaded is None:
        return
    assert len(loaded.interactions) + loaded.skipped <= data.count(b"\n")
    writer = InteractionWriter()
    lines = [{FORMAT_KEY: FORMAT}, *(writer.data(one) for one in loaded.interactions)]
    again = read_journal(_file("again.journal.jsonl", b"".join(compact_bytes(line) + b"\n" for line in lines)))
    assert (_said(again.interactions), again.skipped) == (_said(loaded.interactions), 0)


def sealed(data: bytes) -> None:
    """An encrypted tape opens as what was encrypted, or not at all; any other text comes back as it is."""
    text = _read(TAPE, lambda: decoded(data, TAPE))
    opened = None if text is None else _read(TAPE, lambda: seeds.SEAL.opened(text, TAPE))
    if opened is not None and opened != text:
        assert opened.encode() in seeds.tapes()


def vcrpy(data: bytes) -> None:
    """A cassette of vcrpy is imported, refused, or said to be something else; what is imported makes a tape."""
    path = _file("test_a.yaml", data)
    loaded = _read(path, lambda: load_vcrpy(path, Redactor()))
    if loaded is None:
        return
    assert [one.key for one in loaded] == [request_key(one.request) for one in loaded]
    again = load_tape(dump_tape(loaded, {}), TAPE).interactions
    assert [one[:4] for one in _said(again)] == [one[:4] for one in _said(loaded)]


def report(data: bytes) -> None:
    """A report of one shard can be merged with a good one, or is refused by name."""
    path = _file("shard.json", data)
    good = _file("good.json", seeds.reports()[0].replace(b"test_refund", b"test_other"))
    _read(path, lambda: merge([path, good], root=path.parent))


def _read(path: Path, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except LlmtraceError as error:
        assert str(path) in str(error)  # noqa: PT017 - both are promised
        return None


def _said(interactions: Sequence[Interaction]) -> list[tuple[Any, ...]]:
    """All that interactions say, of bodies what a reader finds in them: a file may hold an event that says nothing."""
    return [
        (
            one.key, one.phase, one.request.method, one.request.url, one.request.headers, meaning(one.request.body),
            one.response.status, one.response.reason, one.response.headers, meaning(one.response.body),
        )
        for one in interactions
    ]  # fmt: skip


@functools.cache
def _folder() -> Any:
    return tempfile.TemporaryDirectory(prefix="llmtrace-fuzz-")


def _file(name: str, data: bytes) -> Path:
    path = Path(_folder().name) / name
    path.write_bytes(data)
    return path


TARGETS: Final = (
    of_bytes("golden trace", golden.__doc__ or "", golden, seeds.goldens),
    of_bytes("tape", tape.__doc__ or "", tape, seeds.tapes),
    of_bytes("journal", journal.__doc__ or "", journal, seeds.journals),
    of_bytes("encrypted tape", sealed.__doc__ or "", sealed, seeds.sealed_tapes),
    of_bytes("vcrpy cassette", vcrpy.__doc__ or "", vcrpy, seeds.vcrpy_cassettes),
    of_bytes("report", report.__doc__ or "", report, seeds.reports),
)
