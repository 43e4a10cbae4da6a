"""Encryption of tapes and journals: the same content under the same key gives the same bytes.

AES-SIV, which is made for that: it needs no random nonce, and shows no more than whether two contents are equal. What
is known of a tape without its key is its `meta`: the owner, the providers, totals and digests. The meta is bound to the
content, so neither can be changed alone, and a file cannot stand in for that of another test.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pytest_llmtrace._model.bounded_reading import File
from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.secret_key import VARIABLE, SecretKey
from pytest_llmtrace._store.faults import Fault, broken, check_format
from pytest_llmtrace._store.formats import FORMAT, FORMAT_KEY, SEALED_KEY
from pytest_llmtrace._store.json_text import json_text
from pytest_llmtrace.errors import CassetteError, LockedCassetteError, SettingsError


def sealed_data(text: str) -> dict[str, Any] | None:
    """The data of an encrypted tape; `None` for any other text."""
    if f'"{SEALED_KEY}"' not in text[:_HEAD]:
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and SEALED_KEY in data and "interactions" not in data else None


class Seal:
    """Encrypts and decrypts the files of one owner."""

    def __init__(self, owner: str, key: SecretKey | None, *, strict: bool = True) -> None:
        """How files are encrypted.

        Args:
            owner: Node id, or fixture.
            key: From the environment; `None` where there is none.
            strict: Whether the tape of another owner is refused. Recording takes it: a test may have been renamed.
        """
        self._owner = owner
        self._key = key
        self._strict = strict

    # Tapes

    def closed(self, text: str, meta: Mapping[str, Any]) -> str:
        """The file that holds the text of a tape encrypted, and its meta in clear.

        Raises:
            SettingsError: no key, or the library is not installed.
        """
        content = self._encrypted(text.encode(), _TAPE, canonical_json(dict(meta)))
        lines = [content[start : start + _LINE] for start in range(0, len(content), _LINE)]
        head = f'{{\n"{FORMAT_KEY}": {FORMAT},\n"meta": {json_text(dict(meta))},\n'
        return f'{head}"{SEALED_KEY}": {json_text({**self.header(), "content": lines})}\n}}\n'

    def opened(self, text: str, path: File) -> str:
        """The text of a tape, decrypted where it is encrypted; a text that cannot be understood comes back as it is.

        Raises:
            LockedCassetteError: the key is missing, or another one.
            BrokenCassetteError: it was changed, or belongs to another owner.
            SettingsError: the library is not installed.
        """
        data = sealed_data(text)
        if data is None:
            return text
        check_format(path, data, text, "tape")
        sealed, meta = data[SEALED_KEY], data.get("meta")
        if not isinstance(sealed, dict) or not isinstance(meta, dict):
            raise broken(path, Fault(f"its `{SEALED_KEY}` or its `meta` is no mapping"), text)
        lines = sealed.get("content")
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise broken(path, Fault("its encrypted content is no list of lines"), text)
        self.unlock(sealed, path)
        if self._strict and meta.get("test") != self._owner:
            raise broken(path, Fault(f"it is the encrypted tape of another test, {meta.get('test')}"))
        raw = self._decrypted("".join(lines), path, _TAPE, canonical_json(meta))
        return raw.decode("utf-8", "replace")

    # What tapes and journals share

    def header(self) -> dict[str, str]:
        """How the content is encrypted, and with which key."""
        return {"algorithm": _ALGORITHM, "key": self._needed().check}

    def unlock(self, header: Mapping[str, Any], path: File) -> None:
        """Make sure that the key fits. Raises: LockedCassetteError, CassetteError."""
        if header.get("algorithm") != _ALGORITHM:
            raise CassetteError(
                f"{path}: it is encrypted with {header.get('algorithm')!r}, which this version does not know.\n"
                "Install a newer version: `pip install --upgrade pytest-llmtrace`."
            )
        if self._key is None:
            raise LockedCassetteError(
                f"{path} is encrypted, and {VARIABLE} is not set.\n"
                f"Set the environment variable {VARIABLE} to the key that it was recorded with."
            )
        if header.get("key") != self._key.check:
            raise LockedCassetteError(
                f"{path} is encrypted with another key than the one in {VARIABLE}.\n"
                f"Set {VARIABLE} to the key that it was recorded with; if that key is lost, delete the file and record "
                "the test again."
            )

    def encrypted_line(self, data: bytes, number: int) -> str:
        """One line of a journal, encrypted for its place in it."""
        return self._encrypted(data, _JOURNAL, self._owner, str(number))

    def decrypted_line(self, content: str, path: File, number: int) -> bytes:
        """A line of a journal again. Raises: BrokenCassetteError."""
        return self._decrypted(content, path, _JOURNAL, self._owner, str(number))

    def _decrypted(self, content: str, path: File, *bound: str) -> bytes:
        cipher = self._cipher()
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - an extra, which is there

        try:
            raw = base64.b64decode(content, validate=True)
            return bytes(cipher.decrypt(raw, _bytes(bound)))
        except (InvalidTag, binascii.Error, ValueError):
            text = "its encrypted content was changed, or is not that of this file"
        raise broken(path, Fault(text))

    def _encrypted(self, data: bytes, *bound: str) -> str:
        return base64.b64encode(self._cipher().encrypt(data, _bytes(bound))).decode("ascii")

    def _cipher(self) -> Any:
        key = self._needed().derive("files", 64)
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # noqa: PLC0415 - an extra
        except ImportError:
            AESSIV = None  # type: ignore[assignment,misc]  # noqa: N806
        if AESSIV is None:
            raise SettingsError(MISSING_LIBRARY)
        return AESSIV(key)

    def _needed(self) -> SecretKey:
        if self._key is None:
            raise SettingsError(f"llm_tapes = encrypted needs a key: set the environment variable {VARIABLE}")
        return self._key


def _bytes(parts: Iterable[str]) -> list[bytes]:
    return [part.encode("utf-8", "surrogatepass") for part in parts]


MISSING_LIBRARY: Final = (
    "encrypted tapes need the library `cryptography`: install it with `pip install 'pytest-llmtrace[privacy]'`"
)
_ALGORITHM: Final = "AES-256-SIV"
_TAPE: Final = "tape"
_JOURNAL: Final = "journal"
_LINE: Final = 112
"""Characters of encrypted content in a line."""
_HEAD: Final = 64 * 1024
"""Characters within which a tape says that it is encrypted."""
