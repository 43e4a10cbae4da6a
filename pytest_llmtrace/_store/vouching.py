"""Whether a tape is, to the last character, the one that its outline was written with.

The outline has a digest of the whole text, which is written with zeros in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pytest_llmtrace._model.canonical import Json, digest
from pytest_llmtrace._store.formats import OUTLINE_ASKED, OUTLINE_DIGEST, OUTLINE_KEY, OUTLINE_SEARCHED


def unsigned(outline: dict[str, Any]) -> dict[str, Json]:
    """The outline of a tape as its text is made with it, before there is anything to digest."""
    return {**outline, OUTLINE_DIGEST: _ZEROS}


def signed(text: str) -> str:
    """The text of a tape that has such an outline, with its digest."""
    return text.replace(_as_written(_ZEROS), _as_written(digest(text)), 1)


def vouched_outline(text: str, meta: Mapping[str, Any]) -> Any:
    """The outline in the meta data of a tape, as data; `None` where there is none, or the text was edited since."""
    outline = meta.get(OUTLINE_KEY)
    mark = outline.get(OUTLINE_DIGEST) if isinstance(outline, dict) else None
    if not isinstance(mark, str) or len(mark) != len(_ZEROS):
        return None
    return outline if digest(text.replace(_as_written(mark), _as_written(_ZEROS), 1)) == mark else None


def searched_by(outline: Any) -> str | None:
    """By which search for secrets nothing was found in a tape, as its outline says that vouches for it."""
    mark = outline.get(OUTLINE_SEARCHED) if isinstance(outline, dict) else None
    return mark if isinstance(mark, str) else None


def asked_by(outline: Any) -> tuple[str | None, ...]:
    """The digests of the bodies of a tape's requests (`body_digests`), as its outline says that vouches for it."""
    asked = outline.get(OUTLINE_ASKED) if isinstance(outline, dict) else None
    return tuple([one if type(one) is str else None for one in asked]) if isinstance(asked, list) else ()


def _as_written(mark: str) -> str:
    """The digest with its key: no name of a test holds that, whose quotation marks are escaped."""
    return f'"{OUTLINE_DIGEST}": "{mark}"'


_ZEROS: Final = "0" * 32
