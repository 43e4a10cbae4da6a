"""Data inside the page: inert, and shared values once."""

from __future__ import annotations

import json

from pytest_llmtrace._report.html.blocks import Values, block


def test_nothing_in_a_block_can_end_it():
    """No `<` is left that could end the element or open a comment, and the value is the same when it is parsed."""
    value = {"</script>": ["<!--", "<script>", "\x00\u2028\u202e", 0.1, None]}

    made = block("test-0", value)

    assert "<" not in made.json
    assert json.loads(made.json) == value
    assert made.id == "test-0"


def test_equal_values_have_one_number():
    """A value is written once, however often it is entered, in the order in which it came."""
    values = Values()
    numbers = [values.number(one) for one in ("a", {"x": 1}, "a", {"x": 1}, "b")]

    ((first, page),) = values.pages()

    assert numbers == [0, 1, 0, 1, 2]
    assert (first, page.id, json.loads(page.json)) == (0, "values-0", ["a", {"x": 1}, "b"])


def test_values_come_in_pages():
    """A page is full after 200,000 characters; it is named after its first value, and no value is lost."""
    values = Values()
    texts = [str(number) * 90_000 for number in range(5)]
    for text in texts:
        values.number(text)

    pages = list(values.pages())

    assert [(first, page.id) for first, page in pages] == [(0, "values-0"), (3, "values-3")]
    assert [text for _, page in pages for text in json.loads(page.json)] == texts
    assert list(Values().pages()) == []
