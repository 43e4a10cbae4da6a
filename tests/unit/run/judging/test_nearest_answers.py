"""Which recorded request comes nearest to one that is not on the tape, and how much of the tape is read for it."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._capture.asked import Asked
from pytest_llmtrace._capture.dialects.parsing import parse_request
from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.labels import Labels
from pytest_llmtrace._capture.tape import Tape
from pytest_llmtrace._compare.nearest.calls import NearestCalls
from pytest_llmtrace._compare.nearest.shortlist import FEW
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._model.messages import MessageTable
from pytest_llmtrace._run.judging import nearest_answers as module
from pytest_llmtrace._run.judging.nearest_answers import NearestAnswers
from pytest_llmtrace._store.tape_file import dump_tape, load_tape

PLACE = "api.test/v1/chat/completions"
ANSWER = HttpResponse(status=200, body=b'{"choices": [{"message": {"role": "assistant", "content": "so"}}]}')
WORDS = [f"{start}{end}" for start in ("or", "pa", "in", "re", "cu", "de", "win", "ba") for end in ("der", "cel", "ly")]
Body = dict[str, Any]


def request(body: Mapping[str, Any], place: str = PLACE) -> HttpRequest:
    """A chat request."""
    return HttpRequest(method="POST", url=f"https://{place}", body=json.dumps(body).encode())


def tape(bodies: list[Body], *, statuses: Mapping[int, int] | None = None) -> tuple[Interaction, ...]:
    """A tape as it comes from its file."""
    answers = [HttpResponse(status=(statuses or {}).get(at, 200), body=ANSWER.body) for at in range(len(bodies))]
    made = [
        Interaction(request=request(body), response=answer, key=str(at))
        for at, (body, answer) in enumerate(zip(bodies, answers, strict=True))
    ]
    return load_tape(dump_tape(made, {}), Path("made.tape.json")).interactions


def said(draw: random.Random, words: int) -> str:
    """A text that nobody else says."""
    return " ".join(draw.choice(WORDS) + (str(draw.randrange(99)) if draw.random() < 0.3 else "") for _ in range(words))


def talks(draw: random.Random, conversations: int, turns: int, words: int, template: str = "") -> list[Body]:
    """The requests of conversations that begin with one prompt; what users say has a template around it."""
    prompt, bodies = {"role": "system", "content": said(draw, words)}, []
    for _ in range(conversations):
        history = [prompt]
        for _ in range(turns):
            history.append({"role": "user", "content": f"{template}{said(draw, words)}{template}"})
            bodies.append({"model": "m", "messages": list(history)})
            history.append({"role": "assistant", "content": said(draw, words)})
    return bodies


def edited(place: int, change: Callable[[str], object]) -> Callable[[list[Body]], None]:
    """A change of what one of the messages says."""
    return lambda messages: messages[place].update(content=change(messages[place]["content"]))


CHANGES: dict[str, tuple[Callable[[list[Body]], None], ...]] = {
    "the last message goes on": (edited(-1, "{} now".format),),
    "it begins in another way": (edited(-1, "well {}".format),),
    "it does both": (edited(-1, "well {} now".format),),
    "a word of it is another": (edited(-1, lambda text: text.replace(text.split()[len(text.split()) // 2], "else")),),
    "it is spelled in parts": (edited(-1, lambda text: [{"type": "text", "text": text}]),),
    "the prompt goes on": (edited(0, "{} today".format),),
    "the prompt is another, and the last message": (edited(0, lambda _text: "Be brief."), edited(-1, "well {}".format)),
    "one message is gone": (lambda messages: messages.__delitem__((len(messages) - 1) // 2),),
    "there is one more": (lambda messages: messages.insert(-1, {"role": "user", "content": "wait"}),),
}
ANOTHER: Final = (edited(-1, lambda _text: "What is the time?"),)
"""None comes near to that."""
SHAPES = {
    "long questions": (80, 1, 30, ""),
    "short questions": (40, 1, 5, ""),
    "questions of a word": (40, 1, 1, ""),
    "conversations": (10, 4, 10, ""),
    "long conversations": (3, 15, 30, ""),
    "one prompt around texts": (30, 1, 30, "Classify this text as good or bad, and say why: "),
    "one prompt around a word": (40, 1, 1, "What is the capital of "),
}


def exhaustive(recorded: tuple[Interaction, ...], asked: HttpRequest) -> int | None:
    """The nearest one by the definition: every recorded request is read and ranked."""
    table = MessageTable()
    calls = [
        (at, module._place(one.request), call)
        for at, one in enumerate(recorded)
        if one.response.status < 400 and (call := parse_request(one.request, table)) is not None
    ]
    call = parse_request(asked, table)
    return None if call is None else NearestCalls(calls).nearest(call, module._place(asked))


@settings(max_examples=60)
@given(shape=st.sampled_from(list(SHAPES)), change=st.sampled_from(list(CHANGES)), seed=st.integers(0, 99))
def test_the_likeliest_hold_one_that_is_as_near_as_any(shape: str, change: str, seed: int) -> None:
    """Reading a few of the recorded requests finds one that none of the others comes nearer than."""
    draw = random.Random(seed)
    bodies = talks(draw, *SHAPES[shape])
    recorded = tape(bodies)
    asked = copy.deepcopy(draw.choice(bodies))
    for apply in CHANGES[change]:
        apply(asked["messages"])
    found = NearestAnswers(Tape(recorded)).nearest_request(request(asked))
    best = recorded[exhaustive(recorded, request(asked)) or 0].request
    assert found is not None
    pair = [Interaction(request=one, response=ANSWER, key="") for one in (found, best)]
    assert exhaustive(tuple(pair), request(asked)) == 0  # of two that are equally near it is the first


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("change", ["the last message goes on", "it does both", "the prompt goes on", ""])
def test_few_requests_are_read_as_calls(shape: str, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up reads as many recorded requests as are worth it, whatever was changed: not the tape."""
    read: list[HttpRequest] = []

    def counted(one: HttpRequest, table: MessageTable) -> object:
        read.append(one)
        return parse_request(one, table)

    monkeypatch.setattr(module, "parse_request", counted)
    bodies = talks(random.Random(7), *SHAPES[shape])
    asked = copy.deepcopy(bodies[-1])
    for apply in CHANGES.get(change, ANOTHER):
        apply(asked["messages"])
    assert NearestAnswers(Tape(tape(bodies))).nearest_request(request(asked)) is not None
    assert len(read) <= 1 + 2 * FEW


def test_where_the_likeliest_cannot_answer_all_are_read() -> None:
    """Recorded requests that failed, and those of another form, hide none that could answer."""
    said_alike = [{"model": "m", "messages": [{"role": "user", "content": f"plan the trip {n}"}]} for n in range(40)]
    bodies = [*said_alike, {"model": "n", "messages": [{"role": "user", "content": "send a bill"}]}]
    asked = request({"model": "m", "messages": [{"role": "user", "content": "plan the trip"}]})
    recorded = tape(bodies, statuses=dict.fromkeys(range(40), 429))
    assert NearestAnswers(Tape(recorded)).nearest_request(asked) is recorded[40].request
    embeddings = [
        Interaction(request=request({"model": "m", "input": "plan"}, "api.test/v1/embeddings"), response=ANSWER, key="")
    ]
    assert NearestAnswers(Tape([*embeddings, *recorded])).nearest_request(asked) is recorded[40].request


def test_values_of_another_kind_are_no_words() -> None:
    """What bodies may hold besides texts (nothing, numbers, lists in lists, bare texts) is compared all the same."""
    odd: list[Any] = [None, 1, True, [], [[]], {}, "", "text", {"content": None}, {"content": [1]}, {"role": []}]
    bodies = [{"model": [], "messages": [one, two]} for one in odd for two in odd]
    recorded = tape(bodies)
    for body in bodies:
        asked = request({"model": [], "messages": [*body["messages"], "more"]})
        assert NearestAnswers(Tape(recorded)).nearest_request(asked) is not None


def test_after_answers_were_given_the_conversation_that_goes_on_counts() -> None:
    """With `--llm-on-miss=nearest` the whole tape is read, and explanations name what answered, too."""
    bodies = talks(random.Random(3), 20, 3, 6)
    nearest = NearestAnswers(Tape(recorded := tape(bodies)))
    asked = copy.deepcopy(bodies[30])
    asked["messages"][-1]["content"] += " now"
    answered = nearest.answer(Exchange(asked=Asked(request(asked), ""), told_llm=True, labels=Labels()), [])
    assert answered is not None
    assert answered[0] == 30
    assert nearest.nearest_request(request(asked)) is recorded[30].request
