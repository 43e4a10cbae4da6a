"""Numbers in JSON of which a stream brings pieces: a placeholder is a text there, and becomes a number again."""

from __future__ import annotations

import re
from typing import Final

from pytest_llmtrace._model.body_texts import NUMBER
from pytest_llmtrace._model.personal.placeholders import PLACEHOLDERS, Rename, renamed
from pytest_llmtrace._model.split_texts import Edit


def in_quotes(text: str, edit: Edit) -> Edit:
    """An edit of JSON that is not whole, so that it stays JSON: in quotes, where it replaces a number."""
    start, end, instead = edit
    is_number = text[start:end].isdecimal() and text[:start].rstrip()[-1:] in (":", "[", ",")
    return (start, end, f'"{instead}{NUMBER}"') if is_number else edit


def out_of_quotes(text: str, value: Rename) -> str:
    """Such JSON with the numbers in the place of their placeholders."""
    return _QUOTED.sub(lambda found: renamed(found.group(1), value), text)


_QUOTED: Final = re.compile(rf'"({PLACEHOLDERS.pattern}){re.escape(NUMBER)}"', re.IGNORECASE)
