"""The tutorials, followed step by step as they are written: files, edits, commands, and what they print."""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pytest_llmtrace.cli import main

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorial"
STEP = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```', re.MULTILINE | re.DOTALL)
QUIET = ("-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:hypothesispytest", "--assert=plain")


class Reader:
    """Somebody who follows a tutorial in an empty folder."""

    def __init__(self, pytester: pytest.Pytester, patch: pytest.MonkeyPatch) -> None:
        self.pytester = pytester
        self.patch = patch
        self.server: ThreadingHTTPServer | None = None
        patch.setattr("sys.dont_write_bytecode", True)  # an edited file may have the size and second of the old

    def follow(self, page: str, *, only: tuple[str, ...] = ()) -> int:
        """Do every step, or save the files of these names alone; returns how many outputs were compared."""
        compared = 0
        for language, title, text in STEP.findall((TUTORIALS / page).read_text("utf-8")):
            if only and title not in only:
                continue
            if language == "console":
                for command, shown in commands(text):
                    assert matches(shown, self.run(command)), f"{page}: {command}"
                    compared += bool(shown)
            elif language == "diff":
                self.edit(title, text)
            elif language == "yaml":
                assert (self.pytester.path / title).read_text("utf-8") == text
                compared += 1
            else:
                assert title, f"{page}: a block of {language} says no file name"
                (self.pytester.path / title).write_text(text, encoding="utf-8")
        return compared

    def edit(self, name: str, text: str) -> None:
        """Replace the lines that a diff takes away by those that it adds."""
        old, new = ("".join(line[1:] for line in text.splitlines(True) if line[0] == sign) for sign in "-+")
        path = self.pytester.path / name
        source = path.read_text("utf-8")
        assert source.count(old) == 1
        path.write_text(source.replace(old, new), encoding="utf-8")

    def run(self, command: str) -> str:
        """Run a command, in this process, and return what it prints."""
        if command == "python provider.py &":
            self.start()
        elif command == "kill %1":
            self.stop()
        elif command.startswith("export "):
            for one in shlex.split(command)[1:]:
                name, _, value = one.partition("=")
                assert self.server is not None
                self.patch.setenv(name, value.replace("8765", str(self.server.server_port)))
        elif command.startswith("pytest "):
            return self.pytester.runpytest_inprocess(*QUIET, *shlex.split(command)[1:]).stdout.str()
        elif command.startswith("llmtrace "):
            return CliRunner().invoke(main, shlex.split(command)[1:]).output
        else:
            assert command == "pip install pytest-llmtrace openai"
        return ""

    def start(self) -> None:
        """Start the model that the page has, on the port that it had before, or one that is free."""
        names: dict[str, Any] = {"__name__": "provider"}
        source = (self.pytester.path / "provider.py").read_text("utf-8")
        exec(compile(source, "provider.py", "exec"), names)
        port = self.server.server_port if self.server else 0
        self.server = ThreadingHTTPServer(("127.0.0.1", port), names["Model"])
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Stop it."""
        assert self.server is not None
        self.server.shutdown()
        self.server.server_close()


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a block, with the lines that it is said to print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield command, shown


def matches(shown: list[str], printed: str) -> bool:
    """Whether a text has the lines that are shown, in order and without gaps but where `...` stands."""
    if not shown:
        return True
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r" *\n" for line in shown)
    return re.fullmatch(pattern, printed.rstrip("\n") + "\n") is not None


@pytest.fixture
def reader(pytester, monkeypatch):
    """A reader in an empty folder; whatever model is still running is stopped."""
    made = Reader(pytester, monkeypatch)
    yield made
    if made.server is not None:
        made.server.server_close()


def test_the_first_tutorial(reader):
    """Record, replay, break, accept and price: each command prints what the page shows."""
    assert reader.follow("first-test.md") == 6


def test_the_tutorial_of_an_agent(reader):
    """It goes on with the provider of the first; tools, drift, the nearest answers and a budget are as shown."""
    reader.follow("first-test.md", only=("provider.py",))
    assert reader.follow("agent.md") == 6


def test_what_is_not_printed_is_noticed():
    """The comparison is one: another line, a missing one and one too many are seen."""
    printed = "first\nsecond\nthird\n"
    assert matches(["first", "...", "third"], printed)
    assert not matches(["first", "third"], printed)
    assert not matches(["...", "second"], printed)
    assert not matches(["...", "forth", "..."], printed)
