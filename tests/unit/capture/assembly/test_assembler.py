"""A trace is assembled again only where something happened since."""

import json

from pytest_llmtrace._capture.assembly.assembler import Assembler
from pytest_llmtrace._capture.gates import Gates
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._capture.tape import Tape
from pytest_llmtrace._model.http import HttpRequest, HttpResponse
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.trace import Event


def chat(text):
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    return HttpRequest(method="POST", url="https://api.openai.com/v1/chat/completions", body=json.dumps(body).encode())


def answer(text):
    body = {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}
    return HttpResponse(status=200, headers=(("content-type", "application/json"),), body=json.dumps(body).encode())


def recorder():
    return Recorder(
        "t", wire="live", tape=Tape(), journal=Tape(), has_cassette=False, redactor=Redactor(), gates=Gates()
    )


def outputs(assembler):
    return [call.output and call.output.text for call in assembler.assembled().trace.calls]


def test_nothing_new_gives_the_same_trace_and_an_answer_gives_another():
    """The same object comes back until a request is opened, or answered, or read further."""
    observed = recorder()
    assembler = Assembler(observed, PriceBook())
    exchange = observed.open(chat("hi"), None)
    assert outputs(assembler) == [None]
    before = assembler.assembled()
    assert assembler.assembled() is before
    observed.answered(exchange, answer("hello"))
    assert outputs(assembler) == ["hello"]
    exchange.events_read = 0
    assert assembler.assembled() is not before


def test_what_is_said_by_hand_is_read_anew_each_time():
    """Events and calls given by hand may change after they were noted."""
    observed = recorder()
    observed.entries.append(Event(name="compaction", data={}))
    assembler = Assembler(observed, PriceBook())
    assert assembler.assembled() is not assembler.assembled()
