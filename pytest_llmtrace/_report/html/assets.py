"""The page's own sources, style and program, joined in order, and the hashes that allow them and nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final

STYLES: Final = ("colours", "page", "tests", "overview", "test", "diff", "transcript", "timeline", "phone", "print")
"""Files of `css/`, in the order in which they apply."""

PROGRAMS: Final = (
    "dom",
    "format",
    "data",
    "route",
    "widgets",
    "align",
    "diff",
    "findings",
    "messages",
    "transcript",
    "steps",
    "timeline",
    "charts",
    "search",
    "filters",
    "tests",
    "overview",
    "test",
    "theme",
    "keyboard",
    "keys",
    "main",
)
"""Files of `js/`: each uses names of those before it alone, except inside functions."""

HISTORY_STYLES: Final = ("colours", "page", "tests", "history", "phone", "print")
HISTORY_PROGRAMS: Final = (
    *("dom", "format", "route", "widgets", "theme", "keyboard"),
    *("history_data", "history_chart", "history_list", "history_view", "history_main"),
)
"""Likewise, of the page of a history."""


@cache
def style(names: Sequence[str] = STYLES) -> str:
    """The style sheet."""
    return "\n".join(source(f"css/{name}.css") for name in names)


@cache
def program(names: Sequence[str] = PROGRAMS) -> str:
    """The program, as one function that leaves no name behind."""
    parts = "\n".join(source(f"js/{name}.js") for name in names)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def policy(styles: Sequence[str] = STYLES, programs: Sequence[str] = PROGRAMS) -> str:
    """The content security policy: this style, this program; no network, no handler or style in an attribute."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(program(programs))}'",
            f"style-src '{_hash(style(styles))}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def source(name: str) -> str:
    """One of the sources."""
    return files("pytest_llmtrace._report.html").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
