"""What a search for secrets finds is part of a format: tapes say by which search nothing was found in them."""

from __future__ import annotations

import ast
from pathlib import Path

from pytest_llmtrace._model import secrecy
from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._model.secrecy.search import SEARCH

SEARCHES = {1: "2355ae672f427c480254fbcafe326563"}
FOLDER = Path(secrecy.__file__).parent
MODULES = ("../key_shapes", "base64_runs", "escapes", "lines", "places", "search")


def code(module: str) -> str:
    """A module of it without what is said about it."""
    source = (FOLDER / f"{module}.py").read_text("utf-8")
    texts = [
        one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Expr) and type(one.value) is ast.Constant
    ]
    said = {line for one in texts for line in range(one.lineno, (one.end_lineno or one.lineno) + 1)}
    lines = [line.strip() for number, line in enumerate(source.split("\n"), start=1) if number not in said]
    return "\n".join(line for line in lines if line and line[0] != "#")


def test_what_is_searched_for_changes_with_the_number_of_the_search_alone() -> None:
    """Where anything may be found now that was not, raise `SEARCH`, and add a digest here; else replace the last one.

    Tapes of a number are not searched again: in those of an earlier one a new form of a key would be overlooked.
    """
    assert digest("".join(map(code, MODULES))) == SEARCHES[SEARCH]
