"""Personal data: what is found, what stands for it, and what a replay gives back."""

from __future__ import annotations

import base64
import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._model.framed import texts_of_body
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._model.matching import request_key
from pytest_llmtrace._model.personal.book import Book
from pytest_llmtrace._model.personal.kinds import KINDS, custom_kind
from pytest_llmtrace._model.personal.names import NAMES
from pytest_llmtrace._model.personal.pairs import aligned, texts_of
from pytest_llmtrace._model.personal.placeholders import (
    distinct,
    own_numbers,
    renamed,
    renamed_response,
    response_texts,
)
from pytest_llmtrace._model.redaction import Redactor
from tests.provider.aws_events import AwsEvent

ALL = tuple(KINDS.values())
URL = "https://api.example.com/v1/chat"


def redacted(text, *names):
    """A text without the data of these kinds, or of all."""
    return Book([KINDS[name] for name in names] or ALL).redact(text)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("email", "Mail ann.smith+shop@mail.example.com now.", "ann.smith+shop@mail.example.com"),
        ("email", "<mailto:Ann@Example.COM>, thanks", "Ann@Example.COM"),
        ("email", "'o'brien@example.ie'", "o'brien@example.ie"),
        ("email", "jürgen@müller.de", "jürgen@müller.de"),
        ("email", "/find?who=ann%40example.com&n=1", "ann%40example.com"),
        ("email", "next%3Dann%40example.com", "ann%40example.com"),
        ("email", r'{"who": "ann\u0040example.com"}x', r"ann\u0040example.com"),
        ("email", "a" * 80 + "@example.com", "a" * 80 + "@example.com"),
        ("phone", "Call +49 151 23456789, please", "+49 151 23456789"),
        ("phone", "tel:+1-415-555-2671.", "+1-415-555-2671"),
        ("phone", "+44 (0)20 7946 0958", "+44 (0)20 7946 0958"),
        ("phone", "?to=%2B4915123456789&x", "%2B4915123456789"),
        ("phone", "(415) 555-2671 is hers", "(415) 555-2671"),
        ("phone", "or 415-555-2671!", "415-555-2671"),
        ("card", "paid with 4111 1111 1111 1111 today", "4111 1111 1111 1111"),
        ("card", "12 4111-1111-1111-1111", "4111-1111-1111-1111"),
        ("card", "card:378282246310005;", "378282246310005"),
        ("card", "order-5555555555554444", "5555555555554444"),
        ("iban", "to DE89 3704 0044 0532 0130 00 AND ON", "DE89 3704 0044 0532 0130 00"),
        ("iban", "GB82WEST12345698765432", "GB82WEST12345698765432"),
        ("ip", "from 203.0.113.7.", "203.0.113.7"),
        ("ip", "from 2001:db8::7, port 1", "2001:db8::7"),
        ("ssn", "her 536-90-4399 is", "536-90-4399"),
    ],
)
def test_what_is_found(name, text, value):
    """A value is replaced in whatever text it stands, and nothing around it."""
    assert redacted(text, name) == text.replace(value, redacted(value, name))
    assert redacted(value, name) == f"REDACTED-{name.upper()}-1" + redacted(value, name)[-1]


@pytest.mark.parametrize(
    "text",
    [
        "order 1234567890123, invoice 2024-01-31-0001, total 1,299.00",
        "chatcmpl-8f7a4111111111111111b and call_4111111111111111",
        "1712345678123456 microseconds, 0.4111111111111111",
        "4111111111111112",  # the check digit is wrong
        "@app.route('/x') and pkg@1.2.3 and name@host",
        "2024-11-26T01:50:08+0100, +5 points, +1 800, a+49151234567890",
        "127.0.0.1:8000, ::1, 12:34:56, std::vector, v1.2.3.4.5, 999.1.1.1",
        "DE00 3704 0044 0532 0130 00",
        "000-12-3456 and 555-0199",
        "iVBORw0KGgo/+49151234567890AAAA==",
    ],
)
def test_what_is_not_found(text):
    """Order numbers, times, ids, prices, code and base64 are left alone."""
    assert redacted(text) == text


@pytest.mark.parametrize("value", ["ann@example.com", "+4915123456789", "4111111111111111", "203.0.113.7"])
def test_every_spelling_of_a_value_has_its_number_and_a_letter_of_its_own(value):
    """`a` is the plain spelling wherever it stands; others follow."""
    spelled = {
        "ann@example.com": "Ann@Example.com",
        "+4915123456789": "+49 151 23456789",
        "4111111111111111": "4111 1111 1111 1111",
        "203.0.113.7": value,
    }[value]
    book = Book(ALL)
    first, second = book.redact(spelled), book.redact(value)
    assert (first[:-1], second[-1]) == (second[:-1], "a")
    assert (book.restored_text(first), book.restored_text(second)) == (spelled, value)


def test_different_values_have_different_numbers_and_equal_ones_the_same():
    """Numbers follow the first appearance."""
    assert redacted("a@x.org b@x.org A@X.ORG a@x.org") == (
        "REDACTED-EMAIL-1a REDACTED-EMAIL-2a REDACTED-EMAIL-1b REDACTED-EMAIL-1a"
    )


def test_redaction_of_what_is_redacted_changes_nothing():
    """Also where a text brings a placeholder that nobody made: it counts as a value."""
    book = Book(ALL)
    once = book.redact("a@x.org and REDACTED-EMAIL-7a, +49 151 23456789")
    assert once == "REDACTED-EMAIL-1a and REDACTED-EMAIL-2a, REDACTED-PHONE-1b"
    assert book.redact(once) == once
    assert book.restored_text(once) == "a@x.org and REDACTED-EMAIL-7a, +49 151 23456789"


def test_a_rule_of_a_project_is_found_anywhere_even_inside_of_words():
    """Whatever stands next to a placeholder, it can be read again."""
    import re

    book = Book([custom_kind("customer-id", re.compile(r"CUST-\d{6}"))])
    text = "XCUST-123456789 CUST-654321a"
    made = book.redact(text)
    assert made == "XREDACTED-CUSTOMER-ID-1a789 REDACTED-CUSTOMER-ID-2aa"
    assert book.restored_text(made) == text
    assert own_numbers(made.replace("-1a", "-8a")) == made


def body_of(*texts, **more):
    """A request with these messages."""
    return HttpRequest(method="POST", url=URL, body=json.dumps({"messages": list(texts), **more}).encode())


def recorded(*exchanges):
    """The interactions that a recording makes of requests and answers, as the file has them."""
    book = Book(ALL)
    redactor = Redactor().hiding(book)
    made = [
        (redactor.request(sent), redactor.response(HttpResponse(status=200, body=answer))) for sent, answer in exchanges
    ]
    assert book.settled(texts_of(made), for_good=True) is None
    return [Interaction(request=one, response=other, key=request_key(one)) for one, other in made]


def test_a_request_matches_whatever_its_values_are_numbered():
    """The key of a request depends on which of its values are equal, and on nothing that came before it."""
    book = Book(ALL)
    redactor = Redactor().hiding(book)
    one = redactor.request(body_of("a@x.org", "b@x.org", "a@x.org"))
    other = redactor.request(body_of("c@x.org", "b@x.org", "c@x.org"))
    third = redactor.request(body_of("c@x.org", "b@x.org", "b@x.org"))
    assert one.body != other.body
    assert request_key(one) == request_key(other) != request_key(third)


def test_an_answer_gives_back_what_this_run_sent_itself():
    """Its own spelling, the plain spelling of its value, and a placeholder for what it never sent."""
    (interaction,) = recorded(
        (
            body_of("Who is Ann@Example.org, +49 151 23456789?"),
            b'{"to": "ann@example.org", "t": "+4915123456789 b@x.org"}',
        )
    )
    assert interaction.response.body == (b'{"to":"REDACTED-EMAIL-1a","t":"REDACTED-PHONE-1a REDACTED-EMAIL-2a"}')
    book = Book(ALL)
    sent = Redactor().hiding(book).request(body_of("Who is Ann@Example.org, +49 151 23456789?"))
    answer = book.restored(book.answer(interaction, sent))
    assert json.loads(answer.body) == {"to": "ann@example.org", "t": "+4915123456789 REDACTED-EMAIL-2a"}


def test_parallel_requests_in_another_order_get_their_own_answers_and_numbers():
    """Numbers of the run are chance; what it shows and writes has those of the recording."""
    tape = recorded((body_of("first a@x.org"), b'["a@x.org"]'), (body_of("second b@x.org"), b'["b@x.org"]'))
    book = Book(ALL)
    redactor = Redactor().hiding(book)
    sent = [redactor.request(body_of(text)) for text in ("second b@x.org", "first a@x.org")]
    found = [next(one for one in tape if one.key == request_key(request)) for request in sent]
    answers = [book.answer(one, request) for one, request in zip(found, sent, strict=True)]
    assert [book.restored(one).body for one in answers] == [b'["b@x.org"]', b'["a@x.org"]']
    rename = book.settled(texts_of(zip(sent, answers, strict=True)), for_good=False)
    assert rename is not None
    assert [renamed(one.body.decode(), rename) for one in answers] == [one.response.body.decode() for one in found]


def test_of_requests_equal_but_for_values_the_one_that_fits_what_is_known_answers():
    """A value that was found out speaks for one recorded request and against the others."""
    first, second = recorded((body_of("ask a@x.org"), b"1"), (body_of("ask b@x.org"), b"2"))
    book = Book(ALL)
    redactor = Redactor().hiding(book)
    one, other = redactor.request(body_of("ask a@x.org")), redactor.request(body_of("ask b@x.org"))
    book.answer(first, one)
    assert [book.agrees(first.request, request) for request in (one, other)] == [True, False]
    assert [book.agrees(second.request, request) for request in (one, other)] == [False, True]


def test_a_placeholder_that_an_application_sends_back_is_the_one_of_the_answer():
    """What a replay could not restore goes on as what it was recorded as."""
    tape = recorded(
        (body_of("who?"), b'["b@x.org"]'),
        (body_of("who?", "b@x.org", "and a@x.org?"), b'["b@x.org"]'),
    )
    book = Book(ALL)
    redactor = Redactor().hiding(book)
    given = book.restored(book.answer(tape[0], redactor.request(body_of("who?"))))
    (name,) = json.loads(given.body)
    assert name == "REDACTED-EMAIL-1a"
    sent = redactor.request(body_of("who?", name.lower(), "and a@x.org?"))
    assert request_key(sent) == tape[1].key
    answer = book.answer(tape[1], sent)
    assert json.loads(book.restored(answer).body) == [name]
    assert book.settled(texts_of([(sent, answer)]), for_good=True) is None


def test_answers_of_a_journal_do_not_share_numbers():
    """It may hold the calls of several recordings, each with numbers of its own."""
    (one,) = recorded((body_of("a@x.org"), b'["c@x.org"]'))
    (other,) = recorded((body_of("b@x.org"), b'["d@x.org"]'))
    book = Book(ALL)
    redactor = Redactor().hiding(book)
    answers = [
        book.answer(interaction, redactor.request(body_of(text)), alone=True).body
        for interaction, text in ((one, "a@x.org"), (other, "b@x.org"))
    ]
    assert answers == [b'["REDACTED-EMAIL-2a"]', b'["REDACTED-EMAIL-4a"]']


def test_a_request_of_another_wording_is_compared_with_the_values_of_a_recorded_one():
    """Its placeholders are told in the recorded one's numbers, in their order."""
    one, other = body_of("ask REDACTED-EMAIL-4a, REDACTED-EMAIL-2b"), body_of("ask REDACTED-EMAIL-1a REDACTED-EMAIL-2b")
    assert json.loads(aligned(other, one).body) == {"messages": ["ask REDACTED-EMAIL-4a REDACTED-EMAIL-2b"]}


def test_a_body_loses_values_in_keys_numbers_and_json_inside_of_json():
    """And gets all of them back."""
    body = json.dumps(
        {
            "a@x.org": 4111111111111111,
            "arguments": json.dumps({"jürgen@müller.de": {"n": 378282246310005}, "note": 'say "hi"'}),
            "id": 1712345678123,
        }
    ).encode()
    book = Book(ALL)
    made = Redactor().hiding(book).body(body)
    assert json.loads(made) == {
        "REDACTED-EMAIL-1a": "REDACTED-CARD-1a (number)",
        "arguments": '{"REDACTED-EMAIL-2a": {"n": "REDACTED-CARD-2a (number)"}, "note": "say \\"hi\\""}',
        "id": 1712345678123,
    }
    assert json.loads(book.restored(HttpResponse(status=200, body=made)).body) == json.loads(body)


def test_hosts_stay_and_the_rest_of_a_url_does_not():
    """A request must still go where it was recorded."""
    redactor = Redactor().hiding(Book(ALL))
    assert redactor.url("https://203.0.113.7:8000/u/ann@example.com?q=b%40x.org&ip=203.0.113.8") == (
        "https://203.0.113.7:8000/u/REDACTED-EMAIL-1a?q=REDACTED-EMAIL-2b&ip=REDACTED-IP-1a"
    )


def test_texts_and_headers_lose_values():
    """What is told of a fault, and the headers that are kept, go the same way as bodies."""
    redactor = Redactor().hiding(Book(ALL))
    assert redactor.text("ValueError: ann@example.com") == "ValueError: REDACTED-EMAIL-1a"
    headers = (("Link", "</u/ann@example.com>"), ("Location", "https://203.0.113.7/u/ann@example.com"))
    assert redactor.response(HttpResponse(status=302, headers=headers)).headers == (
        ("link", "</u/REDACTED-EMAIL-1a>"),
        ("location", "https://203.0.113.7/u/REDACTED-EMAIL-1a"),
    )


def stream(events):
    """A body of server-sent events."""
    return "".join(f"data: {json.dumps(one)}\n\n" for one in events).encode() + b"data: [DONE]\n\n"


def events_in(body):
    """The events of such a body."""
    return [json.loads(line[6:]) for line in body.decode().split("\n\n") if line.startswith("data: {")]


def deltas(text, cuts, *, index=0):
    """The pieces of a text as OpenAI's chat API streams them."""
    places = [0, *sorted(cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    return [{"id": "c1", "choices": [{"index": index, "delta": {"content": one}}]} for one in pieces]


def test_a_placeholder_that_somebody_typed_is_not_taken_for_a_value_of_the_same_text():
    """Replay gave back the address in its place."""
    for typed in ("REDACTED-EMAIL-1a, a@x.org, REDACTED-EMAIL-2a", "a@x.org, b@x.org, c@x.org, REDACTED-EMAIL-3a"):
        book = Book(ALL)
        made = book.redact(typed)
        assert book.restored_text(made) == typed
        assert len(set(made.split(", "))) == len(typed.split(", "))


def test_a_value_that_a_stream_splits_is_one_placeholder_where_it_begins():
    """Every choice is a text of its own, however they interleave; what is no piece of a value stays as it was."""
    one, other = deltas("to ann@example.com now", {5, 9}), deltas("ask +4915123456789!", {6, 9}, index=1)
    raw = stream([event for pair in zip(one, other, strict=True) for event in pair])
    book = Book(ALL)
    made = Redactor().hiding(book).response(HttpResponse(status=200, body=raw)).body
    assert [event["choices"][0]["delta"]["content"] for event in events_in(made)] == [
        "to REDACTED-EMAIL-1a", "ask REDACTED-PHONE-1a", "", "", " now", "!",
    ]  # fmt: skip
    given = book.restored(HttpResponse(status=200, body=made)).body
    assert [event["choices"][0]["delta"]["content"] for event in events_in(given)] == [
        "to ann@example.com", "ask +4915123456789", "", "", " now", "!",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        '{"card": 4111111111111111, "who": "ann@example.com"}',
        '{"who": "j\\u00fcrgen@m\\u00fcller.de", "n": 1}',
        '{"card": 4111111111111111, "wh',
    ],
)
def test_arguments_that_a_stream_splits_stay_json(arguments):
    """Numbers and escapes come back as they were, also where the stream was cut off."""
    pieces = [arguments[start : start + 7] for start in range(0, len(arguments), 7)]
    raw = stream({"type": "content_block_delta", "index": 1, "delta": {"partial_json": one}} for one in pieces)
    book = Book(ALL)
    made = Redactor().hiding(book).body(raw)
    assert "4111" not in "".join(one["delta"]["partial_json"] for one in events_in(made))
    assert "ller.de" not in "".join(one["delta"]["partial_json"] for one in events_in(made))
    given = book.restored(HttpResponse(status=200, body=made)).body
    assert "".join(one["delta"]["partial_json"] for one in events_in(given)) == arguments
    assert len(events_in(made)) == len(pieces)


def test_binary_streams_of_bedrock_lose_values_too_and_stay_streams():
    """Text of a conversation, and the base64 in which a model is invoked; their placeholders can be renamed."""
    pieces = [one["choices"][0]["delta"]["content"] for one in deltas("to ann@example.com now", {5, 9})]
    events = [{"contentBlockIndex": 0, "delta": {"text": one}} for one in pieces]
    for form in (events, [{"bytes": base64.b64encode(json.dumps(one).encode()).decode()} for one in events]):
        raw = b"".join(AwsEvent(kind="chunk", data=one).encode() for one in form)
        book = Book(ALL)
        made = Redactor().hiding(book).response(HttpResponse(status=200, body=raw))
        said = [json.loads(text)["delta"]["text"] for text in texts_of_body(made.body) or ()]
        assert said == ["to REDACTED-EMAIL-1a", "", " now"]
        assert [one.letter for one in distinct(response_texts(made))] == ["a"]
        given = [json.loads(text)["delta"]["text"] for text in texts_of_body(book.restored(made).body) or ()]
        assert given == ["to ann@example.com", "", " now"]
        other = renamed_response(made, lambda _one: "REDACTED-EMAIL-4a")
        assert "REDACTED-EMAIL-4a" in json.loads((texts_of_body(other.body) or [""])[0])["delta"]["text"]


def test_what_every_event_repeats_is_no_piece_of_a_text():
    """An address that stands whole in each event is replaced in each."""
    made = Redactor().hiding(Book(ALL)).body(stream([{"user": "ann@example.com", "n": 1}] * 3))
    assert [one["user"] for one in events_in(made)] == ["REDACTED-EMAIL-1a"] * 3


FEWER = max(25, settings().max_examples // 4)
"""Bodies take a while to make."""
VALUES = st.sampled_from(
    ["ann@example.com", "B.C@Example.org", "+49 151 23456789", "+14155552671", "4111-1111-1111-1111", "378282246310005"]
)
WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="@%+\\"), max_size=12)


@st.composite
def bodies(draw):
    """JSON with values anywhere: in texts, keys, and JSON inside of texts."""
    leaf = st.one_of(st.integers(), st.none(), WORDS, st.tuples(WORDS, VALUES, WORDS).map(" ".join))
    data = draw(
        st.recursive(
            leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | VALUES, inner, max_size=3)
        )
    )
    return {"data": data, "text": json.dumps(data, ensure_ascii=draw(st.booleans()))}


@settings(max_examples=FEWER)
@given(bodies())
def test_no_planted_value_survives_and_all_come_back(data):
    """Wherever a value stands, no redacted byte says it, and a run that sent it reads it again as it was."""
    raw = json.dumps(data).encode()
    book = Book(ALL)
    made = Redactor().hiding(book).body(raw)
    text = made.decode("utf-8", "surrogatepass")
    for value in ("ann@", "example", "23456789", "4155552671", "1111-1111", "378282246310005"):
        assert value not in text.casefold()
    assert json.loads(book.restored(HttpResponse(status=200, body=made)).body) == data
    assert Redactor().hiding(book).body(made) == made


@settings(max_examples=FEWER)
@given(st.lists(WORDS | VALUES, min_size=2, max_size=6), st.sets(st.integers(1, 60), min_size=1, max_size=8))
def test_no_planted_value_survives_in_a_stream_however_it_is_cut(words, cuts):
    """The pieces together say what the whole text says with placeholders, and what a run sent comes back."""
    text = " ".join(words)
    raw = stream(deltas(text, {cut for cut in cuts if cut < len(text)}))
    book = Book(ALL)
    made = Redactor().hiding(book).body(raw)
    said = "".join(one["choices"][0]["delta"]["content"] for one in events_in(made))
    assert said == book.redact(text)
    given = book.restored(HttpResponse(status=200, body=made)).body
    assert "".join(one["choices"][0]["delta"]["content"] for one in events_in(given)) == text
    assert len(events_in(made)) == len(events_in(raw))


def test_the_names_in_settings_are_those_of_the_kinds():
    """Settings know the names without what finds the data, in the order in which that is looked for."""
    assert tuple(KINDS) == NAMES
