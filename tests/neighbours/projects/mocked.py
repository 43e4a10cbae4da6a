"""pytest-mockllm: its mocks answer in the process, and its recorder keeps a tape of its own."""

import pytest
from asking import chat


def test_mocked(mock_openai, llm_trace):
    mock_openai.add_response("from the mock")
    assert chat("anything") == "from the mock"
    assert llm_trace.calls == ()


@pytest.mark.llm_record
def test_their_tape(llm_trace):
    assert chat("kept by them").startswith("You said")
    assert len(llm_trace.calls) == 1


def test_our_tape(llm_trace):
    assert chat("kept by us") == "You said: kept by us"
    assert len(llm_trace.calls) == 1
