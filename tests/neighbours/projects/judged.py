"""deepeval: a model judges an answer, and its calls are calls of the test like any other."""

import pytest
from asking import URL, chat
from deepeval import assert_test
from deepeval.metrics import GEval
from deepeval.models import OpenAIModel
from deepeval.test_case import LLMTestCase, SingleTurnParams


@pytest.fixture
def right():
    judge = OpenAIModel(model="gpt-4o-mini", base_url=URL, api_key="sk-neighbour-0123456789")
    looks_at = [SingleTurnParams.ACTUAL_OUTPUT]
    return GEval(name="right", evaluation_steps=["Look."], evaluation_params=looks_at, model=judge, threshold=0.5)


def test_judged(right, llm_trace):
    answer = chat("What is the capital of France?")
    assert_test(LLMTestCase(input="the capital", actual_output=answer), [right])
    assert [call.output["content"] for call in llm_trace.calls] == ["Paris", '{"score": 9, "reason": "right"}']
