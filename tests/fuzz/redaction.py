"""Redaction: a planted secret is in nothing that is kept, wherever it stood, and redacting twice changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from hypothesis import strategies as st

from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.matching import request_key
from pytest_llmtrace._model.redaction import Redactor
from tests.fuzz import seeds
from tests.fuzz.target import of_bytes, of_values

URL: Final = "https://api.example.com/v1/chat/completions"
NO_HOST: Final = re.compile(r"[\x00-\x20]*(?:[\w+.-]*:)?[\s/]*//[\s/?#]*/")
KNOWN: Final = "known-Secret_0123456789"
"""The value of an environment variable whose name says that it is a key."""


def bytes_in(data: bytes) -> None:
    """Any request and any answer is redacted without an error; doing it again changes nothing, and the key stays."""
    line, _, body = data.partition(b"\n")
    text = line.decode("utf-8", "replace")
    url = text if _is_url(text) else URL  # no client gets as far as sending a request elsewhere
    place = "/v1" if NO_HOST.match(text) else text  # `urllib` takes two slashes off each time it puts one together
    redactor = Redactor([KNOWN])
    headers = (("content-type", text), ("location", place), ("authorization", f"Bearer {text}"))
    request = redactor.request(HttpRequest(method="POST", url=url, headers=headers, body=body))
    assert redactor.request(request) == request
    request_key(request)
    response = redactor.response(HttpResponse(status=200, headers=headers, body=body))
    assert redactor.response(response) == response
    for kept in (request.url, request.body.decode("latin-1"), response.body.decode("latin-1"), redactor.text(text)):
        assert KNOWN not in kept


def _is_url(text: str) -> bool:
    try:
        return bool(urlsplit(text).hostname and urlsplit(text).port is not False)
    except ValueError:
        return False


def planted(case: tuple[str, str, Any, bool]) -> None:
    """A secret that is known, or stands where secrets stand, is in no part of what is kept."""
    place, secret, around, known = case
    redactor = Redactor([secret] if known else [])
    request = PLACES[place](secret, around)
    kept = redactor.request(request)
    assert secret not in _text_of(kept), place
    assert redactor.request(kept) == kept
    answered = HttpResponse(status=200, headers=request.headers, body=request.body)
    if place not in ONLY_SENT:
        answer = redactor.response(answered)
        assert secret.encode() not in answer.body, place
        assert redactor.response(answer) == answer


def _text_of(request: HttpRequest) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in request.headers)
    return "\n".join((request.method, request.url, headers, request.body.decode("utf-8", "surrogateescape")))


def _sent(body: bytes = b"", url: str = URL, **headers: str) -> HttpRequest:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpRequest(method="POST", url=url, headers=named, body=body)


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _events(*data: Any) -> bytes:
    return b"".join(b"data: " + _json(one) + b"\n\n" for one in data)


BY_PLACE: Final[Mapping[str, Callable[[str, Any], HttpRequest]]] = {
    "authorization": lambda secret, around: _sent(_json(around), authorization=f"Bearer {secret}"),
    "own key in its body": lambda secret, around: _sent(
        _json({"messages": [around, f"key: {secret}"]}), authorization=f"Bearer {secret}"
    ),
    "header that is not kept": lambda secret, around: _sent(_json(around), x_custom=secret, cookie=secret),
    "key-like parameter": lambda secret, around: _sent(url=f"{URL}?a=1&api_key={secret}&b={quote(str(around))}"),
    "user information": lambda secret, _: _sent(url=f"https://me:{secret}@host.example/v1"),
    "secret field": lambda secret, around: _sent(_json({"a": around, "b": [{"client_secret": secret}]})),
    "secret field of an event": lambda secret, around: _sent(_events({"a": around}, {"access_token": secret})),
    "secret field of a line": lambda secret, around: _sent(_json({"a": around}) + b"\n" + _json({"api_key": secret})),
    "form": lambda secret, _: _sent(f"grant_type=x&client_secret={secret}&scope=a".encode()),
}
ANYWHERE: Final[Mapping[str, Callable[[str, Any], HttpRequest]]] = {
    "path": lambda secret, _: _sent(url=f"https://h.example/{secret}/v1"),
    "parameter": lambda secret, around: _sent(url=f"{URL}?q={secret}&b={quote(str(around))}"),
    "kept header": lambda secret, _: _sent(content_type=f"multipart/form-data; boundary={secret}"),
    "text": lambda secret, around: _sent(_json({"messages": [{"content": f"{around} {secret}!"}]})),
    "key": lambda secret, around: _sent(_json({secret: around})),
    "nested text": lambda secret, around: _sent(_json({"arguments": json.dumps({"a": [around, secret]})})),
    "event": lambda secret, around: _sent(_events({"delta": around}, {"delta": f"x{secret}"})),
    "bytes": lambda secret, _: _sent(b"\xff\xfe" + secret.encode() + b"\x00"),
    "multipart": lambda secret, _: _sent(
        f'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n{secret}\r\n--b--'.encode()
    ),
}
PLACES: Final = {**BY_PLACE, **ANYWHERE}
ONLY_SENT: Final = frozenset({"authorization", "own key in its body", "header that is not kept", "kept header"})
LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
secrets_of = st.text(LETTERS, min_size=16, max_size=40).filter(
    lambda one: any(map(str.isdigit, one)) and one not in URL
)
AROUND: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(['"', "\\", '{"api_key": "', "REDACTED"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
cases = st.one_of(
    st.tuples(st.sampled_from([*BY_PLACE]), secrets_of, AROUND, st.booleans()),
    st.tuples(st.sampled_from([*ANYWHERE]), secrets_of, AROUND, st.just(True)),
)


def _inputs() -> list[bytes]:
    tokens = b"https://h.example/token?key=1\ngrant_type=client_credentials&client_secret=x&code=y"
    fields = f'https://h\n{{"api_key": "x", "a": [{{"password": "{KNOWN}"}}]}}'.encode()
    events = f'https://me:pw@h?q={KNOWN}\ndata: {{"access_token": "x"}}\n\ndata: {{"b": "{KNOWN}"}}\n\n'.encode()
    return [tokens, fields, events, *seeds.requests()]


TARGETS: Final = (
    of_bytes("redaction", bytes_in.__doc__ or "", bytes_in, _inputs),
    of_values("planted secrets", planted.__doc__ or "", planted, cases),
)
