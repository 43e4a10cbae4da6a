"""What an older version recorded, as this one would have: it removes more, and requests must match all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llmtrace._model.bounded_reading import File
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._model.matching import request_key
from pytest_llmtrace._model.outline import Outline
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._store.faults import read_text, text_if_file
from pytest_llmtrace._store.formats import SEALED_KEY
from pytest_llmtrace._store.sealed import Seal
from pytest_llmtrace._store.tape_file import TapeFile, read_tape, tape_data
from pytest_llmtrace._store.vouching import asked_by, searched_by, vouched_outline

if TYPE_CHECKING:
    from pytest_llmtrace._store.golden_file import Golden


def tape_without_secrets(path: Path, redactor: Redactor) -> TapeFile:
    """A tape; its text is searched once, and taken apart only where there is something to remove.

    Raises: as `cassettes.load_tape`.
    """
    text = read_text(path)
    return unsearched(tape_data(text, path), text, path).searched(redactor)


def tape_if_there(path: File, redactor: Redactor, seal: Callable[[], Seal], *, trusting: bool) -> TapeFile | None:
    """The same of a test's own tape, or `None` where no file has this name.

    Args:
        path: of the tape.
        redactor: knows what is secret by now.
        seal: gives what opens it where it is encrypted.
        trusting: whether it is believed that it was searched when it was recorded, where it says so and was not edited.

    Raises: as `cassettes.load_tape`, but `FileNotFoundError`.
    """
    text = text_if_file(path)
    if text is None:
        return None
    data = tape_data(text, path)
    if SEALED_KEY in data:
        text = seal().opened(text, path)
        data = tape_data(text, path)
    return unsearched(data, text, path).searched(redactor, trusting=trusting)


class Unsearched(NamedTuple):
    """A tape as it was read. What is secret by now, nobody has asked yet."""

    text: str
    tape: TapeFile
    mark: str | None
    """By which search nothing was found in it when it was recorded, as it says."""

    def searched(self, redactor: Redactor, *, trusting: bool = False) -> TapeFile:
        """The tape without what is secret by now. Args: as of `tape_if_there`."""
        tape = self.tape
        if not redactor.finds(self.text, self.mark if trusting else None):
            return tape
        return TapeFile(interactions=interactions_without_secrets(tape.interactions, redactor), meta=tape.meta)


def unsearched(data: dict[str, Any], text: str, path: File) -> Unsearched:
    """The tape that `tape_data` found in a text. Raises: BrokenCassetteError."""
    tape = read_tape(data, path, text)
    outline = vouched_outline(text, tape.meta)
    if outline is not None:
        tape = TapeFile(
            interactions=tape.interactions,
            meta=tape.meta,
            outline=Outline.from_data(outline),
            asked=asked_by(outline),
        )
    return Unsearched(text, tape, searched_by(outline))


def interactions_without_secrets(interactions: Iterable[Interaction], redactor: Redactor) -> tuple[Interaction, ...]:
    """Interactions as they would be recorded now. Replay gives the application what it was given then."""
    return tuple(_redacted(one, redactor) for one in interactions)


def golden_without_secrets(path: Path, redactor: Redactor) -> Golden:
    """A golden trace, to be compared with what is observed now. Raises: as `cassettes.load_golden`."""
    from pytest_llmtrace._model.personal.traces import trace_texts  # noqa: PLC0415  # a replay that passes reads none
    from pytest_llmtrace._model.secrecy.traces import redacted_trace  # noqa: PLC0415
    from pytest_llmtrace._store.cassettes import load_golden  # noqa: PLC0415

    golden = load_golden(path)
    for text in trace_texts(golden.trace):
        redactor.keep(text)
    return replace(golden, trace=redacted_trace(golden.trace, redactor.data))


def _redacted(one: Interaction, redactor: Redactor) -> Interaction:
    request, response = redactor.request(one.request), redactor.response(one.response)
    if request == one.request:
        request = one.request  # whose body may be shared with others
    key = one.key if request is one.request else request_key(request)
    return replace(
        one, request=request, response=response, key=key, given=None if response == one.response else one.response
    )
