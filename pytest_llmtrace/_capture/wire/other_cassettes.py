"""What goes through other vcrpy cassettes: those of pytest-recording, or of the user's own.

Their patches lie over ours and use vcrpy's originals, so our stub never sees those requests.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Literal
from unittest import mock

from pytest_llmtrace._capture.wire.mockllm import watching_mockllm


def watching_others(
    observed: Callable[[Any, Any, Literal["live", "tape"]], None], refused: Callable[[Any, str], None]
) -> Iterator[contextlib.AbstractContextManager[Any]]:
    """Patches that show us what other cassettes do.

    Args:
        observed: told of a request (vcrpy's) that a cassette has answered or recorded, and of the response.
        refused: told of a request that a cassette has no answer to and may not record, and of the cassette's path; it
            may raise, and then that is what the client gets.
    """
    from vcr.cassette import Cassette  # noqa: PLC0415
    from vcr.errors import CannotOverwriteExistingCassetteException as Refusal  # noqa: PLC0415

    play, append, load, refuse = Cassette.play_response, Cassette.append, Cassette._load, Refusal.__init__  # noqa: SLF001
    loading: set[int] = set()

    def play_response(cassette: Any, request: Any) -> Any:
        response = play(cassette, request)
        observed(request, response, "tape")
        return response

    def append_and_note(cassette: Any, request: Any, response: Any) -> None:
        append(cassette, request, response)
        if id(cassette) not in loading:
            observed(request, response, "live")

    def load_quietly(cassette: Any) -> None:
        loading.add(id(cassette))  # loading appends what the file holds
        try:
            load(cassette)
        finally:
            loading.discard(id(cassette))

    def refuse_and_note(error: Any, *args: Any, **kwargs: Any) -> None:
        request = kwargs.get("failed_request")
        if request is not None:
            refused(request, str(getattr(kwargs.get("cassette"), "_path", "")))
        refuse(error, *args, **kwargs)

    yield from watching_mockllm(observed, refused)
    yield mock.patch.object(Cassette, "play_response", play_response)
    yield mock.patch.object(Cassette, "append", append_and_note)
    yield mock.patch.object(Cassette, "_load", load_quietly)
    yield mock.patch.object(Refusal, "__init__", refuse_and_note)
