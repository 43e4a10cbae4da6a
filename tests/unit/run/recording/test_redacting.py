"""Which tapes are searched for secrets when they are read, and what is taken out of them then."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from pytest_llmtrace._model.personal.book import Book
from pytest_llmtrace._model.personal.kinds import KINDS
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy import lines
from pytest_llmtrace._model.secrecy.search import SEARCH, STRICTEST, Known
from pytest_llmtrace._run.recording.redacting import tape_if_there, tape_without_secrets
from pytest_llmtrace._store.sealed import Seal
from pytest_llmtrace._store.tape_file import TapeFile, dump_tape, load_tape
from pytest_llmtrace._store.vouching import signed, unsigned
from tests.unit.store.exchanges import interaction

KEY = "sk-proj-aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5z"
VALUE = "Qx9dkLmn7Wv3Zt8Rb5Hy2Jc"
"""Has no form that a key is told by."""
ALLOWED = [re.compile("^sk-proj-")]


def written(folder: Path, said: str, mark: Any = STRICTEST) -> Path:
    """A tape with one request, as a recording leaves it that has searched it; no mark: it does not say so."""
    outline: dict[str, Any] = {"reading": 1, "kinds": [], "calls": []}
    if mark is not None:
        outline["searched"] = mark
    path = folder / "x.tape.json"
    made = interaction({"model": "m", "messages": [{"role": "user", "content": said}]}, {"choices": []})
    path.write_text(signed(dump_tape([made], {"outline": unsigned(outline)})), encoding="utf-8")
    return path


def read(path: Path, redactor: Redactor, *, trusting: bool = True) -> TapeFile:
    """The tape as a replay, which trusts it, or a recording has it."""
    tape = tape_if_there(path, redactor, Seal("", None), trusting=trusting)
    assert tape is not None
    return tape


def said_in(tape: TapeFile) -> str:
    """What its request says."""
    content: str = json.loads(tape.interactions[0].request.body)["messages"][0]["content"]
    return content


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that is searched for secrets of all kinds."""
    texts: list[str] = []
    search = lines.secrets_in
    monkeypatch.setattr(
        lines, "secrets_in", lambda text, *args, **kind: texts.append(text) or search(text, *args, **kind)
    )
    return texts


def test_a_tape_that_was_searched_is_not_searched_again(tmp_path: Path, looked: list[str]) -> None:
    """While nobody edits it, a replay believes it, whatever is allowed by now; a recording does not."""
    path = written(tmp_path, "hello")
    for redactor in (Redactor(), Redactor([VALUE]), Redactor(allowed=ALLOWED)):
        assert (said_in(read(path, redactor)), looked) == ("hello", [])
    assert read(path, Redactor()).outline is not None
    read(path, Redactor(), trusting=False)
    tape_without_secrets(path, Redactor())
    assert len(looked) == 2


def test_a_key_in_a_tape_that_was_edited_is_found(tmp_path: Path) -> None:
    """One more letter anywhere, and its word counts for nothing."""
    path = written(tmp_path, "hello")
    text = path.read_text("utf-8")
    path.write_text(text.replace("hello", f"hello, I am {KEY}"), encoding="utf-8")
    tape = read(path, Redactor())
    assert (said_in(tape), tape.outline, tape.asked) == ("hello, I am REDACTED", None, ())
    path.write_text(written(tmp_path, f"I am {KEY}").read_text("utf-8") + "\n", encoding="utf-8")
    assert said_in(read(path, Redactor())) == "I am REDACTED"


@pytest.mark.parametrize(
    "mark",
    [
        None,
        str(SEARCH - 1),
        str(SEARCH + 1),
        f"{SEARCH}-{'0' * 16}",
        Known(allowed=ALLOWED).mark,
        "",
        SEARCH,
        True,
        [],
        {},
    ],
)
def test_what_another_search_found_nothing_in_is_searched(tmp_path: Path, mark: Any) -> None:
    """An older version, a later one, one with another list of what is no secret, and whatever is no mark at all."""
    path = written(tmp_path, f"I am {KEY}", mark)
    assert said_in(read(path, Redactor())) == "I am REDACTED"
    assert said_in(read(path, Redactor(allowed=[re.compile("other")]))) == "I am REDACTED"


def test_requests_are_known_by_digests_while_their_tape_is_as_it_was_written(tmp_path: Path) -> None:
    """Else they would be taken for what stands there no more: one letter, or a value of this environment, is enough."""
    path = written(tmp_path, f"hello {VALUE}")
    digests = ["0" * 32, None]
    tape = load_tape(path.read_text("utf-8"), path)
    for asked, told in ((digests, tuple(digests)), (["0" * 32, 7, []], ("0" * 32, None, None)), ("00", ()), (None, ())):
        outline = {"searched": STRICTEST, "asked": asked}
        path.write_text(signed(dump_tape(tape.interactions, {"outline": unsigned(outline)})), encoding="utf-8")
        assert read(path, Redactor()).asked == told
        assert read(path, Redactor([VALUE])).asked == ()
        path.write_text(path.read_text("utf-8").replace("hello", "hallo"), encoding="utf-8")
        assert read(path, Redactor()).asked == ()


def test_what_was_allowed_is_believed_where_it_is_allowed_still(tmp_path: Path, looked: list[str]) -> None:
    """The list of what is no secret is part of the mark."""
    mark = Known(allowed=ALLOWED).mark
    assert re.fullmatch(rf"{SEARCH}-[0-9a-f]{{16}}", mark)
    tape = read(written(tmp_path, f"I am {KEY}", mark), Redactor(allowed=ALLOWED))
    assert (said_in(tape), looked) == (f"I am {KEY}", [])


def test_who_forges_a_mark_hides_nothing_but_what_is_in_the_forgery(tmp_path: Path) -> None:
    """A replay believes it; a recording, which writes the tape anew, does not (nor does `llmtrace check`)."""
    path = written(tmp_path, f"I am {KEY}")
    assert said_in(read(path, Redactor())) == f"I am {KEY}"
    assert said_in(read(path, Redactor(), trusting=False)) == "I am REDACTED"


@pytest.mark.parametrize(
    "said",
    [
        VALUE,
        json.dumps({"a": f"\n{VALUE}"}),
        *(base64.b64encode(f"{before}{VALUE}, you know".encode()).decode() for before in ("", "a", "it", "key")),
        VALUE.replace("W", "%57"),
        VALUE.replace("W", "&#87;"),
        json.dumps({"a": VALUE}).replace("W", "\\u0057"),
    ],
)
def test_a_value_that_is_secret_here_is_found(tmp_path: Path, said: str) -> None:
    """Whoever recorded did not know that it is: it is a variable of this environment, or was learned in this run."""
    path = written(tmp_path, f"it is {said} and more")
    assert said_in(read(path, Redactor())) == f"it is {said} and more"
    found = said_in(read(path, Redactor([VALUE])))
    assert found != f"it is {said} and more"
    assert said_in(read(path, Redactor([VALUE]), trusting=False)) == found


def test_personal_data_is_looked_for_in_any_case(tmp_path: Path) -> None:
    """Which kinds of it are taken out is a matter of this run."""
    path = written(tmp_path, "I am ann@example.com")
    assert said_in(read(path, Redactor())) == "I am ann@example.com"
    assert said_in(read(path, Redactor().hiding(Book([KINDS["email"]])))) == "I am REDACTED-EMAIL-1a"
