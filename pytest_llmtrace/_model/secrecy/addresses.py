"""URLs without what proves who asks: user information, keys, signatures."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl, quote_plus, urlsplit, urlunsplit

from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.key_shapes import PLACEHOLDER
from pytest_llmtrace._model.secrecy.proofs import SECRET_PARAMETER


def url_without_proofs(url: str, allows: Callable[[str], bool]) -> str:
    """The URL without user information and fragment, and with the values of key-like parameters replaced.

    Args:
        url: any text.
        allows: whether a value is known to be no secret.

    Raises:
        ValueError: it is no URL.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    query = parts.query
    if query:
        pairs = parse_qsl(query, keep_blank_values=True)
        signed = not _SIGNATURES.isdisjoint(name.lower() for name, _ in pairs)
        secret = [
            bool(SECRET_PARAMETER.match(name) or (signed and _OF_SIGNED.match(name))) and not allows(value)
            for name, value in pairs
        ]
        if any(secret):
            query = "&".join(
                f"{quote_plus(name)}={PLACEHOLDER if hidden else quote_plus(value)}"
                for (name, value), hidden in zip(pairs, secret, strict=True)
            )
    return urlunsplit((parts.scheme, host, parts.path, query, ""))


def url_changed(url: str, change: Callable[[str], str]) -> str:
    """The URL with its path, query and fragment rewritten; the host stays."""
    parts = urlsplit(url)
    return urlunsplit((*parts[:2], *(change(part) for part in parts[2:])))


_SIGNATURES: Final = frozenset({"sig", "signature", "x-amz-signature", "x-goog-signature"})
_OF_SIGNED: Final = expression(
    r"^(?:x-amz-.*|x-goog-.*|googleaccessid|awsaccesskeyid|key-pair-id|policy|expires|s[vketpri]|spr|srt|ss|sk[a-z]+)$",
    re.IGNORECASE,
)
"""What else is signed, of AWS, Google, Azure and CloudFront: when, until when, by whom; another one in each run."""
