"""Twice the input takes about twice the work, wherever somebody else decides how much input there is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from pytest_llmtrace._capture.dialects import DIALECTS
from pytest_llmtrace._capture.dialects.parsing import parse_request
from pytest_llmtrace._compare.differences.values import leaves
from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import POLICIES
from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.http import HttpRequest
from pytest_llmtrace._model.messages import Message, MessageTable
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.renumber import renumber
from pytest_llmtrace._model.trace import LLMCall, ToolCall, Trace
from pytest_llmtrace._model.trajectory import tool_calls, totals
from pytest_llmtrace._model.verdict import Verdict
from pytest_llmtrace._report.commands.transcript import trace_repr
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.failure.screen import failure_text
from pytest_llmtrace._report.files.markdown import markdown
from pytest_llmtrace._report.html.page import html_page
from pytest_llmtrace._report.text_diff import text_diff
from pytest_llmtrace._store.golden_file import Golden, dump_golden, load_golden
from pytest_llmtrace._store.tape_file import dump_tape, load_tape
from pytest_llmtrace._store.yaml_reader import read_yaml
from tests.fuzz.growth import growth, lines_run
from tests.unit.capture.dialects.test_mutations import BODIES
from tests.unit.compare.traces import asks, chat, result, says, trace, user
from tests.unit.report.builders import payload
from tests.unit.report.builders import verdict as small_verdict
from tests.unit.store.exchanges import interaction

Work = Callable[[], object]
EXACT: Final = POLICIES["exact"]
PATH: Final = Path("a.trace.yaml")


def talk(turns: int, *, edited: int | None = None, left_out: int | None = None, opening: str = "Hello") -> Trace:
    """A conversation of so many turns with a tool call each, every request with the whole history."""
    made: list[Any] = [([user(opening)], asks(("look", {"at": 0})))]
    for number in range(1, turns):
        text = "Something else" if number == edited else f"Found {number}"
        if number != left_out:
            made.append(([result(text)], asks(("look", {"at": number}), text=f"Thought {number}")))
    return trace(chat(*made, ([result("the end")], says("Done."))))


def golden(turns: int) -> Golden:
    one = talk(turns)
    return Golden(test=one.owner, trace=one, totals=totals(one.calls))


def compared(**changes: Any) -> Callable[[int], Work]:
    def make(size: int) -> Work:
        one, other = talk(size), talk(size, **{name: _half(value, size) for name, value in changes.items()})
        return lambda: compare(one, other, EXACT)

    return make


def _half(value: Any, size: int) -> Any:
    return size // 2 if value == "half" else value


def _work(work: Callable[[Any], object], made: Callable[[int], Any]) -> Callable[[int], Work]:
    def make(size: int) -> Work:
        value = made(size)
        return lambda: work(value)

    return make


def _recording(size: int) -> list[Any]:
    texts = [{"role": "user", "content": f"{number} " + "text " * 60} for number in range(size)]
    return [interaction({"messages": texts[: number + 1]}, {"id": number}) for number in range(size)]


def _events(size: int) -> bytes:
    return b"".join(b'data: {"delta": "%d", "api_key": "x"}\n\n' % number for number in range(size))


def _failure(size: int) -> Verdict:
    one, other = talk(size), talk(size, edited=size // 2, opening="Hi")
    return small_verdict(*compare(one, other, EXACT), golden=one.calls, observed=other.calls)


def _run(size: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    payloads = [payload(f"test_{number}", talk(2).calls, with_entries=True) for number in range(size)]
    return document(payloads, {f"test_{number}": "passed" for number in range(size)}, mode="trace"), payloads


def _fanned(size: int) -> list[LLMCall]:
    one = talk(1).calls
    return [call for number in range(size) for call in chat(([user(f"Ask {number}")], says(f"Say {number}")))] + [*one]


def _tools(size: int) -> Trace:
    """Tools that were asked for without ids, their results in the history, and their executions."""
    table = MessageTable()

    def unnamed(message: Message) -> Message:
        fields = {name: value for name, value in message.items() if name != "tool_call_id"}
        fields["tool_calls"] = [{**item, "id": None} for item in message["tool_calls"] or ()]
        return table.intern(fields)

    calls = [
        replace(call, messages=tuple(map(unnamed, call.messages)), output=unnamed(call.output or says("x")))
        for call in talk(size).calls
    ]
    return trace([*calls, *(ToolCall(name="look", arguments={"at": number}) for number in range(size))])


CASES: Final[Mapping[str, Callable[[int], Work]]] = {
    "compare equal traces": compared(),
    "compare traces with one result edited": compared(edited="half"),
    "compare traces with one turn left out": compared(left_out="half"),
    "compare traces whose every history begins otherwise": compared(opening="Hi"),
    "compare traces that have nothing in common": _work(
        lambda pair: compare(pair[0], pair[1], EXACT),
        lambda size: (trace(_fanned(size)), trace([*reversed(_fanned(size))])),
    ),
    "find conversations": _work(conversations, lambda size: talk(size).calls),
    "find conversations among many calls": _work(conversations, _fanned),
    "renumber": _work(renumber, talk),
    "write a golden trace": _work(dump_golden, golden),
    "read a golden trace": _work(lambda text: load_golden(text, PATH), lambda size: dump_golden(golden(size))),
    "read YAML": _work(read_yaml, lambda size: "".join(f"k{number}: [a, {{b: c}}]\n" for number in range(size))),
    "read a tape": _work(lambda text: load_tape(text, PATH), lambda size: dump_tape(_recording(size), {})),
    "redact events": _work(Redactor(["known-secret"]).body, _events),
    "redact text": _work(Redactor().text, lambda size: "sk-proj-a1b2c3d4e5f6g7h8i9j0 word " * size),
    "show a failure": _work(failure_text, _failure),
    "show a trace": _work(trace_repr, talk),
    "find tool calls": _work(tool_calls, _tools),
    "compare texts": _work(
        lambda size: [*text_diff("\n".join(map(str, range(size))), "\n".join(map(str, range(1, size))), 80, 20)],
        lambda size: size,
    ),
    "write Markdown": _work(lambda run: [*markdown(run[0])], _run),
    "write HTML": _work(lambda run: [*html_page(*run)], _run),
    "take objects apart": _work(
        lambda size: leaves({str(key): key for key in range(size)}, {str(key): key for key in range(1, size)}),
        lambda size: size,
    ),
    "take lists apart": _work(lambda size: leaves([*range(size)], [-1, *range(size)]), lambda size: size),
}


@pytest.mark.parametrize("name", CASES)
def test_twice_as_much_is_twice_the_work(name: str) -> None:
    """It grows with what there is, not with its square."""
    assert growth(CASES[name], 24) < 2.5


@pytest.mark.parametrize("name", sorted(BODIES))
def test_twice_the_messages_and_events_are_twice_the_work(name: str) -> None:
    """In every dialect, of what is asked and of what comes back."""
    url, body, events = BODIES[name]
    (dialect,) = (one for one in DIALECTS if one.operation == name)

    def stream(size: int) -> Work:
        return lambda: dialect.stream(events * size, done=True)

    def question(size: int) -> Work:
        more = {
            key: value * size if isinstance(value, list) and key != "tools" else value for key, value in body.items()
        }
        request = HttpRequest(method="POST", url=url, body=json.dumps(more).encode())
        return lambda: parse_request(request, MessageTable())

    assert growth(stream, 24) < 2.5
    assert growth(question, 24) < 2.5


def test_work_that_grows_with_the_square_is_seen() -> None:
    """The measure tells one from the other."""

    def squared(size: int) -> Work:
        return lambda: [one for one in range(size) for _ in range(size)]

    def straight(size: int) -> Work:
        return lambda: [one for one in range(size)]  # noqa: C416 - the loop is what is counted

    assert growth(squared, 24) > 3
    assert growth(straight, 24) < 2.5
    assert lines_run(straight(100)) >= 100
