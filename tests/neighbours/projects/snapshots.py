"""syrupy and inline-snapshot: what the trace of a test holds are values to compare."""

from asking import chat
from inline_snapshot import snapshot as inline


def test_syrupy(snapshot, llm_trace):
    chat("hello")
    assert llm_trace == snapshot
    assert llm_trace.output == snapshot
    assert llm_trace.calls[0].messages == snapshot
    assert llm_trace.usage == snapshot


def test_inline(llm_trace):
    chat("hello")
    assert repr(llm_trace) == inline()
    assert llm_trace.output == inline()
    assert llm_trace.calls[0].output == inline()
    assert llm_trace.tool_names == inline()
    assert llm_trace.cost == inline()
