"""Draws docs/reference/cli.md from the help of the commands of ``llmtrace``: ``python docs/generate_cli.py``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from pytest_llmtrace.cli import main

PAGE = Path(__file__).parent / "reference" / "cli.md"
INTRODUCTION = """# The command line

`llmtrace` looks at cassettes outside of pytest. It runs no test and calls no LLM. Each command shows this text with
`--help`. This page is generated: `make docs-tables`.

A command that takes a cassette takes a file of it (`.trace.yaml`, `.tape.json`), or the node id of its test:
`llmtrace show tests/test_refund.py::test_refund`. Of a parametrised test with one recording, the name will do.

Output is coloured on a terminal, and nowhere else, unless `--color` or `FORCE_COLOR` asks for it; `--no-color` and
`NO_COLOR` switch it off. Errors and progress go to standard error. Where a command has `--json`, that is for scripts:
its keys stay.

## Completion

Commands, options, files, and after the name of a test file the tests that are recorded of it:

| shell | once |
|---|---|
| bash | `COMP_WORDBREAKS=${COMP_WORDBREAKS//:}; eval "$(_LLMTRACE_COMPLETE=bash_source llmtrace)"` in `~/.bashrc` |
| zsh | `eval "$(_LLMTRACE_COMPLETE=zsh_source llmtrace)"` in `~/.zshrc`, after `compinit` |
| fish | `_LLMTRACE_COMPLETE=fish_source llmtrace \\| source` in `~/.config/fish/completions/llmtrace.fish` |

Bash takes colons for the ends of words; without the assignment it completes files, but no node ids. To make a shell
start faster, write what the inner command prints into a file, and source that.
"""


def page() -> str:
    """The whole page."""
    context = click.Context(main, info_name="llmtrace")
    names = main.list_commands(context)
    commands = {name: main.get_command(context, name) for name in names}
    lines = [INTRODUCTION, "## Commands", "", "| | |", "|---|---|"]
    lines += [
        f"| [`{name}`](#llmtrace-{name}) | {command.get_short_help_str(200)} |" for name, command in commands.items()
    ]
    for name, command in commands.items():
        lines += ["", f"## llmtrace {name}", "", *_command(name, command)]
    return "\n".join(lines) + "\n"


def _command(name: str, command: click.Command) -> Iterator[str]:
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    usage = " ".join(["llmtrace", name, "[OPTIONS]", *(_argument(one) for one in arguments)])
    yield from ("```text", usage, "```", "")
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        marker, _, text = paragraph.partition("\n")
        if marker == "\b":
            title, _, examples = text.partition("\n")
            yield from (title, "", "```console", *(f"$ {line.strip()}" for line in examples.split("\n")), "```", "")
        else:
            yield from (paragraph, "")
    yield from ("| option | |", "|---|---|")
    yield from (f"| `{_option(one)}` | {_cell(one)} |" for one in command.params if isinstance(one, click.Option))


def _argument(argument: click.Argument) -> str:
    return argument.metavar or (argument.name or "").upper()


def _option(option: click.Option) -> str:
    names = " / ".join([*option.opts, *option.secondary_opts])
    if option.is_flag:
        return names
    if isinstance(option.type, click.Choice):
        return f"{names} {'|'.join(option.type.choices)}".replace("|", "\\|")
    return f"{names} {option.metavar or option.type.name.upper()}".replace("|", "\\|")


def _cell(option: click.Option) -> str:
    again = " May be given several times." if option.multiple and "several times" not in (option.help or "") else ""
    default = f" Default: `{option.default}`." if option.show_default else ""
    return f"{option.help or ''}{default}{again}".replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
