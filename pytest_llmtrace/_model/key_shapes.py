"""What keys look like: secrets that are told by their form alone, wherever they stand in a text.

Each shape is from the documentation of who issues the key, or from keys as they are issued. A form that prose, names
and made-up examples have too is none: what is found here should be a key.

A text is searched for the rarest letter in the beginning of each shape (the `-` of ``sk-``), and what stands around it
decides: with 70 shapes a search still costs less than parsing the text as JSON does.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Final

from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._model.frozen import frozen

PLACEHOLDER: Final = "REDACTED"
"""What stands in a file where a secret stood."""


@frozen
class KeyFound:
    """Something in a text that has the form of a key."""

    what: str
    """Whose, or what for: ``an Anthropic key``."""
    start: int
    """Where it begins in the text."""
    value: str
    hidden: tuple[int, int]
    """Where in the text the secret part of it is: of a URL the password, of a header what comes after the scheme."""


@frozen
class _Shape:
    """What the keys of one issuer look like."""

    what: str
    lead: str
    """How every key of this shape begins."""
    pivot: int
    """Which letter of that is rare in prose."""
    expression: str
    """From the rare letter on; compiled where something begins like it, which few of them ever do."""
    first: str
    """The expression of how that begins: no letter more than every key of the shape has."""
    is_key: Callable[[str], bool]
    open: int
    """How many letters of it are no secret."""


def keys_in(text: str) -> Iterator[KeyFound]:
    """Everything in a text that has the form of a key, in order, none inside another."""
    found = sorted(_all_keys(text), key=lambda one: (one.start, -len(one.value)))
    end = 0
    for one in found:
        if one.start >= end:
            end = one.start + len(one.value)
            yield one


def _all_keys(text: str) -> Iterator[KeyFound]:
    for sign, candidate, shapes in _CANDIDATES:
        if sign not in text:  # known several times as fast as by the expression
            continue
        position = 0
        while found := candidate.search(text, position):
            position = found.start() + 1
            for shape in shapes:
                start = found.start() - shape.pivot
                if start < 0 or not text.startswith(shape.lead, start):
                    continue
                if shape.lead == _URL:
                    start = _scheme(text, start)
                # Where it begins is asked first: of letters that go on and on, only the first can begin a key.
                whole = (
                    _compiled(shape.expression).match(text, found.start()) if _begins(text, start, shape.lead) else None
                )
                if whole is None:
                    continue
                value = text[start : whole.end()]
                if shape.is_key(value):
                    hidden = _password(value, start) if shape.lead == _URL else (start + shape.open, whole.end())
                    position = whole.end()
                    yield KeyFound(what=shape.what, start=start, value=value, hidden=hidden)
                elif shape.lead[-1] in "-_":
                    position = whole.end()  # no end of what is none is one
                break


@functools.cache
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.ASCII)


def looks_random(value: str) -> bool:
    """Whether a stretch of it is long and mixed, as no word is: ``sk-example-key-for-tests-1`` is none."""
    return _RANDOM.search(value) is not None


def is_stand_in(value: str) -> bool:
    """Whether what stands in the place of a secret only stands for one: a word, a variable, a placeholder."""
    bare = value.strip("<>{}[]()$*%\"'\\ .…").lower()
    return (
        bare in _STAND_INS
        or value[:1] in ("<", "{", "$", "[")
        or not bare.strip("x")
        or any(word in bare for word in ("example", "your", "redacted", "placeholder", "dummy", "changeme"))
    )


def _begins(text: str, start: int, lead: str = "") -> bool:
    """Whether a key may begin here: not in the middle of a word, nor with the letter of an escape.

    A long beginning (``sk-proj-``) is one behind a dash or an underscore, too: ``user-sk-proj-...``.
    """
    if start == 0:
        return True
    before = text[start - 1]
    if before == "\\":
        return text[start] not in "nrtbfu"
    if not (before.isascii() and (before.isalnum() or (before in "_-" and len(lead) < _LONG_LEAD))):
        return True
    return _ESCAPE_BEFORE.search(text, max(0, start - 6), start) is not None


def _scheme(text: str, colon: int) -> int:
    """Where the scheme of a URL begins."""
    start = colon
    while start > 0 and colon - start < _LONGEST_SCHEME and (text[start - 1].isalnum() or text[start - 1] == "+"):
        start -= 1
    return start


def _password(url: str, start: int) -> tuple[int, int]:
    """Where in the text the password of a URL is that begins at `start` and ends with its ``@``."""
    begin = url.index(":", url.index("://") + 3) + 1
    return start + begin, start + len(url) - 1


def _any(_: str) -> bool:
    return True


def _no_example(value: str) -> bool:
    return "EXAMPLE" not in value


def _has_password(url: str) -> bool:
    """Whether the password of a URL is one, and no word for it."""
    password = url.partition("://")[2].partition(":")[2].removesuffix("@")
    return url[:1] != ":" and not is_stand_in(password)


def _shape(  # one line each below
    what: str, lead: str, rest: str, is_key: Callable[[str], bool] = _any, *, pivot: int | None = None, hide: int = 0
) -> _Shape:
    if pivot is None:
        pivot = next((at for at, letter in enumerate(lead) if letter in _RARE), len(lead) - 1)
    behind = f"(?<={re.escape(lead[: pivot + 1])})" if pivot else ""
    branch = f"{re.escape(lead[pivot])}{behind}{re.escape(lead[pivot + 1 :])}{rest}"
    first = _MORE.sub(r"{\1}", branch.partition(",}")[0] + ",}") if ",}" in branch else branch
    return _Shape(what=what, lead=lead, pivot=pivot, expression=branch, first=first, is_key=is_key, open=hide)


_RARE: Final = "-_.:"
_MORE: Final = re.compile(r"\{(\d+),\}")
_URL: Final = "://"
_LONGEST_SCHEME: Final = 20
_LONG_LEAD: Final = 6
_RANDOM: Final = expression(r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{16,}")
"""Longer than words are, with letters and digits."""
_ESCAPE_BEFORE: Final = expression(r"(?:\\[nrtbf]|\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2})\Z")
_STAND_INS: Final = frozenset(
    {
        "", "pass", "passwd", "password", "pwd", "pw", "secret", "token", "key", "api_key", "apikey", "string", "str",
        "null", "none", "true", "false", "hidden", "masked", "unset", "value", "user:pass",
    }
)  # fmt: skip
_WORD: Final = r"[A-Za-z0-9_-]"
_LETTER: Final = r"[A-Za-z0-9]"
_HEX: Final = r"[0-9a-f]"
_END: Final = r"(?![A-Za-z0-9_-])"
_PEM_REST: Final = (
    # Line ends may be escaped, as often as JSON was put into JSON; a block that was cut off has no end.
    r"(?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[A-Za-z0-9+/=]|\s|\\+[nrt/]|\\+u00[0-9a-fA-F]{2}|%[0-9A-F]{2}|[,:.-](?!----)){40,}"
    r"(?:-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?"
)
_SHAPES: Final = (
    _shape("an Anthropic key", "sk-ant-", rf"{_WORD}{{20,}}", looks_random),
    _shape("an OpenRouter key", "sk-or-", rf"{_WORD}{{20,}}", looks_random),
    _shape("a Langfuse key", "sk-lf-", rf"{_HEX}{{8}}-[0-9a-f-]{{27}}{_END}"),
    _shape("an OpenAI-like key", "sk-proj-", rf"{_WORD}{{20,}}", looks_random),
    _shape("an OpenAI-like key", "sk-svcacct-", rf"{_WORD}{{20,}}", looks_random),
    _shape("an OpenAI-like key", "sk-", rf"{_WORD}{{20,}}", looks_random),
    _shape("a session of OpenAI", "sess-", rf"{_LETTER}{{40}}{_END}", looks_random),
    _shape("a short-lived key of OpenAI", "ek_", rf"{_LETTER}{{30,}}", looks_random),
    _shape("a Google key", "AIza", rf"{_WORD}{{35}}{_END}", pivot=0),
    _shape("a Google key", "AQ.Ab", rf"{_WORD}{{40,}}", looks_random),
    _shape("a Google access token", "ya29.", rf"{_WORD}{{20,}}"),
    _shape("a Google client secret", "GOCSPX-", rf"{_WORD}{{28}}{_END}"),
    _shape("an AWS access key id", "AKIA", rf"[0-9A-Z]{{16}}(?!{_LETTER})", _no_example, pivot=0),
    _shape("an AWS access key id", "ASIA", rf"[0-9A-Z]{{16}}(?!{_LETTER})", _no_example, pivot=0),
    _shape(
        "a signature of AWS", "AWS4-HMAC-SHA256 ",
        r"Credential=[^\s\"'\\,]{8,}(?:,\s*SignedHeaders=[\w;-]+)?(?:,\s*Signature=[0-9a-f]+)?", _no_example, hide=17,
    ),
    _shape("a Bedrock key", "ABSK", r"[A-Za-z0-9+/]{80,}={0,2}", pivot=0),
    _shape("a Bedrock key", "bedrock-api-key-", r"[A-Za-z0-9+/=_-]{40,}"),
    _shape("the key of an Azure account", "AccountKey=", r"[A-Za-z0-9+/]{40,90}={0,2}", looks_random, pivot=0, hide=11),
    _shape("a Groq key", "gsk_", rf"{_LETTER}{{40,}}"),
    _shape("an xAI key", "xai-", rf"{_LETTER}{{40,}}"),
    _shape("a Perplexity key", "pplx-", rf"{_LETTER}{{40,}}"),
    _shape("an NVIDIA key", "nvapi-", rf"{_WORD}{{40,}}", looks_random),
    _shape("a Cerebras key", "csk-", rf"{_LETTER}{{40,}}"),
    _shape("a Fireworks key", "fw_", rf"{_LETTER}{{20,}}", looks_random),
    _shape("a Tavily key", "tvly-", rf"{_WORD}{{20,}}", looks_random),
    _shape("a LangSmith key", "lsv2_", rf"(?:pt|sk)_{_HEX}{{32}}_{_HEX}{{10}}"),
    _shape("a Pinecone key", "pcsk_", rf"{_WORD}{{50,}}", looks_random),
    _shape("a Voyage key", "pa-", rf"{_WORD}{{43}}{_END}", looks_random),
    _shape("a Together key", "tgp_v1_", rf"{_WORD}{{40,}}"),
    _shape("a Jina key", "jina_", rf"{_WORD}{{50,}}", looks_random),
    _shape("a Firecrawl key", "fc-", rf"{_HEX}{{32}}{_END}"),
    _shape("an E2B key", "e2b_", rf"{_HEX}{{40}}{_END}"),
    _shape("a Weights & Biases key", "wandb_v1_", rf"{_WORD}{{40,}}"),
    _shape("a Hugging Face token", "hf_", rf"{_LETTER}{{30,}}", looks_random),
    _shape("a Replicate token", "r8_", rf"{_LETTER}{{30,}}"),
    *(_shape("a GitHub token", f"gh{kind}_", rf"{_LETTER}{{36,}}") for kind in "pousr"),
    _shape("a GitHub token", "github_pat_", r"[A-Za-z0-9_]{50,}"),
    _shape("a GitLab token", "glpat-", rf"{_WORD}{{20,}}"),
    *(_shape("a Slack token", f"xox{kind}-", r"[A-Za-z0-9-]{10,}") for kind in "abeposr"),
    _shape("a Slack webhook", "hooks.slack.com/services/", r"T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{16,}", hide=25),
    _shape("a Discord webhook", "discord.com/api/webhooks/", rf"\d{{15,20}}/{_WORD}{{60,}}", hide=25),
    _shape("the token of a Telegram bot", "api.telegram.org/bot", rf"\d{{6,12}}:{_WORD}{{30,}}", hide=20),
    _shape("a Stripe key", "sk_live_", rf"{_LETTER}{{20,}}"),
    _shape("a Stripe key", "rk_live_", rf"{_LETTER}{{20,}}"),
    _shape("a signing secret of Stripe", "whsec_", rf"{_LETTER}{{32,}}"),
    _shape("an ElevenLabs key", "sk_", rf"{_HEX}{{48}}{_END}"),
    _shape("a SendGrid key", "SG.", rf"{_WORD}{{20,}}\.{_WORD}{{30,}}"),
    _shape("a Databricks token", "dapi", rf"{_HEX}{{32}}(?:-\d)?{_END}", pivot=2),
    _shape("a token of PyPI", "pypi-AgE", rf"{_WORD}{{50,}}"),
    _shape("a token of npm", "npm_", rf"{_LETTER}{{36}}{_END}"),
    _shape("a DigitalOcean token", "dop_v1_", rf"{_HEX}{{64}}"),
    _shape("a Vault token", "hvs.", rf"{_WORD}{{24,}}"),
    _shape("a Shopify token", "shpat_", rf"{_HEX}{{32}}"),
    _shape("a Linear key", "lin_api_", rf"{_LETTER}{{40}}"),
    _shape("an Atlassian token", "ATATT3", r"[A-Za-z0-9_=-]{40,}", looks_random, pivot=0),
    _shape("a Doppler token", "dp.pt.", rf"{_LETTER}{{40,}}"),
    _shape("a Figma token", "figd_", rf"{_WORD}{{40,}}"),
    _shape("a Grafana token", "glsa_", rf"{_LETTER}{{32}}_{_HEX}{{8}}"),
    _shape("a Postman key", "PMAK-", rf"{_HEX}{{24}}-{_HEX}{{34}}"),
    _shape("a Sentry token", "sntrys_", r"[A-Za-z0-9_=+/-]{40,}"),
    _shape("a Supabase token", "sbp_", rf"{_HEX}{{40}}{_END}"),
    _shape("a Notion token", "ntn_", rf"{_LETTER}{{40,}}"),
    _shape(
        "a JSON web token", "eyJ",
        rf"{_WORD}{{10,}}\.(?:eyJ{_WORD}{{10,}}\.{_WORD}{{10,}}|{_WORD}*\.{_WORD}{{10,}}\.{_WORD}{{10,}}\.{_WORD}{{10,}})",
        pivot=2,
    ),
    _shape("a bearer token", "Bearer ", r"[A-Za-z0-9._~+/-]{20,}=*", looks_random, pivot=0, hide=7),
    _shape("a bearer token", "bearer ", r"[A-Za-z0-9._~+/-]{20,}=*", looks_random, pivot=0, hide=7),
    _shape("a private key", "-----BEGIN ", _PEM_REST, pivot=5),
    _shape("a password in a URL", _URL, r"[\w.~%+-]{0,60}:[^\s/:@\"'\\<>]{3,80}@(?=[\w\[])", _has_password, pivot=0),
)  # fmt: skip


def _candidates() -> Iterator[tuple[str, re.Pattern[str], tuple[_Shape, ...]]]:
    """The shapes by their rare letter, with one expression for each: it looks at the letter before first of all.

    And what is in each text that has one: the letter, or all that the only shape begins with.
    """
    by_letter: dict[str, list[_Shape]] = {}
    for shape in _SHAPES:
        by_letter.setdefault(shape.lead[shape.pivot], []).append(shape)
    for letter, shapes in by_letter.items():
        first = re.escape(letter)
        before = "".join(sorted({re.escape(one.lead[one.pivot - 1]) for one in shapes}))
        guard = f"(?<=[{before}]{first})" if all(one.pivot for one in shapes) else ""
        rests = "|".join(one.first.removeprefix(first) for one in shapes)
        sign = shapes[0].lead if len(shapes) == 1 else letter
        yield sign, expression(f"{first}{guard}(?:{rests})", re.ASCII), tuple(shapes)


_CANDIDATES: Final = tuple(_candidates())
