"""Record, replay, compare and price every LLM call of a pytest suite.

For code that no adapter sees, `import pytest_llmtrace as llmtrace`::

    with llmtrace.call(provider="acme", model="m1", messages=[...]) as call:
        call.output = "text or a message"
        call.usage = {"prompt_tokens": 10, "completion_tokens": 5}

    @llmtrace.traced(model="m1")        # a function whose result is the answer
    @llmtrace.tool                      # a tool whose executions are recorded
    llmtrace.event("compaction", {"replaced": 3})
    with llmtrace.agent("lead", session="s1"): ...

Outside of a traced test all of it does nothing. `LLMTrace` is the type of the fixture `llm_trace`. `__init__.pyi` has
the types.
"""

__version__ = "0.1.0"

__all__ = ["LLMTrace", "__version__", "agent", "call", "event", "tool", "traced"]  # pyright: ignore[reportUnsupportedDunderAll]

_HOMES = {
    "LLMTrace": "_run.live_trace",
    "agent": "_capture.manual.agents",
    "call": "_capture.manual.calls",
    "event": "_capture.manual.calls",
    "tool": "_capture.manual.tools",
    "traced": "_capture.manual.traced",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - the plugin is loaded by every pytest run, this by few

    value = getattr(import_module(f"pytest_llmtrace.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
