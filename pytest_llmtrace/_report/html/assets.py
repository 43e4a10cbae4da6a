"""The page's own sources, style and program, joined in order, and the hashes that allow them and nothing else."""

from __future__ import annotations

import base64
import hashlib
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
    "keys",
    "main",
)
"""Files of `js/`: each uses names of those before it alone, except inside functions."""


@cache
def style() -> str:
    """The style sheet."""
    return "\n".join(source(f"css/{name}.css") for name in STYLES)


@cache
def program() -> str:
    """The program, as one function that leaves no name behind."""
    parts = "\n".join(source(f"js/{name}.js") for name in PROGRAMS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def policy() -> str:
    """The content security policy: this style, this program; no network, no handler or style in an attribute."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(program())}'",
            f"style-src '{_hash(style())}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def source(name: str) -> str:
    """One of the sources."""
    return files("pytest_llmtrace._report.html").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
