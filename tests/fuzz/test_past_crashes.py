"""What the fuzz suite once found: each input that broke a promise, kept."""

from __future__ import annotations

import base64
import json
import time

import pytest

from pytest_llmtrace._capture.dialects import DIALECTS
from pytest_llmtrace._capture.prices.book import PriceBook
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import ToolCall, Trace
from pytest_llmtrace._model.usage import Usage
from pytest_llmtrace._report.fine_tuning import examples
from pytest_llmtrace._report.spans.parts import output_messages
from pytest_llmtrace._settings.markers import trace_marker
from pytest_llmtrace.errors import SettingsError
from tests.fuzz import hidden, outputs, seeds
from tests.fuzz.targets import TARGETS
from tests.provider.aws_events import AwsEvent
from tests.unit.report.builders import call, said

REPORT = seeds.reports()[0]
TAPE = json.dumps(
    {
        "llmtrace": 1,
        "interactions": [
            {"key": "k", "request": request, "response": {"status": 200}}
            for request in (
                {"method": "POST", "url": "http://h/v1", "json": {"a": 1}},
                {"like": 0, "changes": {"drop": [[1]]}},
            )
        ],
    }
).encode()
GOLDEN = (
    b"llmtrace: 1\ntest: a.py::b\nconversations: [{model: openai/gpt-4o, turns: [{in: [], cost_usd: 1}]}]\n"
    b"totals:\n  cost_usd: "
)


def _chat(tokens: int) -> bytes:
    usage = {"prompt_tokens": tokens, "completion_tokens": 1}
    body = {"choices": [{"index": 0, "message": {"content": "x"}}], "usage": usage}
    return bytes([[one.operation for one in DIALECTS].index("chat"), 0]) + json.dumps(body).encode()


SPOKEN = base64.b64encode('{"outputText": "Grüße"}'.encode()).decode()
INVOKED = AwsEvent(kind="chunk", data={"bytes": SPOKEN}).encode()
BY_NAME = {one.name: one for one in TARGETS}


@pytest.mark.parametrize(
    ("target", "data"),
    [
        pytest.param("amounts", b"9" * 4400, id="an amount with more digits than Python reads"),
        pytest.param("pyproject", b"\x80", id="a pyproject.toml that is not UTF-8"),
        pytest.param("pyproject", b"a = " + b"[" * 5000, id="a pyproject.toml that nests beyond reason"),
        pytest.param("pyproject", b"[tool.llmtrace.prices]\na = " + b"9" * 4400, id="a price with too many digits"),
        pytest.param("report", b'{"llmtrace": ' + b"9" * 4400 + b"}", id="a report whose number is too long to read"),
        pytest.param(
            "report", REPORT.replace(b'"calls": 2, "usage"', b'"usage"'), id="a report whose parts have no calls"
        ),
        pytest.param(
            "report", REPORT.replace(b'"source": "tape"', b'"source": 7'), id="a report with a number for a name"
        ),
        pytest.param(
            "report", REPORT.replace(b'"input_tokens": 200', b'"input_tokens": "x"'), id="a report with words to add"
        ),
        pytest.param("golden trace", GOLDEN + b"1" + b"0" * 400, id="a golden trace with an amount beyond numbers"),
        pytest.param("golden trace", GOLDEN + b".nan", id="a golden trace that cost NaN"),
        pytest.param("golden trace", GOLDEN + b"-5", id="a golden trace that cost less than nothing"),
        pytest.param("answer", _chat(10**400), id="an answer that counts more tokens than there are numbers"),
        pytest.param("answer", _chat(10**19), id="an answer that counts more tokens than anybody has"),
        pytest.param("report", REPORT[:-1] + b', "fixtures": 7}', id="a report with a number of fixtures"),
        pytest.param(
            "report", REPORT.replace(b'"by_agent": [', b'"by_agent": 7, "x": ['), id="a report with a sum for parts"
        ),
        pytest.param("redaction", b"http://[\n{}", id="a location that is no URL"),
        pytest.param("redaction", b"\n\xff\xfeknown-Secret_0123456789\0", id="bytes that only begin like UTF-16"),
        pytest.param("body", b'data: {"a": "\\ud800"}\n\n', id="an event with half a character"),
        pytest.param("body", b'{"a": "\\ud800"}\n{"b": 1}\n', id="a line of JSON with half a character"),
        pytest.param("answer", bytes([1, 2]) + INVOKED, id="a Bedrock stream that is not ASCII"),
        pytest.param("tape", TAPE, id="a tape that drops what cannot be a key"),
    ],
)
def test_it_stays_fixed(target: str, data: bytes) -> None:
    """The promise of the target holds for it."""
    BY_NAME[target].check(data)


@pytest.mark.parametrize(
    ("target", "data"),
    [
        pytest.param("vcrpy cassette", b"\n" * 2_000 + b"x", id="blank lines where a cassette of vcrpy may be"),
        pytest.param("redaction", b"\nx" + b"sk-" * 50_000, id="what begins like a key again and again"),
        pytest.param("redaction", b"\n" + b"eyJ" * 50_000, id="what begins like a token again and again"),
    ],
)
def test_it_takes_no_time(target: str, data: bytes) -> None:
    """What once took a minute takes no more than a moment."""
    begun = time.process_time()
    BY_NAME[target].check(data)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("asked", [True, ["x"], [{"id": [1], "function": "f"}], {"a": 1}, "text", [None]])
def test_what_is_no_tool_call_asks_for_nothing(asked: object) -> None:
    """Messages of applications, and of files that people edit, may hold anything there; reports go on all the same."""
    answer = Message({"role": "assistant", "content": "x", "tool_calls": asked})
    trace = Trace(owner="t", entries=(call((said("user", "a"),), answer), ToolCall(name="f", call_id="c")))

    outputs.reports(("", trace))
    assert [*examples(trace)] != []
    assert output_messages(answer, "stop")[0]["role"] == "assistant"


@pytest.mark.parametrize("asked", [-5, 0, 10**400, True, "3", None, 2.0])
def test_a_number_of_images_that_is_none_is_one(asked: object) -> None:
    """What an application asks for makes no price negative, or too large to compute."""
    book = PriceBook({"painter": {"output_cost_per_image": 0.5}})
    assert book.cost("painter", "", Usage(estimated=True), "images", {"n": asked}) == 0.5


def test_a_key_in_one_encoding_inside_another_is_gone() -> None:
    """References of XML inside percent encoding, as a form of XML has them."""
    key = "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"
    hidden.encoded((key, "xml", "form", [], "80bhnocHPT3"))


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(['{"api_key": "', 1, 'it is "abc"'], id="an answer that was cut off in a field"),
        pytest.param(["use {'api_key': '", "it's"], id="the same in code of Python"),
        pytest.param(["password=\na1B2c3D4e5F6g7H8i9J0"], id="a name without a value, and a line that looks like one"),
    ],
)
def test_what_is_taken_out_of_a_text_stays_inside_of_it(said: list[object]) -> None:
    """JSON stays JSON of the same shape."""
    for form in hidden.SHAPED:
        hidden.shaped((said, {"a": said}, form))


@pytest.mark.parametrize("name", ["ignore", "normalize"])
@pytest.mark.parametrize("value", [0.5, [None], [["date"]], {"date": 1}])
def test_what_a_marker_lists_are_texts(name: str, value: object) -> None:
    """Anything else is a mistake that is named, not an error of ours."""
    with pytest.raises(SettingsError, match=f"{name}=.*: must be a list of texts"):
        trace_marker((), {name: value})
