"""Rules that take out of a text what differs from run to run: dates, UUIDs, temporary paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from pytest_llmtrace._compare.differences.align import prefix_length
from pytest_llmtrace._compare.differences.values import json_in
from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.stand_ins import is_stand_in
from pytest_llmtrace.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of text that is replaced, by its name unless something else is asked for."""

    name: str
    pattern: re.Pattern[str]
    replacement: str | None = None
    """What stands in its place, in the notation of `re.sub`; `None`: ``<date>``."""
    settles: bool = False
    """Whether a text is looked at again as long as it changes, so that what was normalised stays as it is: a match may
    begin where another one was replaced. For patterns that match no part of what stands in their place."""

    def apply(self, text: str) -> str:
        """The text with every match replaced."""
        return self.pattern.sub(f"<{self.name}>" if self.replacement is None else self.replacement, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionRule:
    """A rule that is a function of the whole text."""

    name: str
    apply: Callable[[str], str]
    settles: bool = False
    """As of `Rule`."""


AnyRule = Rule | FunctionRule


def rule(text: str) -> AnyRule:
    """The rule of that name, or what ``/regular expression/`` or ``/regular expression/ -> replacement`` describes.

    Raises: SettingsError that lists the names there are, or says what is wrong with the expression.
    """
    written = _EXPRESSION.fullmatch(text)
    if written is not None:
        try:
            made = Rule(name="text", pattern=re.compile(written[1]), replacement=written[2])
            if made.replacement is not None:
                made.apply("")  # raises where the replacement names no group of the expression
        except (re.error, IndexError) as error:
            raise SettingsError(f"normalize = {text!r}: not a regular expression: {error}") from None
        return made
    found = RULES.get(ALIASES.get(text, text)) or _MORE_RULES.get(text)
    if found is None:
        raise SettingsError(
            f"normalize = {text!r}: not a rule; choose one of {', '.join((*RULES, *_MORE_RULES))}, number:0.01, "
            "number:1%, unordered:PATH, or write a /regular expression/, optionally followed by -> and its replacement"
        )
    return found


def normalized(value: Any, rules: Sequence[AnyRule]) -> Any:
    """Plain data with the rules applied, in order, to its texts, and `timestamp` to its numbers, too; keys stay."""
    if isinstance(value, str):
        if is_stand_in(value):
            return value  # made of a normalised text; digits and sizes are all that is left in it
        return _normalized_text(value, tuple(rules))
    if isinstance(value, dict):
        return {key: normalized(item, rules) for key, item in value.items()}
    if isinstance(value, list):
        return [normalized(item, rules) for item in value]
    timestamp = RULES["timestamp"]
    if isinstance(value, (int, float)) and timestamp in rules:
        return f"<{timestamp.name}>" if timestamp.pattern.fullmatch(str(value)) else value
    return value


def _normalized_text(text: str, rules: tuple[AnyRule, ...]) -> str:
    made = _applied(text, rules)
    if made == text or made[:1] not in "{[" or (data := json_in(text)) is None or json_in(made) is not None:
        return made
    # A number without quotes was replaced. What was JSON stays JSON, or what else is in it would have no path.
    if any(one.name not in _KNOWN and one.apply(text) != text for one in rules):
        return made  # an expression may be about more than one text or number of it
    whole = canonical_json(_normalized_data(data, rules))
    return whole if _applied(whole, rules) == whole else made


def _normalized_data(data: Any, rules: tuple[AnyRule, ...]) -> Any:
    """JSON that stands in a text, with the rules applied to its texts, keys, and what its numbers are written as.

    Keys that would be one stay as they are.
    """
    if isinstance(data, dict):
        keys = {key: _applied(key, rules) for key in data}
        apart = len(set(keys.values())) == len(keys)
        return {keys[key] if apart else key: _normalized_data(item, rules) for key, item in data.items()}
    if isinstance(data, list):
        return [_normalized_data(item, rules) for item in data]
    if isinstance(data, str):
        return _applied(data, rules)
    if data is None or isinstance(data, bool):
        return data
    written = canonical_json(data)
    made = _applied(written, rules)
    return data if made == written else made


def _applied(text: str, rules: tuple[AnyRule, ...]) -> str:
    for _ in range(_PASSES if all(one.settles for one in rules) else 1):
        before = text
        for one in rules:
            text = one.apply(text)
        if text == before:
            break
    return text


def absorbed_by(golden: Any, observed: Any) -> tuple[str, ...]:
    """Names of the rules, as few as are needed, under which two different values are equal; empty where none help.

    Of long texts, the rules are first tried on what differs and the words around it.
    """
    if isinstance(golden, str) and isinstance(observed, str) and max(len(golden), len(observed)) > _LONG:
        found = _absorbing(*_differing(golden, observed))
        rules = tuple(RULES[name] for name in found)
        return found if normalized(golden, rules) == normalized(observed, rules) else ()
    return _absorbing(golden, observed)


def _differing(golden: str, observed: str) -> tuple[str, str]:
    """The part of two long texts in which they differ, with some of what is around it."""
    start = prefix_length(golden, observed)
    shortest = min(len(golden), len(observed)) - start
    end = prefix_length(golden[: -shortest - 1 : -1], observed[: -shortest - 1 : -1]) if shortest else 0
    start, end = max(start - _AROUND, 0), max(end - _AROUND, 0)
    return golden[start : len(golden) - end], observed[start : len(observed) - end]


def _absorbing(golden: Any, observed: Any) -> tuple[str, ...]:
    names = [name for name, one in RULES.items() if normalized(golden, (one,)) == normalized(observed, (one,))]
    if names:
        return (names[0],)
    used = tuple(RULES.values())
    if normalized(golden, used) != normalized(observed, used):
        return ()
    for one in reversed(used):
        fewer = tuple(other for other in used if other is not one)
        if normalized(golden, fewer) == normalized(observed, fewer):
            used = fewer
    return tuple(one.name for one in used)


_PASSES: Final = 20
"""How often a text is looked at again. Times that are glued to each other settle one by one: a model that answers with
a hundred thousand of them must not take hours."""
_LONG: Final = 10_000
"""Characters of a text that is not normalised whole to see whether that helps."""
_AROUND: Final = 200

_MONTHS: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_CLOCK: Final = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp]\.?[Mm]\b\.?)?"
_ZONE: Final = r"(?:\s?(?:Z\b|UTC\b|GMT\b|[+-]\d{2}:?\d{2}\b))?"

_PATTERNS: Final = {
    "datetime": rf"\b\d{{4}}-\d{{2}}-\d{{2}}[T ]{_CLOCK}{_ZONE}",
    "date": (
        r"\b\d{4}[-/]\d{1,2}[-/]\d{1,2}\b"
        r"|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b"
        rf"|\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+)?(?:{_MONTHS}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}"
        rf"|\d{{1,2}}\s+{_MONTHS}\s+\d{{4}})\b"
    ),
    "time": rf"(?<![\d:]){_CLOCK}{_ZONE}",
    "timestamp": r"\b1[5-9]\d{8}(?:\d{3}|\d{6}|\d{9}|\.\d+)?\b",
    "uuid": r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b",
    "hex": r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b|\b0x[0-9a-fA-F]{4,}\b",
    "path": (
        r"(?:/private)?(?:/tmp|/var/tmp|/var/folders)(?:/[\w.+@~-]+)+/?"
        r"|[A-Za-z]:\\(?:[^\\\s\"'<>|:]+\\)*(?:Temp|TEMP|temp|tmp)\\[^\s\"'<>|]*"
    ),
    "number": r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?![\w])",
}
"""`datetime` stands before its parts, and `number`, which takes the most, last: rules apply in this order."""

_EXPRESSION: Final = re.compile(r"/(.+)/(?:\s*->\s*(.*))?", re.DOTALL)

RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {name: Rule(name=name, pattern=re.compile(pattern), settles=True) for name, pattern in _PATTERNS.items()}
)
"""The rules that can be named, each for one kind of text."""
_MORE_RULES: Final[Mapping[str, FunctionRule]] = MappingProxyType(
    {
        "whitespace": FunctionRule(name="whitespace", apply=lambda text: " ".join(text.split()), settles=True),
        "case": FunctionRule(name="case", apply=str.lower, settles=True),
    }
)
_KNOWN: Final = frozenset((*RULES, *_MORE_RULES))
ALIASES: Final = MappingProxyType({"epoch": "timestamp", "hex_id": "hex", "tmp_path": "path"})
"""Other names of rules."""
