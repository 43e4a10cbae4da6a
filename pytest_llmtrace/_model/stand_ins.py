"""Stand-ins for private text: ``sha256:1f2e3d4c5b6a7988 (213 chars)``."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any, Final

from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.secret_key import SecretKey

PLAIN: Final = "sha256"
KEYED: Final = "hmac-sha256"
KIND: Final = re.compile(rf"{PLAIN}|{KEYED}@([0-9a-f]{{8}})")
"""What a golden trace says about its stand-ins; of keyed ones, `SecretKey.check` of the key."""

_DATA: Final = "\0data\0"
"""Stands before data, so that a number is not the text that spells it."""
_STAND_IN: Final = re.compile(r"(?:sha256|hmac):[0-9a-f]{16} \([0-9]+ chars\)")


def is_stand_in(text: str) -> bool:
    """Whether a text is a stand-in, of either kind."""
    return text.startswith(("sha256:", "hmac:")) and _STAND_IN.fullmatch(text) is not None


class StandIns:
    """Makes stand-ins: equal for equal texts, different for different ones.

    With a key nobody can find a text by trying without knowing the key; without one, short texts can be guessed.
    """

    def __init__(self, key: SecretKey | None = None) -> None:
        self.kind = PLAIN if key is None else f"{KEYED}@{key.check}"
        self._name = "sha256" if key is None else "hmac"
        self._key = None if key is None else key.derive("digests")

    @property
    def keyed(self) -> bool:
        """Whether they are made with a key."""
        return self._key is not None

    def of_text(self, text: str) -> str:
        """The stand-in of a text; nothing, and what is a stand-in already, stays."""
        return text if not text or is_stand_in(text) else self._made("", text)

    def of_data(self, data: Any) -> str:
        """One stand-in for data that is no text: of its canonical JSON, which a text never shares."""
        try:
            return self._made(_DATA, canonical_json(_even(data)))
        except (RecursionError, ValueError):
            return self._made(_DATA, "nested too deeply")

    def _made(self, before: str, text: str) -> str:
        raw = f"{before}{text}".encode("utf-8", "surrogatepass")
        made = hashlib.sha256(raw).digest() if self._key is None else hmac.digest(self._key, raw, "sha256")
        return f"{self._name}:{made[:8].hex()} ({len(text)} chars)"


def _even(value: Any) -> Any:
    """Data in which equal things are equal: a whole float is an integer."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {str(key): _even(item) for key, item in value.items()}
    return [_even(item) for item in value] if isinstance(value, (list, tuple)) else value
