"""Lines that readers paste into a shell: every program, option and extra in them exists."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click

from docs.generate_reference import ENVIRONMENT, Declared
from pytest_llmtrace._report.files.endings import check_ending
from pytest_llmtrace._settings import options
from pytest_llmtrace.cli import main
from pytest_llmtrace.errors import SettingsError
from tests.docs.blocks import ROOT

OTHERS = {"cat", "cd", "curl", "gh", "git", "jq", "kill", "otelcol-contrib", "python", "rm", "test"}
"""Programs that are not ours."""
OPERATORS = {"|", "||", "&", "&&", ";", ">", ">>", "<"}
OF_PYTEST = {
    "-k", "-m", "-n", "-p", "-q", "-v", "-x", "--dist", "--group", "--junitxml", "--record-mode", "--splits", "--tb",
}  # fmt: skip
"""Options of pytest and of other plugins that pages name."""


def problems(line: str) -> Iterator[str]:
    """What is wrong with a line of a shell, or of a CI file."""
    line = re.sub(r"\$\{\{.*?\}\}", "1", line)
    for inner in re.findall(r'"\$\(([^"]*)\)"', line):
        yield from problems(inner)
    line = re.sub(r'"?\$\([^"]*\)"?', "inner", line)
    for program, *arguments in _programs(line):
        check = CHECKS.get(program)
        if check is not None:
            yield from (f"{line}: {problem}" for problem in check(arguments))
        elif program not in OTHERS:
            yield f"{line}: nobody says what {program!r} is"


def _programs(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    before = ""
    for word in [*lexer, ";"]:
        if word not in OPERATORS:
            if not before.startswith((">", "<")):
                words.append(word)
        elif words and not word.startswith((">", "<")):
            while words and re.match(r"[A-Z_]+=", words[0]):
                words.pop(0)
            if words:
                yield words
            words = []
        before = word if word in OPERATORS else ""


def _pytest(arguments: list[str]) -> Iterator[str]:
    known = _options()
    following = iter(arguments)
    for argument in following:
        name, has_value, value = argument.partition("=")
        if not name.startswith("-"):
            continue
        if name not in known:
            if name not in OF_PYTEST:
                yield f"pytest has no option {name}"
            continue
        values = known[name]
        if values is None:
            if has_value:
                yield f"{name} takes no value"
            continue
        given = value if has_value else next(following, "")
        if not given or (values and given not in values):
            yield f"{name} takes no {given!r}"
        if name == "--llm-report":
            try:
                check_ending(Path(given))
            except SettingsError as error:
                yield str(error)


@cache
def _options() -> dict[str, tuple[str, ...] | None]:
    """Every option of the plugin: `None` for a switch, else the values that it takes, none for any."""
    declared = Declared()
    options.declare_options(declared, declared)
    return {
        name: None if attributes.get("action") == "store_true" else tuple(attributes.get("choices", ()))
        for names, attributes in declared.options
        for name in names
    }


def _llmtrace(arguments: list[str]) -> Iterator[str]:
    if not arguments:
        return
    name, *rest = arguments
    context = click.Context(main, info_name="llmtrace")
    command = main.get_command(context, name)
    if command is None:
        yield f"llmtrace has no command {name}"
        return
    try:
        command.make_parser(context).parse_args(rest)
    except click.UsageError as error:
        yield error.format_message()


def _pip(arguments: list[str]) -> Iterator[str]:
    if arguments[0] != "install":
        yield f"pip {arguments[0]}"
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for argument in arguments:
        for extra in re.findall(r"pytest-llmtrace\[([\w,]+)\]", argument):
            yield from (f"there is no extra {one}" for one in extra.split(",") if one not in extras)


def _make(arguments: list[str]) -> Iterator[str]:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    yield from (f"make has no target {one}" for one in arguments if "=" not in one and one not in targets)


def _export(arguments: list[str]) -> Iterator[str]:
    for argument in arguments:
        name = argument.partition("=")[0]
        if name.startswith("LLMTRACE_") and name not in ENVIRONMENT:
            yield f"nothing reads {name}"


CHECKS = {"pytest": _pytest, "llmtrace": _llmtrace, "pip": _pip, "make": _make, "export": _export}
