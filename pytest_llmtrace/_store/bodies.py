"""HTTP bodies in a file: JSON as objects, streams as events, the rest as text, or base64 where it is no text."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final, SupportsBytes

from pytest_llmtrace._model.bounds import DEEPEST_FILE
from pytest_llmtrace._model.http import HeldJson
from pytest_llmtrace._store.faults import Fault
from pytest_llmtrace._store.formats import BODY_KEYS, EVENT_LINE_KEYS
from pytest_llmtrace._store.json_text import compact_bytes, compact_json, reviewable_json, utf8
from pytest_llmtrace._store.nesting import is_too_deep


class JsonBody(HeldJson):
    """A body held as its JSON value; the bytes are made on each reading, and not kept."""

    __slots__ = ()

    def __bytes__(self) -> bytes:
        return compact_bytes(self.value)


class StoredBody:
    """A body held as a file has it until it is read; then as bytes."""

    __slots__ = ("_bytes", "_data")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data: Mapping[str, Any] | None = data
        self._bytes = b""

    def __bytes__(self) -> bytes:
        if self._data is not None:
            self._bytes = _bytes_of(self._data)
            self._data = None
        return self._bytes


def body_data(body: bytes) -> dict[str, Any]:
    """The keys under which a file holds a body; none for an empty one."""
    if not body:
        return {}
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}
    value = reviewable_json(text)
    if value is not None:
        return {"json": value}
    return _events(text) or _lines(text) or {"text": text}


def read_body(data: Mapping[str, Any], *, shallow: bool = False) -> SupportsBytes:
    """The body that a file holds under those keys; other keys are not looked at.

    Args:
        data: of the file.
        shallow: whether it is known that it nests no deeper than it may.

    Raises:
        Fault: they are not what the format says.
    """
    if shallow and isinstance(value := data.get("json"), (dict, list)) and _OTHER_FORMS.isdisjoint(data):
        return JsonBody(value)  # nearly all
    found = {key: data[key] for key in BODY_KEYS if key in data}
    _check(found, shallow=shallow)
    if "json" in found:
        return JsonBody(found["json"])
    return StoredBody(found) if found else b""


def _events(text: str) -> dict[str, Any] | None:
    from pytest_llmtrace._store.events import looks_like_events, read_events  # noqa: PLC0415

    read = read_events(text) if looks_like_events(text) else None
    return None if read is None or not read[0] else {"sse": read[0], **({"rest": read[1]} if read[1] else {})}


def _lines(text: str) -> dict[str, Any] | None:
    """Lines of JSON, as Ollama streams them."""
    *lines, rest = text.split("\n")
    values = []
    for line in lines:
        value = reviewable_json(line)
        if value is None:
            return None
        values.append(value)
    return {"ndjson": values, **({"rest": rest} if rest else {})} if values else None


def _bytes_of(data: Mapping[str, Any]) -> bytes:
    if "base64" in data:
        return base64.b64decode(data["base64"])
    if "sse" in data:
        from pytest_llmtrace._store.events import write_events  # noqa: PLC0415  # most answers are no streams

        return utf8(write_events(data["sse"], data.get("rest", "")))
    if "ndjson" in data:
        return utf8("".join(f"{compact_json(value)}\n" for value in data["ndjson"]) + data.get("rest", ""))
    text: str = data["text"]
    return text.encode("utf-8", "surrogatepass")


def _check(found: Mapping[str, Any], *, shallow: bool) -> None:
    forms = [key for key in found if key != "rest"]
    if len(forms) > 1 or ("rest" in found and forms not in (["sse"], ["ndjson"])):
        raise Fault(f"a body stands under {' and '.join(f'`{key}`' for key in found)} at once")
    for key, value in found.items():
        if not isinstance(value, _KINDS[key]):
            raise Fault(f"the body under `{key}` is {value!r:.100}")
        if not shallow and isinstance(value, (dict, list)) and is_too_deep(value, DEEPEST_FILE):
            raise Fault(f"the body under `{key}` nests deeper than {DEEPEST_FILE} levels")
    for event in found.get("sse", ()):
        known = isinstance(event, dict) and all(
            key == "data" or (key in EVENT_LINE_KEYS and isinstance(value, str)) for key, value in event.items()
        )
        if not known:
            raise Fault(f"the event {event!r:.100} must be a mapping of {', '.join(EVENT_LINE_KEYS)}")
    if "base64" in found:
        try:
            base64.b64decode(found["base64"], validate=True)
        except (binascii.Error, ValueError):
            raise Fault("the body under `base64` is not base64") from None


_OTHER_FORMS: Final = frozenset(BODY_KEYS) - {"json"}
_KINDS: Final[dict[str, type | tuple[type, ...]]] = {
    "json": (dict, list), "sse": list, "ndjson": list, "text": str, "base64": str, "rest": str,
}  # fmt: skip
