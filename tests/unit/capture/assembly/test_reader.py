"""What a request and its answer say is read once, by whoever asks first."""

import json

from pytest_llmtrace._capture.asked import Asked
from pytest_llmtrace._capture.assembly.reader import Reader
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.labels import NO_LABELS
from pytest_llmtrace._model.http import HttpRequest, HttpResponse


def asked(url="https://api.openai.com/v1/chat/completions"):
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    request = HttpRequest(method="POST", url=url, body=json.dumps(body).encode())
    return Exchange(asked=Asked(request, "k"), told_llm=True, labels=NO_LABELS)


def answer(text):
    body = {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}
    return HttpResponse(status=200, headers=(("content-type", "application/json"),), body=json.dumps(body).encode())


def test_a_call_is_read_once_and_another_answer_anew():
    """The same call comes back for the same answer; what the same request is answered later is read for itself."""
    reader, exchange = Reader(), asked()
    assert reader.answered(exchange) is None
    exchange.answered(answer("hello"), "live")
    first = reader.answered(exchange)
    assert reader.answered(exchange) is first
    exchange.answered(answer("bye"), "live")
    second = reader.answered(exchange)
    assert [call and call.output and call.output.text for call in (first, second)] == ["hello", "bye"]


def test_what_asks_no_model_is_no_call():
    """A request that no dialect knows has no call, whatever was answered."""
    exchange = asked("https://example.com/health")
    exchange.answered(answer("hello"), "live")
    assert Reader().answered(exchange) is None
