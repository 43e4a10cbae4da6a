"""Contexts that outlive their test: the timers of a session that nobody closed hold them, for the rest of the run."""

import gc
import weakref
from contextvars import copy_context

from pytest_llmtrace._capture.from_litellm.call import LitellmCall
from pytest_llmtrace._capture.loose import Loose
from pytest_llmtrace._capture.wire.in_flight import litellm_call, note_sent, sent
from pytest_llmtrace._model.http import HttpRequest
from tests.unit.capture.conftest import observed_with


def test_a_context_that_is_kept_keeps_no_recorder_and_no_request():
    """It names them as long as the test runs; afterwards they are gone, with the conversation that they hold."""
    recorder = observed_with().recorder
    exchange = recorder.open(HttpRequest(method="POST", url="http://127.0.0.1:8000/v1/chat/completions"), None)
    recorder.litellm_calls.append(LitellmCall(heard_by=weakref.ref(recorder), kwargs={}))
    context = copy_context()
    context.run(note_sent, recorder, exchange)
    context.run(litellm_call.set, recorder.litellm_calls[0])
    assert context.run(sent) == (recorder, exchange)
    assert context.run(litellm_call.get) is recorder.litellm_calls[0]
    gone = weakref.ref(recorder)
    gc.disable()  # nothing need be looked for
    try:
        del recorder, exchange
        left = gone()
    finally:
        gc.enable()
    assert (left, context.run(sent), context.run(litellm_call.get)) == (None, None, None)


def test_each_context_names_its_own_and_can_forget_it():
    """As with any context variable."""
    names: Loose[type] = Loose("names")
    other = copy_context()
    names.set(int)
    other.run(names.set, str)
    assert (names.get(), other.run(names.get)) == (int, str)
    names.set(None)
    assert (names.get(), other.run(names.get)) == (None, str)
