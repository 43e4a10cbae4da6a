"""Messages: one shape, read-only, each distinct one once."""

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmtrace._model.canonical import canonical_json, digest
from pytest_llmtrace._model.messages import FIELDS, Message, MessageTable, message

texts = st.text(max_size=20)
fields = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, texts))


def test_the_same_text_in_two_spellings_is_one_message():
    """A lone text part and a plain string are the same message."""
    plain = message({"role": "user", "content": "hi"})
    parts = message({"content": [{"type": "text", "text": "h"}, {"type": "text", "text": "i"}], "role": "user"})
    assert plain == parts == {"role": "user", "content": "hi"}
    assert plain.digest == parts.digest


def test_fields_read_as_items_and_attributes_and_missing_ones_as_none():
    """`message["content"]` and `message.content` are the same; a field that is not there is None, a typo an error."""
    made = message({"role": "assistant", "content": "yes"})
    assert (made["content"], made.content, made["tool_calls"], made.tool_calls) == ("yes", "yes", None, None)
    with pytest.raises(KeyError):
        made["contents"]
    with pytest.raises(AttributeError):
        _ = made.contents


def test_empty_fields_are_dropped():
    """What SDKs add when they dump an answer (null refusals, empty lists) is no difference."""
    made = message({"role": "assistant", "content": "x", "refusal": None, "annotations": [], "audio": None})
    assert made == {"role": "assistant", "content": "x"}


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.__setitem__("content", "no"),
        lambda m: m.__delitem__("content"),
        lambda m: m.update(content="no"),
        lambda m: m.pop("content"),
        lambda m: m.clear(),
        lambda m: m.setdefault("name", "no"),
        lambda m: m.__ior__({"name": "no"}),
    ],
)
def test_a_captured_message_cannot_be_changed(change):
    """Every way to change a message is refused."""
    made = message({"role": "user", "content": "hi"})
    with pytest.raises(TypeError, match="read-only"):
        change(made)
    assert made == {"role": "user", "content": "hi"}


def test_a_message_is_json_and_survives_copies():
    """A message dumps as JSON and comes through copy and pickle as itself."""
    made = message({"role": "user", "content": "hi"})
    assert json.loads(json.dumps(made)) == made
    for copied in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert isinstance(copied, Message)
        assert copied == made


def test_text_leaves_other_parts_out():
    """The text of a message with an image is its text parts."""
    made = message({"role": "user", "content": [{"type": "text", "text": "what is"}, {"type": "image", "bytes": 3}]})
    assert made.text == "what is"


@given(fields)
def test_a_message_made_of_a_message_is_itself(given_fields):
    """Normalising is idempotent, and equal messages have equal digests."""
    made = message(given_fields)
    assert message(made) == made
    assert message(made).digest == made.digest


def test_equal_messages_are_held_once():
    """The table gives back the object it already has."""
    table = MessageTable()
    first = table.intern({"role": "user", "content": "hi"})
    assert table.intern({"content": "hi", "role": "user"}) is first
    assert table.intern({"role": "user", "content": "ho"}) is not first
    assert len(table) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"role": "user", "content": "plain"},
        {"content": 'a "quote", a \\ and\n\t\x00\x7f', "role": "user"},
        {"role": "übung 北京 \U0001f600", "content": "\ud800 alone"},
        {"role": "user", "content": ""},
        {"role": "user", "content": [{"type": "text", "text": "x"}]},
        {"role": "user", "content": None},
        {"role": "tool", "content": "x", "tool_call_id": "c"},
        {"role": "user", "name": "n"},
        {},
    ],
)
def test_every_digest_is_that_of_the_canonical_form(fields):
    """Also where that is written the short way: golden traces and tapes hold digests of either."""
    assert Message(fields).digest == digest(canonical_json(fields))
