"""YAML as golden files have it: written for people, read by any YAML reader, free of surprises."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._model.bounds import DEEPEST_FILE
from pytest_llmtrace._store.faults import Fault
from pytest_llmtrace._store.yaml_reader import read_yaml
from pytest_llmtrace._store.yaml_text import Block, Repeated, yaml_text
from tests.unit.store import PROPERTY

texts = st.one_of(
    st.text(
        alphabet=st.one_of(st.sampled_from(list("ab :#-?'\"\\\n\n \t\r{}[],&*!|>%@`=~0123.eEn<")), st.characters()),
        max_size=30,
    ),
    st.text(alphabet="0123456789-+.:_eExobTtZ ,", max_size=12),
    st.sampled_from(["yes", "NO", "on", "null", "~", "2024-01-01", "1e5", "0x1f", "12:30", ".inf", "=", "<<", "- a"]),
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
data = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5), max_leaves=20
)


def exact(value: Any) -> Any:
    """A value with its types and the order of its keys made comparable."""
    if isinstance(value, dict):
        return [(key, exact(part)) for key, part in value.items()]
    if isinstance(value, list):
        return ["list", *(exact(part) for part in value)]
    return type(value).__name__, repr(value)


@PROPERTY
@given(st.dictionaries(texts, data, min_size=1, max_size=5))
def test_what_is_written_is_read(value: dict[str, Any]) -> None:
    """Any data is read back the same, types and order included, and is UTF-8."""
    text = yaml_text(value)
    assert exact(read_yaml(text).data) == exact(value)
    text.encode()


@PROPERTY
@given(st.dictionaries(texts, data, min_size=1, max_size=5))
def test_any_yaml_reader_reads_the_same(value: dict[str, Any]) -> None:
    """A reader of YAML 1.1, with its `yes`, dates and octal numbers, finds the same data."""
    assert exact(yaml.load(yaml_text(value), Loader=yaml.SafeLoader)) == exact(value)


def test_layout() -> None:
    """Short collections stand on one line, lists of mappings never do, text of several lines is a block."""
    value = {
        "plain": "Refund order 123: ok? #1",
        "number": 0.0000984,
        "large": 1e300,
        "whole": 2.0,
        "flow": {"a": [1, None, True], "b": {}},
        "list": [{"user": "hi"}, {"tools": Block({"x": 1})}],
        "nested": [["a" * 120], [[{"x": 1}]]],
        "block": "two\nlines\n",
        "stripped": " indented\n\ttab ",
        "kept": "ends\n\n",
        "odd": "a\r\n  b\x00",
        "breaks": "\n\n",
        "wide": {"key": "x" * 100, "other": [1]},
        "k" * 501: 1,
    }
    text = f"""\
plain: 'Refund order 123: ok? #1'
number: 0.0000984
large: 1.0e+300
whole: 2.0
flow: {{a: [1, null, true], b: {{}}}}
list:
- user: hi
- tools:
    x: 1
nested:
-
  - {"a" * 120}
- [[{{x: 1}}]]
block: |
  two
  lines
stripped: |2-
   indented
  \ttab\x20
kept: |+
  ends

odd: "a\\r\\n\\
  \\  b\\0"
breaks: "\\n\\
  \\n\\
  "
wide:
  key: {"x" * 100}
  other: [1]
? {"k" * 501}
: 1
"""
    assert yaml_text(value) == text
    assert exact(read_yaml(text).data) == exact(value)


def test_text_that_deceives_the_eye_is_escaped() -> None:
    """Characters that reorder or hide text are shown as escapes."""
    text = yaml_text({"a": "access\u202e granted", "b": "x\ufeff\ny"})
    assert text == 'a: "access\\u202e granted"\nb: "x\\ufeff\\n\\\n  y"\n'
    assert read_yaml(text).data == {"a": "access\u202e granted", "b": "x\ufeff\ny"}


@pytest.mark.parametrize("beside", ["plain", "größer"])
def test_whatever_is_no_letter_is_escaped(beside: str) -> None:
    """No control character, no sign that turns text around, in whatever alphabet: on one line or among several."""
    controls = [*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF]
    turning = [0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
    for sign in map(chr, (*controls, *turning, 0xD800, 0xDFFF)):
        value = {"a": f"{beside} {sign}", "b": f"{beside}\n{sign}"}
        text = yaml_text(value)
        assert sign not in text
        assert read_yaml(text).data == value


def test_lone_surrogates_survive() -> None:
    """Half a character, which JSON can express and UTF-8 cannot, is kept."""
    value = {"a": "\ud800", "b": "\udc00\n\U0001f600", "c": "\ud83d\ude00"}
    text = yaml_text(value)
    text.encode()
    assert read_yaml(text).data == value


def test_numbers_that_are_not_finite() -> None:
    """Infinity and NaN are read back as such."""
    found = read_yaml(yaml_text({"a": math.inf, "b": -math.inf, "c": math.nan})).data
    assert isinstance(found, dict)
    assert (found["a"], found["b"], math.isnan(found["c"])) == (math.inf, -math.inf, True)


def test_hand_written_words_stay_words() -> None:
    """What YAML 1.1 takes for booleans, dates or odd numbers is text, in values and keys."""
    text = "a: [yes, off, 2024-01-01, 012, 1_000, 12:30, true, 1.5e3, 7, ~]\nno: 1\n1: 2\n"
    assert read_yaml(text).data == {
        "a": ["yes", "off", "2024-01-01", "012", "1_000", "12:30", True, 1500.0, 7, None],
        "no": 1,
        "1": 2,
    }


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("a: &x [1]\nb: *x\n", "anchors and aliases are not allowed", 1),
        (
            "a: 1\nb: !!python/object/apply:os.system [x]\n",
            "the tag `tag:yaml.org,2002:python/object/apply:os.system`",
            2,
        ),
        ("a: !!str 1\n", "the tag `tag:yaml.org,2002:str` is not allowed", 1),
        ("a: 1\nb: 2\na: 3\n", "the key `a` stands twice in one mapping", 3),
        ("a: 1\n---\nb: 1\n", "it holds more than one document", 2),
        ("? [a]\n: 1\n", "a key must be a string", 1),
        ("a: [1,\n", "it is not valid YAML", 2),
        ("a:\n\t- x\n", "it is not valid YAML", 2),
        ("[" * 151 + "]" * 151, f"it nests deeper than {DEEPEST_FILE} levels", 1),
        ("[" * 100_000, "it nests deeper", 1),
        ("a: " + "9" * 5000, "a number is too long", 1),
    ],
)
def test_what_is_refused(text: str, what: str, line: int) -> None:
    """Everything beyond plain data is refused, with its line."""
    with pytest.raises(Fault) as raised:
        read_yaml(text)
    assert raised.value.what.startswith(what)
    assert raised.value.line == line


def test_a_text_may_have_so_many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What would take minutes to read is refused: by its length at once, by its parts on the way."""
    monkeypatch.setattr("pytest_llmtrace._store.yaml_reader.MOST_NODES", 100)
    read_yaml(f"[{'1,' * 80}]")
    with pytest.raises(Fault, match="it has more than 100 parts"):
        read_yaml(f"[{'1,' * 100}]")
    monkeypatch.setattr("pytest_llmtrace._store.yaml_reader.LARGEST_YAML", 100)
    with pytest.raises(Fault, match="it has more than 100 characters"):
        read_yaml(f"{{[{' ' * 100}")


@pytest.mark.parametrize("inside", ["", '"a", {"b": 1}', f'"{"x" * 120}"'])
def test_data_that_nests_too_deeply_is_not_written(inside: str) -> None:
    """What could not be read again is not written, whether its last levels stand on one line or on several."""
    own = 1 + ("{" in inside)
    for levels in (DEEPEST_FILE - own, DEEPEST_FILE - own + 1):
        value = {"a": json.loads("[" * levels + inside + "]" * levels)}
        if levels + own <= DEEPEST_FILE:
            assert read_yaml(yaml_text(value)).data == value
        else:
            with pytest.raises(ValueError, match="nested deeper than 150 levels"):
                yaml_text(value)


def test_what_is_empty_stands_on_its_line() -> None:
    """An empty list or mapping is no `null`, however long its key is."""
    value = {"a" * 120: [], "b" * 120: {}}
    assert yaml_text(value) == f"{'a' * 120}: []\n{'b' * 120}: {{}}\n"
    assert read_yaml(yaml_text(value)).data == value


def test_many_names_are_written_as_few_are() -> None:
    """More keys and words than are remembered, and a key that is too long for that, come out right each time."""
    value: dict[str, Any] = {f"key {number}": [f"word, {number}"] for number in range(3000)} | {"k" * 501: "long"}
    for _ in range(2):
        assert read_yaml(yaml_text(value)).data == value


def test_a_document_knows_its_lines() -> None:
    """Mappings and lists know the line on which they begin; other data does not."""
    document = read_yaml("a:\n- b: 1\n- c: [2]\n")
    assert isinstance(document.data, dict)
    parts = [document.data, document.data["a"], document.data["a"][1], document.data["a"][1]["c"], 2]
    assert [document.line(part) for part in parts] == [1, 2, 3, 3, None]


def test_what_many_documents_have_is_written_as_its_value_is() -> None:
    """A schema that is known by its value is taken for no similar one, nor at another depth, nor after it changed."""
    schema: dict[str, Any] = {"name": "find", "parameters": {"limit": 1, "names": [{"deep": "x" * 120}]}}
    for value in (1, True, 1.0, "1", 1):
        schema["parameters"]["limit"] = value
        for around in (lambda one: {"t": one}, lambda one: {"outer": Block({"t": one})}):
            assert yaml_text(around(Repeated(schema))) == yaml_text(around(Block(schema)))
