"""Which commands there are: each is imported when it is run or asked for its help."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

_MODULES: Final = ("accept", "check", "diff", "export", "import_", "policy", "prune", "show", "stats")
"""Modules of this folder, each with a command of its own name."""


class Commands(click.Group):
    """A group whose commands are loaded one by one, so that each starts as fast as what it needs allows."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click calls it so
        """The names of all commands, sorted."""
        return [module.rstrip("_") for module in _MODULES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, or `None` where there is none."""
        for module in _MODULES:
            if module.rstrip("_") == cmd_name:
                command: click.Command = getattr(import_module(f"pytest_llmtrace._commands.{module}"), module)
                return command
        return None
