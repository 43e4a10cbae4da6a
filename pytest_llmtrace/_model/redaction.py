"""What must never reach a file: the one place where secrets are removed."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote_plus, urlsplit, urlunsplit

from pytest_llmtrace._model.body_texts import rewritten
from pytest_llmtrace._model.http import Headers, HttpRequest, HttpResponse

PLACEHOLDER: Final = "REDACTED"
"""What stands in a file where a secret stood."""

REQUEST_HEADERS: Final = frozenset({"accept", "anthropic-beta", "anthropic-version", "content-type", "openai-beta"})
"""Request headers that are kept; all others are dropped, so that no unknown one can carry a secret."""

RESPONSE_HEADERS: Final = frozenset(
    {"content-language", "content-type", "link", "location", "openai-version", "retry-after", "retry-after-ms"}
)
"""Response headers that are kept."""

_NAMES: Final = (  # names, no secrets
    r"api[-_]?key|x[-_]api[-_]key|apikey|subscription[-_]key|access[-_]?token|refresh[-_]?token|id[-_]?token"
    r"|auth[-_]?token|session[-_]?token|bearer[-_]?token|client[-_]?secret|secret[-_]?key|secret[-_]?access[-_]?key"
    r"|private[-_]?key|authorization|password|passwd"
)
_SECRET_FIELD: Final = re.compile(rf"^(?:aws[-_]?)?(?:{_NAMES})$", re.IGNORECASE)
_SECRET_FIELD_IN_TEXT: Final = re.compile(rf'"(?:aws[-_]?)?(?:{_NAMES})\\*"\s*:'.encode(), re.IGNORECASE)
_SECRET_FIELD_IN_FORM: Final = re.compile(
    rf"((?:^|&)(?:{_NAMES}|(?:client_)?assertion|code|token)=)[^&]+".encode(), re.IGNORECASE
)
"""In a form, as token endpoints take it."""
_FORM: Final = re.compile(rb"[\w.~%+*-]+=[^\s&{}\"<>]*(?:&[\w.~%+*-]+=[^\s&{}\"<>]*)*")
_SECRET_PARAMETER: Final = re.compile(
    rf"^(?:{_NAMES}|key|token|auth|sig|signature|code|x-amz-(?:signature|credential|security-token)"
    r"|x-goog-(?:signature|credential))$",
    re.IGNORECASE,
)
_KEY_VARIABLE: Final = re.compile(
    r"(?:^|_)(?:API_?KEY|SECRET(?:_?ACCESS)?_?KEY|ACCESS_?TOKEN|AUTH_?TOKEN|TOKEN)$|^LLMTRACE_KEY$"
)
_SHORTEST_SECRET: Final = 8
_SHORTEST_KEY: Final = 16


More = Callable[[], Callable[[str], str] | None]


class Redactor:
    """Removes secrets from requests and responses, always in the same way, so that redacted requests still match."""

    def __init__(
        self, secrets: Iterable[str] = (), more: More | None = None, personal: Callable[[str], str] | None = None
    ) -> None:
        """What to remove besides what is recognised by its place.

        Args:
            secrets: values to remove wherever they occur.
            more: gives a function that removes more from a text, or `None`, whenever it is asked.
            personal: removes personal data from a text; asked after all others, and never about a host.
        """
        self._more = more
        self._personal = personal
        values = {value for value in secrets if len(value) >= _SHORTEST_SECRET}
        self._secrets = tuple(sorted((value.encode() for value in values), key=lambda raw: (-len(raw), raw)))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, *, more: More | None = None) -> Redactor:
        """A redactor that also knows the values of environment variables whose name says that they are keys."""
        variables = os.environ if environment is None else environment
        return cls((value for name, value in variables.items() if _KEY_VARIABLE.search(name.upper())), more)

    def knowing(self, secrets: Iterable[str]) -> Redactor:
        """A redactor that removes these values as well."""
        return Redactor([*(value.decode() for value in self._secrets), *secrets], self._more, self._personal)

    def hiding(self, personal: Callable[[str], str]) -> Redactor:
        """A redactor that removes personal data as well."""
        return Redactor([value.decode() for value in self._secrets], self._more, personal)

    def request(self, request: HttpRequest) -> HttpRequest:
        """The request as a file may hold it."""
        own = tuple(secret.encode() for secret in credentials(request.headers))
        return HttpRequest(
            method=request.method,
            url=self.url(request.url),
            headers=self._headers(request.headers, REQUEST_HEADERS, own),
            body=self.body(request.body, own),
        )

    def response(self, response: HttpResponse, proof: Iterable[str] = ()) -> HttpResponse:
        """The response as a file may hold it.

        Args:
            response: The response.
            proof: What the request proved itself with (`real_keys`): a server may repeat it.
        """
        own = tuple(secret.encode() for secret in proof)
        return HttpResponse(
            status=response.status,
            reason=response.reason,
            headers=self._headers(response.headers, RESPONSE_HEADERS, own),
            body=self.body(response.body, own),
        )

    def url(self, url: str) -> str:
        """The URL without user information, and with the values of key-like parameters replaced."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        query = parts.query
        if query:
            pairs = parse_qsl(query, keep_blank_values=True)
            if any(_SECRET_PARAMETER.match(name) for name, _ in pairs):
                query = "&".join(
                    f"{quote_plus(name)}={PLACEHOLDER if _SECRET_PARAMETER.match(name) else quote_plus(value)}"
                    for name, value in pairs
                )
        made = self.text(urlunsplit((parts.scheme, host, parts.path, query, "")))
        if self._personal is None:
            return made
        parts = urlsplit(made)
        return urlunsplit((*parts[:2], *(self._personal(part) for part in parts[2:])))

    def body(self, body: bytes, own: tuple[bytes, ...] = ()) -> bytes:
        """The body with secret fields and known secret values replaced."""
        for secret in (*self._secrets, *own):
            if secret in body:
                body = body.replace(secret, PLACEHOLDER.encode())
        if _SECRET_FIELD_IN_TEXT.search(body):
            body = _redact_fields(body)
        elif _SECRET_FIELD_IN_FORM.search(body) and _FORM.fullmatch(body):
            body = _SECRET_FIELD_IN_FORM.sub(rb"\1" + PLACEHOLDER.encode(), body)
        more = self._more() if self._more is not None else None
        if more is not None and body:
            body = rewritten(body, more)
        return rewritten(body, self._personal, whole=True) if self._personal is not None and body else body

    def text(self, text: str) -> str:
        """Text with known secret values replaced."""
        for secret in self._secrets:
            value = secret.decode()
            if value in text:
                text = text.replace(value, PLACEHOLDER)
        more = self._more() if self._more is not None else None
        return more(text) if more is not None else text

    def _headers(self, headers: Headers, kept: frozenset[str], own: tuple[bytes, ...]) -> Headers:
        made = []
        for name, value in headers:
            if name.lower() not in kept:
                continue
            shown = self.url(value) if name.lower() == "location" else self.text(value)
            if self._personal is not None and name.lower() == "link":
                shown = self._personal(shown)
            for secret in own:
                shown = shown.replace(secret.decode(), PLACEHOLDER)
            made.append((name.lower(), shown))
        return tuple(made)


def credentials(headers: Headers) -> tuple[str, ...]:
    """What a request proves itself with: wherever else that stands in it, it is secret there too."""
    found = []
    for name, value in headers:
        if name.lower() in {"authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"}:
            secret = value.rpartition(" ")[2] if name.lower() == "authorization" else value
            if len(secret) >= _SHORTEST_SECRET and secret != PLACEHOLDER:
                found.append(secret)
    return tuple(found)


def real_keys(headers: Headers) -> tuple[str, ...]:
    """Credentials that are like real ones: what stands for a key ("lm-studio") may occur in any answer."""
    return tuple(
        one for one in credentials(headers) if len(one) >= _SHORTEST_KEY and any(letter.isdigit() for letter in one)
    )


def _redact_fields(body: bytes) -> bytes:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return _redact_lines(body)
    return json.dumps(redact_data(data), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _redact_lines(body: bytes) -> bytes:
    """Event streams and JSON lines: each line that holds JSON is redacted on its own."""
    lines = []
    for line in body.split(b"\n"):
        head, brace, tail = line.partition(b"{")
        if brace and _SECRET_FIELD_IN_TEXT.search(line):
            try:
                data = json.loads(b"{" + tail)
            except (ValueError, RecursionError):
                lines.append(_SECRET_VALUE.sub(rb"\1" + f'"{PLACEHOLDER}"'.encode(), line))
                continue
            text = json.dumps(redact_data(data), ensure_ascii=False, separators=(",", ":"))
            lines.append(head + text.encode("utf-8", "surrogatepass"))
        else:
            lines.append(line)
    return b"\n".join(lines)


_SECRET_VALUE: Final = re.compile(rf'("(?:aws[-_]?)?(?:{_NAMES})"\s*:\s*)"(?:[^"\\]|\\.)*"'.encode(), re.IGNORECASE)


def redact_data(data: Any) -> Any:
    """JSON-like data with the values of secret fields replaced, at any depth."""
    if isinstance(data, dict):
        return {
            name: PLACEHOLDER
            if isinstance(value, str) and value and _SECRET_FIELD.match(str(name))
            else redact_data(value)
            for name, value in data.items()
        }
    if isinstance(data, list):
        return [redact_data(item) for item in data]
    return data
