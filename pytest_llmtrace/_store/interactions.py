"""Interactions as the data of a tape or a journal, one after the other, and back."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, get_args

from pytest_llmtrace._model.bounds import MOST_DECODED
from pytest_llmtrace._model.canonical import written_value
from pytest_llmtrace._model.content import unpacked_size
from pytest_llmtrace._model.http import HttpResponse, Interaction, Phase, ReadJson, held_body
from pytest_llmtrace._store.bodies import body_data, read_body
from pytest_llmtrace._store.faults import Fault
from pytest_llmtrace._store.formats import BODY_KEYS, INTERACTION_KEYS, RESPONSE_KEYS
from pytest_llmtrace._store.json_text import is_storable
from pytest_llmtrace._store.request_chain import RequestWriter, headers_data
from pytest_llmtrace._store.request_reader import RequestReader, checked, read_headers, text


class LaidOut(NamedTuple):
    """An interaction as a file holds it."""

    data: dict[str, Any]
    text: str
    """The data in the layout of a tape."""


class InteractionWriter:
    """Turns interactions into data, in file order: a request may refer to those before it."""

    def __init__(self) -> None:
        self._requests = RequestWriter()

    def data(self, interaction: Interaction) -> dict[str, Any]:
        """The data of the next interaction."""
        phase = {} if interaction.phase == "call" else {"phase": interaction.phase}
        return {
            "key": interaction.key,
            **phase,
            "request": self._requests.data(interaction.request),
            "response": _response_data(interaction.response),
        }


class InteractionReader:
    """Turns data into interactions, in file order."""

    def __init__(self, *, shallow: bool = False) -> None:
        """Args: shallow: whether it is known that nothing nests deeper than it may."""
        self._shallow = shallow
        self._requests = RequestReader(shallow=shallow)
        self._unpacked = 0

    def skip(self) -> None:
        """Count an interaction that cannot be read."""
        self._requests.skip()

    def interaction(self, data: Any) -> Interaction:
        """The next interaction.

        Raises:
            Fault: the data is not what the format says.
        """
        fields = checked(data, _INTERACTION, "an interaction")
        phase = fields.get("phase", "call")
        if phase not in _PHASES:
            raise Fault(f"`phase` must be one of {', '.join(_PHASES)}, not {phase!r:.100}")
        return Interaction(
            key=text(fields, "key"),
            phase=phase,
            request=self._requests.request(fields.get("request")),
            response=self._response(fields.get("response")),
        )

    def _response(self, data: Any) -> HttpResponse:
        fields = checked(data, _RESPONSE, "a response")
        status, reason = fields.get("status"), fields.get("reason", "")
        if type(status) is not int or not 0 <= status <= 999 or not isinstance(reason, str):
            raise Fault(f"`status` must be an HTTP status and `reason` text, not {status!r:.100} and {reason!r:.100}")
        response = HttpResponse(
            status=status,
            reason=reason,
            headers=read_headers(fields.get("headers", {})),
            body=read_body(fields, shallow=self._shallow),
        )
        if "base64" in fields:
            self._count(response)
        return response

    def _count(self, response: HttpResponse) -> None:
        """Count what a body that is no text has unpacked. Raises: Fault: it is too much in all."""
        encoding = ", ".join(value for name, value in response.headers if name.lower() == "content-encoding")
        size = unpacked_size(response.body, encoding) if encoding else 0
        self._unpacked += MOST_DECODED + 1 if size is None else size
        if self._unpacked > MOST_DECODED:
            raise Fault(f"what it holds compressed has more than {MOST_DECODED} bytes when unpacked")


def _response_data(response: HttpResponse) -> dict[str, Any]:
    data: dict[str, Any] = {"status": response.status}
    if response.reason:
        data["reason"] = response.reason
    if response.headers:
        data["headers"] = headers_data(response.headers)
    held = held_body(response)
    if isinstance(held, ReadJson) and is_storable(held.value, written_value(held.value)):
        return {**data, "json": held.value}
    return {**data, **body_data(response.body)}


_INTERACTION: Final[dict[str, Any]] = dict.fromkeys(INTERACTION_KEYS)
_RESPONSE: Final[dict[str, Any]] = dict.fromkeys((*RESPONSE_KEYS, *BODY_KEYS))
_PHASES: Final = get_args(Phase)
