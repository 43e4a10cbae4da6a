"""The last look at what is about to be kept: what is still secret in it fails the test, and is in no file."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.key_shapes import PLACEHOLDER, keys_in
from pytest_llmtrace._model.secrecy.beginnings import CleanBodies
from pytest_llmtrace._model.secrecy.edits import Edit, applied
from pytest_llmtrace._model.secrecy.frames import read_frames
from pytest_llmtrace._model.secrecy.leaves import Leaf, leaves, quoted
from pytest_llmtrace._model.secrecy.readings import readings
from pytest_llmtrace._model.secrecy.search import Known, secrets_in

Detector = Callable[[str], Iterable[tuple[str, str]]]
"""Finds more secrets in a line of text: for each, what it is, and the secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A secret in what would have been written."""

    what: str
    """``an OpenAI-like key``."""
    place: str
    """``answer: choices[0].message.content``."""
    shown: str
    """Its first letters, where it is known by its form; what is known by its value shows nothing."""
    secret: str = field(default="", repr=False)
    """In no report."""


class Eye:
    """Looks at each request and answer of one owner once. Safe to use from threads."""

    def __init__(self, known: Known, detector: Detector | None = None) -> None:
        """Args: known: secret values, and what is none; detector: finds more."""
        self._known = known
        self._detector = detector
        self._seen: set[str] = set()
        self._clean = CleanBodies()
        self._lock = threading.Lock()
        self.leaks: list[Leak] = []
        """What was found, in order, each once."""
        self.learned = False
        """Whether it came to know more values on the way."""

    def knows(self, known: Known) -> None:
        """From now on more values are secret: what was clean may be so no longer."""
        with self._lock:
            self._known, self._clean, self.learned = known, CleanBodies(), True
            self._seen.clear()

    def request(self, request: HttpRequest) -> HttpRequest:
        """The request without what was found in it now."""
        leaks = list(self._in_text(request.url, "address"))
        body = self.body(request.body, "request", joined=False)
        self._note(leaks)
        return replace(request, url=_without(request.url, leaks), body=body)

    def response(self, response: HttpResponse) -> HttpResponse:
        """The response without what was found in it now."""
        place = "answer"
        headers = []
        for name, value in response.headers:
            leaks = list(self._in_text(value, f"{place}, header {name}"))
            self._note(leaks)
            headers.append((name, PLACEHOLDER if leaks else value))
        return replace(response, headers=tuple(headers), body=self.body(response.body, place, joined=True))

    def name(self, name: str) -> Sequence[Leak]:
        """Look at what files are named after: the id of a test. Only forms count, wherever a part of it begins."""
        parts = [name[found.end() :] for found in _PART.finditer(name)]
        leaks = {
            key.value: Leak(what=key.what, place="name of the test", shown=f"{key.value[:_SHOWN]}…", secret=key.value)
            for part in parts
            for key in keys_in(part)
            if not self._known.allows(key.value)
        }
        found = list(leaks.values())
        self._note(found)
        return found

    def texts(self, texts: Iterable[str], place: str) -> None:
        """Look at texts that are written elsewhere, too: those of a golden trace."""
        for text in texts:
            self._note(self._in_text(text, place))

    def body(self, body: bytes, place: str, *, joined: bool = False) -> bytes:
        """The body without what was found in it now; `joined`: whether its texts may go on in one another."""
        frames = read_frames(body)
        if frames is not None:
            return self._frames(body, [frame.payload.decode("utf-8", "replace") for frame in frames], place)
        text = body.decode("utf-8", "surrogateescape")
        start = 0 if joined else self._clean.searched(body, joined, b'{"')
        if start and not self._finds(body[start:].decode("utf-8", "surrogateescape")):
            self._clean.add(body, joined)
            return body
        found = list(leaves(text))
        edits = [edit for leaf in found for edit in self._leaf(leaf, place)]
        if joined:
            edits += self._joined(found, place)
        made = applied(text, _each_once(edits)) if edits else text
        rest = list(self._in_text(made, place)) if not found or made != text else list(self._outside(text, place))
        self._note(rest)
        if rest:
            return PLACEHOLDER.encode()
        if made == text:
            self._clean.add(body, joined)
        return body if made == text else made.encode("utf-8", "surrogateescape")

    def _finds(self, text: str) -> bool:
        """Whether there is anything in the end of a body, whose beginning was looked at."""
        return any(True for leaf in leaves(text) for _ in self._in_text(leaf.text, "")) or any(self._outside(text, ""))

    def _frames(self, body: bytes, payloads: Sequence[str], place: str) -> bytes:
        found = [leaf for payload in payloads for leaf in leaves(payload)]
        before = len(self.leaks)
        self._joined(found, place)
        for leaf in found:
            self._leaf(leaf, place)
        return body if len(self.leaks) == before else PLACEHOLDER.encode()

    def _leaf(self, leaf: Leaf, place: str) -> list[Edit]:
        leaks = list(self._in_text(leaf.text, f"{place}: {leaf.place}"))
        self._note(leaks)
        return [Edit(start=leaf.start, end=leaf.end, what="", replacement=quoted(PLACEHOLDER))] if leaks else []

    def _joined(self, found: Sequence[Leaf], place: str) -> list[Edit]:
        """Texts that the events of a stream hold in pieces: all under the same keys, whatever they are about."""
        together: dict[tuple[str | None, ...], list[Leaf]] = {}
        for leaf in found:
            together.setdefault(leaf.path, []).append(leaf)
        edits = []
        for pieces in together.values():
            if len({leaf.text for leaf in pieces}) < 2:
                continue
            leaks = list(self._in_text("".join(leaf.text for leaf in pieces), f"{place}: {pieces[0].place}, in pieces"))
            self._note(leaks)
            if leaks:
                edits += [Edit(start=one.start, end=one.end, what="", replacement=quoted("")) for one in pieces]
        return edits

    def _outside(self, text: str, place: str) -> Iterator[Leak]:
        """What is secret in a body by a place that no single text of it has: a form, a multipart, a name."""
        for edit in secrets_in(text, self._known, strict=text.lstrip()[:1] in ("{", "[")):
            yield Leak(what=edit.what, place=place, shown=edit.shown, secret=edit.secret)

    def _in_text(self, text: str, place: str) -> Iterator[Leak]:
        with self._lock:
            known = text in self._seen
        if known or len(text) < _SHORTEST:
            return
        clean = True
        for reading in readings(text):
            for what, secret, shown in self._secrets(reading):
                clean = False
                yield Leak(what=what, place=place, shown=shown, secret=secret)
            if not clean:
                return
        with self._lock:
            self._seen.add(text)

    def _secrets(self, text: str) -> Iterator[tuple[str, str, str]]:
        for key in keys_in(text):
            if not self._known.allows(key.value):
                yield key.what, key.value, f"{key.value[:_SHOWN]}…"
        for value, what in self._known.values:
            if value in text:
                yield what, value, ""
        for what, secret in self._detector(text) if self._detector is not None else ():
            if not self._known.allows(secret) and PLACEHOLDER not in secret:
                yield what, secret, f"{secret[:_SHOWN]}…"

    def _note(self, leaks: Iterable[Leak]) -> None:
        for leak in leaks:
            with self._lock:
                if leak not in self.leaks:
                    self.leaks.append(leak)


def _without(text: str, leaks: Iterable[Leak]) -> str:
    for leak in leaks:
        text = text.replace(leak.secret, PLACEHOLDER) if leak.secret in text else PLACEHOLDER
    return text


def _each_once(edits: Iterable[Edit]) -> list[Edit]:
    made: dict[int, Edit] = {}
    for edit in edits:
        made.setdefault(edit.start, edit)
    return [made[start] for start in sorted(made)]


_SHORTEST: Final = 8
_PART: Final = re.compile(r"[-\[]")
_SHOWN: Final = 6
