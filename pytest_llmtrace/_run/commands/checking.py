"""Cassettes, checked file by file: can they be read, do they agree, is anything in them that must not be."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from pytest_llmtrace._capture.providers import PROVIDERS
from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._model.checked import Checked, Problem, ProblemKind
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._model.redaction import PLACEHOLDER, Redactor
from pytest_llmtrace._model.secret_key import VARIABLE, SecretKey
from pytest_llmtrace._run.commands.agreement import disagreements, misstated, overstated
from pytest_llmtrace._run.commands.check_targets import Target
from pytest_llmtrace._run.commands.secrets_in import secrets_in
from pytest_llmtrace._store.faults import Fault, broken, conflict_line, owner_in, read_bytes, read_text
from pytest_llmtrace._store.formats import IMPORTED
from pytest_llmtrace._store.git import Index, is_ignored
from pytest_llmtrace._store.golden_file import Golden, load_golden
from pytest_llmtrace._store.paths import JOURNAL, Cassette, golden_of, variants_of
from pytest_llmtrace._store.repeats import golden_size_needed, tape_size_needed
from pytest_llmtrace._store.sealed import Seal, sealed_data
from pytest_llmtrace._store.tape_file import TapeFile, read_tape, tape_data
from pytest_llmtrace._store.test_sources import TestPlace, mentions, place_of_test
from pytest_llmtrace._store.vouching import vouched_outline
from pytest_llmtrace.errors import CassetteError, LockedCassetteError, NewerCassetteError, SettingsError, StorageError


class Checker:
    """Checks one cassette after the other."""

    def __init__(self, redactor: Redactor, environment: Mapping[str, str] = os.environ) -> None:
        """What is known beforehand.

        Args:
            redactor: what recording removes secrets with.
            environment: may hold the key of encrypted tapes.
        """
        self._redactor = redactor
        text = environment.get(VARIABLE, "").strip()
        self._seal = Seal("", SecretKey(text) if text else None, strict=False)
        self._cassettes = self._tapes = self._locked = 0
        self._found: list[Problem] = []
        self._index = Index()
        self._owner: str | None = None
        """Whose the cassette is that was checked last."""

    def check(self, target: Target) -> None:
        """Check a cassette, a variant whose golden trace is gone, or a journal."""
        if isinstance(target, Cassette):
            self._cassettes += 1
            found = _without_secrets(list(self._cassette(target)))
            self._found += [replace(one, test=self._owner) for one in found]
        elif target.name.endswith(JOURNAL):
            # Named by whoever commits it: it is of an unfinished recording, and for nobody else.
            self._found.append(Problem(file=target, kind="journal"))
        else:
            facts = {"variant": True, "golden": golden_of(target).as_posix()}
            self._found += [Problem(file=target, kind="no_golden", facts=facts), *self._variant(target, _GoldenRead())]

    def checked(self) -> Checked:
        """What it came to. Where there is no tape at all, none is missing: the project wants none."""
        found = [one for one in self._found if self._tapes or one.kind != "no_tape" or one.facts["known"]]
        return Checked(cassettes=self._cassettes, locked=self._locked, problems=tuple(found))

    def _cassette(self, cassette: Cassette) -> Iterator[Problem]:
        """The problems of a cassette: of its golden trace, its tape, its variants, and of how they fit."""
        tape = yield from self._tape(cassette.tape)
        golden = yield from self._golden(cassette.golden, tape.meta)
        for variant in variants_of(cassette.golden).values():
            yield from self._variant(variant, golden)
        owner = self._owner = golden.owner or tape.owner
        place = place_of_test(cassette.golden, owner) if owner is not None else None
        yield from self._pair(cassette, golden, tape, place.source if place is not None else None)
        yield from self._together(cassette)
        if owner is not None and place is not None:
            yield from _source(cassette, owner, place)

    def _tape(self, path: Path) -> Generator[Problem, None, _TapeRead]:
        if not path.exists():
            return _TapeRead()
        self._tapes += 1
        try:
            text = read_text(path)
            if (line := conflict_line(text)) is not None:
                yield Problem(file=path, kind="conflict", line=line)
                return _TapeRead(meta=_told(text), broken=True)
            opened = self._opened(text, path)
            data = tape_data(text if opened is None else opened, path)
            yield from self._secrets(path, text if opened is None else opened)
            if opened is None:
                self._locked += 1
                meta = data.get("meta")
                return _TapeRead(meta=meta if isinstance(meta, dict) else {})
            tape = read_tape(data, path, opened)
        except (CassetteError, StorageError, RecursionError) as error:
            yield _unreadable(path, error)
            return _TapeRead(broken=True)
        if overstated(tape, vouched_outline(opened, tape.meta)):
            yield Problem(file=path, kind="disagree", facts={"about": "outline"})
        yield from _outside(path, tape.interactions, self._redactor)
        needed = tape_size_needed(data, tape, len(opened))
        if needed is not None:
            yield Problem(file=path, kind="repeated", facts={"size": len(opened), "needed": needed})
        return _TapeRead(tape=tape, meta=tape.meta)

    def _opened(self, text: str, path: Path) -> str | None:
        """The text of a tape, decrypted where it is encrypted; `None` where the key for that is not there."""
        if sealed_data(text) is None:
            return text
        try:
            return self._seal.opened(text, path)
        except (LockedCassetteError, SettingsError):
            return None

    def _golden(self, path: Path, meta: Mapping[str, Any]) -> Generator[Problem, None, _GoldenRead]:
        """Check a golden trace; `meta` is what its tape says."""
        if not path.exists():
            return _GoldenRead()
        try:
            raw, text = read_bytes(path), read_text(path)
            if (line := conflict_line(text)) is not None:
                yield Problem(file=path, kind="conflict", line=line)
                return _GoldenRead(owner=owner_in(text))
            yield from self._secrets(path, text)
            kept, owner = meta.get("golden"), meta.get("test")
            golden = load_golden(text, path)
            if kept is not None and kept == digest(raw.replace(b"\r\n", b"\n")):
                # Replay takes the tape's word for what stands in here, and does not read it: see that it is so. Then
                # they agree, and need not be compared.
                if b"\r\n" in raw:
                    yield Problem(file=path, kind="line_ends", severity="warn")
                for facts in misstated(golden, meta):
                    yield Problem(file=path, kind="disagree", facts=facts)
                return _GoldenRead(owner=owner if isinstance(owner, str) else None)
        except (CassetteError, StorageError, RecursionError) as error:
            yield _unreadable(path, error)
            return _GoldenRead()
        needed = golden_size_needed(text, golden)
        if needed is not None:
            yield Problem(file=path, kind="repeated", facts={"size": len(text), "needed": needed})
        return _GoldenRead(golden=golden, owner=golden.test)

    def _pair(self, cassette: Cassette, read: _GoldenRead, tape: _TapeRead, source: Path | None) -> Iterator[Problem]:
        """How golden trace and tape fit."""
        if not cassette.golden.exists():
            imported = IMPORTED in tape.meta
            if not tape.broken:
                facts = {"imported": imported, "golden": cassette.golden.as_posix()}
                yield Problem(
                    file=cassette.tape, kind="no_golden", severity="warn" if imported else "fail", facts=facts
                )
        elif read.golden is not None and tape.tape is not None:
            for facts in disagreements(read.golden, tape.tape):
                yield Problem(file=cassette.golden, kind="disagree", facts=facts)
        elif read.golden is not None and not cassette.tape.exists():
            known = self._index.knows(cassette.tape)
            if known or _asks_http(read.golden, source):
                about = {"tape": cassette.tape.as_posix(), "known": known}
                yield Problem(file=cassette.golden, kind="no_tape", severity="fail" if known else "warn", facts=about)

    def _together(self, cassette: Cassette) -> Iterator[Problem]:
        """Whether git has both files, where it has one."""
        files = (cassette.golden, cassette.tape)
        if not all(file.exists() for file in files):
            return
        there = [file for file in files if self._index.knows(file)]
        for missing in (file for file in files if file not in there and there):
            ignored = is_ignored(missing)
            facts = {"known": there[0].as_posix(), "ignored": ignored}
            yield Problem(file=missing, kind="untracked", severity="warn" if ignored else "fail", facts=facts)

    def _variant(self, path: Path, main: _GoldenRead) -> Iterator[Problem]:
        read = yield from self._golden(path, {})
        if read.owner is not None and main.owner is not None and read.owner != main.owner:
            facts = {"about": "test", "golden": main.owner, "variant": read.owner}
            yield Problem(file=path, kind="disagree", facts=facts)

    def _secrets(self, path: Path, text: str) -> Iterator[Problem]:
        for facts in secrets_in(text, self._redactor):
            yield Problem(file=path, kind="secret", line=facts.pop("line"), facts=facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _TapeRead:
    """What there is to know about a tape."""

    tape: TapeFile | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    broken: bool = False

    @property
    def owner(self) -> str | None:
        """The test; an imported tape is named by its file alone."""
        owner = self.meta.get("test")
        return owner if isinstance(owner, str) and IMPORTED not in self.meta else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _GoldenRead:
    """What there is to know about a golden trace."""

    golden: Golden | None = None
    """`None` also where it is as it was written with its tape, and need not be compared."""
    owner: str | None = None


def _asks_http(golden: Golden, source: Path | None) -> bool:
    """Whether calls of a trace went to a provider, as far as it tells, and no other plugin keeps the tape."""
    asked = any(call.provider in PROVIDERS and not call.cache_hit for call in golden.trace.calls)
    return asked and not (source is not None and mentions(source, "vcr"))


def _source(cassette: Cassette, owner: str, place: TestPlace) -> Iterator[Problem]:
    """Whether the test is there, and the cassette where that test looks for it."""
    path = cassette.golden if cassette.golden.exists() else cassette.tape
    if place.presence in ("no_file", "no_test"):
        facts: dict[str, Any] = {"test": owner, "source": _shown(place.source), "gone": place.presence == "no_file"}
        yield Problem(file=path, kind="no_test", facts=facts)
    elif cassette.golden.absolute() != place.expected:
        yield Problem(file=path, kind="misplaced", facts={"test": owner, "expected": _shown(place.expected)})


def _outside(path: Path, interactions: Iterable[Interaction], redactor: Redactor) -> Iterator[Problem]:
    """Secrets around the bodies: in addresses, and in headers that recording leaves out."""
    for number, one in enumerate(interactions):
        url, place = one.request.url, f"interactions[{number}]"
        if redactor.url(url).count(PLACEHOLDER) > url.count(PLACEHOLDER):
            yield _secret(path, "a secret in an address", f"{place}.request.url")
        for side, headers in (("request", one.request.headers), ("response", one.response.headers)):
            for name, value in headers:
                if name.lower() in _SECRET_HEADERS and value != PLACEHOLDER:
                    yield _secret(path, "a header that holds a secret", f"{place}.{side}.headers.{name}")


def _told(text: str) -> dict[str, str]:
    """What a tape says of itself, although it is not to be read."""
    owner = owner_in(text)
    return {} if owner is None else {"test": owner}


def _without_secrets(found: list[Problem]) -> list[Problem]:
    """The problems of a cassette; where it holds a secret, none of them quotes what was said in it."""
    if all(one.kind != "secret" for one in found):
        return found
    quoted = ("golden", "tape")
    return [
        replace(one, facts={name: value for name, value in one.facts.items() if name not in quoted})
        if one.kind == "disagree" and "path" in one.facts
        else one
        for one in found
    ]


def _unreadable(path: Path, error: Exception) -> Problem:
    if isinstance(error, RecursionError):
        return _unreadable(path, broken(path, Fault("it nests too deeply")))
    kind: ProblemKind = "newer" if isinstance(error, NewerCassetteError) else "broken"
    return Problem(file=path, kind=kind, facts={"text": str(error)})


def _secret(path: Path, what: str, place: str) -> Problem:
    return Problem(file=path, kind="secret", facts={"what": what, "shown": place})


def _shown(path: Path) -> str:
    return Path(os.path.relpath(path)).as_posix()


_SECRET_HEADERS: Final = frozenset(
    {
        "api-key", "authorization", "cookie", "proxy-authorization", "set-cookie", "x-amz-security-token", "x-api-key",
        "x-goog-api-key",
    }
)  # fmt: skip
