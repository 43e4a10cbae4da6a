"""Which commands there are: each is imported when it is run or asked for its help."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, Final

import click

_MODULES: Final = (
    "accept",
    "check",
    "diff",
    "export",
    "history",
    "import_",
    "merge",
    "policy",
    "prune",
    "schema",
    "show",
    "stats",
    "whatif",
)
"""Modules of this folder, each with a command of its own name."""
_COLOR: Final = "color"


def color_option() -> click.Option:
    """Whether there are colours: what every command takes, before its name and after it."""
    return click.Option(
        ["--color/--no-color"],
        default=None,
        expose_value=False,
        callback=_set_color,
        help="Colours or none; on a terminal there are, unless NO_COLOR is set.",
    )


def _set_color(ctx: click.Context, param: click.Parameter, value: bool | None) -> None:  # noqa: ARG001, FBT001
    if value is not None:
        ctx.color = value
    elif ctx.color is None and os.environ.get("NO_COLOR"):
        ctx.color = False
    elif ctx.color is None and os.environ.get("FORCE_COLOR"):
        ctx.color = True


class Commands(click.Group):
    """A group whose commands are loaded one by one, so that each starts as fast as what it needs allows."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. What is wrong quotes names of files and what is in them: it is made harmless here, for all."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            from pytest_llmtrace._report.clean import inert  # noqa: PLC0415  # where it is needed

            object.__setattr__(error, "message", inert(error.message))  # it is final for type checkers
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click calls it so
        """The names of all commands, sorted."""
        return [module.rstrip("_") for module in _MODULES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, or `None` where there is none."""
        for module in _MODULES:
            if module.rstrip("_") == cmd_name:
                command: click.Command = getattr(import_module(f"pytest_llmtrace._commands.{module}"), module)
                if all(option.name != _COLOR for option in command.params):
                    command.params.append(color_option())
                return command
        return None
