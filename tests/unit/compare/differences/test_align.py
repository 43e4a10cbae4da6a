"""Sequences against each other."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._compare.differences.align import align, gaps, prefix_length, rising

sequences = st.lists(st.sampled_from("abcde"), max_size=30)


@given(left=sequences, right=sequences)
def test_pairs_are_equal_items_that_rise_on_both_sides(left: list[str], right: list[str]) -> None:
    """Whatever the sequences, every pair is of equal items, and no two pairs cross."""
    pairs = align(left, right)
    assert all(left[one] == right[other] for one, other in pairs)
    assert all(first[0] < second[0] and first[1] < second[1] for first, second in itertools.pairwise(pairs))


@given(items=sequences)
def test_equal_sequences_pair_completely(items: list[str]) -> None:
    """A sequence pairs with itself item by item."""
    assert align(items, items) == [(at, at) for at in range(len(items))]


@given(items=sequences, at=st.integers(0, 30))
def test_one_insertion_leaves_everything_else_paired(items: list[str], at: int) -> None:
    """All items of the shorter sequence are paired when the longer one has a single item more."""
    at = min(at, len(items))
    assert len(align(items, [*items[:at], "new", *items[at:]])) == len(items)


@given(left=st.permutations(range(12)), right=st.permutations(range(12)))
def test_unique_items_give_a_longest_common_subsequence(left: list[int], right: list[int]) -> None:
    """Where no item repeats, as many pairs as possible are found."""
    places = {item: at for at, item in enumerate(right)}
    longest: list[int] = []
    for item in left:
        longest.append(
            max((longest[at] for at in range(len(longest)) if places[left[at]] < places[item]), default=0) + 1
        )
    assert len(align(left, right)) == max(longest)


def test_repeated_items_are_aligned_exactly() -> None:
    """A stretch of repeated items is aligned like its unique neighbours would want it."""
    assert align("xayaz", "xaayaz") == [(0, 0), (1, 1), (2, 3), (3, 4), (4, 5)]
    assert align("abab", "baba") == [(1, 0), (2, 1), (3, 2)]


def test_long_repetitions_are_aligned_by_occurrence() -> None:
    """Too many repeated items for a table are matched first with first, second with second."""
    left, right = ["b", *"ac" * 120], ["c", *"ac" * 120, "b"]
    pairs = align(left, right)
    assert len(pairs) == 240
    assert all(left[one] == right[other] for one, other in pairs)


@given(left=st.permutations(range(80)), kept=st.sets(st.integers(0, 79)))
def test_many_changes_are_aligned_by_unique_items(left: list[int], kept: set[int]) -> None:
    """Where too much changed for an exact alignment, everything that stayed in its order is still found."""
    right = [item if item in kept else -item - 1 for item in left]
    assert align(left, right) == [(at, at) for at, item in enumerate(left) if item in kept]


def test_many_moves_keep_what_is_in_order() -> None:
    """A sequence cut in two and put together the other way round keeps one of the parts."""
    left = [*range(100), "x", *range(100, 260)]
    assert align(left, [*range(100, 260), "y", *range(100)]) == [(at + 1, at - 100) for at in range(100, 260)]


def test_prefix_length_counts_across_chunks() -> None:
    """The common beginning is found to the item, however long it is."""
    assert prefix_length(range(1000), [*range(700), -1, *range(701, 1000)]) == 700
    assert prefix_length("abc", "abcd") == 3
    assert prefix_length("", "a") == 0


def test_gaps_are_what_lies_between_the_pairs() -> None:
    """Each stretch between matched positions, and at both ends, is given once."""
    assert list(gaps([(1, 0), (2, 3)], (0, 4, 0, 4))) == [(0, 1, 0, 0), (2, 2, 1, 3), (3, 4, 4, 4)]


def test_rising_keeps_the_longest_order() -> None:
    """Of pairs that cross, the fewest are dropped."""
    assert rising([(0, 5), (1, 1), (2, 2), (3, 0), (4, 3)]) == [(1, 1), (2, 2), (4, 3)]
    assert rising([]) == []
