"""Which placeholder stands for which value, in one owner's run. Nothing of it is written to a file but placeholders.

While it runs, values are numbered as they come. That order may be chance, so nothing is recognised by a number:
requests match by the numbers that placeholders have within them (`own_numbers`), and what matches a recorded request
says which of its placeholders stand for which values of this run. At the end `settled` gives every value the number
that it has in the recording.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pytest_llmtrace._model.body_texts import inside_json, rewritten
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._model.personal.json_numbers import in_quotes, out_of_quotes
from pytest_llmtrace._model.personal.kind import Kind
from pytest_llmtrace._model.personal.pairs import pairs_of
from pytest_llmtrace._model.personal.placeholders import (
    PLACEHOLDERS,
    PLAIN,
    Placeholder,
    Rename,
    distinct,
    may_hold,
    placeholder,
    placeholders,
    renamed,
    renamed_response,
)
from pytest_llmtrace._model.split_texts import Edit, applied

_Value = tuple[str, int]
_MOST_LETTERS = 26
_REMEMBERED = 10_000
"""Texts whose redaction is kept: the history of a conversation comes again with every turn."""


class Book:
    """The values of one run. Safe to use from threads."""

    def __init__(self, kinds: Sequence[Kind] = ()) -> None:
        self._kinds = tuple(kinds)
        self._lock = threading.RLock()
        self._numbers: dict[tuple[str, str], int] = {}
        """By kind and plain spelling."""
        self._counts: dict[str, int] = {}
        self._spellings: dict[_Value, dict[str, str | None]] = {}
        """By letter, the plain one first; `None`: a spelling that only a recording knows. Empty: so is the value."""
        self._recorded: dict[_Value, _Value] = {}
        """What the placeholders of the recording are here."""
        self._here: dict[_Value, _Value] = {}
        """The other way: what the values of this run are in the recording."""
        self._letters: dict[tuple[_Value, str], str] = {}
        """Of a value here and its letter: the letter that the recording has for that spelling."""
        self._settled: dict[_Value, int] = {}
        """Numbers that were given for good, as files have them."""
        self._made: dict[str, str] = {}

    def __bool__(self) -> bool:
        """Whether there is anything to take out."""
        return bool(self._kinds)

    # Texts on their way to a file

    def redact(self, text: str) -> str:
        """The text with placeholders for what was found; doing it again changes nothing."""
        made = self._made.get(text)
        if made is None:
            made = self._redacted(text)
            if len(self._made) > _REMEMBERED:
                self._made.clear()
            self._made[text] = made
        return made

    def _redacted(self, text: str) -> str:
        inside = inside_json(text, self.redact)
        if inside is not None:
            return inside
        return applied(text, self._spans(text))

    def edits(self, text: str) -> list[Edit]:
        """What is to be replaced in a text of which a stream brings pieces; it may be JSON that is not whole."""
        made = self._spans(text)
        if text.lstrip()[:1] not in ("{", "["):
            return made
        whole = self.redact(text)
        if whole != applied(text, made) and inside_json(text, str) is not None:
            return [(0, len(text), whole)]  # values that are escaped, or numbers
        return [in_quotes(text, one) for one in made]

    def finds(self, text: str) -> bool:
        """Whether there is anything to take out of a text."""
        return any(next(kind.spans(text), None) is not None for kind in self._kinds)

    def keep(self, text: str) -> None:
        """Leave the placeholders that a text has already as they are: it comes from a file."""
        with self._lock:
            for one in placeholders(text):
                self._counts[one.kind] = max(one.number, self._counts.get(one.kind, 0))
                self._spellings.setdefault(one.value, {}).setdefault(one.letter, None)

    def _spans(self, text: str) -> list[Edit]:
        found = self._found(text)
        most = max([0, *self._counts.values()]) + len(found)
        # A number that somebody typed must not become that of a value of this very text.
        made = {one.start(): self._literal(one[0]) for one in PLACEHOLDERS.finditer(text) if int(one[2]) <= most}
        for start, end, kind in found:
            if start not in made:
                said = text[start:end]
                made[start] = self._literal(said) if kind is None else self._placeholder(kind, said)
        return [(start, end, str(made[start])) for start, end, _ in found]

    def _found(self, text: str) -> list[tuple[int, int, Kind | None]]:
        """What stands where: placeholders that are there already, then each kind in what those before it left."""
        found: list[tuple[int, int, Kind | None]] = [(*one.span(), None) for one in PLACEHOLDERS.finditer(text)]
        left = _without(text, found)
        for kind in self._kinds:
            own = [(start, end, kind) for start, end in kind.spans(left)]
            left = _without(left, own)
            found += own
        return sorted(found, key=lambda one: one[0])

    def _placeholder(self, kind: Kind, spelled: str) -> Placeholder:
        plain = kind.plain(spelled)
        with self._lock:
            number = self._numbers.get((kind.name, plain))
            if number is None:
                number = self._numbers[kind.name, plain] = self._next(kind.name)
            value = kind.name, number
            letters = self._spellings.setdefault(value, {})
            letters.setdefault(PLAIN, plain)
            for letter, known in letters.items():
                if known == spelled:
                    return Placeholder(kind=kind.name, number=number, letter=letter)
            if len(letters) == _MOST_LETTERS:
                return self._placeholder(replace(kind, plain=str), spelled)
            letter = _letter(len(letters))
            letters[letter] = spelled
            return Placeholder(kind=kind.name, number=number, letter=letter)

    def _literal(self, written: str) -> Placeholder:
        """A placeholder that stands in a text already: the run's own, which an answer gave it, or just a text."""
        found = PLACEHOLDERS.fullmatch(written)
        assert found is not None  # noqa: S101  # it was found by this pattern
        one = placeholder(found)
        with self._lock:
            if one.letter in self._spellings.get(one.value, {}):
                return one
        return self._placeholder(Kind(name=one.kind, spans=lambda _text: iter(())), str(one))

    def _next(self, kind: str) -> int:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind]

    # Answers of a recording

    def agrees(self, recorded: HttpRequest, request: HttpRequest) -> bool:
        """Whether a recorded request, equal but for its values, does not contradict what is known of those."""
        with self._lock:
            for theirs, ours in pairs_of(recorded, request):
                known = self._recorded.get(theirs.value), self._here.get(ours.value)
                if known not in ((None, None), (ours.value, theirs.value)):
                    return False
        return True

    def answer(self, interaction: Interaction, request: HttpRequest, *, alone: bool = False) -> HttpResponse:
        """The recorded answer to a request of this run, with the placeholders that this run has.

        Args:
            interaction: What was recorded.
            request: What this run sent, redacted.
            alone: Whether its numbers are those of this interaction alone, and say nothing about others.
        """
        if not self._kinds:
            return interaction.response
        with self._lock:
            pairs = pairs_of(interaction.request, request)
            if not alone:
                self._link(pairs)
            values = {theirs.value: ours.value for theirs, ours in pairs}
            exact = dict(pairs)

            def ours(theirs: Placeholder) -> str:
                if theirs not in exact:
                    exact[theirs] = self._ours(theirs, values, alone=alone)
                return str(exact[theirs])

            return renamed_response(interaction.response, ours)

    def link(self, recorded: HttpRequest, request: HttpRequest) -> None:
        """Note that a request of this run is a recorded one."""
        with self._lock:
            self._link(pairs_of(recorded, request))

    def _link(self, pairs: Iterable[tuple[Placeholder, Placeholder]]) -> None:
        for theirs, ours in pairs:
            if theirs.value not in self._recorded and ours.value not in self._here:
                self._recorded[theirs.value], self._here[ours.value] = ours.value, theirs.value
            if self._here.get(ours.value) == theirs.value:
                self._letters.setdefault((ours.value, ours.letter), theirs.letter)

    def _ours(self, theirs: Placeholder, values: dict[_Value, _Value], *, alone: bool) -> Placeholder:
        """What a placeholder of an answer is here, where the request does not have the same one."""
        value = values.get(theirs.value) or (None if alone else self._recorded.get(theirs.value))
        if value is None:
            value = values[theirs.value] = theirs.kind, self._next(theirs.kind)
        letters = self._spellings.setdefault(value, {})
        known = {self._letters.get((value, letter)): letter for letter in letters}
        letter = PLAIN if theirs.letter == PLAIN else known.get(theirs.letter) or _letter(max(1, len(letters)))
        if letter not in letters:
            letters.setdefault(PLAIN, None)
            letters.setdefault(letter, None)
        made = Placeholder(kind=value[0], number=value[1], letter=letter)
        if not alone:
            self._link([(theirs, made)])
        return made

    # Answers on their way to the application

    def restored(self, response: HttpResponse) -> HttpResponse:
        """The answer with the values that this run sent itself; what it never sent stays a placeholder."""
        if not self._spellings:
            return response
        headers = tuple((name, self.restored_text(value)) for name, value in response.headers)
        body = rewritten(response.body, self.restored_text, whole=True)
        if headers == response.headers and body == response.body:
            return response
        return HttpResponse(status=response.status, reason=response.reason, headers=headers, body=body)

    def restored_text(self, text: str) -> str:
        """A text with the values of this run."""
        if not may_hold(text):
            return text
        inside = inside_json(text, self.restored_text)
        if inside is not None:
            return inside

        def value(one: Placeholder) -> str:
            with self._lock:
                letters = self._spellings.get(one.value, {})
            spelled = letters.get(one.letter)
            return str(one) if spelled is None and letters.get(PLAIN) is None else str(spelled or letters[PLAIN])

        return renamed(out_of_quotes(text, value), value)

    # Numbers for files

    def settled(self, texts: Iterable[str], *, for_good: bool) -> Rename | None:
        """How placeholders of this run are written in a file; `None`: as they are.

        What a recording knows keeps its number. Others get the lowest numbers that are free, in the order in which
        these texts have them: in a run that does what was recorded, those that they had.

        Args:
            texts: What the file holds, in its order.
            for_good: Whether the numbers are never to change again.
        """
        with self._lock:
            if not self._spellings:
                return None
            numbers, letters = dict(self._settled), dict(self._letters)
            taken = {(value[0], number) for value, number in numbers.items()}
            for ours, theirs in self._here.items():
                if ours not in numbers and theirs not in taken:
                    numbers[ours] = theirs[1]
                    taken.add(theirs)
            for one in distinct(texts):
                if one.value not in numbers:
                    free = next(free for free in range(1, len(taken) + 2) if (one.kind, free) not in taken)
                    numbers[one.value] = free
                    taken.add((one.kind, free))
                if one.letter != PLAIN and (one.value, one.letter) not in letters:
                    used = {letter for (value, _), letter in letters.items() if value == one.value}
                    letters[one.value, one.letter] = next(
                        letter for letter in map(_letter, range(1, _MOST_LETTERS + 1)) if letter not in used
                    )
            if for_good:
                self._settled, self._letters = numbers, letters
        if all(value[1] == number for value, number in numbers.items()) and all(
            letter == written for (_, letter), written in letters.items()
        ):
            return None

        def written(one: Placeholder) -> str:
            number, letter = numbers.get(one.value, one.number), letters.get((one.value, one.letter), one.letter)
            return str(replace(one, number=number, letter=letter))

        return written


def _without(text: str, spans: Sequence[tuple[int, int, Kind | None]]) -> str:
    """The text with nothing to be found in some places."""
    return applied(text, [(start, end, "\0" * (end - start)) for start, end, _ in spans]) if spans else text


def _letter(position: int) -> str:
    return chr(ord(PLAIN) + position)
