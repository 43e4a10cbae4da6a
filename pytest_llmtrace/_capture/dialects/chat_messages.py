"""Messages of OpenAI's chat shape, as sent, as answered in one piece, and as assembled from a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_llmtrace._capture.dialects.lenient import first, listed, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import binary, plain
from pytest_llmtrace._capture.dialects.parts import content, joined
from pytest_llmtrace._capture.dialects.tooling import argument_text, openai_tool_calls, tool_call
from pytest_llmtrace._model.canonical import parse_json
from pytest_llmtrace._model.messages import Message


def chat_messages(raw: object) -> Iterator[Mapping[str, Any]]:
    """The one message of a raw one: a value that is none gives none."""
    if isinstance(raw, dict):
        yield text_message(raw) or chat_message(raw)


def text_message(raw: Mapping[str, Any]) -> Message | None:
    """What `chat_message` comes to for a message that has a role and a text and nothing else, as most have.

    Found out in a tenth of the time.
    """
    role, said = raw.get("role"), raw.get("content")
    if type(role) is not str or type(said) is not str or role in _NO_ROLES or not said:
        return None
    if len(raw) > 2 and any(value is not None and value != [] for key, value in raw.items() if key not in _OF_TEXT):
        return None
    return Message({"role": role, "content": said})


def chat_message(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A chat message with the spellings of all who speak this shape brought together.

    The answer and its echo in the next request are equal whichever way the application copies it: nulls, stream
    positions and what litellm adds for itself are dropped, legacy function calls become tool calls.
    """
    made = content(raw.get("content"))
    role = text(raw.get("role")) or "assistant"
    fields: dict[str, Any] = {"role": "tool" if role == "function" else role, "name": raw.get("name")}
    calls = openai_tool_calls(raw.get("tool_calls"))
    if legacy := mapping(raw.get("function_call")):
        calls.append(tool_call(legacy.get("name"), legacy.get("arguments")))
    calls.extend(executed_calls(raw.get("executed_tools")))
    for image in mappings(raw.get("images")):
        made.parts.extend(content([image]).parts)
    fields |= made.fields()
    fields["reasoning"] = reasoning_text(raw) or fields["reasoning"]
    fields["refusal"] = raw.get("refusal") or fields["refusal"]
    fields["tool_calls"] = calls
    fields["tool_call_id"] = raw.get("tool_call_id")
    fields["annotations"] = plain(listed(raw.get("annotations"))) or fields["annotations"]
    if audio := mapping(raw.get("audio")):
        fields["audio"] = _audio(audio)
    others = {key: plain(value) for key, value in raw.items() if key not in _HANDLED}
    return fields | {key: value for key, value in others.items() if not _hollow(value)}


def executed_calls(raw: object) -> list[dict[str, Any]]:
    """The tools that Groq ran before it answered; a stream reports each twice, begun and done."""
    latest: dict[int, dict[str, Any]] = {}
    for position, ran in enumerate(mappings(raw)):
        index = ran.get("index")
        latest[index if isinstance(index, int) else position] = ran
    made = []
    for ran in latest.values():
        kind = text(ran.get("type")) or "executed_tool"
        results = {key: ran[key] for key in ran if key not in ("type", "index", "name", "arguments") and ran[key]}
        lone = results.get("output") if list(results) == ["output"] else results
        made.append(tool_call(ran.get("name") or kind, ran.get("arguments"), kind=kind, result=lone))
    return made


def reasoning_text(raw: Mapping[str, Any]) -> str:
    """The reasoning of a message or a delta, under whichever name: DeepSeek's, OpenRouter's, or as details."""
    stated = first(raw, "reasoning_content", "reasoning")
    if isinstance(stated, str) and stated:
        return stated
    details = mappings(raw.get("reasoning_details"))
    return joined([text(first(one, "text", "summary")) for one in details])


@dataclass(slots=True)
class ChatChoice:
    """One choice of a stream, put together from its deltas."""

    finish_reason: str | None = None
    _content: list[str] = field(default_factory=list)
    _parts: list[Any] = field(default_factory=list)
    _reasoning: list[str] = field(default_factory=list)
    _refusal: list[str] = field(default_factory=list)
    _annotations: list[Any] = field(default_factory=list)
    _images: list[Any] = field(default_factory=list)
    _audio: list[str] = field(default_factory=list)
    _audio_fields: dict[str, Any] = field(default_factory=dict)
    _calls: list[_Call] = field(default_factory=list)
    _by_index: dict[int, _Call] = field(default_factory=dict)
    _others: dict[str, Any] = field(default_factory=dict)

    def add(self, delta: Mapping[str, Any]) -> None:
        """Take in the next delta."""
        said = delta.get("content")
        if isinstance(said, list):
            for part in said:
                self._add_part(part)
        else:
            self._content.append(text(said))
        self._reasoning.append(reasoning_text(delta))
        self._refusal.append(text(delta.get("refusal")))
        self._annotations.extend(listed(delta.get("annotations")))
        self._images.extend(listed(delta.get("images")))
        audio = mapping(delta.get("audio"))
        self._audio.append(text(audio.get("data")))
        self._audio_fields |= {key: value for key, value in audio.items() if key != "transcript"}
        if isinstance(audio.get("transcript"), str):
            self._audio_fields["transcript"] = text(self._audio_fields.get("transcript")) + audio["transcript"]
        for call in mappings(delta.get("tool_calls")):
            self._add_call(call)
        if legacy := mapping(delta.get("function_call")):
            self._add_call({"index": -1, "function": legacy})
        for key, value in delta.items():
            if key not in _HANDLED or key == "executed_tools":
                known = self._others.get(key)
                self._others[key] = [*known, *value] if isinstance(known, list) and isinstance(value, list) else value

    def message(self) -> dict[str, Any]:
        """The message so far."""
        said = "".join(self._content)
        audio = {**self._audio_fields, "data": "".join(self._audio)} if self._audio_fields else None
        fields = chat_message(
            {
                **self._others,
                "role": "assistant",
                "content": [*self._parts, {"type": "text", "text": said}] if self._parts else said,
                "refusal": "".join(self._refusal),
                "tool_calls": [call.raw() for call in sorted(self._calls, key=lambda call: call.place)],
                "annotations": self._annotations,
                "images": self._images,
                "audio": audio,
            }
        )
        fields["reasoning"] = "".join(self._reasoning) or fields["reasoning"]
        return fields

    def _add_part(self, part: Any) -> None:
        """Mistral streams thoughts, and text beside them, as parts: pieces of one kind that follow are one."""
        last = self._parts[-1] if self._parts else None
        kind = part.get("type") if isinstance(part, dict) else None
        if kind in _PIECES and isinstance(last, dict) and last.get("type") == kind:
            known, more = last.get(kind), part.get(kind)
            for one in (list, str):
                if isinstance(known, one) and isinstance(more, one):
                    self._parts[-1] = {**last, kind: [*known, *more] if one is list else f"{known}{more}"}
                    return
        self._parts.append(part)

    def _add_call(self, delta: Mapping[str, Any]) -> None:
        """Providers number the fragments of parallel calls, or only give each call an id, or neither.

        Numbers say where a call stands, whichever of them came first.
        """
        index = delta.get("index")
        call_id = text(delta.get("id"))
        call = self._by_index.get(index) if isinstance(index, int) else (self._calls[-1] if self._calls else None)
        over = call is not None and not isinstance(index, int) and call.is_over(delta)
        if call is None or over or (call_id and call.id and call_id != call.id):
            call = _Call(place=index if isinstance(index, int) else len(self._calls))
            self._calls.append(call)
            if isinstance(index, int):
                self._by_index[index] = call
        call.add(delta, call_id)


@dataclass(slots=True)
class _Call:
    """A tool call, as far as the pieces of a stream have come."""

    place: int
    id: str = ""
    kind: str = "function"
    name: str = ""
    arguments: list[str] = field(default_factory=list)

    def add(self, delta: Mapping[str, Any], call_id: str) -> None:
        self.id = self.id or call_id
        self.kind = text(delta.get("type")) or self.kind
        called = mapping(delta.get("function")) or mapping(delta.get(self.kind))
        self.name = self.name or text(called.get("name"))
        arguments = first(called, "arguments", "input")
        if arguments is not None:
            self.arguments.append(arguments if isinstance(arguments, str) else argument_text(arguments))

    def is_over(self, delta: Mapping[str, Any]) -> bool:
        """Whether a fragment without number and id begins the next call: it has a name, this one all it needs."""
        again = bool(self.id) and self.id == text(delta.get("id"))
        named = bool(self.name) and bool(text(mapping(delta.get("function")).get("name")))
        return named and not again and isinstance(parse_json("".join(self.arguments)), dict)

    def raw(self) -> dict[str, Any]:
        key = "arguments" if self.kind == "function" else "input"
        return {"id": self.id, "type": self.kind, self.kind: {"name": self.name, key: "".join(self.arguments)}}


def _audio(audio: Mapping[str, Any]) -> dict[str, Any]:
    """Spoken output; its echo is the id alone."""
    kept = {key: value for key, value in audio.items() if key in ("id", "transcript") and value}
    return {**binary("audio", text(audio["data"])), **kept} if text(audio.get("data")) else kept


def _hollow(value: object) -> bool:
    """Whether a value says nothing at any depth, as ``{"refusal": null}`` and Mistral's ``"prefix": false`` do."""
    if isinstance(value, dict):
        return all(_hollow(one) for one in value.values())
    return value is False or value in (None, [], "")


_OF_TEXT: Final = frozenset({"role", "content"})
_NO_ROLES: Final = frozenset({"", "function"})
"""Roles that are written in another way."""
_PIECES: Final = frozenset({"text", "thinking"})
_HANDLED: Final = frozenset(
    {
        "role",
        "content",
        "name",
        "tool_calls",
        "tool_call_id",
        "refusal",
        "annotations",
        "audio",
        "images",
        "function_call",
        "reasoning",
        "reasoning_content",
        "reasoning_details",
        "thinking_blocks",
        "provider_specific_fields",
        "cache_control",
        "executed_tools",
    }
)
