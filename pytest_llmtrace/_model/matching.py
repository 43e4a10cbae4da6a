"""When two requests are the same request: the key under which a tape is searched."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from pytest_llmtrace._model.canonical import canonical_json, digest, parse_json
from pytest_llmtrace._model.http import HttpRequest

_BOUNDARY: Final = re.compile(r"boundary=\"?([^\";,]+)", re.IGNORECASE)


def request_key(request: HttpRequest) -> str:
    """The matching key of a redacted request.

    Made of method, scheme, host (every loopback host with any port is one), path, the sorted query, and the body in
    canonical form: JSON with sorted keys, multipart without its random boundary, other bodies as they are.
    """
    parts = urlsplit(request.url)
    query = sorted(parse_qsl(parts.query, keep_blank_values=True))
    place = f"{parts.scheme}://{matching_host(request.url)}{parts.path}"
    return digest("\n".join((request.method.upper(), place, canonical_json(query), canonical_body(request))))


def matching_host(url: str) -> str:
    """The host as it counts for matching: ``loopback``, or the name with any port that is not the scheme's own."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if is_loopback(host):
        return "loopback"
    port = parts.port
    return host if port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f"{host}:{port}"


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
    return digest(body)
