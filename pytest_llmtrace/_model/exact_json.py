"""JSON that survives being read and written again, and nothing else."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn


def loads_exactly(text: str) -> Any:
    """The value of a JSON text that loses nothing on the way into Python's values and back.

    Raises:
        ValueError: the text is not JSON, an object has a key twice, a number is `NaN` or infinite or too long, or
            the nesting is too deep.
    """
    return _value_of(_DECODER, text)


def loads_anyhow(text: str) -> Any:
    """The value of a JSON text, whatever is lost of it: several times as fast where there are many objects.

    Raises:
        ValueError: the text is not JSON, or nests too deeply.
    """
    return _value_of(_ANYHOW, text)


def loads_finite(text: str | bytes) -> Any:
    """The value of a JSON text in which every number can be written again.

    Raises:
        ValueError: the text is not JSON, or a number is `NaN`, infinite (``1e999``) or too long.
        RecursionError: the nesting is too deep.
    """
    if isinstance(text, str) and not text.startswith("\ufeff"):
        return _FINITE.decode(text)
    return json.loads(text, parse_constant=_no_constant, parse_float=_finite)  # which finds out how bytes are encoded


def spell_json(value: object) -> str:
    """JSON text with a space after commas and colons, as most SDKs write it; non-ASCII kept.

    Raises:
        ValueError: the value holds a number that JSON cannot express, or nests too deeply.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _value_of(decoder: json.JSONDecoder, text: str) -> Any:
    try:
        if text[:1] in _BEGINNINGS:  # an object or a list, as nearly always: no white space need be looked for
            value, end = decoder.raw_decode(text)
            if end == len(text):
                return value
        return decoder.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an object has a key twice")
    return made


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text:.40} is too large")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_BEGINNINGS = frozenset("{[")
_DECODER = json.JSONDecoder(object_pairs_hook=_without_repeats, parse_constant=_no_constant)
_ANYHOW = json.JSONDecoder()
_FINITE = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
