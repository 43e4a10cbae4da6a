"""The last look at what is about to be kept: what is still secret in it fails the test, and is in no file."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Final, SupportsBytes

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, ReadJson, held_body, read_json
from pytest_llmtrace._model.key_shapes import PLACEHOLDER, keys_in
from pytest_llmtrace._model.secrecy.clean_items import CleanItems
from pytest_llmtrace._model.secrecy.edits import Edit, applied
from pytest_llmtrace._model.secrecy.frames import read_frames
from pytest_llmtrace._model.secrecy.leaves import Leaf, Path, leaves, plain_texts, quoted, texts_of
from pytest_llmtrace._model.secrecy.read_streams import ReadStream
from pytest_llmtrace._model.secrecy.readings import readings, say_themselves_alone
from pytest_llmtrace._model.secrecy.search import Known, secrets_in
from pytest_llmtrace._model.secrecy.searched import Searched

Detector = Callable[[str], Iterable[tuple[str, str]]]
"""Finds more secrets in a line of text: for each, what it is, and the secret."""


@frozen
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

    def __init__(self, searched: Searched, detector: Detector | None = None) -> None:
        """Args: searched: secret values, what is none, and what was looked at already; detector: finds more."""
        self._searched = searched
        self._detector = detector
        self._items = CleanItems("utf-8", "latin-1")
        self._lock = threading.Lock()
        self.leaks: list[Leak] = []
        """What was found, in order, each once."""
        self.learned = False
        """Whether it came to know more values on the way."""

    def knows(self, searched: Searched) -> None:
        """From now on more values are secret: what was clean may be so no longer."""
        with self._lock:
            self._searched, self.learned = searched, True

    def clears(self, body: SupportsBytes, searched: Searched) -> bool:
        """Whether nothing secret is in the body of a request, nor anything for whoever removes what is.

        Both look at the same then, and it is looked at once: `request` knows it again.
        """
        return isinstance(body, ReadJson) and searched is self._searched and self._is_clean(body, joined=False)

    def knows_all(self, searched: Searched) -> bool:
        """Whether it looks for just what whoever removes these secrets does, and can do both in one go."""
        return searched is self._searched and self._detector is None

    def clears_text(self, text: str) -> bool:
        """Whether nothing secret is in it."""
        return len(text) < _SHORTEST or text in self._searched.texts or not any(True for _ in self._in_text(text, ""))

    def clears_row(self, request: HttpRequest, response: HttpResponse, sent: Mapping[str, Any], text: str) -> bool:
        """Whether nothing secret is in what a file is about to hold of a call, nor in what that refers to.

        Args:
            request: as it was sent, its body unsearched.
            response: as it came.
            sent: what the file holds of the request: all of it, or what it has in addition to earlier ones.
            text: what the file holds of both: searched as removal does. What is encoded in it is read in all encodings.
        """
        searched, body, answer = self._searched, held_body(request), held_body(response)
        if not (isinstance(body, ReadJson) and isinstance(answer, ReadJson)):
            return False
        if (new := self._items.new_in(body, sent, searched)) is None and not self._is_clean(body, joined=False):
            return False
        answered, several = plain_texts(answer.value)
        asked, _ = plain_texts([body.value] if "json" in sent else new or ())
        plain = self._said_openly([request.url, *[value for _, value in response.headers], *answered, *asked])
        if plain is None or (several and not all(map(self.clears_text, _joined(texts_of(answer.value).values())))):
            return False
        if not searched.lines.hold_none(text, parted=False):
            return False
        searched.texts.add(*plain)
        self._items.note((*(new or ()), body.value), searched)
        return True

    def _said_openly(self, texts: Iterable[str]) -> list[str] | None:
        """Those of some texts that were not looked at and say themselves alone: they stand in their file as they are.

        All others are looked at. `None`: one of them holds something.
        """
        new = [text for text in self._searched.texts.others(texts) if len(text) >= _SHORTEST]
        any_letters = self._searched.known.plain
        if say_themselves_alone(new) and (any_letters or all(map(str.isascii, new))):
            return new
        plain = [text for text in new if say_themselves_alone([text]) and (any_letters or text.isascii())]
        return plain if all(map(self.clears_text, {*new}.difference(plain))) else None

    def request(self, request: HttpRequest) -> HttpRequest:
        """The request without what was found in it now."""
        leaks = list(self._in_text(request.url, "address"))
        held = held_body(request)
        body = self._looked_at(held, "request", joined=False)
        self._note(leaks)
        return request if body is held and not leaks else replace(request, url=_without(request.url, leaks), body=body)

    def response(self, response: HttpResponse) -> HttpResponse:
        """The response without what was found in it now."""
        held, headers = held_body(response), response.headers
        for position, (name, value) in enumerate(headers):
            leaks = list(self._in_text(value, f"answer, header {name}"))
            if leaks:
                self._note(leaks)
                headers = (*headers[:position], (name, PLACEHOLDER), *headers[position + 1 :])
        body = self._looked_at(held, "answer", joined=True)
        same = body is held and headers is response.headers
        return response if same else replace(response, headers=headers, body=body)

    def name(self, name: str) -> Sequence[Leak]:
        """Look at what files are named after: the id of a test. Only forms count, wherever a part of it begins."""
        parts = [name[found.end() :] for found in _PART.finditer(name)]
        leaks = {
            key.value: Leak(what=key.what, place="name of the test", shown=f"{key.value[:_SHOWN]}…", secret=key.value)
            for part in parts
            for key in keys_in(part)
            if not self._searched.known.allows(key.value)
        }
        found = list(leaks.values())
        self._note(found)
        return found

    def texts(self, texts: Iterable[str], place: str) -> None:
        """Look at texts that are written elsewhere, too: those of a golden trace."""
        others = self._searched.texts.others(texts)
        for text in others:
            self._note(self._in_text(text, place))
        self._searched.texts.add(*[one for one in others if len(one) < _SHORTEST])  # in these nothing is looked for

    def file(self, text: str, place: str) -> None:
        """Look at a whole file of JSON, as when it is read: by its lines, not by what they came from."""
        if not self._searched.lines.hold_none(text):
            self._note(self._outside(text, place))

    def body(self, body: bytes, place: str, *, joined: bool = False) -> bytes:
        """The body without what was found in it now; `joined`: whether its texts may go on in one another."""
        return bytes(self._looked_at(read_json(body), place, joined=joined))

    def _looked_at(self, held: SupportsBytes, place: str, *, joined: bool) -> SupportsBytes:
        if isinstance(held, (ReadJson, ReadStream)) and self._is_clean(held, joined=joined):
            return held
        body = bytes(held)
        made = self._taken_apart(body, place, joined=joined)
        return held if made == body else made

    def _is_clean(self, held: ReadJson | ReadStream, *, joined: bool) -> bool:
        """Whether there is nothing in a body that was parsed: most have nothing, and are not taken apart then."""
        searched = self._searched
        if isinstance(held, ReadJson) and not joined:
            return self._items.hold_none(held, searched, lambda values: self._are_clean({*plain_texts([*values])[0]}))
        if not self._are_clean(set(_texts_of(held))):
            return False
        text = bytes(held).decode()
        if isinstance(held, ReadJson):
            return searched.pieces.hold_none(text)
        return searched.holds_none(text, strict=held.is_json)

    def _are_clean(self, texts: Collection[str]) -> bool:
        """Whether nothing is in these; a body without any is taken apart."""
        known = self._searched.texts
        return bool(texts) and not any(True for text in texts if text not in known for _ in self._in_text(text, ""))

    def _taken_apart(self, body: bytes, place: str, *, joined: bool) -> bytes:
        frames = read_frames(body)
        if frames is not None:
            return self._frames(body, [frame.payload.decode("utf-8", "replace") for frame in frames], place)
        text = body.decode("utf-8", "surrogateescape")
        found = list(leaves(text))
        edits = [edit for leaf in found for edit in self._leaf(leaf, place)]
        if joined:
            edits += self._joined(found, place)
        made = applied(text, _each_once(edits)) if edits else text
        rest = list(self._in_text(made, place)) if not found or made != text else list(self._outside(text, place))
        self._note(rest)
        if rest:
            return PLACEHOLDER.encode()
        return body if made == text else made.encode("utf-8", "surrogateescape")

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
        for edit in secrets_in(text, self._searched.known, strict=text.lstrip()[:1] in ("{", "[")):
            yield Leak(what=edit.what, place=place, shown=edit.shown, secret=edit.secret)

    def _in_text(self, text: str, place: str) -> Iterator[Leak]:
        searched = self._searched
        if len(text) < _SHORTEST or text in searched.texts:
            return
        clean = True
        for reading in readings(text):
            for what, secret, shown in self._secrets(reading, searched.known):
                clean = False
                yield Leak(what=what, place=place, shown=shown, secret=secret)
            if not clean:
                return
        searched.texts.add(text)

    def _secrets(self, text: str, known: Known) -> Iterator[tuple[str, str, str]]:
        for key in keys_in(text):
            if not known.allows(key.value):
                yield key.what, key.value, f"{key.value[:_SHOWN]}…"
        for value, what in known.values:
            if value in text:
                yield what, value, ""
        for what, secret in self._detector(text) if self._detector is not None else ():
            if not known.allows(secret) and PLACEHOLDER not in secret:
                yield what, secret, f"{secret[:_SHOWN]}…"

    def _note(self, leaks: Iterable[Leak]) -> None:
        for leak in leaks:
            with self._lock:
                if leak not in self.leaks:
                    self.leaks.append(leak)


def _texts_of(held: ReadJson | ReadStream) -> Iterator[str]:
    """The texts of a body, and what those under the same keys make where they go on in one another."""
    if isinstance(held, ReadStream):
        by_path: dict[Path, list[str]] = {}
        for path, _, text in held.texts:
            by_path.setdefault(path, []).append(text)
    else:
        by_path = texts_of(held.value)
    for texts in by_path.values():
        yield from texts
    yield from _joined(by_path.values())


def _joined(together: Iterable[Sequence[str]]) -> Iterator[str]:
    """What texts under the same keys make where they go on in one another. Args: together: those of each path."""
    for texts in together:
        if len(texts) > 1 and len(set(texts)) > 1:
            yield "".join(texts)


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
