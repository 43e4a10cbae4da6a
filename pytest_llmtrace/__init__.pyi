from pytest_llmtrace._capture.manual.agents import agent
from pytest_llmtrace._capture.manual.calls import call, event
from pytest_llmtrace._capture.manual.tools import tool
from pytest_llmtrace._capture.manual.traced import traced
from pytest_llmtrace._run.live_trace import LLMTrace

__all__ = ["LLMTrace", "__version__", "agent", "call", "event", "tool", "traced"]

__version__: str
