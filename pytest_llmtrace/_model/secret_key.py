"""The key from the environment: what digests and encrypted files are made with."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from typing import Final

VARIABLE: Final = "LLMTRACE_KEY"
"""The environment variable that holds it."""


class SecretKey:
    """Any text as a key. It is stretched once a process, at its first use, and never shown."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def derive(self, purpose: str, length: int = 32) -> bytes:
        """A key for one purpose alone, of up to 64 bytes."""
        return hmac.digest(_stretched(self._text), purpose.encode(), "sha512")[:length]

    @property
    def check(self) -> str:
        """Eight hexadecimal digits that a file may show: they tell this key from others, and nothing about it."""
        return self.derive("check", 4).hex()

    def __repr__(self) -> str:
        return "SecretKey(...)"


@lru_cache(maxsize=8)
def _stretched(text: str) -> bytes:
    # The salt is fixed because equal recordings must give equal bytes on every machine that knows the key.
    return hashlib.scrypt(text.encode("utf-8", "surrogatepass"), salt=b"pytest-llmtrace", n=2**14, r=8, p=1, dklen=32)
