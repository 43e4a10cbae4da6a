"""What secrets are removed from texts with: names, headers, addresses, whole files."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_llmtrace._model.http import Headers
from pytest_llmtrace._model.personal.remover import Personal
from pytest_llmtrace._model.secrecy.addresses import url_changed, url_without_proofs
from pytest_llmtrace._model.secrecy.learning import Learning
from pytest_llmtrace._model.secrecy.search import Known
from pytest_llmtrace._model.secrecy.searched import Searched

More = Callable[[], Callable[[str], str] | None]


class TextRedactor:
    """Removes secrets from texts, always in the same way."""

    def __init__(self, learning: Learning, more: More, personal: Personal | None) -> None:
        """What is removed.

        Args:
            learning: what is secret by its value.
            more: gives a function that removes more from a text, or `None`, whenever it is asked.
            personal: removes personal data from a text.
        """
        self._learning = learning
        self._more = more
        self._personal = personal

    @property
    def searched(self) -> Searched:
        """What is secret by its value, with what was searched for it already."""
        return self._learning.searched

    @property
    def known(self) -> Known:
        """What is secret by its value, and what looks like a secret and is none."""
        return self.searched.known

    def url(self, url: str) -> str:
        """The URL without user information, and with the values of key-like parameters replaced."""
        try:
            bare = url_without_proofs(url, self.known.allows)
        except ValueError:  # no URL
            return self.text(url)
        made = self._text(bare)
        return made if self._personal is None else url_changed(made, self._personal.redact)

    def text(self, text: str, own: Iterable[str] = ()) -> str:
        """Text with every secret, and all personal data, replaced."""
        text = self._text(text, own)
        return self._personal.redact(text) if self._personal is not None else text

    def name(self, text: str) -> str:
        """A name or a label without secrets and personal data. No hook is asked: models and tools go by their names."""
        text = self.searched.cleaned(text)
        return self._personal.redact(text) if self._personal is not None else text

    def finds(self, text: str, mark: str | None = None) -> bool:
        """Whether there is a secret, or personal data, in the text of a file, as `Lines.hold_none` has it."""
        self.keep(text)
        clean = self.searched.lines.hold_none(text, mark)
        return not clean or (self._personal is not None and self._personal.finds(text))

    def keep(self, text: str) -> None:
        """Leave the placeholders of personal data as they are that a text has already: it comes from a file."""
        if self._personal is not None:
            self._personal.keep(text)

    def _text(self, text: str, own: Iterable[str] = ()) -> str:
        """Text with every secret replaced."""
        text = self._of(own).cleaned(text)
        more = self._more()
        return more(text) if more is not None else text

    @property
    def _takes_secrets_alone(self) -> bool:
        """Whether nothing is taken out but secrets."""
        return self._personal is None and self._more() is None

    def _of(self, own: Iterable[str]) -> Searched:
        """What is secret, with what a request proves itself with."""
        return self._learning.with_proof(own)

    def _headers(self, headers: Headers, kept: frozenset[str], own: tuple[str, ...]) -> Headers:
        return tuple(
            (name, self._text(self.url(value), own) if name == "location" else self.text(value, own))
            for name, value in ((name.lower(), value) for name, value in headers)
            if name in kept
        )
