"""When two requests are the same request: the key under which a tape is searched."""

from __future__ import annotations

import functools
import ipaddress
import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from pytest_llmtrace._model.canonical import canonical_json, digest, parse_json
from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.http import HeldJson, HttpRequest, ReadJson, held_body
from pytest_llmtrace._model.redaction import PLACEHOLDER

_BOUNDARY: Final = expression(r"boundary=\"?([^\";,]+)", re.IGNORECASE)


def request_key(request: HttpRequest) -> str:
    """The matching key of a redacted request.

    Made of method, scheme, host (every loopback host with any port is one), path, the query (sorted, without secrets),
    and the body in canonical form: JSON with sorted keys, multipart without its random boundary, others as they are.
    Placeholders of personal data count by the order in which they stand in it: their numbers depend on other requests.
    """
    from pytest_llmtrace._model.personal.placeholders import may_hold, own_numbers  # noqa: PLC0415  # a replay may need no key

    held = held_body(request)
    if isinstance(held, ReadJson):
        known = held.digest(_head(request), lambda text: not may_hold(text))
        if known is not None:
            return known
    return digest(own_numbers(ordered_text(request)))


def ordered_text(request: HttpRequest) -> str:
    """A redacted request as it counts for matching, with its placeholders as they are."""
    return f"{_head(request)}{canonical_body(request)}"


def _head(request: HttpRequest) -> str:
    return f"{request.method.upper()}\n{_place(request.url)}\n"


@functools.lru_cache(maxsize=256)
def _place(url: str) -> str:
    """Scheme, host and path, and in another line the query. An SDK has few addresses."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{matching_host(url)}{parts.path}\n{canonical_json(matching_query(url))}"


def matching_query(url: str) -> list[tuple[str, str]]:
    """The query of a redacted URL as it counts for matching: sorted, without what was redacted.

    A key in the URL may be there in one recording, and filtered out of another.
    """
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return sorted(pair for pair in pairs if pair[1] != PLACEHOLDER)


def matching_host(url: str) -> str:
    """The host as it counts for matching: ``loopback``, or the name with any port that is not the scheme's own."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if is_loopback(host):
        return "loopback"
    port = parts.port
    return host if port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f"{host}:{port}"


@functools.lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def canonical_body(request: HttpRequest) -> str:
    """The body as it counts for matching; large bodies that are not JSON by their digest."""
    held = held_body(request)
    if isinstance(held, HeldJson):
        return held.canonical if isinstance(held, ReadJson) else canonical_json(held.value)
    body = request.body
    if not body:
        return ""
    if body[:1] in b"{[ \n\t":
        data = parse_json(body)
        if data is not None:
            return canonical_json(data)
    found = _BOUNDARY.search(request.header("content-type") or "")
    if found:
        body = body.replace(found.group(1).encode(), b"boundary")
    from pytest_llmtrace._model.personal.placeholders import MARK  # noqa: PLC0415

    return digest(body) if MARK not in body else body.decode("utf-8", "surrogateescape")
