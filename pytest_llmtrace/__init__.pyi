from pytest_llmtrace._capture.agents import agent
from pytest_llmtrace._capture.manual import call, event
from pytest_llmtrace._capture.tools import tool
from pytest_llmtrace._capture.traced import traced

__all__ = ["__version__", "agent", "call", "event", "tool", "traced"]

__version__: str
