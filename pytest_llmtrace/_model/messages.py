"""Messages in the OpenAI chat shape, immutable, each distinct one held once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring
from typing import Any, Final, NoReturn

from pytest_llmtrace._model.canonical import canonical_json, digest
from pytest_llmtrace._model.json_strings import json_string

FIELDS: Final = ("role", "content", "name", "tool_calls", "tool_call_id", "reasoning", "refusal")
"""The fields of a message, in the order in which they are shown."""


class Message(dict[str, Any]):
    """One message of a conversation: a read-only dict in the OpenAI chat shape.

    `content` is a string, a list of parts (``{"type": "text", "text": ...}``, images, audio, files) or
    `None`; `tool_calls` is a list of ``{"id", "type": "function", "function": {"name", "arguments"}}`` with
    `arguments` as JSON text. Fields that a message does not have read as `None`, and each field is an attribute
    too: ``message["content"]`` and ``message.content`` are the same.
    """

    __slots__ = ("_digest",)

    _digest: str

    def __missing__(self, key: str) -> None:
        if key in FIELDS:
            return
        raise KeyError(key)

    def __getattr__(self, name: str) -> Any:
        if name in FIELDS:
            return self[name]
        raise AttributeError(name)

    @property
    def digest(self) -> str:
        """Digest of the canonical form: equal for equal messages. Computed once."""
        try:
            return self._digest
        except AttributeError:
            made = digest(self._canonical())
            object.__setattr__(self, "_digest", made)
            return made

    def _canonical(self) -> str:
        """The canonical form; of a role and a text, which most messages are, written in a third of the time."""
        role, said = self.get("role"), self.get("content")
        if len(self) == 2 and type(role) is str and type(said) is str:
            return f'{{"content":{json_string(said)},"role":{encode_basestring(role)}}}'
        return canonical_json(dict(self))

    @property
    def text(self) -> str:
        """The text of the message without its other parts; empty where there is none."""
        content = self["content"]
        if isinstance(content, str):
            return content
        if isinstance(content, list):
            return "".join(
                str(part.get("text", "")) for part in content if isinstance(part, dict) and part.get("type") == "text"
            )
        return ""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self.digest)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Message, (dict(self),))

    def _frozen(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise TypeError("a captured message is read-only; make a copy with `dict(message)`")

    __setitem__ = __delitem__ = __ior__ = pop = popitem = clear = _frozen
    update = _frozen  # pyright: ignore[reportAssignmentType]
    setdefault = _frozen  # pyright: ignore[reportAssignmentType]


def tool_requests(message: Mapping[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The tool calls that a message asks for, each with its `function`: what is none of both has empty ones.

    Messages come from applications and from files that people edit, so `tool_calls` may be anything.
    """
    items = message.get("tool_calls")
    calls = [item for item in items if isinstance(item, dict)] if isinstance(items, (list, tuple)) else []
    return [(item, found if isinstance(found := item.get("function"), dict) else {}) for item in calls]


def message(fields: Mapping[str, Any]) -> Message:
    """A message with its fields in standard order, empty fields dropped, and lone text parts joined to a string.

    Two SDKs that send the same thing in different spellings (``"hi"`` and ``[{"type": "text", "text": "hi"}]``)
    give equal messages. Unknown fields are kept, after the known ones.
    """
    known = {name: fields[name] for name in FIELDS if fields.get(name) not in (None, [], {})}
    others = {
        name: fields[name] for name in sorted(fields) if name not in FIELDS and fields[name] not in (None, [], {})
    }
    content = known.get("content")
    if isinstance(content, list) and all(_is_plain_text(part) for part in content):
        known["content"] = "".join(part["text"] for part in content)
    if known.get("content") == "" and known.get("tool_calls"):
        del known["content"]
    return Message({**known, **others})


def _is_plain_text(part: object) -> bool:
    return isinstance(part, dict) and set(part) <= {"type", "text"} and isinstance(part.get("text"), str)


class MessageTable:
    """Interns messages: equal messages come back as one object, so that a history of T turns costs O(T)."""

    def __init__(self) -> None:
        self._by_digest: dict[str, Message] = {}

    def intern(self, fields: Mapping[str, Any]) -> Message:
        made = fields if isinstance(fields, Message) else message(fields)
        return self._by_digest.setdefault(made.digest, made)

    def __len__(self) -> int:
        return len(self._by_digest)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._by_digest.values())
