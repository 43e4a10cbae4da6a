"""Secrets that are told by where they stand: under a name that says so, in JSON, forms, URLs, XML, `.env` files.

Each search begins with a letter that is rare (a quote after a name, an equals sign), since a search that ignores case
would cost more than everything else together.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Final

from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.key_shapes import PLACEHOLDER, is_stand_in, looks_random
from pytest_llmtrace._model.secrecy.edits import Edit

NAMES: Final = (  # names, no secrets
    r"api[-_]?key|apikey|api[-_]?secret|subscription[-_]?key|access[-_]?token|refresh[-_]?token|id[-_]?token"
    r"|auth[-_]?token|session[-_]?token|bearer[-_]?token|security[-_]?token|sas[-_]?token|client[-_]?secret|secret[-_]?key"
    r"|secret[-_]?access[-_]?key|account[-_]?key|private[-_]?key|signing[-_]?(?:key|secret)|webhook[-_]?secret|authorization"
    r"|client[-_]?assertion|code[-_]?verifier|passphrase|password|passwd"
)
"""Names of fields that hold a secret, whatever stands in them. `token` is none: models count and list tokens."""


def places_in(text: str, *, strict: bool) -> Iterator[Edit]:
    """Everything in a text that is secret by its place.

    Args:
        text: any text.
        strict: whether it is a JSON document, whose own fields mean what their names say. Elsewhere, and in JSON inside
            of a text, what only stands for a secret stays: ``{"password": "string"}`` in a prompt describes one.
    """
    yield from _fields(text, strict=strict)
    yield from _assignments(text)
    if "=" in text:  # asked first wherever a sign is needed: an expression takes ten times as long to find none
        yield from _parameters(text)
        yield from _parts(text)
    if "<" in text:
        yield from _elements(text)


def form_fields(text: str) -> Iterator[Edit]:
    """The secret fields of a text that is a form as a whole, as token endpoints take it."""
    if "=" in text[:_LONGEST_NAME] and text[:1] not in "{[<" and _FORM.fullmatch(text):
        for found in _compiled(_FORM_FIELD).finditer(text):
            if found["value"] != PLACEHOLDER:
                yield _edit(found, "a field of a form that holds a secret")


def _fields(text: str, *, strict: bool) -> Iterator[Edit]:
    for sign, pattern in _FIELD_ENDS:
        for found in pattern.finditer(text) if sign in text else ():
            if not any(map(names_a_secret, _words_before(text, found.start()))):
                continue
            depth = found["open"].count("\\")
            start = found.end()
            end = _closing(text, start, depth, found["open"][-1])
            value = text[start:end]
            own = strict and depth == 0 and found["open"] == '"'
            if not value or value == PLACEHOLDER or (not own and (len(value) < _SHORTEST or is_stand_in(value))):
                continue
            yield Edit(start=start, end=end, what="a secret by the name of its field", secret=value)


@functools.lru_cache(maxsize=4096)
def names_a_secret(name: str) -> bool:
    """Whether a name says that what is called so is secret: ``apiKey``, ``OPENAI_API_KEY``."""
    return _NAMED.fullmatch(_CAMEL.sub("_", name)) is not None


def _words_before(text: str, end: int) -> tuple[str, ...]:
    """The name that ends there, without the dashes of an option (``--api-key``).

    In JSON, the letter of a line end or a tab that stands before it is none of it.
    """
    before = text[max(0, end - _LONGEST_NAME) : end].rstrip("\\\"' \t\r\n")
    word = _NO_NAME.split(before)[-1].lstrip("-_")
    if word[:1] in _ESCAPED and before[: len(before) - len(word)].endswith("\\"):
        return word, word[1:]
    return (word,)


def _closing(text: str, start: int, depth: int, quote: str) -> int:
    """Where the text ends that begins here, behind a quote with so many backslashes; at the end of the line at last.

    A text that was cut off ends with the text that it stands in: what comes after that is not its own.
    """
    limit = text.find("\n", start)
    limit = len(text) if limit < 0 else limit
    first: int | None = None
    for found in _QUOTE.finditer(text, start, limit):
        backslashes = found.end() - found.start() - 1
        if found.group()[-1] == quote and backslashes % (2 * (depth + 1)) == depth:
            return found.end() - 1 - depth
        if found.group()[-1] == '"' and (
            backslashes % (depth + 1) != depth if depth else backslashes % 2 == 0 and _GOES_ON.match(text, found.end())
        ):
            return found.start() + backslashes - backslashes % 2
        first = found.start() if first is None else first
    return limit if first is None else first


def _assignments(text: str) -> Iterator[Edit]:
    for sign, pattern in _ASSIGNED:
        for found in pattern.finditer(text) if sign in text else ():
            if not looks_random(found["value"]) or is_stand_in(found["value"]):
                continue
            names = _words_before(text, found.start())
            if any(names_a_secret(name) or (sign == "=" and _VARIABLE.fullmatch(name)) for name in names):
                yield _edit(found, "a secret by the name before it")


def _parameters(text: str) -> Iterator[Edit]:
    for sign, pattern in _PARAMETERS:
        for found in _compiled(pattern, re.ASCII).finditer(text) if sign in text else ():
            value = found["value"]
            if value != PLACEHOLDER and (not found["vague"] or looks_random(value) or len(value) >= _LONG):
                yield _edit(found, "a secret in an address")


def _elements(text: str) -> Iterator[Edit]:
    for found in _compiled(_ELEMENT, re.ASCII).finditer(text):
        if found["value"] != PLACEHOLDER:
            yield _edit(found, "a secret by the name of its element")


def _parts(text: str) -> Iterator[Edit]:
    for found in _compiled(_PART).finditer(text):
        if found["value"] != PLACEHOLDER:
            yield _edit(found, "a secret by the name of its part")


@functools.cache
def _compiled(expression: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(expression, flags)


def _edit(found: re.Match[str], what: str) -> Edit:
    start, end = found.span("value")
    return Edit(start=start, end=end, what=what, secret=found["value"])


_SHORTEST: Final = 8
_LONG: Final = 24
_LONGEST_NAME: Final = 64
_ESCAPED: Final = frozenset("nrtfb")
_NO_NAME: Final = expression(r"[^A-Za-z0-9_-]")
_QUOTE: Final = expression(r"\\*[\"']")
_GOES_ON: Final = expression(r"\s*[,:}\]]")
"""What comes after a text of JSON."""
_CAMEL: Final = expression(r"(?<=[a-z0-9])(?=[A-Z])")
_NAMED: Final = expression(rf"(?:[a-z0-9]+[-_])*(?:{NAMES})", re.IGNORECASE)
_VARIABLE: Final = expression(r"(?:[A-Z0-9]+_)*(?:TOKEN|SECRET|KEY)")
"""Of the environment. In JSON a token may be that of the next page, which the application sends back."""
_ENDINGS: Final = ("key", "token", "secret", "word", "swd", "zation", "sertion", "phrase", "fier")
"""With which all names end."""


def _after_name(sign: str) -> str:
    """A sign right behind what may be the end of a name."""
    last = "".join(sorted({ending[-1] for ending in _ENDINGS}))
    return f"{sign}(?<=[{last}{last.upper()}]{sign})(?:{'|'.join(f'(?<=(?i:{ending}){sign})' for ending in _ENDINGS)})"


_FIELD_ENDS: Final = tuple(
    (sign, expression(rf"{_after_name(re.escape(sign))}{more}\s*:\s*(?P<open>\\*[\"'])"))
    for sign, more in (('"', ""), ("'", ""), ("\\", r"\\*[\"']"))
)
_VALUE: Final = r"(?P<value>[A-Za-z0-9][A-Za-z0-9_./+~-]{15,}={0,2})"
_SCHEME: Final = r"(?:(?:[Bb]asic|[Bb]earer|[Tt]oken|[Aa]pi[Kk]ey)\s+)?"
_ASSIGNED: Final = tuple(
    (sign, expression(rf"{begin}\s{{0,3}}(?:\\*[\"'])?{_SCHEME}{_VALUE}", re.ASCII))
    for sign, begin in (("=", rf"=(?:(?<=\s=)|{_after_name('=')[1:]})"), (":", _after_name(":")))
)
"""In INI and TOML files, and in source code, there may be white space behind the name."""
_VAGUE: Final = r"key|token|auth|code|policy|sig|signature|key-pair-id|googleaccessid|awsaccesskeyid"
# Most texts have none of these signs, so these are compiled where there is one.
_PARAMETER: Final = rf"(?i:x-(?:amz|goog)-[a-z-]+|{NAMES}|(?P<vague>{_VAGUE}))=(?P<value>[^\s&\"'<>\\#;)\]]+)"
_PARAMETERS: Final = tuple((sign, re.escape(sign) + _PARAMETER) for sign in "?&;")
"""An expression for each sign: one that begins with a letter is searched for much faster than with any of three."""
_ELEMENT: Final = rf"<(?i:(?:\w+:)?(?:{NAMES}|AccessKeyId))>(?P<value>[^<>\s]+)</"
_PART: Final = (
    rf"\"(?<=name=\")(?i:{NAMES}|token|assertion)\"[^\r\n]{{0,200}}\r?\n"
    rf"(?:[^\r\n]{{1,200}}\r?\n){{0,5}}\r?\n(?P<value>[^\r\n]+)"
)
_FORM: Final = expression(r"[\w.~%+*-]+=[^\s&{}\"<>]*(?:&[\w.~%+*-]+=[^\s&{}\"<>]*)*", re.ASCII)
_FORM_FIELD: Final = (
    rf"(?:(?<=&)|\A)(?i:{NAMES}|(?:client_)?assertion|code|token|(?:subject|actor)_token|device_code)=(?P<value>[^&]+)"
)
