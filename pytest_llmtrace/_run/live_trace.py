"""The `llm_trace` fixture: the trace of the running test, live."""

from __future__ import annotations

from collections.abc import Callable

from pytest_llmtrace._model.conversations import Conversation, conversations
from pytest_llmtrace._model.fanout import FanOut, fan_outs
from pytest_llmtrace._model.trace import Event, LLMCall, ToolCall, Trace
from pytest_llmtrace._model.trajectory import first_user_text, last_text, tool_calls, totals
from pytest_llmtrace._model.usage import Totals, Usage


def empty_trace(owner: str) -> LLMTrace:
    """What the fixture gives where nothing is traced."""
    return LLMTrace(lambda: Trace(owner=owner), lambda trace: f"<Trace {trace.owner}: not traced>")


class LLMTrace:
    """Everything the running test has done with LLMs so far; read it at any moment.

    Without a mode (plain `pytest`) it is there and empty.
    """

    def __init__(self, read: Callable[[], Trace], show: Callable[[Trace], str]) -> None:
        self._read = read
        self._show = show

    @property
    def trace(self) -> Trace:
        """The whole trace as a frozen value."""
        return self._read()

    @property
    def calls(self) -> tuple[LLMCall, ...]:
        """The LLM calls, in the order in which they began."""
        return self.trace.calls

    @property
    def tools(self) -> tuple[ToolCall, ...]:
        """Each tool call of the trajectory once, in order, with `.name .arguments .result .error`."""
        return tool_calls(self.trace)

    @property
    def tool_names(self) -> list[str]:
        """The names of `tools`, in order."""
        return [tool.name for tool in self.tools]

    @property
    def events(self) -> tuple[Event, ...]:
        """The events."""
        return self.trace.events

    @property
    def output(self) -> str | None:
        """The last text that a model answered."""
        return last_text(self.trace)

    @property
    def first_user(self) -> str | None:
        """The text of the first message that a user sent to a model."""
        return first_user_text(self.trace)

    @property
    def totals(self) -> Totals:
        """Calls, tokens and US dollars, live ones apart."""
        return totals(self.trace.calls)

    @property
    def usage(self) -> Usage:
        """Tokens of all calls together."""
        return self.totals.usage

    @property
    def cost(self) -> float | None:
        """US dollars of all calls together; `None` where a price is unknown."""
        return self.totals.cost_usd

    @property
    def conversations(self) -> tuple[Conversation, ...]:
        """The calls grouped by shared history."""
        return conversations(self.trace.calls)

    @property
    def fanouts(self) -> tuple[FanOut, ...]:
        """Calls from one point whose answers all feed a later call: `.members`, `.aggregator`, `.totals`."""
        return fan_outs(self.trace.calls)

    def __repr__(self) -> str:
        return self._show(self.trace)


def as_text(trace: Trace) -> str:
    """A trace as it is shown."""
    from pytest_llmtrace._report.commands.transcript import trace_repr  # noqa: PLC0415  # only where it is asked for

    return trace_repr(trace)
