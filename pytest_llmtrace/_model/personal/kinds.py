"""The kinds of personal data that a project may have taken out: how each is found, and its plain spelling.

What is found is only text of a certain shape. Names, addresses of houses and the like have none.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from pytest_llmtrace._model.personal.cards import card_spans
from pytest_llmtrace._model.personal.ibans import iban_spans
from pytest_llmtrace._model.personal.kind import Kind, Span
from pytest_llmtrace._model.personal.phones import phone_spans, plain_phone


def email_spans(text: str) -> Iterator[Span]:
    """Addresses of e-mail, also with the @ as JSON, URLs or HTML write it."""
    end = 0
    for found in _AT.finditer(text):
        start = found.start()
        while start > end and (text[start - 1].isalnum() or text[start - 1] in "._%+'-"):
            start -= 1
        local = text[start : found.start()]
        coded = list(_CODED.finditer(local))
        start += coded[-1].end() if coded else len(local) - len(local.lstrip(".'"))
        if start < found.start():
            end = found.end()
            yield start, end


def plain_email(spelled: str) -> str:
    """In small letters, with a plain @."""
    return _AT_SPELLINGS.sub("@", spelled).casefold().replace("%2b", "+").replace("%2e", ".").replace("%2d", "-")


def ip_spans(text: str) -> Iterator[Span]:
    """Addresses of the internet protocol, but for those that mean this machine."""
    for found in _IPV4.finditer(text) if "." in text else ():
        if _is_elsewhere(found.group()):
            yield found.span()
    for found in _IPV6.finditer(text) if ":" in text else ():
        written = found.group()
        if written.count(":") > 1 and any(letter.isdigit() for letter in written) and _is_elsewhere(written):
            yield found.span()


def ssn_spans(text: str) -> Iterator[Span]:
    """Social security numbers of the United States, as they are written there."""
    for found in _SSN.finditer(text):
        yield found.span()


def plain_ip(spelled: str) -> str:
    """As Python writes it."""
    return str(ipaddress.ip_address(spelled))


def _is_elsewhere(written: str) -> bool:
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


_AT_SPELLINGS: Final = re.compile(r"%40|\\u0040|&#64;|&#x40;|&commat;", re.IGNORECASE)
_AT: Final = re.compile(
    rf"(?:@|{_AT_SPELLINGS.pattern})(?:[\w-]{{1,63}}(?:\.|%2E)){{1,8}}(?:xn--[a-z0-9-]{{1,59}}|[^\W\d_]{{2,63}})",
    re.IGNORECASE,
)
_CODED: Final = re.compile(r"%(?!2[BDE]|5F|27)(?:[0-9A-F]{2})?", re.IGNORECASE)
"""In a URL, what ends the text before an address: ``to%3Dann%40example.com``."""
_IPV4: Final = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\w)")
_IPV6: Final = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{2,39}(?:(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])")
_SSN: Final = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")

KINDS: Final = {
    "card": Kind(name="CARD", spans=card_spans, plain=lambda spelled: re.sub(r"\D", "", spelled)),
    "iban": Kind(name="IBAN", spans=iban_spans, plain=lambda spelled: re.sub(r"\W", "", spelled).upper()),
    "ssn": Kind(name="SSN", spans=ssn_spans),
    "email": Kind(name="EMAIL", spans=email_spans, plain=plain_email),
    "phone": Kind(name="PHONE", spans=phone_spans, plain=plain_phone),
    "ip": Kind(name="IP", spans=ip_spans, plain=plain_ip),
}
"""By the name that the setting has, in the order in which they are looked for: those with check digits first."""


def custom_kind(name: str, pattern: re.Pattern[str]) -> Kind:
    """What a project's own rule finds; each spelling is a value of its own. An empty match is none."""

    def spans(text: str) -> Iterator[Span]:
        return (found.span() for found in pattern.finditer(text) if found.end() > found.start())

    return Kind(name=name.upper(), spans=spans)
