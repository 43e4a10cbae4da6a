"""Values against each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._compare.differences.values import Leaf, join, leaves, path_text, plain, text_leaves
from pytest_llmtrace._model.canonical import canonical_json

data = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text("ab_ .", max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab_ .", max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(golden=data.map(plain), observed=data.map(plain))
def test_different_values_always_have_a_difference(golden: object, observed: object) -> None:
    """No difference is lost, whatever two values are made of."""
    if canonical_json(golden) != canonical_json(observed):
        assert leaves(golden, observed)


def test_small_parts_are_named() -> None:
    """Changed, added and removed parts are each told with their path."""
    golden = {"order": {"id": 1, "lines": ["a", "b"]}, "gone": True}
    observed = {"order": {"id": 2, "lines": ["a", "b", "c"]}, "__new": None}
    assert leaves(golden, observed) == [
        Leaf(steps=("__new",), absent="golden"),
        Leaf(steps=("gone",), golden=True, absent="observed"),
        Leaf(steps=("order", "id"), golden=1, observed=2),
        Leaf(steps=("order", "lines", 2), observed="c", absent="golden"),
    ]


def test_an_inserted_item_does_not_shift_the_rest() -> None:
    """An item inserted into a list is one difference."""
    assert leaves([1, 2, 3], [1, 9, 2, 3]) == [Leaf(steps=(1,), observed=9, absent="golden")]


def test_true_is_not_one() -> None:
    """Values of different types differ, numbers of one value do not."""
    assert leaves({"a": True}, {"a": 1}) == [Leaf(steps=("a",), golden=True, observed=1)]
    assert plain({"a": 1.0, "b": (2.5, float("nan"))}) == {"a": 1, "b": [2.5, "nan"]}


def test_values_that_have_little_in_common_stand_side_by_side() -> None:
    """More than a dozen differences are one: of the whole values."""
    golden, observed = {f"a{at}": at for at in range(9)}, {f"b{at}": at for at in range(9)}
    assert leaves(golden, observed) == [Leaf(steps=(), golden=golden, observed=observed)]


def test_very_large_values_are_taken_apart_place_by_place() -> None:
    """In a megabyte of JSON a changed, an added and a removed field are found; a list that grew is one difference."""
    rows: list[dict[str, object]] = [{"id": at, "text": "x" * 40, "gone": at == 7} for at in range(10_000)]
    after = [dict(row) for row in rows]
    after[5]["text"], after[6]["new"] = "y", 1
    del after[7]["gone"]
    assert leaves({"rows": rows}, {"rows": after}) == [
        Leaf(steps=("rows", 5, "text"), golden="x" * 40, observed="y"),
        Leaf(steps=("rows", 6, "new"), observed=1, absent="golden"),
        Leaf(steps=("rows", 7, "gone"), golden=True, absent="observed"),
    ]
    assert leaves({"rows": rows}, {"rows": rows[1:]}) == [Leaf(steps=("rows",), golden=rows, observed=rows[1:])]


def test_json_in_text_is_compared_as_json() -> None:
    """Two texts of JSON differ where their data does."""
    assert text_leaves('{"a": 1, "b": 2}', '{"b":3,"a":1}') == [Leaf(steps=("b",), golden=2, observed=3)]


def test_json_that_is_only_spelled_differently_is_compared_as_text() -> None:
    """White space in a text is a difference of the text."""
    assert text_leaves('{"a": 1}', '{"a":1}') == [Leaf(steps=(), golden='{"a": 1}', observed='{"a":1}')]


def test_a_null_that_comes_or_goes_is_told_from_a_value() -> None:
    """The path says so where `None` on both sides would not."""
    assert [leaf.path for leaf in leaves({"a": None}, {"b": None})] == [".a (removed)", ".b (added)"]
    assert [leaf.path for leaf in leaves({"a": None}, {"a": 1})] == [".a"]


@pytest.mark.parametrize(
    ("steps", "text"),
    [((), ""), (("a", 0, "b-c"), ".a[0].b-c"), (("two words", "0"), '["two words"]["0"]')],
)
def test_paths_are_readable(steps: tuple[str | int, ...], text: str) -> None:
    """Names stand behind a dot, everything else in brackets."""
    assert path_text(steps) == text


def test_paths_join() -> None:
    """Two pieces of a path have one dot between them where one belongs."""
    assert [join("a", "b"), join("a", ".b"), join("a", "[0]"), join("", ".b"), join("a", "")] == [
        "a.b",
        "a.b",
        "a[0]",
        "b",
        "a",
    ]
