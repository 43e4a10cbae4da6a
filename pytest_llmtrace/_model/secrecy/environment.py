"""Which values of environment variables are secret: those that a name says are keys, and that are like one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

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


class Watched:
    """The variables of this process, which a test or its fixtures may set at any time."""

    def __init__(self) -> None:
        self._before: dict[Any, Any] | None = None

    def have_changed(self) -> bool:
        """Whether anything changed since `changed` was last asked."""
        return bool(_held_variables() != self._before)

    def changed(self) -> Mapping[str, str]:
        """The values that are like real keys, with what they are, where anything changed since this was last asked."""
        held = _held_variables()
        if held == self._before:
            return {}
        self._before = now = dict(held)
        now = now.copy()
        now.pop(_OF_PYTEST, None)
        read, keys = _LAST[0]
        if read == now:  # each owner looks for itself, and nearly always at the same
            return keys
        if read is None or _holds_secrets(read.items() ^ now.items()):
            keys = {value: what for value, what in secret_values(os.environ).items() if is_like_a_key(value)}
        _LAST[0] = now, keys
        return keys


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


_LAST: Final[list[tuple[dict[Any, Any] | None, Mapping[str, str]]]] = [(None, {})]
"""The variables that were read last, without that of pytest, and the keys among them."""
_OF_PYTEST: Final = getattr(os.environ, "encodekey", str)("PYTEST_CURRENT_TEST")
"""The name of the test and of its phase, another one each time: no secret, and no reason to read all others."""
_SHORTEST: Final = 8
_KEY: Final = re.compile(
    r"(?:^|_)(?:API_?KEY|API_?SECRET|SECRET(?:_?ACCESS)?_?KEY|ACCESS_?KEY|ACCOUNT_?KEY|PRIVATE_?KEY|SIGNING_?KEY"
    r"|ENCRYPTION_?KEY|ACCESS_?TOKEN|AUTH_?TOKEN|TOKEN|CLIENT_?SECRET|PAT)$|^LLMTRACE_KEY$"
)
_PASSWORD: Final = re.compile(r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|CREDENTIALS?)$")
_URL: Final = re.compile(r"[a-z][a-z0-9+]*://[^/]*@", re.IGNORECASE)
_PATH: Final = re.compile(r"(?:[A-Za-z]:\\|~?\.{0,2}/)")
"""A file that holds one (``GITHUB_TOKEN=/run/secrets/token``): its name is none."""
