"""What functions give as answers, in every form that SDKs and applications have."""

from __future__ import annotations

import dataclasses
import enum
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from openai.types.chat import ChatCompletion
from pydantic import BaseModel

from pytest_llmtrace._capture.manual.copies import copied
from pytest_llmtrace._capture.manual.messages import read_messages
from pytest_llmtrace._capture.manual.results import read_chunks, read_result
from pytest_llmtrace._capture.manual.usage import read_usage
from pytest_llmtrace._model.messages import MessageTable, message
from pytest_llmtrace._model.usage import Usage

TEN_FIVE = Usage(input_tokens=10, output_tokens=5)
CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"q": "x"}'}}


def said(answer):
    """Text and tool names of an answer, its usage, finish reason and model."""
    made = message(answer.output) if answer.output is not None else None
    tools = [one["function"]["name"] for one in (made["tool_calls"] or [])] if made is not None else []
    return (made.text if made is not None else None, tools, answer.usage, answer.finish_reason, answer.model)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, (None, [], None, None, None)),
        ("hello", ("hello", [], None, None, None)),
        (7, ("7", [], None, None, None)),
        (
            {
                "model": "gpt",
                "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 5},
            },
            ("hello", [], TEN_FIVE, "stop", "gpt"),
        ),
        (
            {"choices": [{"finish_reason": "tool_calls", "message": {"content": None, "tool_calls": [CALL]}}]},
            ("", ["find"], None, "tool_calls", None),
        ),
        (
            {"choices": [{"text": "hello", "finish_reason": "length"}], "usage": {"total_tokens": 0}},
            ("hello", [], None, "length", None),
        ),
        (
            {
                "type": "message",
                "model": "claude",
                "content": [
                    {"type": "text", "text": "hello"},
                    {"type": "tool_use", "id": "t1", "name": "find", "input": {"q": "x"}},
                ],
                "stop_reason": "tool_use",
                "usage": {"input_tokens": 4, "output_tokens": 5, "cache_read_input_tokens": 6},
            },
            (
                "hello",
                ["find"],
                Usage(input_tokens=10, output_tokens=5, cache_read_tokens=6),
                "tool_use",
                "claude",
            ),
        ),
        (
            {
                "model": "llama",
                "message": {"role": "assistant", "content": "hello"},
                "done": True,
                "done_reason": "stop",
                "prompt_eval_count": 10,
                "eval_count": 5,
            },
            ("hello", [], TEN_FIVE, "stop", "llama"),
        ),
        (
            {"response": "hello", "done": True, "prompt_eval_count": 10, "eval_count": 5},
            ("hello", [], TEN_FIVE, "stop", None),
        ),
        (
            {"message": {"content": "hello"}, "prompt_eval_count": 10, "eval_count": 5},
            ("hello", [], TEN_FIVE, None, None),
        ),
        (
            {
                "object": "response",
                "status": "completed",
                "output": [{"type": "message", "content": [{"type": "output_text", "text": "hello"}]}],
                "usage": {"input_tokens": 10, "output_tokens": 5},
            },
            ("hello", [], TEN_FIVE, "completed", None),
        ),
        (
            {
                "candidates": [{"content": {"parts": [{"text": "hello"}]}, "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5},
            },
            ("hello", [], TEN_FIVE, "STOP", None),
        ),
        (
            {
                "output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}},
                "stopReason": "end_turn",
                "usage": {"inputTokens": 10, "outputTokens": 5},
            },
            ("hello", [], TEN_FIVE, "end_turn", None),
        ),
        (
            {
                "message": {"role": "assistant", "content": [{"type": "text", "text": "hello"}]},
                "finish_reason": "COMPLETE",
                "usage": {"tokens": {"input_tokens": 10, "output_tokens": 5}},
            },
            ("hello", [], TEN_FIVE, "COMPLETE", None),
        ),
        (
            {
                "type": "ai",
                "content": "hello",
                "tool_calls": [{"name": "find", "args": {"q": "x"}, "id": "c1", "type": "tool_call"}],
                "usage_metadata": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15},
                "response_metadata": {"finish_reason": "stop", "model_name": "gpt"},
            },
            ("hello", ["find"], TEN_FIVE, "stop", "gpt"),
        ),
        ({"role": "assistant", "content": "hello"}, ("hello", [], None, None, None)),
        ({"role": "assistant", "tool_calls": [CALL]}, ("", ["find"], None, None, None)),
        (
            {"answer": "hello", "usage": {"prompt_tokens": 10, "completion_tokens": 5}},
            ("hello", [], TEN_FIVE, None, None),
        ),
        (
            {"score": 3, "usage": {"prompt_tokens": 10, "completion_tokens": 5}},
            ('{"score":3}', [], TEN_FIVE, None, None),
        ),
        (["hello", {"prompt_tokens": 10, "completion_tokens": 5}], ("hello", [], TEN_FIVE, None, None)),
        (
            [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}],
            ("hello", [], None, None, None),
        ),
        ([[0.5, 1.5], [0.5, 2.5]], ("[2 embeddings, 2 dimensions]", [], None, None, None)),
        ([0.5, 1.5, 2.5], ("[1 embedding, 3 dimensions]", [], None, None, None)),
        (["a", "b"], ('["a","b"]', [], None, None, None)),
    ],
)
def test_results_are_read_by_their_shape(result, expected):
    """Responses of every API, messages, an application's own dicts, and anything else as its JSON."""
    assert said(read_result(result)) == expected


def test_an_error_in_a_response_is_an_error():
    """A provider that answers 200 with an error did not answer."""
    answer = read_result({"choices": [], "error": {"type": "overloaded", "message": "try later"}})
    assert (answer.error.type, answer.error.message) == ("overloaded", "try later")


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([], (None, [], None, None, None)),
        (["hel", "lo"], ("hello", [], None, None, None)),
        (
            [
                {"model": "gpt", "choices": [{"delta": {"role": "assistant", "content": "hel"}}]},
                {"choices": [{"delta": {"content": "lo"}, "finish_reason": "stop"}]},
                {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5}},
            ],
            ("hello", [], TEN_FIVE, "stop", "gpt"),
        ),
        (
            [
                {"type": "message_start", "message": {"model": "claude", "usage": {"input_tokens": 10}}},
                {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}},
                {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
            ],
            ("hello", [], TEN_FIVE, "end_turn", "claude"),
        ),
        (
            [
                {"message": {"role": "assistant", "content": "hel"}, "done": False},
                {"message": {"content": "lo"}, "done": True, "prompt_eval_count": 10, "eval_count": 5},
            ],
            ("hello", [], TEN_FIVE, "stop", None),
        ),
        (
            [
                {"type": "response.output_text.delta", "output_index": 0, "delta": "hel"},
                {"type": "response.output_text.delta", "output_index": 0, "delta": "lo"},
            ],
            ("hello", [], None, None, None),
        ),
        (
            [
                {"type": "AIMessageChunk", "content": "hel"},
                {"type": "AIMessageChunk", "content": "lo"},
                {"type": "AIMessageChunk", "content": "", "usage_metadata": {"input_tokens": 10, "output_tokens": 5}},
            ],
            ("hello", [], TEN_FIVE, None, None),
        ),
        (["hel", "lo", {"prompt_tokens": 10, "completion_tokens": 5}], ("hello", [], TEN_FIVE, None, None)),
        ([{"delta": "hel"}, {"delta": "lo"}], ("hello", [], None, None, None)),
        ([{"answer": "hello"}], ("hello", [], None, None, None)),
    ],
)
def test_streams_are_joined(chunks, expected):
    """Chunks of every API, texts, frameworks' chunks, and a usage at the end."""
    assert said(read_chunks(chunks)) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, TEN_FIVE),
        ({"input_tokens": 10, "output_tokens": 5}, TEN_FIVE),
        ({"prompt_eval_count": 10, "eval_count": 5}, TEN_FIVE),
        ({"prompt_token_count": 10, "candidates_token_count": 5}, TEN_FIVE),
        ({"inputTokens": 10, "outputTokens": 5}, TEN_FIVE),
        ({"billed_units": {"input_tokens": 10, "output_tokens": 5}}, TEN_FIVE),
        (
            {"input_tokens": 4, "output_tokens": 5, "cache_creation_input_tokens": 6},
            Usage(input_tokens=10, output_tokens=5, cache_write_tokens=6),
        ),
        (
            {"input_tokens": 10, "output_tokens": 5, "cache_read_tokens": 4, "reasoning_tokens": 2},
            Usage(input_tokens=10, output_tokens=5, cache_read_tokens=4, reasoning_tokens=2),
        ),
        (
            {
                "input_tokens": 10,
                "output_tokens": 5,
                "input_token_details": {"cache_read": 4},
                "output_token_details": {"reasoning": 2},
            },
            Usage(input_tokens=10, output_tokens=5, cache_read_tokens=4, reasoning_tokens=2),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}},
            Usage(input_tokens=10, output_tokens=5, cache_read_tokens=4),
        ),
        ({"prompt_tokens": 0, "completion_tokens": 0}, Usage()),
        ({"prompt_tokens": "10"}, None),
        ({"other": 10}, None),
        (10, None),
    ],
)
def test_usages_are_read_in_every_form(raw, expected):
    """Each provider's names, the frameworks', ours; `None` where it names no number of tokens."""
    assert read_usage(raw) == expected


class Pydantic(BaseModel):
    prompt_tokens: int = 10
    completion_tokens: int = 5


@dataclasses.dataclass
class Data:
    prompt_tokens: int = 10
    completion_tokens: int = 5


class Plain:
    prompt_tokens = 10

    def __init__(self):
        self.completion_tokens = 5

    def total(self):
        raise AssertionError("methods are not called")


class Slotted:
    __slots__ = ("completion_tokens", "prompt_tokens")

    def __init__(self):
        self.prompt_tokens, self.completion_tokens = 10, 5


class Properties:
    prompt_tokens = property(lambda self: 10)
    completion_tokens = property(lambda self: 5)

    @property
    def expensive(self):
        raise AssertionError("only known properties are read")


class Named(NamedTuple):
    prompt_tokens: int
    completion_tokens: int


@pytest.mark.parametrize(
    "made",
    [Pydantic(), Data(), Plain(), Slotted(), Properties(), Named(10, 5), SimpleNamespace(**vars(Data()))],
    ids=lambda made: type(made).__name__,
)
def test_objects_are_read_like_dicts(made):
    """Models, data classes, slots, properties, named tuples, class attributes."""
    assert read_usage(copied(made, opened=True)) == TEN_FIVE


def test_an_object_of_an_sdk_is_read_like_its_json():
    """The `ChatCompletion` of openai, with its nested models."""
    data = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt",
        "choices": [
            {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [CALL]}}
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }
    answer = read_result(copied(ChatCompletion.model_validate(data), opened=True))
    assert said(answer) == ("", ["find"], TEN_FIVE, "tool_calls", "gpt")
    assert message(answer.output) == message(read_result(data).output)


class Colour(enum.Enum):
    RED = "red"


class Session:
    def __init__(self):
        self.rows = [1, 2, 3]


class Money:
    def __str__(self):
        return f"3 EUR at {object()!r}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": (1, 2.5, None, True)}, {"a": [1, 2.5, None, True]}),
        ({1: "a", Colour.RED: "b"}, {"1": "a", "red": "b"}),
        ({"b", "a"}, ["a", "b"]),
        (Colour.RED, "red"),
        (b"text", "text"),
        (float("inf"), "inf"),
        (ValueError("bad"), "ValueError: bad"),
        (Session(), "<Session>"),
        (Money(), "3 EUR at <object>"),
        (len, "<len>"),
        (Session, "<Session>"),
        (Data(), {"prompt_tokens": 10, "completion_tokens": 5}),
    ],
)
def test_copies_are_plain_and_equal_from_run_to_run(value, expected):
    """JSON-like data; no addresses, no order of a set, no insides of an application's objects."""
    assert copied(value) == expected


def test_copies_end_where_data_does_not():
    """Cycles and endless nesting are cut off."""
    cycle = {"name": "a"}
    cycle["self"] = cycle
    assert copied(cycle) == {"name": "a", "self": "<dict>"}
    deep = []
    for _ in range(5000):
        deep = [deep]
    assert "<list>" in str(copied(deep))


def test_messages_are_read_in_every_shape():
    """OpenAI's dicts and objects, Anthropic's blocks, LangChain's messages, Ollama's images, a bare text."""
    table = MessageTable()

    def read(raw):
        return [dict(one) for one in read_messages(raw, table, lambda data: data)]

    assert read("hi") == [{"role": "user", "content": "hi"}]
    assert read([SimpleNamespace(role="user", content="hi")]) == [{"role": "user", "content": "hi"}]
    assert read([SimpleNamespace(type="human", content="hi")]) == [{"role": "user", "content": "hi"}]
    assert read([{"role": "assistant", "tool_calls": [CALL]}]) == [{"role": "assistant", "tool_calls": [CALL]}]
    blocks = [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "find", "input": {"q": "x"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "found"}]},
    ]
    assert read(blocks) == [
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "content": "found", "tool_call_id": "c1"},
    ]
    (image,) = read([{"role": "user", "content": "look", "images": ["aGk="]}])
    assert image["content"][0] == {"type": "text", "text": "look"}
    assert (image["content"][1]["type"], image["content"][1]["bytes"]) == ("image", 2)
    assert read([5, None]) == []
