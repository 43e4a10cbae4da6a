"""The recorder decides who answers."""

import json
import sys
import threading
import types
import weakref

import pytest

from pytest_llmtrace._capture.exchange import ReplayStopError, interaction_of
from pytest_llmtrace._capture.from_litellm import drain as drain_module
from pytest_llmtrace._capture.from_litellm.call import LitellmCall
from pytest_llmtrace._capture.gates import Gates
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._capture.tape import Tape, replayed
from pytest_llmtrace._capture.wire.transport_failures import GivenUpError, exception_of
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._model.redaction import Redactor

OK = HttpResponse(status=200, headers=(("content-type", "application/json"), ("x-request-id", "r1")), body=b'{"ok":1}')


def chat(text="hi", url="http://127.0.0.1:8000/v1/chat/completions"):
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    return HttpRequest(
        method="POST", url=url, headers=(("authorization", "Bearer sk-12345678"),), body=json.dumps(body).encode()
    )


def plain(url):
    return HttpRequest(method="GET", url=url)


def recorder(wire="tape", tape=(), *, has_cassette=None, journal=(), **gates):
    return Recorder(
        "t",
        wire=wire,
        tape=Tape(tape),
        journal=Tape(journal),
        has_cassette=bool(tape) if has_cassette is None else has_cassette,
        redactor=Redactor(),
        gates=Gates(**gates),
    )


def recorded(*requests):
    """Interactions as a first recording makes them."""
    first = recorder("live")
    for request in requests:
        first.answered(first.open(request, None), OK)
    return [interaction_of(exchange) for exchange in first.recorded()]


def test_what_was_recorded_is_answered_from_the_tape():
    """A recorded request is answered without going out, and nothing secret is on the tape."""
    tape = recorded(chat())
    assert tape[0].request.headers == ()
    assert tape[0].response.headers == (("content-type", "application/json"),)
    replay = recorder("tape", tape)
    exchange = replay.open(chat(url="http://localhost:1234/v1/chat/completions"), None)
    assert (exchange.source, exchange.response.body, exchange.position) == ("tape", b'{"ok":1}', 0)


def test_replay_stops_an_llm_request_that_is_not_on_the_tape():
    """The stop is a BaseException and the miss is remembered, should something swallow it."""
    replay = recorder("tape", recorded(chat()))
    with pytest.raises(ReplayStopError, match=r"did not record POST http://127.0.0.1:8000/v1/chat/completions"):
        replay.open(chat("other"), None)
    assert [(one.missed, one.is_llm) for one in replay.misses] == [(True, True)]


def test_replay_stops_an_llm_request_without_any_cassette():
    """A test without a recording cannot reach an LLM, not even a local one."""
    with pytest.raises(ReplayStopError, match="has no recording of"):
        recorder("tape").open(chat(), None)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9200/index", "http://localhost:5000/"])
def test_local_traffic_that_is_no_llm_stays_real(url):
    """Databases and test servers on this machine are neither blocked nor taped."""
    replay = recorder("tape", recorded(chat()))
    exchange = replay.open(plain(url), None)
    assert exchange.response is None
    assert not exchange.taped


def test_the_port_of_a_recorded_provider_is_answered_by_the_tape_alone():
    """A request to the recorded provider's own port that is not on the tape is stopped."""
    replay = recorder("tape", recorded(chat()))
    with pytest.raises(ReplayStopError):
        replay.open(plain("http://127.0.0.1:8000/v1/models"), None)


def test_a_test_without_llm_and_cassette_keeps_its_network():
    """Other HTTP of a test that has nothing to do with LLMs goes through."""
    exchange = recorder("tape").open(plain("https://example.com/"), None)
    assert (exchange.response, exchange.taped) == (None, False)


def test_a_test_with_a_cassette_reaches_nothing_else():
    """With a cassette, HTTP that is not on the tape is stopped."""
    with pytest.raises(ReplayStopError):
        recorder("tape", recorded(chat())).open(plain("https://example.com/"), None)


def test_filling_answers_from_the_tape_then_the_journal_then_live():
    """Only what neither knows goes out, and is kept at once."""
    kept = []
    fill = recorder("fill", recorded(chat("a")), journal=recorded(chat("b")), keep=kept.append)
    sources = []
    for text in ("a", "b", "c"):
        exchange = fill.open(chat(text), None)
        if exchange.response is None:
            fill.answered(exchange, OK)
        sources.append(exchange.source)
    assert sources == ["tape", "journal", "live"]
    assert [json.loads(one.request.body)["messages"][0]["content"] for one in kept] == ["c"]
    assert len(fill.recorded()) == 3


def test_recording_keeps_local_traffic_of_an_llm_port_only():
    """`/v1/models` of a local LLM is taped, a local database is not, the internet is."""
    urls = [
        request.url
        for request in (
            one.request
            for one in recorded(
                plain("http://127.0.0.1:8000/v1/models"),
                chat(),
                plain("http://127.0.0.1:9200/db"),
                plain("https://search.example.com/?q=1"),
            )
        )
    ]
    assert urls == [
        "http://127.0.0.1:8000/v1/models",
        "http://127.0.0.1:8000/v1/chat/completions",
        "https://search.example.com/?q=1",
    ]


def test_a_spent_budget_stops_the_next_live_call():
    """The gate is asked before each live LLM call, and a refused call is not taped."""
    live = recorder("live", allow_live=lambda _exchange: "the budget is spent")
    with pytest.raises(ReplayStopError, match="the budget is spent"):
        live.open(chat(), None)
    assert live.recorded() == ()
    assert live.open(plain("https://example.com/"), None).response is None


def test_a_recorded_refusal_does_not_make_the_client_wait():
    """429 and 5xx are played with a retry delay of a millisecond, other answers as they are."""
    busy = HttpResponse(status=429, headers=(("retry-after", "20"), ("content-type", "a/b")))
    assert replayed(busy).headers == (("content-type", "a/b"), ("retry-after-ms", "1"))
    assert replayed(OK) is OK


def test_a_failed_call_is_taped_as_its_failure():
    """A refused connection that nobody tried again replays as itself, as often as it is tried."""
    live = recorder("live")
    live.failed(live.open(chat(), None), ConnectionRefusedError("nobody there"))
    (one,) = [interaction_of(exchange) for exchange in live.recorded()]
    assert (one.response.status, one.response.reason, one.response.body) == (
        0,
        "builtins.ConnectionRefusedError",
        b"nobody there",
    )
    replay = recorder("tape", [one])
    for _ in range(3):
        exchange = replay.open(chat(), None)
        assert (exchange.replayed, exchange.response) == (True, None)
        assert isinstance(exception_of(exchange.failure), ConnectionRefusedError)
    assert replay.tape.unplayed() == ()


def test_a_failure_that_a_retry_repaired_is_not_taped():
    """Only the answer of the retry is kept; replay needs no second try."""
    live = recorder("live")
    live.failed(live.open(chat(), None), ConnectionResetError("reset"))
    live.answered(live.open(chat(), None), OK)
    assert [exchange.status for exchange in live.recorded()] == [200]


def test_an_exchange_that_was_interrupted_cannot_be_taped():
    """A request that was ended by Ctrl-C has no place on a tape."""
    live = recorder("live")
    exchange = live.open(chat(), None)
    live.failed(exchange, KeyboardInterrupt())
    assert live.recorded() == ()
    with pytest.raises(ValueError, match="without an answer"):
        interaction_of(exchange)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("httpx.ReadTimeout", TimeoutError),
        ("os.system", ConnectionError),
        ("subprocess.CalledProcessError", ConnectionError),
        ("builtins.exit", ConnectionError),
        ("asyncio.exceptions.CancelledError", GivenUpError),
        ("nonsense", ConnectionError),
    ],
)
def test_a_tape_cannot_name_what_is_raised_beyond_transport_errors(reason, kind, monkeypatch):
    """Only exceptions of HTTP libraries that are loaded are made again; everything else is a plain connection error."""
    monkeypatch.delitem(sys.modules, "httpx", raising=False)
    made = exception_of(HttpResponse(status=0, reason=reason, body=b"text"))
    assert type(made) is kind
    assert str(made) == "text"


def test_an_exception_that_wants_more_than_a_text_is_caught_by_its_class_in_replay(monkeypatch):
    """Some of aiohttp and botocore are made from a request or from keywords, which no tape holds."""

    class NeedsMoreError(OSError):
        def __init__(self, request, *, status):
            self.request, self.status = request, status

        def __str__(self):
            return f"{self.status}: {self.request.url}"

    monkeypatch.setitem(sys.modules, "aiohttp.made_up", types.SimpleNamespace(NeedsMoreError=NeedsMoreError))
    made = exception_of(HttpResponse(status=0, reason="aiohttp.made_up.NeedsMoreError", body=b"text"))
    assert isinstance(made, NeedsMoreError)
    assert (type(made).__name__, str(made), made.status, hasattr(made, "__missing__")) == (
        "NeedsMoreError", "text", None, False,
    )  # fmt: skip


def test_interactions_keep_their_key():
    """The key on the tape is the key that a look-up computes."""
    (one,) = recorded(chat())
    assert isinstance(one, Interaction)
    assert Tape([one]).knows(one.key)


def test_a_test_waits_for_the_answer_that_a_thread_of_it_waits_for(monkeypatch):
    """What a thread has asked is paid for, and belongs to the test that asked, though that came to its end."""
    live = recorder("live")
    asked, answer = threading.Event(), threading.Event()

    def ask():
        exchange = live.open(chat(), None)
        asked.set()
        answer.wait(10)
        live.answered(exchange, OK)

    thread = threading.Thread(target=ask)
    thread.start()
    asked.wait(10)
    monkeypatch.setattr(drain_module.time, "sleep", lambda _seconds: answer.set() or thread.join())
    drain_module.drain(live)
    assert answer.is_set()
    assert [one.status for one in live.recorded()] == [200]


def test_a_test_does_not_wait_for_what_nobody_waits_for():
    """A request whose thread is over, or whose event loop stands still in this one, is not answered any more."""
    live = recorder("live")
    live.open(chat(), None)
    thread = threading.Thread(target=live.open, args=(chat("again"), None))
    thread.start()
    thread.join()
    drain_module.drain(live)
    assert [one.response for one in live.recorded()] == [None, None]


def test_a_key_that_the_answer_repeats_is_on_no_tape():
    """A proxy may put the caller's key into its answer or its error; a stand-in for a key is a word like any other."""
    made = []
    for key in ("sk-0123456789abcdef", "not-needed"):
        live = recorder("live")
        sent = HttpRequest(
            method="POST", url=chat().url, headers=(("authorization", f"Bearer {key}"),), body=chat().body
        )
        live.answered(live.open(sent, None), HttpResponse(status=401, body=f"bad key: {key}".encode()))
        made += [one.response.body for one in live.recorded()]
    assert made == [b"bad key: REDACTED", b"bad key: not-needed"]


def test_a_request_is_not_of_a_litellm_call_that_an_earlier_test_made():
    """Its context may still name one, which says nothing of the request's price and labels."""
    earlier, live = recorder("live"), recorder("live")
    made = [LitellmCall(heard_by=weakref.ref(one), kwargs={}) for one in (earlier, live)]
    assert [live.open(chat(), one).context for one in made] == [None, made[1]]
