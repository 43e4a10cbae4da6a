"""Binary content as digest and size, and opaque provider tokens left out: a trace is for people."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

from pytest_llmtrace._capture.dialects.lenient import text
from pytest_llmtrace._model.canonical import digest

_OPAQUE: Final = frozenset(
    {
        "cache_control",
        "encrypted_content",
        "encrypted_index",
        "encrypted_stdout",
        "signature",
        "thought_signature",
        "thoughtSignature",
    }
)
"""Keys that mean something to the provider alone, and that may differ from run to run."""


def binary(kind: str, data: str, media_type: str | None = None, **others: Any) -> dict[str, Any]:
    """A part for base64 data: its digest and size instead of the data. `others` that are empty are left out.

    The digest is that of the decoded bytes, so that spellings of base64 (padding, alphabet) do not matter.
    """
    raw = _decoded(data)
    return {
        "type": kind,
        **({"media_type": media_type} if media_type else {}),
        "digest": digest(raw),
        "bytes": len(raw),
        **_present(others),
    }


def linked(kind: str, url: str, **others: Any) -> dict[str, Any]:
    """A part for an address: the address itself, or digest and size where it is a ``data:`` URL."""
    if url.startswith("data:"):
        head, _, data = url[5:].partition(",")
        media_type, _, encoding = head.partition(";")
        if encoding.endswith("base64"):
            return binary(kind, data, **{**others, "media_type": media_type})
    return {"type": kind, "url": url, **_present(others)}


def kind_of(media_type: str, default: str = "file") -> str:
    """`image`, `audio` or `video` for such media types, else the default."""
    family = media_type.partition("/")[0]
    return family if family in ("image", "audio", "video") else default


def plain(value: Any) -> Any:
    """Any JSON value with its base64 content replaced by digest and size, without opaque provider tokens."""
    if isinstance(value, dict):
        if value.get("type") == "base64" and isinstance(value.get("data"), str):
            media_type = text(value.get("media_type"))
            return binary(kind_of(media_type), value["data"], media_type)
        return {
            key: _shrunk(one) if key in _BINARY and isinstance(one, str) else plain(one)
            for key, one in value.items()
            if key not in _OPAQUE and one is not None
        }
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, str) and value.startswith("data:") and ";base64," in value[:200]:
        media_type = value[5:].partition(";")[0]
        return linked(kind_of(media_type), value)
    return value


def _shrunk(value: str) -> Any:
    """A value under a name that may hold base64: digest and size where it does, else itself."""
    if len(value) >= _SHORTEST_BINARY and _BASE64.fullmatch(value):
        return binary("file", value)
    return plain(value)


def _decoded(data: str) -> bytes:
    try:
        raw = data.encode("ascii").translate(_STANDARD_ALPHABET, delete=b"\r\n =")
        return base64.b64decode(raw + b"=" * (-len(raw) % 4), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return data.encode("utf-8", "surrogatepass")


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


_BINARY: Final = frozenset({"b64_json", "blob", "bytes", "data", "file_data", "image_base64"})
_SHORTEST_BINARY: Final = 256
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_STANDARD_ALPHABET: Final = bytes.maketrans(b"-_", b"+/")
