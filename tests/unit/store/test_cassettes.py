"""Cassettes on disk: what is written, what stays, and in which order."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from pytest_llmtrace._model.body_digests import body_digest
from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._model.http import HttpRequest, Interaction, read_json
from pytest_llmtrace._model.messages import Message, message
from pytest_llmtrace._model.trace import LLMCall, Trace
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._store import atomic
from pytest_llmtrace._store.cassettes import Recorded, load_golden, load_tape, remove, write
from pytest_llmtrace._store.golden_file import Golden
from pytest_llmtrace._store.paths import Cassette
from pytest_llmtrace._store.reading import load_meta
from pytest_llmtrace._store.vouching import vouched_outline
from pytest_llmtrace.errors import BrokenCassetteError, StorageError
from tests.unit.store.exchanges import interaction

TEST = "tests/test_a.py::test_x"
LONG = "a long text " * 30


@pytest.fixture
def cassette(tmp_path: Path) -> Cassette:
    """Where a cassette is to lie."""
    return Cassette.at(tmp_path / "cassettes" / "test_a", "test_x")


def recorded(agents: str = "ab", *, run: str = "1", turns: int = 2, answer: str = "ok") -> Recorded:
    """What a run recorded in which these agents called a model; each has two turns, with ids made up in that run."""
    calls: list[LLMCall] = []
    interactions: list[Interaction] = []
    for number, agent in enumerate(agents):
        turn = agents[:number].count(agent) + 1
        user = {"role": "user", "content": f"{agent} {LONG}"}
        name = f"call_{agent}{run}"
        asks = {"role": "assistant", "tool_calls": [_call(name)]}
        history = [user] if turn == 1 else [user, asks, {"role": "tool", "content": "x", "tool_call_id": name}]
        output = asks if turn == 1 else {"role": "assistant", "content": answer}
        calls.append(_llm_call(agent, history, output))
        reply = {"id": f"chatcmpl-{agent}{turn}{run}", "created": int(run), "choices": [{"message": output}]}
        interactions.append(interaction({"messages": history}, reply, key=f"{agent}{turn}" + (run if turn > 1 else "")))
    golden = Golden(test=TEST, trace=Trace(owner=TEST, entries=tuple(calls)), totals=Totals(calls=len(calls)))
    return Recorded(golden=golden, interactions=interactions, meta={"test": TEST})


def _call(name: str) -> dict[str, Any]:
    return {"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}}


def _llm_call(agent: str, history: Sequence[dict[str, Any]], output: dict[str, Any]) -> LLMCall:
    messages: tuple[Message, ...] = tuple(map(message, history))
    return LLMCall(agent=agent, session=agent, model="m", messages=messages, output=message(output))


def loaded(cassette: Cassette) -> Recorded:
    """What a cassette holds."""
    tape = load_tape(cassette.tape)
    return Recorded(golden=load_golden(cassette.golden), interactions=tape.interactions, meta=tape.meta)


def files(cassette: Cassette) -> dict[str, tuple[bytes, int]]:
    """Content and modification time of all files beside a cassette."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in cassette.golden.parent.iterdir()}


def test_what_is_written_is_read(cassette: Cassette) -> None:
    """A cassette holds the golden trace, the interactions, and the digest that ties both together."""
    assert write(cassette, recorded())
    found = loaded(cassette)
    assert found.golden is not None
    assert [call.agent for call in found.golden.trace.calls] == ["a", "b"]
    assert [one.key for one in found.interactions] == ["a1", "b1"]
    assert found.meta == {"test": TEST, "golden": digest(cassette.golden.read_bytes())}
    assert load_meta(cassette.tape) == found.meta
    assert sorted(files(cassette)) == ["test_x.tape.json", "test_x.trace.yaml"]


def test_the_same_again_touches_nothing(cassette: Cassette) -> None:
    """Recording the same again leaves both files as they are, bytes and modification times."""
    write(cassette, recorded("aabb"))
    before = files(cassette)
    assert not write(cassette, recorded("aabb"), loaded(cassette))
    assert not write(cassette, recorded("aabb"))
    assert files(cassette) == before


def test_new_ids_and_times_touch_nothing(cassette: Cassette) -> None:
    """Recording the same answers again, with ids and times made up anew, leaves both files as they are."""
    write(cassette, recorded("aabb", run="1"))
    before = files(cassette)
    assert not write(cassette, recorded("aabb", run="2"), loaded(cassette))
    assert files(cassette) == before


def test_requests_have_the_digests_of_what_the_file_says(cassette: Cassette) -> None:
    """Also where an old recording stays that had other ids, or in another order: a replay knows requests by them."""
    for agents, run in (("abab", "1"), ("abab", "2"), ("baab", "1")):
        old = loaded(cassette) if run == "2" else None
        write(cassette, recorded(agents, run=run), old, outline_of=lambda _: {"reading": 1})
        tape = load_tape(cassette.tape)
        outline = vouched_outline(cassette.tape.read_text("utf-8"), tape.meta)
        assert outline["asked"] == [body_digest(one.request.body) for one in tape.interactions]
        assert list(outline) == ["reading", "asked", "digest"]
        assert '"call_a1"' in cassette.tape.read_text("utf-8")


def test_digests_stay_with_a_recording_that_does(cassette: Cassette) -> None:
    """How a client spelled its requests is not in the file: who records the same again leaves it, byte for byte."""
    written = set()
    for run, asked in (("1", "1"), ("2", "1")):
        made = recorded("aabb", run=run)
        spelled = [replace(one, request=_as_python_writes(one.request)) for one in made.interactions]
        write(cassette, replace(made, interactions=spelled), outline_of=lambda _: {"reading": 1})
        kept = [_as_python_writes(one.request).body for one in recorded("aabb", run=asked).interactions]
        outline = load_meta(cassette.tape)["outline"]
        assert isinstance(outline, dict)
        assert outline["asked"] == [body_digest(one) for one in kept]
        before = cassette.tape.read_bytes()
        written.add(before)
    assert len(written) == 1
    edit = cassette.tape.read_text("utf-8").replace(outline["asked"][0], "0" * 32)
    cassette.tape.write_text(edit, encoding="utf-8")
    assert write(cassette, recorded("aabb", run="2"), outline_of=lambda _: {"reading": 1})
    first = body_digest(load_tape(cassette.tape).interactions[0].request.body)
    assert load_meta(cassette.tape)["outline"] == {**outline, "asked": [first, *outline["asked"][1:]], "digest": ANY}
    assert cassette.tape.read_bytes() != before


def _as_python_writes(request: HttpRequest) -> HttpRequest:
    return replace(request, body=read_json(json.dumps(json.loads(request.body)).encode()))  # type: ignore[arg-type]


def test_another_interleaving_touches_nothing(cassette: Cassette) -> None:
    """Parallel conversations that interleave in another way leave both files as they are."""
    write(cassette, recorded("abab", run="1"))
    before = files(cassette)
    assert not write(cassette, recorded("baab", run="1"), loaded(cassette))
    assert files(cassette) == before


def test_another_answer_changes_both_files(cassette: Cassette) -> None:
    """A new answer is written with its own ids, in the old order."""
    write(cassette, recorded("abab", run="1"))
    assert write(cassette, recorded("bbaa", run="1", answer="other"), loaded(cassette))
    found = loaded(cassette)
    assert found.golden is not None
    assert [call.agent for call in found.golden.trace.calls] == ["a", "b", "a", "b"]
    assert [one.key for one in found.interactions] == ["a1", "b1", "a21", "b21"]
    assert found.meta["golden"] == digest(cassette.golden.read_bytes())


def test_other_meta_is_written_beside_old_interactions(cassette: Cassette) -> None:
    """What the tape says about its recording is brought up to date without touching the interactions."""
    write(cassette, recorded(run="1"))
    old = load_tape(cassette.tape).interactions
    assert write(cassette, replace(recorded(run="2"), meta={"test": TEST, "more": 1}), loaded(cassette))
    found = load_tape(cassette.tape)
    assert found.interactions == old
    assert found.meta["more"] == 1


def test_a_trace_without_http_has_no_tape(cassette: Cassette) -> None:
    """Where nothing went over HTTP, only a golden trace is written, and an old tape is removed."""
    write(cassette, recorded())
    assert write(cassette, replace(recorded(), interactions=()))
    assert list(files(cassette)) == ["test_x.trace.yaml"]
    assert not write(cassette, replace(recorded(), interactions=()))


def test_broken_files_are_replaced(cassette: Cassette) -> None:
    """What cannot be read is replaced by what was recorded."""
    write(cassette, recorded())
    before = files(cassette)
    cassette.tape.write_text("{")
    assert write(cassette, recorded())
    cassette.golden.write_text("oops: [")
    assert write(cassette, recorded())
    assert {name: content for name, (content, _) in files(cassette).items()} == {
        name: content for name, (content, _) in before.items()
    }


def test_the_tape_is_written_first(cassette: Cassette, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the second file cannot be written, the first is whole, the second is the old one, and no other remains."""
    write(cassette, recorded())
    old = cassette.golden.read_bytes()
    rename = os.replace

    def refuse(self: Path, target: Path) -> Path:
        if target == cassette.golden:
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(StorageError, match=r"test_x\.trace\.yaml could not be written: Permission denied"):
        write(cassette, recorded("aabb"))
    assert cassette.golden.read_bytes() == old
    assert len(load_tape(cassette.tape).interactions) == 4
    assert sorted(files(cassette)) == ["test_x.tape.json", "test_x.trace.yaml"]


def test_two_who_write_at_once_leave_the_files_of_one(cassette: Cassette, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both files are of one recording, whoever came last; half of each would replay as drift that nobody made."""
    fcntl = pytest.importorskip("fcntl")  # not on Windows
    cassette.golden.parent.mkdir(parents=True)
    waits = threading.Event()
    other = threading.Thread(target=lambda: write(cassette, recorded(answer="other")))
    done: list[tuple[bool, str]] = []
    create_bytes, write_bytes, flock = atomic.create_bytes, atomic.write_bytes, fcntl.flock

    def creating(path: str, data: bytes) -> bool:
        if threading.current_thread() is not other:
            done.append((True, Path(path).name))
            if path == cassette.tape_file:
                other.start()
                assert waits.wait(10)
        return create_bytes(path, data)

    def noting(path: Path, data: bytes, *, settled: bool) -> bool:
        done.append((False, path.name))
        return write_bytes(path, data, settled=settled)

    def waiting(file: int, kind: int) -> None:
        if threading.current_thread() is other:
            waits.set()
        flock(file, kind)

    monkeypatch.setattr(atomic, "create_bytes", creating)
    monkeypatch.setattr(atomic, "write_bytes", noting)
    monkeypatch.setattr(fcntl, "flock", waiting)
    write(cassette, recorded(answer="mine"))
    other.join()
    names = (cassette.tape.name, cassette.golden.name)
    assert done == [(mine, name) for mine in (True, False) for name in names]


def test_a_trace_that_no_file_can_hold_writes_nothing(cassette: Cassette) -> None:
    """Nothing is written where the golden trace cannot be."""
    deep = json.loads("[" * 200 + "]" * 200)
    call = LLMCall(model="m", params={"x": deep}, messages=(message({"role": "user", "content": "hi"}),))
    golden = Golden(test=TEST, trace=Trace(owner=TEST, entries=(call,)), totals=Totals())
    with pytest.raises(StorageError, match="nested deeper"):
        write(cassette, replace(recorded(), golden=golden))
    assert not cassette.golden.parent.exists()


def test_what_a_tape_may_not_hold_writes_nothing(cassette: Cassette) -> None:
    """Whoever writes is asked with the whole text, before anything is on the disk."""
    asked: list[str] = []
    assert not write(cassette, recorded(), may_hold=lambda text: bool(asked.append(text)))
    assert not cassette.golden.parent.exists()
    assert write(cassette, recorded(), may_hold=lambda text: text == asked[0])
    assert cassette.tape.read_text() == asked[0]


def test_remove(cassette: Cassette) -> None:
    """Removing a cassette removes both files, and says whether there were any."""
    write(cassette, recorded())
    assert remove(cassette)
    assert not remove(cassette)
    assert files(cassette) == {}


def test_meta_is_read_without_the_interactions(cassette: Cassette) -> None:
    """What a tape says about its recording is found at its beginning, however large or damaged the rest is."""
    write(cassette, recorded())
    whole = cassette.tape.read_text()
    meta = load_meta(cassette.tape)
    cassette.tape.write_text(whole.partition('"interactions"')[0] + '"interactions": [' + "x" * 100_000)
    assert load_meta(cassette.tape) == meta
    cassette.tape.write_text(json.dumps(json.loads(whole)))
    assert load_meta(cassette.tape) == meta
    for text in ("", "{", "[]", '{"meta": 1}', '{"llmtrace": 9, "meta": {}}', "[" * 100_000):
        cassette.tape.write_text(text)
        assert load_meta(cassette.tape) == {}
    cassette.tape.unlink()
    assert load_meta(cassette.tape) == {}


def test_unreadable_files_are_errors(cassette: Cassette) -> None:
    """A missing file is a `FileNotFoundError`, one that is not text is broken, one that cannot be read says why."""
    with pytest.raises(FileNotFoundError):
        load_golden(cassette.golden)
    with pytest.raises(FileNotFoundError):
        load_tape(cassette.tape)
    cassette.golden.parent.mkdir(parents=True)
    cassette.golden.write_bytes(b"llmtrace: 1\n\xff")
    with pytest.raises(BrokenCassetteError, match=r"it is not UTF-8 \(invalid start byte at byte 12\)"):
        load_golden(cassette.golden)
    cassette.tape.mkdir()
    with pytest.raises(StorageError, match="could not be read: it is no file but a directory"):
        load_tape(cassette.tape)


def test_a_golden_trace_is_needed(cassette: Cassette) -> None:
    """A cassette without a golden trace is misuse."""
    with pytest.raises(ValueError, match="a cassette needs a golden trace"):
        write(cassette, Recorded(golden=None))


def test_files_with_windows_line_ends_are_read(cassette: Cassette) -> None:
    """A checkout that turned line ends, or an editor that put a mark before the text, does not break a cassette."""
    write(cassette, recorded("aabb"))
    found = loaded(cassette)
    for path in (cassette.golden, cassette.tape):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    again = loaded(cassette)
    assert (again.golden, again.interactions) == (found.golden, found.interactions)
