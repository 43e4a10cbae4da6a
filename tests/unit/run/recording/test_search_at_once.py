"""A call is searched for secrets once, in the text that is kept of it; what may hold one is searched as ever."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmtrace._capture.exchange import Exchange
from pytest_llmtrace._capture.gates import Gates
from pytest_llmtrace._capture.recorder import Recorder
from pytest_llmtrace._capture.tape import Tape
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy.readings import readings, say_themselves_alone
from pytest_llmtrace._run.recording.leaking import Look
from pytest_llmtrace._store.journal import Journal
from pytest_llmtrace._store.journal_reader import read_journal
from pytest_llmtrace.errors import StorageError

KEY = "sk-proj-aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7b"
CLIENT = "sk-abcdefgh12345678"
VALUE = "own-value-42-and-more"
DRESSED: tuple[Callable[[str], str], ...] = (
    lambda secret: secret,
    lambda secret: f'say {secret}, "quoted"\nand {{done}} \u200e é',
    lambda secret: json.dumps({"q": 1, "api_key": secret}),
    lambda secret: json.dumps(json.dumps([secret])),
    lambda secret: f"password={secret}9x8y7",
    lambda secret: quote(secret, safe="").replace("-", "%2D"),
    lambda secret: base64.b64encode(f"x{secret}".encode()).decode(),
    lambda secret: secret.encode().hex(),
    lambda secret: f"{secret[:20]}\\{secret[20:]}",
    lambda secret: f"under_{secret}",
)
"""A secret in a text, in one way or another."""


@dataclass
class Recording:
    """What one owner records, with the search at once or without it."""

    path: Path
    at_once: bool = True
    writes: Callable[[Interaction], None] = lambda _interaction: None
    searched: list[str] = field(default_factory=list)
    """What was searched in the text that was about to be kept."""

    def __post_init__(self) -> None:
        """Open the journal."""
        self.look = Look(Redactor([VALUE]), records=True)
        self.journal = Journal(self.path)
        keep_if_clean = self._keep_if_clean if self.at_once else None
        self.recorder = Recorder(
            "t",
            wire="fill",
            tape=Tape(),
            journal=Tape(),
            has_cassette=False,
            redactor=self.look.redactor,
            gates=Gates(keep=self._keep, keep_if_clean=keep_if_clean),
        )

    def _keep(self, interaction: Interaction) -> str | None:
        try:
            self.writes(interaction)
            self.journal.append(interaction)
        except StorageError as error:
            return str(error)
        return None

    def _keep_if_clean(self, interaction: Interaction) -> bool:
        try:
            self.writes(interaction)
            return self.journal.append(interaction, lambda one, made: self.look.may_hold_row(one, self._noted(made)))
        except StorageError:
            return False

    def _noted(self, made: Any) -> Any:
        self.searched.append(made.text)
        return made

    def call(self, messages: list[dict[str, Any]], answer: bytes, key: str = CLIENT) -> Exchange:
        """Make a call."""
        exchange = self.recorder.open(request(messages, key), None)
        self.recorder.answered(exchange, response(answer))
        return exchange

    def kept(self) -> list[tuple[object, ...]]:
        """What the journal has."""
        self.journal.close()
        return [
            (one.key, one.request.url, one.request.headers, json.loads(one.request.body), one.response)
            for one in read_journal(self.path).interactions
        ]


def request(messages: list[dict[str, Any]], key: str = CLIENT) -> HttpRequest:
    """A request as a client of httpx sends it."""
    body = {"model": "m", "messages": messages, "temperature": 0}
    return HttpRequest(
        method="POST",
        url="https://api.openai.com/v1/chat/completions",
        headers=(("authorization", f"Bearer {key}"), ("content-type", "application/json")),
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(),
    )


def response(body: bytes) -> HttpResponse:
    """An answer."""
    return HttpResponse(status=200, reason="OK", headers=(("content-type", "application/json"),), body=body)


def said(text: str, **more: Any) -> bytes:
    """The body of an answer that says something."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return json.dumps({"id": "c1", "choices": [choice], **more}).encode()


def test_a_call_that_holds_nothing_is_searched_in_the_text_that_is_kept(tmp_path: Path) -> None:
    """All of a conversation is searched in what its journal gets, once, and stands there as it was sent."""
    recording = Recording(tmp_path / "j")
    messages = [{"role": "user", "content": "hi"}]
    first = recording.call(messages, said("hello"))
    messages += [{"role": "assistant", "content": "hello"}, {"role": "user", "content": "é \n and on"}]
    second = recording.call(messages, said("bye"))
    lines = (tmp_path / "j").read_text().splitlines()[1:]
    assert [text.replace("\n", "") for text in recording.searched] == lines
    assert second.request.body == request(messages).body
    assert (first.key, second.key) == tuple(row[0] for row in recording.kept())
    assert not recording.look.leaks


@pytest.mark.parametrize("where", ["request", "answer", "header", "address", "both choices"])
@pytest.mark.parametrize("dress", DRESSED)
def test_what_may_hold_a_secret_is_searched_as_ever(tmp_path: Path, where: str, dress: Callable[[str], str]) -> None:
    """Wherever a secret stands, however encoded: files, leaks and keys are those of one search after another."""
    made = []
    for at_once in (True, False):
        recording = Recording(tmp_path / str(at_once), at_once=at_once)
        for secret in (KEY, VALUE):
            text = dress(secret)
            asked = request([{"role": "user", "content": text if where == "request" else "hi"}])
            if where == "address":
                asked = HttpRequest(
                    method="POST", url=f"{asked.url}?a={quote(text)}", headers=asked.headers, body=asked.body
                )
            exchange = recording.recorder.open(asked, None)
            body = said(text if where == "answer" else "hello")
            if where == "both choices":
                body = json.dumps(
                    {"choices": [{"message": {"content": text[:12]}}, {"message": {"content": text[12:]}}]}
                )
                body = body.encode()
            headers = (("retry-after", text.replace("\n", " ")),) if where == "header" else ()
            recording.recorder.answered(exchange, HttpResponse(status=200, headers=headers, body=body))
        leaks = {(leak.what, leak.secret) for leak in recording.look._eye.leaks}  # type: ignore[union-attr]
        made.append((recording.kept(), leaks))
    assert made[0] == made[1]


def test_what_a_file_holds_as_a_text_is_searched_as_ever(tmp_path: Path) -> None:
    """Of an answer with a number that JSON cannot say, a field holds a secret by its name, however short that is."""
    recording = Recording(tmp_path / "j")
    recording.call([{"role": "user", "content": "hi"}], said("hello", password="hunter2", n=0)[:-2] + b"1e400}")
    ((*_, kept),) = recording.kept()
    assert b'"password": "REDACTED", "n": 1e400' in kept.body  # type: ignore[attr-defined]


def _conversation(number: int, recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    random_ = random.Random(number)
    words = ["hi", "100%", "a & b", "line\nbreak", "\\", '{"a": [1]}', "é\u200e", "http://h/p?q=1", "x" * 24]
    histories: list[list[dict[str, Any]]] = [[], []]
    secrets = [KEY, VALUE, "later-known-0123456789"]
    for _ in range(random_.randrange(1, 7)):
        if random_.random() < 0.15:
            monkeypatch.setenv("SOME_API_KEY", secrets[2])
        messages = random_.choice(histories)
        if random_.random() < 0.1:
            del messages[:2]
        texts = [" ".join(random_.choices(words, k=3)) for _ in range(2)]
        if random_.random() < 0.4:
            texts[random_.randrange(2)] += random_.choice(DRESSED)(random_.choice(secrets))
        messages.append({"role": "user", "content": texts[0]})
        body = said(texts[1])
        if random_.random() < 0.2:
            body = json.dumps(json.loads(body), indent=1, ensure_ascii=False).replace("/", "\\/").encode()
        recording.call(messages, body, key=random_.choice([CLIENT, CLIENT, "lm-studio", "Abcdefghij0123456789"]))
        messages.append({"role": "assistant", "content": texts[1]})


@settings(max_examples=40, deadline=None)
@given(number=st.integers(min_value=0, max_value=2**32))
def test_conversations_are_kept_as_by_one_search_after_another(
    tmp_path_factory: pytest.TempPathFactory, number: int
) -> None:
    """Histories that grow, shrink and take turns, values that become known on the way: journals hold the same."""
    folder = tmp_path_factory.mktemp("at-once")
    made = []
    for at_once in (True, False):
        with pytest.MonkeyPatch.context() as monkeypatch:
            recording = Recording(folder / str(at_once), at_once=at_once)
            _conversation(number, recording, monkeypatch)
            requests = [(one.key, one.request.body, one.response) for one in recording.recorder.exchanges]
            made.append((recording.kept(), requests, recording.look.leaks))
    assert made[0] == made[1]


def test_whoever_asks_for_a_request_before_its_answer_gets_it_without_secrets(tmp_path: Path) -> None:
    """While a request is under way, and where no answer comes, nobody sees what was not searched."""
    recording = Recording(tmp_path / "j")
    first = recording.recorder.open(request([{"role": "user", "content": KEY}]), None)
    assert KEY.encode() not in first.request.body
    recording.recorder.answered(first, response(said("hello")))
    second = recording.recorder.open(request([{"role": "user", "content": VALUE}]), None)
    recording.recorder.failed(second, ConnectionError())
    assert VALUE.encode() not in second.request.body
    assert first.key == second.key
    assert len(recording.kept()) == 1


def test_a_request_that_could_not_be_kept_is_searched_all_the_same(tmp_path: Path) -> None:
    """A disk that refuses ends the call, and what was sent is nowhere as it was sent."""

    def refuse(_interaction: Interaction) -> None:
        raise StorageError("full")

    recording = Recording(tmp_path / "j", writes=refuse)
    exchange = recording.recorder.open(request([{"role": "user", "content": KEY}]), None)
    with pytest.raises(BaseException, match="full"):
        recording.recorder.answered(exchange, response(said(KEY)))
    assert exchange.response is not None
    assert KEY.encode() not in exchange.request.body + exchange.response.body


@given(text=st.text(alphabet='ab1+/=-_%&\\\0{["} \n', max_size=60))
def test_a_text_that_says_itself_alone_has_one_reading(text: str) -> None:
    """Nothing is encoded in it: the eye would read the text and nothing else."""
    if say_themselves_alone([text]):
        assert list(readings(text)) == [text]
