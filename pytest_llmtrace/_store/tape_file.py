"""The tape as a file: the HTTP interactions of an owner, for replay, yet reviewable."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._model.bounded_reading import File
from pytest_llmtrace._model.bounds import DEEPEST_FILE
from pytest_llmtrace._model.canonical import Json
from pytest_llmtrace._model.exact_json import loads_finite
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._model.outline import Outline
from pytest_llmtrace._store.faults import Fault, broken, check_format
from pytest_llmtrace._store.formats import FORMAT, FORMAT_KEY, TAPE_KEYS
from pytest_llmtrace._store.interactions import InteractionReader, InteractionWriter
from pytest_llmtrace._store.json_text import json_text
from pytest_llmtrace._store.nesting import is_too_deep
from pytest_llmtrace._store.request_reader import checked, mapping
from pytest_llmtrace._store.upgrades import upgraded


@frozen
class TapeFile:
    """What a tape holds."""

    interactions: tuple[Interaction, ...]
    meta: Mapping[str, Json]
    """Plain data about the recording: the owner, digests, totals."""
    outline: Outline | None = None
    """What its calls come to, where it is, to the last character, as it was recorded."""
    asked: tuple[str | None, ...] = ()
    """Digests of the bodies of its requests, as clients send them, where that is so; not of all."""


def dump_tape(interactions: Sequence[Interaction], meta: Mapping[str, Json]) -> str:
    """The text of the file: the interactions in the given order, redacted already."""
    writer = InteractionWriter()
    return tape_text([writer.data(interaction) for interaction in interactions], meta)


def tape_text(interactions: Sequence[Json], meta: Mapping[str, Json]) -> str:
    """The text of the file, of interactions that are data already."""
    return tape_of_texts([json_text(data) for data in interactions], meta)


def tape_of_texts(interactions: Sequence[str], meta: Mapping[str, Json]) -> str:
    """The text of the file, of interactions that are laid out already, each as `json_text` does it."""
    shown = ",\n".join(interactions)
    head = f'{{\n"{FORMAT_KEY}": {FORMAT},\n"meta": {json_text(dict(meta))},\n'
    return f'{head}"interactions": [\n{shown}\n]\n}}\n' if interactions else f'{head}"interactions": []\n}}\n'


def load_tape(text: str, path: File) -> TapeFile:
    """The tape that a text holds; `path` is named in errors.

    Bodies of requests share their parts and are not turned into bytes before they are read, so that a history costs
    what is new in each turn.

    Raises:
        BrokenCassetteError: the text is not what the format says.
        NewerCassetteError: a later version wrote it.
    """
    return read_tape(tape_data(text, path), path, text)


def read_tape(data: Mapping[str, Any], path: File, text: str) -> TapeFile:
    """The tape that `tape_data` found in a text. Raises: BrokenCassetteError."""
    try:
        checked(data, _KEYS, "the file")
        return TapeFile(interactions=tuple(_interactions(data.get("interactions"), text)), meta=mapping(data, "meta"))
    except Fault as fault:
        raise broken(path, fault, text) from None
    except RecursionError:
        raise broken(path, Fault("it nests too deeply"), text) from None


def interactions_of(items: Sequence[Any]) -> list[Interaction]:
    """The interactions of a tape, from data of one that can be read."""
    reader = InteractionReader()
    return [reader.interaction(item) for item in items]


def tape_data(text: str, path: File) -> dict[str, Any]:
    """The JSON of a tape that is sure to be ours, in the current format.

    Raises:
        BrokenCassetteError: the text is not JSON, or not ours.
        NewerCassetteError: a later version wrote it.
    """
    try:
        data = loads_finite(text)
    except json.JSONDecodeError as error:
        raise broken(path, Fault(f"it is not valid JSON ({error.msg})", error.lineno), text) from None
    except RecursionError:
        raise broken(path, Fault("it nests too deeply"), text) from None
    except ValueError as error:
        raise broken(path, Fault(f"it is not usable JSON ({error})"), text) from None
    current: dict[str, Any] = upgraded("tape", data, check_format(path, data, text, "tape"))
    return current


def _interactions(items: Any, text: str) -> list[Interaction]:
    if not isinstance(items, list):
        raise Fault("`interactions` must be a list")
    reader = InteractionReader(shallow=_is_shallow(items, text))  # asked once, not of each of its parts
    made = []
    for position, item in enumerate(items):
        try:
            made.append(reader.interaction(item))
        except Fault as fault:
            raise Fault(f"interactions[{position}]: {fault.what}") from None
    return made


def _is_shallow(items: Any, text: str) -> bool:
    """Whether interactions nest no deeper than they may: sure of a text that opens no more than that in all."""
    opens_few = len(text) <= _SHORT and text.count("{") + text.count("[") <= DEEPEST_FILE
    return opens_few or not is_too_deep(items, DEEPEST_FILE)


_KEYS: Final[dict[str, Any]] = dict.fromkeys(TAPE_KEYS)
_SHORT: Final = 16 * 1024
"""Letters; a longer text opens more in any case."""
