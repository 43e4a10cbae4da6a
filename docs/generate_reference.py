"""Draws docs/reference/pytest.md and api.md from what the code says: ``python docs/generate_reference.py``.

Options, ini values, markers and hooks come from the functions that declare them; the Python API from signatures,
docstrings and the texts under the fields of its values. What stands nowhere in the code stands nowhere here.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest_llmtrace
from pytest_llmtrace._capture.manual.calls import Call
from pytest_llmtrace._model.conversations import Conversation, Turn
from pytest_llmtrace._model.trace import Attempt, CallError, Entry, Event, FailedCall, LLMCall, Source, Status, ToolCall
from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._run.live_trace import LLMTrace
from pytest_llmtrace._settings import hookspecs, ini_values, markers, options

ROOT = Path(__file__).parent.parent
REFERENCE = Path(__file__).parent / "reference"
GENERATED = "This page is generated: `make docs-tables`."
ENVIRONMENT = {
    "LLMTRACE_DISABLED": "`1`, or anything but `0`, `false` and `no`: trace nothing, whatever was asked for.",
    "LLMTRACE_HISTORY": "Like `--llm-history`, for a URL with a password in it ([how](../how-to/history.md)).",
    "LLMTRACE_KEY": "The key of encrypted tapes and of keyed digests ([how](../how-to/privacy.md)).",
    "LLMTRACE_OTLP": "Like `--llm-otlp` ([how](../how-to/opentelemetry.md), and which of OpenTelemetry's own count).",
    "CI": "Where it is set, `--llm-record` needs `--llm-record-in-ci`.",
    "GITHUB_ACTIONS": "`true`: failing findings are annotated ([how](../how-to/ci-reports.md)).",
    "GITHUB_STEP_SUMMARY": "The file that the Markdown report is added to.",
    "NO_COLOR, FORCE_COLOR": "No colours, or colours, in what is printed.",
}
"""What is read, besides keys and addresses of providers."""
VALUES = (LLMCall, ToolCall, Event, Attempt, CallError, FailedCall, Conversation, Turn, Usage, Totals)
KINDS = {kind: " | ".join(map(repr, get_args(values))) for kind, values in (("Status", Status), ("Source", Source))}
SPHINX_ROLES = re.compile(r"``([^`]*)``")


class Declared:
    """Stands where pytest's parser does, and keeps what is declared."""

    def __init__(self) -> None:
        self.options: list[tuple[tuple[str, ...], dict[str, Any]]] = []
        self.ini: list[tuple[str, str, str]] = []

    def getgroup(self, *_: str) -> Declared:
        """The one group."""
        return self

    def addoption(self, *names: str, **attributes: Any) -> None:
        """Keep an option."""
        if attributes.get("help") is not argparse.SUPPRESS:
            self.options.append((names, attributes))

    def addini(self, name: str, text: str, type: str = "string", default: object = None) -> None:  # noqa: A002, ARG002
        """Keep an ini value."""
        self.ini.append((name, type, text))

    def is_blocked(self, _name: str) -> bool:
        """No other plugin is asked for."""
        return True


def pages() -> dict[str, str]:
    """Each page by its file name."""
    return {"pytest.md": "\n".join(_pytest()) + "\n", "api.md": "\n".join(_api()) + "\n"}


def _pytest() -> Iterator[str]:
    declared = Declared()
    options.declare_options(declared, declared)
    ini_values.declare_ini_values(declared)
    yield from ("# Options, settings, markers, hooks", "", f"What pytest gets from the plugin. {GENERATED}", "")
    yield from ("## Options", "", "| option | |", "|---|---|")
    for names, attributes in declared.options:
        shown = ", ".join(f"`{name}{_value(attributes)}`" for name in names)
        yield f"| {shown} | {_cell(attributes['help'].replace('%%', '%'))} |"
    yield from ("", "## Ini values", "")
    yield "In `pytest.ini`, `tox.ini` or `setup.cfg`, or below `[tool.pytest.ini_options]` of `pyproject.toml`."
    yield from ("", "| name | holds | |", "|---|---|---|")
    kinds = {"string": "a text", "linelist": "a line each", "args": "words"}
    for name, kind, text in declared.ini:
        yield f"| `{name}` | {kinds[kind]} | {_cell(text)} |"
    yield from ("", "Tables of `pyproject.toml` are described where they are used: `[tool.llmtrace.policies]`")
    yield "([policies](../how-to/policies.md)), `[tool.llmtrace.budgets]` and `[tool.llmtrace.prices]`"
    yield "([the CI gate](../how-to/ci-gate.md))."
    yield from ("", "## Environment variables", "", "| name | |", "|---|---|")
    for name, text in _environment().items():
        yield f"| {', '.join(f'`{one}`' for one in name.split(', '))} | {text} |"
    yield from ("", "## Markers", "")
    for name, marker in (("llm_trace", markers.TraceMarker), ("llm_budget", markers.BudgetMarker)):
        yield from (
            f"### `@pytest.mark.{name}`",
            "",
            f"{_prose(marker)} Keyword arguments alone; all may be left out.",
            "",
        )
        yield from _fields(marker)
    yield from (
        "## Fixture",
        "",
        "`llm_trace` is the trace of the running test: [its attributes](api.md#the-fixture-llm_trace).",
    )
    yield from ("", "## Hooks", "", "For `conftest.py` and plugins ([examples](../how-to/policies.md#hooks)).", "")
    for name, hook in inspect.getmembers(hookspecs, inspect.isfunction):
        yield from _function(name, hook, level="###")


def _api() -> Iterator[str]:
    yield from ("# The Python API", "", f"`import pytest_llmtrace as llmtrace`, and the fixture. {GENERATED}", "")
    yield "Outside of a traced test all of it does nothing: no copy, no import."
    yield from ("", "## Functions", "")
    public = {name: getattr(pytest_llmtrace, name) for name in sorted(pytest_llmtrace.__all__)}
    for name, value in public.items():
        if inspect.isfunction(value):
            yield from _function(f"llmtrace.{name}", value, level="###")
    yield from ("## What `llmtrace.call` gives", "", _prose(Call), "", "| attribute | |", "|---|---|")
    for name, about in _call_attributes():
        yield f"| `{name}` | {_cell(about)} |"
    yield ""
    yield from _function("fallback_to", Call.fallback_to, level="###")
    yield from (
        "## The fixture `llm_trace`",
        "",
        _prose(LLMTrace),
        "",
        "Its type is `llmtrace.LLMTrace`.",
        "",
        "| attribute | |",
        "|---|---|",
    )
    yield from _properties(LLMTrace)
    yield from ("", "## Values", "", "Frozen; `repr` shows what there is to say.", "")
    yield from ("### Every entry", "", "Calls, tool calls and events have these.", "")
    yield from _fields(Entry)
    for value in VALUES:
        yield from (f"### {value.__name__}", "", _prose(value), "")
        yield from _fields(value, without=Entry if issubclass(value, Entry) else None)


def _value(attributes: dict[str, Any]) -> str:
    if attributes.get("action") == "store_true":
        return ""
    return "=" + (attributes.get("metavar") or "|".join(attributes["choices"])).replace("|", "\\|")


def _environment() -> dict[str, str]:
    """The variables. Raises: ValueError, where the code names one of ours that is not here."""
    sources = (path.read_text("utf-8") for path in Path(pytest_llmtrace.__file__).parent.rglob("*.py"))
    named = {name for source in sources for name in re.findall(r"\"(LLMTRACE_[A-Z_]+)\"", source)}
    ours = {name for name in ENVIRONMENT if name.startswith("LLMTRACE_")}
    if named != ours:
        raise ValueError(
            f"docs/generate_reference.py: {sorted(named ^ ours)} stand in the code or in ENVIRONMENT alone"
        )
    return ENVIRONMENT


def _function(name: str, function: Callable[..., Any], *, level: str) -> Iterator[str]:
    """A function as its signature, its text and its arguments."""
    signature = inspect.signature(function)
    shown = [
        one.replace(annotation=inspect.Parameter.empty) for key, one in signature.parameters.items() if key != "self"
    ]
    text = str(inspect.Signature(shown))
    yield from (f"{level} `{name}`", "", f"`{name.rpartition('.')[2]}{text}`", "")
    body, *sections = re.split(r"\n\n(?=(?:Args|Raises|Returns):\n)", inspect.cleandoc(function.__doc__ or ""))
    yield from (_plain(body), "")
    for section in sections:
        title, _, lines = section.partition("\n")
        parts = [" ".join(part.split()) for part in re.split(r"\n(?=    \S)", "\n" + lines) if part.strip()]
        if title == "Returns:":
            yield from (f"Returns: {_plain(' '.join(parts))}", "")
            continue
        yield from (title if title == "Raises:" else "Arguments:", "")
        yield from (re.sub(r"^(\w+): ", r"- `\1`: ", _plain(part)) for part in parts)
        yield ""


def _fields(kind: type, *, without: type | None = None) -> Iterator[str]:
    """The fields of a dataclass with the texts that stand under them, then its properties."""
    told = _told(kind)
    left_out = {field.name for field in dataclasses.fields(without)} if without else set()
    yield from ("| field | |", "|---|---|")
    for field in dataclasses.fields(kind):
        if field.name not in left_out:
            shown = (KINDS.get(str(field.type)) or str(field.type)).replace("|", "\\|")
            yield f"| `{field.name}` | {_cell(' '.join(filter(None, (f'`{shown}`', told.get(field.name)))))} |"
    yield from _properties(kind)
    yield ""


def _properties(kind: type) -> Iterator[str]:
    source = [name for one in kind.__mro__[-2::-1] for name in vars(one)]
    for name in dict.fromkeys(source):
        found = getattr(kind, name)
        if isinstance(found, property) and not name.startswith("_"):
            yield f"| `{name}` | {_cell(_prose(found))} |"


def _told(kind: type) -> dict[str, str]:
    """The text under each field of a class."""
    told: dict[str, str] = {}
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    for field, after in pairwise(body.body):
        if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            told[ast.unparse(field.target)] = inspect.cleandoc(str(after.value.value))
    return told


def _call_attributes() -> Iterator[tuple[str, str]]:
    """What may be set on a call: its properties, and what `__init__` sets with a text under it."""
    for name, found in vars(Call).items():
        if isinstance(found, property):
            yield name, found.__doc__ or ""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(Call.__init__))).body
    lines = body.body
    for field, after in pairwise(lines):
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and not isinstance(field, ast.Expr):
            target = field.target if isinstance(field, ast.AnnAssign) else field.targets[0]
            if target.attr != "record":
                yield target.attr, str(after.value.value)


def _prose(thing: object) -> str:
    """The docstring of something, without sections."""
    return _plain(re.split(r"\n\n(?:Args|Raises|Returns):", inspect.cleandoc(thing.__doc__ or ""))[0])


def _plain(text: str) -> str:
    return SPHINX_ROLES.sub(r"`\1`", text)


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(_plain(text).split()))


if __name__ == "__main__":
    for file, content in pages().items():
        (REFERENCE / file).write_text(content, encoding="utf-8")
