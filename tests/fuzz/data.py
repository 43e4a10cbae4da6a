"""Data: its one canonical form, what a tape makes of growing histories, stand-ins, normalisation, differences."""

from __future__ import annotations

import json
from typing import Any, Final

from hypothesis import strategies as st

from pytest_llmtrace._compare.differences.values import leaves, plain, text_leaves
from pytest_llmtrace._compare.rules.normalize import RULES, normalized
from pytest_llmtrace._model.canonical import canonical_json, parse_json
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._report.plain import plain as reported
from pytest_llmtrace._store.tape_file import dump_tape, load_tape
from tests.fuzz.files import TAPE
from tests.fuzz.target import of_bytes, of_values
from tests.unit.store.exchanges import recordings

texts = st.text(st.characters(), max_size=12) | st.sampled_from(
    ["", "a", "A", "\ud800", "\u202e", "0", "1", "null", '{"a": 1}', "[1, 2]", "2026-01-02 10:00", "a" * 300]
)
numbers = (
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, 1, -0.0, 0.0, 1.0, 1e300, 10**30, 2**53, 2**53 + 1, float(2**53)])
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=25,
)
PAIRS: Final = st.tuples(values, values) | values.map(lambda one: (one, one))


def canonical(pair: tuple[Any, Any]) -> None:
    """Data has one canonical form, whatever the order of its keys, and only equal data shares it."""
    texts_of = [canonical_json(one) for one in pair]
    for value, text in zip(pair, texts_of, strict=True):
        assert canonical_json(json.loads(text)) == text
        assert canonical_json(_turned(value)) == text
        assert _exact(json.loads(text)) == _exact(value)
    assert (texts_of[0] == texts_of[1]) == (_exact(pair[0]) == _exact(pair[1]))


def canonical_text(data: bytes) -> None:
    """JSON text of any spelling has a canonical form that is read as the same data."""
    value = parse_json(data.decode("utf-8", "replace"))
    text = canonical_json(value)
    assert canonical_json(json.loads(text)) == text


def histories(recording: list[Interaction]) -> None:
    """Requests that repeat each other are put together again as they were, and the file is no larger than they are."""
    text = dump_tape(recording, {})
    again = load_tape(text, TAPE).interactions
    assert dump_tape(again, {}) == text
    apart = sum(len(dump_tape([one], {})) for one in recording)
    assert len(text) <= apart + 400 * len(recording) + 100


def differences(pair: tuple[Any, Any]) -> None:
    """Two values of any kind are taken apart where they differ, and nowhere else; normalising never raises."""
    golden, observed = (plain(one) for one in pair)
    if canonical_json(golden) == canonical_json(observed):
        return
    for found in (
        leaves(golden, observed),
        text_leaves(*pair),
        text_leaves(canonical_json(golden), canonical_json(observed)),
    ):
        assert found
        for leaf in found:
            assert leaf.absent is not None or canonical_json(leaf.golden) != canonical_json(leaf.observed)
    for one in pair:
        once = normalized(one, tuple(RULES.values()))
        assert normalized(once, tuple(RULES.values())) == once


def report_data(value: Any) -> None:
    """Any value can stand in a report: strict JSON holds it unchanged."""
    made = reported(value)
    assert json.loads(json.dumps(made, allow_nan=False)) == made


def _turned(value: Any) -> Any:
    """The value with the keys of its objects in the other order."""
    if isinstance(value, dict):
        return {key: _turned(value[key]) for key in reversed(value)}
    return [_turned(item) for item in value] if isinstance(value, list) else value


def _exact(value: Any) -> Any:
    """A value in which what JSON tells apart is apart: 1, 1.0, true and "1"."""
    if isinstance(value, dict):
        return "object", sorted((key, _exact(item)) for key, item in value.items())
    if isinstance(value, list):
        return "list", [_exact(item) for item in value]
    return type(value).__name__, repr(value)


def _json_texts() -> list[bytes]:
    return [
        b'{"b": [1, 1.0, true, null, "1"], "a": {"c": -0.0, "": "\\ud83d\\ude00 \\ud800"}}',
        b'[1e400, -1e-400, 12345678901234567890, 0.1, 1E5, "\\u0000"]',
        b'{"a": 1, "a": 2}',
    ]


odd = st.recursive(
    values | st.floats() | st.binary(max_size=8) | st.dates() | st.complex_numbers(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(texts | st.integers() | st.none() | st.booleans(), inner, max_size=4)
        | st.frozensets(texts | st.integers(), max_size=4)
    ),
    max_leaves=15,
)

TARGETS: Final = (
    of_values("canonical form", canonical.__doc__ or "", canonical, PAIRS),
    of_bytes("canonical text", canonical_text.__doc__ or "", canonical_text, _json_texts),
    of_values("histories", histories.__doc__ or "", histories, recordings()),
    of_values("differences", differences.__doc__ or "", differences, PAIRS),
    of_values("report data", report_data.__doc__ or "", report_data, odd),
)
