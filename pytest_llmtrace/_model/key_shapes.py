"""What keys look like: secrets that are told by their form alone, wherever they stand in a text.

Each shape is from the documentation of who issues the key, or from keys as they are issued. A form that prose, names
and made-up examples have too is none: what is found here should be a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pytest_llmtrace._model.redaction import PLACEHOLDER

_SHOWN: Final = 6
"""Characters of a key that may be shown, so that it can be found and revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFound:
    """Something in a text that has the form of a key."""

    what: str
    """Whose, or what for: ``an Anthropic key``."""
    start: int
    """Where it begins in the text."""
    value: str

    @property
    def shown(self) -> str:
        """Its beginning, which is not secret."""
        return f"{self.value[:_SHOWN]}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    what: str
    mark: str
    """What stands in every key of this shape: searched first, since that is fast."""
    pattern: re.Pattern[str]
    is_key: Callable[[str], bool] = lambda _: True


def keys_in(text: str) -> Iterator[KeyFound]:
    """Everything in a text that has the form of a key, each place once."""
    taken: set[int] = set()
    for shape in _SHAPES:
        if shape.mark not in text:
            continue
        for found in shape.pattern.finditer(text):
            if found.start(1) not in taken and shape.is_key(found.group(1)):
                taken.add(found.start(1))
                yield KeyFound(what=shape.what, start=found.start(1), value=found.group(1))


def _random(value: str) -> bool:
    """Whether a stretch of it is long and mixed, as no word is: ``sk-example-key-for-tests-1`` is none."""
    return any(
        len(part) >= _LONGEST_WORD and any(map(str.isdigit, part)) and any(map(str.isalpha, part))
        for part in _PARTS.split(value)
    )


def _no_example(value: str) -> bool:
    return "EXAMPLE" not in value


def _no_stand_in(value: str) -> bool:
    """Whether the password of a URL is one, and no word for it."""
    password = value.partition("://")[2].partition(":")[2]
    return password.strip("<>{}[]$*%").lower() not in _STAND_INS


def _shape(what: str, mark: str, pattern: str, is_key: Callable[[str], bool] = lambda _: True) -> _Shape:
    return _Shape(what=what, mark=mark, pattern=re.compile(rf"(?<![A-Za-z0-9_-])({pattern})"), is_key=is_key)


_LONGEST_WORD: Final = 16
_PARTS: Final = re.compile(r"[-_.~+/]")
_STAND_INS: Final = frozenset(
    {"", "pass", "passwd", "password", "pwd", "pw", "secret", "token", "x", "xxx", "xxxx", PLACEHOLDER.lower()}
)
_SHAPES: Final = (
    _shape("an Anthropic key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{20,}", _random),
    _shape("an OpenRouter key", "sk-or-", r"sk-or-[A-Za-z0-9_-]{20,}", _random),
    _shape("an OpenAI-like key", "sk-", r"sk-[A-Za-z0-9_-]{20,}", _random),
    _shape("a Google key", "AIza", r"AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    _shape("a Google access token", "ya29.", r"ya29\.[A-Za-z0-9_-]{20,}"),
    _shape("an AWS access key id", "AKIA", r"AKIA[0-9A-Z]{16}(?![A-Za-z0-9])", _no_example),
    _shape("an AWS access key id", "ASIA", r"ASIA[0-9A-Z]{16}(?![A-Za-z0-9])", _no_example),
    _shape("a signature of AWS", "AWS4-HMAC-SHA256 Cred", r"AWS4-HMAC-SHA256 Credential=[^\s\"']{8,}", _no_example),
    _shape("a Groq key", "gsk_", r"gsk_[A-Za-z0-9]{40,}"),
    _shape("an xAI key", "xai-", r"xai-[A-Za-z0-9]{40,}"),
    _shape("a Perplexity key", "pplx-", r"pplx-[A-Za-z0-9]{40,}"),
    _shape("a Hugging Face token", "hf_", r"hf_[A-Za-z0-9]{30,}", _random),
    _shape("a Replicate token", "r8_", r"r8_[A-Za-z0-9]{30,}"),
    *(_shape("a GitHub token", f"gh{kind}_", rf"gh{kind}_[A-Za-z0-9]{{36,}}") for kind in "pousr"),
    _shape("a GitHub token", "github_pat_", r"github_pat_[A-Za-z0-9_]{50,}"),
    _shape("a GitLab token", "glpat-", r"glpat-[A-Za-z0-9_-]{20,}"),
    _shape("a Slack token", "xox", r"xox[abposr]-[A-Za-z0-9-]{10,}"),
    _shape("a Stripe key", "k_live_", r"[rs]k_live_[A-Za-z0-9]{20,}"),
    _shape("a SendGrid key", "SG.", r"SG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{30,}"),
    _shape("a JSON web token", "eyJ", r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    _shape("a bearer token", "earer ", r"[Bb]earer [A-Za-z0-9._~+/-]{20,}", _random),
    _Shape(
        what="a private key",
        mark="PRIVATE KEY-----",
        pattern=re.compile(r"(-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----)"),
    ),
    _Shape(
        what="a password in a URL",
        mark="://",
        pattern=re.compile(r"((?<![a-z])[a-z][a-z0-9+]{1,20}://[\w.~%-]{1,60}:[^\s/:@\"'\\]{3,80})@[\w\[]"),
        is_key=_no_stand_in,
    ),
)
