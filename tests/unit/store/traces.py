"""Traces of every kind that storage must keep, as hypothesis strategies."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import (
    Attempt,
    CallError,
    Event,
    FailedCall,
    LLMCall,
    ToolCall,
    Trace,
    with_attempt_costs,
)
from pytest_llmtrace._model.usage import Usage

text = st.text(
    alphabet=st.one_of(st.sampled_from(list("ab \n\t\r:#-'\"{}[](),=|>&*!%@`~0123.e")), st.characters()), max_size=30
)
short = st.text(alphabet="ab :#\n", max_size=4)
word = st.sampled_from(["a", "b", "lead", "weird name", "null", "1", "é"])
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
data = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(short, inner, max_size=3), max_leaves=8
)
call_ids = st.sampled_from(["call_abc", "toolu_1", "raw", "no id", "call_2", "call_1", ""])
argument_texts = st.one_of(
    st.dictionaries(st.sampled_from(["order_id", "x", "a-b", "ä", ""]), data, max_size=3).map(json.dumps),
    data.map(lambda value: json.dumps(value, separators=(",", ":"))),
    st.sampled_from(["", "{}", "not json", '{"a": 1, "a": 2}', '{"a": NaN}', "[" * 60 + "]" * 60, "5", '"text"']),
    text,
)
functions = st.fixed_dictionaries(
    {"name": st.sampled_from(["lookup", "a.b:c/d-e", "two words", "", "f("]), "arguments": argument_texts}
)
tool_calls = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["function", "custom"]), "function": functions},
        optional={"id": call_ids, "result": data, "call": data},
    ),
    st.dictionaries(st.sampled_from(["id", "type", "function", "raw"]), data, max_size=3),
    text,
)
roles = st.sampled_from(["system", "user", "assistant", "tool", "developer", "keep", "again", "message", "Odd Role"])


def messages() -> st.SearchStrategy[Message]:
    """Messages in and out of the documented shape."""
    return st.one_of(
        st.builds(lambda role, content: Message({"role": role, "content": content}), roles, text),
        st.builds(
            lambda role, others: Message({"role": role, **others}),
            roles,
            st.fixed_dictionaries(
                {},
                optional={
                    "content": st.none() | text | st.lists(st.dictionaries(short, data, max_size=3), max_size=2),
                    "name": text,
                    "tool_calls": st.lists(tool_calls, max_size=2) | data,
                    "tool_call_id": call_ids | data,
                    "reasoning": text,
                    "refusal": text,
                    "own field": data,
                },
            ),
        ),
    )


labels: dict[str, Any] = {
    "session": st.none() | word | st.just("run 6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
    "agent": st.none() | word,
    "parent": st.none() | word,
    "task": st.none() | word,
    "turn": st.none() | st.integers(0, 9),
}
tools = st.fixed_dictionaries({}, optional={"name": word, "type": word, "description": text, "parameters": data})
usages = st.builds(
    Usage,
    input_tokens=st.integers(0, 9),
    output_tokens=st.integers(0, 9),
    reasoning_tokens=st.integers(0, 2),
    estimated=st.booleans(),
)


def llm_calls(history: st.SearchStrategy[tuple[Message, ...]]) -> st.SearchStrategy[LLMCall]:
    """LLM calls with the given histories."""
    return st.builds(
        LLMCall,
        **labels,
        operation=st.sampled_from(["chat", "responses", "embeddings"]),
        provider=st.sampled_from(["", "openai", "a/b"]),
        model=st.sampled_from(["", "gpt-4o", "meta/llama"]),
        params=st.dictionaries(short, data, max_size=2),
        tools=st.lists(tools, max_size=2).map(tuple),
        messages=history,
        output=st.none() | messages(),
        finish_reason=st.sampled_from([None, "stop", "tool_calls", "end_turn", "tool_use", "length", "STOP"]),
        error=st.none() | st.builds(CallError, type=text, message=text, status=st.none() | st.integers(400, 599)),
        usage=st.none() | usages,
        cost=st.none() | st.floats(0, 1e3).map(lambda cost: float(f"{cost:.12g}")),
        cache_hit=st.booleans(),
        streamed=st.booleans(),
        attempts=st.sampled_from([(), (429, 200), (None, 500, 200)]).map(
            lambda statuses: tuple(Attempt(status=status, source="tape") for status in statuses)
        ),
        fallback_from=st.none() | st.builds(FailedCall, model=st.sampled_from(["gpt-4o", "a/b/gpt-4o"]), error=text),
        status=st.sampled_from(["ok", "error", "abandoned", "cancelled", "open", "missed"]),
    ).map(with_attempt_costs)


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    """Traces whose calls share histories in every way: growing, shortened, rearranged, copied from elsewhere."""
    pool = draw(st.lists(messages(), min_size=1, max_size=5))
    made: list[Any] = []
    calls: list[LLMCall] = []
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["call", "call", "call", "tool", "event"]))
        if kind == "tool":
            made.append(draw(executions))
        elif kind == "event":
            made.append(draw(events))
        else:
            history: tuple[Message, ...] = ()
            if calls and draw(st.booleans()):
                earlier = draw(st.sampled_from(calls))
                history = (*earlier.messages, earlier.output) if earlier.output is not None else earlier.messages
                if history and draw(st.booleans()):
                    start, end = draw(st.integers(0, len(history))), draw(st.integers(0, len(history)))
                    history = (*history[:start], *history[end:])
                if history and draw(st.booleans()):
                    less = {name: value for name, value in history[-1].items() if name not in ("reasoning", "name")}
                    history = (*history[:-1], Message(less))
            new = tuple(draw(st.lists(st.sampled_from(pool) | messages(), max_size=3)))
            call = draw(llm_calls(st.just((*history, *new))))
            calls.append(call)
            made.append(call)
    return Trace(owner="tests/test_a.py::test_x", entries=tuple(made))


executions = st.builds(
    ToolCall,
    **labels,
    name=st.sampled_from(["lookup", "f(x", "two words", ""]),
    arguments=data,
    result=data,
    error=st.none() | text,
    call_id=st.none() | call_ids.filter(bool),
    executed=st.booleans(),
)
events = st.builds(Event, **labels, name=text, data=data)
