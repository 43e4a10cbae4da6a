"""Which values of environment variables are secret: those that a name says are keys, and that are like one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.key_shapes import is_stand_in, keys_in
from pytest_llmtrace._model.secrecy.proofs import is_like_a_key


def secret_values(environment: Mapping[str, str]) -> dict[str, str]:
    """The values to remove wherever they stand, each with what it is.

    A password that is a word (``POSTGRES_PASSWORD=postgres``) is none: every text that has the word would lose it.
    """
    found: dict[str, str] = {}
    for name, value in sorted(environment.items()):
        for secret in _secrets(name.upper(), value):
            found.setdefault(secret, f"the value of {name}")
    return found


class Variables:
    """The variables of this process at some time, without what changes with each phase of a test."""

    __slots__ = ("_held", "keys")

    def __init__(self, held: dict[Any, Any], keys: Mapping[str, str]) -> None:
        self._held = held
        self.keys = keys
        """The values that are like real keys, with what they are."""

    def are(self, held: Mapping[Any, Any]) -> bool:
        """Whether these are the variables that are held now."""
        if (test := held.get(_OF_PYTEST)) is None:
            self._held.pop(_OF_PYTEST, None)
        else:
            self._held[_OF_PYTEST] = test
        return bool(held == self._held)

    def changed_to(self, held: dict[Any, Any]) -> Variables:
        """Those that are held now. Only where one of the changed ones is secret all are read."""
        return Variables(held, _keys(held) if _holds_secrets(self._held.items() ^ held.items()) else self.keys)


def variables() -> Variables:
    """Those of this process, which a test or its fixtures may set at any time: the same object while none changes."""
    held, last = _held_variables(), _LAST[0]
    if last is not None and last.are(held):  # each owner asks for itself, and nearly always there are the same
        return last
    now = dict(held)
    last = _LAST[0] = last.changed_to(now) if last is not None else Variables(now, _keys(now))
    return last


def _keys(held: Mapping[Any, Any]) -> dict[str, str]:
    """Of these variables, and not of `os.environ`: another thread may remove one while all are read."""
    read = {os.fsdecode(name): os.fsdecode(value) for name, value in held.items()}
    return {value: what for value, what in secret_values(read).items() if is_like_a_key(value)}


def _held_variables() -> Mapping[Any, Any]:
    """All variables as they are held: what `os.environ` gives decodes each, a hundred times slower."""
    held: Mapping[Any, Any] = getattr(os.environ, "_data", os.environ)
    return held


def _holds_secrets(variables: Iterable[tuple[Any, Any]]) -> bool:
    """Whether one of these is secret. Those that we set for every test are none: nothing else is read."""
    return any(True for name, value in variables for _ in _secrets(os.fsdecode(name).upper(), os.fsdecode(value)))


def _secrets(name: str, value: str) -> Iterator[str]:
    if len(value) < _SHORTEST or _PATH.match(value):
        return
    if _KEY.search(name) or (_PASSWORD.search(name) and _is_mixed(value)):
        yield value
    if _URL.match(value):
        for found in keys_in(value):
            start, end = found.hidden
            password = value[start:end]
            if found.what == "a password in a URL" and len(password) >= _SHORTEST and _is_mixed(password):
                yield from {password, unquote(password)}


def _is_mixed(value: str) -> bool:
    """Whether it is no word: letters with digits or signs."""
    return not value.isalpha() and not value.isdigit() and not is_stand_in(value)


_LAST: Final[list[Variables | None]] = [None]
"""Those that were read last."""
_OF_PYTEST: Final = getattr(os.environ, "encodekey", str)("PYTEST_CURRENT_TEST")
"""The name of the test and of its phase, another one each time: no secret, and no reason to read all others."""
_SHORTEST: Final = 8
_KEY: Final = re.compile(
    r"(?:^|_)(?:API_?KEY|API_?SECRET|SECRET(?:_?ACCESS)?_?KEY|ACCESS_?KEY|ACCOUNT_?KEY|PRIVATE_?KEY|SIGNING_?KEY"
    r"|ENCRYPTION_?KEY|ACCESS_?TOKEN|AUTH_?TOKEN|TOKEN|CLIENT_?SECRET|PAT)$|^LLMTRACE_KEY$"
)
_PASSWORD: Final = expression(r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|CREDENTIALS?)$")
_URL: Final = expression(r"[a-z][a-z0-9+]*://[^/]*@", re.IGNORECASE)
_PATH: Final = expression(r"(?:[A-Za-z]:\\|~?\.{0,2}/)")
"""A file that holds one (``GITHUB_TOKEN=/run/secrets/token``): its name is none."""
