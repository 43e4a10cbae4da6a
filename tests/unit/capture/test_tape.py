"""The tape in use."""

from concurrent.futures import ThreadPoolExecutor

from pytest_llmtrace._capture.tape import Tape
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction


def asked(**headers):
    sent = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpRequest(method="POST", url="https://h/p", headers=sent)


def interaction(key, answer, **headers):
    return Interaction(request=asked(**headers), response=HttpResponse(status=200, body=answer), key=key)


def test_equal_requests_are_answered_in_recorded_order_each_once():
    """The second of two equal requests gets the second answer, a third gets none."""
    tape = Tape([interaction("a", b"1"), interaction("b", b"x"), interaction("a", b"2")])
    taken = [tape.take(key, asked()) for key in ("a", "a", "a", "c")]
    assert [None if one is None else (one[0], one[1].response.body) for one in taken] == [
        (0, b"1"),
        (2, b"2"),
        None,
        None,
    ]
    assert [one.key for one in tape.unplayed()] == ["b"]


def test_threads_share_a_tape_without_taking_an_answer_twice():
    """Each answer is given out once, however many threads ask."""
    tape = Tape([interaction("a", str(n).encode()) for n in range(200)])
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: tape.take("a", asked()), range(200)))
    assert sorted(position for position, _ in taken) == list(range(200))
    assert tape.unplayed() == ()


def test_a_request_that_switches_on_other_features_is_not_answered():
    """Features are switched on in headers; where a tool recorded no headers, nothing is known of them."""
    tape = Tape(
        [
            interaction("a", b"1", anthropic_version="1", anthropic_beta="x, y"),
            interaction("b", b"2", anthropic_version="1"),
            interaction("c", b"3"),
        ],
        outline=lambda request: request.url,
        alike=lambda one, other: one.url == other.url,
        same=lambda one, other: one.url == other.url,
    )
    new = asked(anthropic_version="2", anthropic_beta="new")
    assert [tape.take(key, new) for key in ("a", "b")] == [None, None]
    assert tape.take("a", asked(anthropic_beta="y,x")) == (0, tape.interactions[0])
    assert tape.take_like(new) == (2, tape.interactions[2])
    assert tape.take_like(new) is None
