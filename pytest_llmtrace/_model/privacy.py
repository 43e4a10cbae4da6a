"""A trace without what people and models wrote: stand-ins take the place of every text, and the structure stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_llmtrace._model.exact_json import loads_exactly, spell_json
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.prefixes import History, shared_prefix
from pytest_llmtrace._model.private_settings import is_word, private_key, private_params, private_tool
from pytest_llmtrace._model.secret_key import SecretKey
from pytest_llmtrace._model.stand_ins import StandIns, is_stand_in
from pytest_llmtrace._model.trace import AnyEntry, CallError, LLMCall, ToolCall, Trace


class Mask:
    """Replaces every text of a trace, always in the same way.

    Replaced are messages, reasoning, refusals, the values of tool arguments, results, event data, error texts,
    descriptions of tools, and session and task labels. Roles, tool and parameter names, agents, models, numbers of
    parameters, finish reasons, tokens, costs and digests of images stay. Equal texts stay equal, different ones
    different; what is masked stays as it is. Each distinct message is made once and shared.
    """

    def __init__(self, key: SecretKey | None = None, prepare: Callable[[str], str] | None = None) -> None:
        """How texts are replaced.

        Args:
            key: What digests are made with; without one, short texts can be guessed.
            prepare: What is done to a text before: normalisation, which could do nothing afterwards.
        """
        self._stand_ins = _Prepared(key, prepare)
        self._by_id: dict[int, Message] = {}
        self._last: tuple[tuple[Message, ...], tuple[Message, ...]] = ((), ())
        """The history that was masked last, and what it became."""
        self._messages: dict[str, Message] = {}
        self._tools: dict[int, dict[str, Any]] = {}
        self._alive: list[object] = []
        """What is known by id must not be freed."""

    @property
    def kind(self) -> str:
        """What a golden trace says about its stand-ins."""
        return self._stand_ins.kind

    def trace(self, trace: Trace) -> Trace:
        """The trace with every text replaced."""
        return replace(trace, entries=tuple(self._entry(entry) for entry in trace.entries))

    def text(self, text: str) -> str:
        """The stand-in of one text."""
        return self._stand_ins.of_text(text)

    def url(self, url: str, *, whole: bool = False) -> str:
        """A URL without what was asked in it: its query replaced, and with `whole` its path too."""
        parts = urlsplit(url)
        place = f"{parts.scheme}://{parts.netloc}"
        if whole:
            rest = parts._replace(scheme="", netloc="").geturl().removeprefix("/")
            return f"{place}/{self.text(rest)}"
        return f"{place}{parts.path}" + (f"?{self.text(parts.query)}" if parts.query else "")

    def urls_in(self, text: str) -> str:
        """A text of ours, with the URLs in it replaced."""
        return _URL.sub(lambda found: self.url(found.group(), whole=True), text)

    # Entries

    def _entry(self, entry: AnyEntry) -> AnyEntry:
        labels: dict[str, Any] = {name: self._label(getattr(entry, name)) for name in ("session", "parent", "task")}
        if isinstance(entry, LLMCall):
            failed = entry.fallback_from
            return replace(
                entry,
                **labels,
                params=private_params(entry.params, self._stand_ins),
                tools=tuple(self._tool(tool) for tool in entry.tools),
                messages=self._history(entry.messages),
                output=self._message(entry.output) if entry.output is not None else None,
                finish_reason=self._word(entry.finish_reason),
                error=self._error(entry.error),
                fallback_from=failed and replace(failed, error=self._word(failed.error)),
            )
        if isinstance(entry, ToolCall):
            return replace(
                entry,
                **labels,
                name=self._word(entry.name),
                arguments=self._arguments(entry.arguments),
                result=self._result(entry.result),
                error=None if entry.error is None else self.text(entry.error),
            )
        return replace(entry, **labels, data=self._arguments(entry.data))

    def _label(self, label: str | None) -> str | None:
        """A label without its words; random ids in it stay, and are numbered later as everywhere."""
        if not label or _ID.fullmatch(label) or _MASKED_LABEL.fullmatch(label):
            return label
        ids = [found.group() for found in _ID.finditer(label)]
        return " ".join([self.text(_ID.sub("#", label)), *ids])

    def _error(self, error: CallError | None) -> CallError | None:
        if error is None:
            return None
        return replace(error, type=self._word(error.type), message=self.text(error.message))

    def _tool(self, tool: Mapping[str, Any]) -> dict[str, Any]:
        made = self._tools.get(id(tool))
        if made is None:
            made = self._tools[id(tool)] = private_tool(tool, self._stand_ins)
            self._alive.append(tool)
        return made

    # Messages

    def _history(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """A history. Most of a long one is that of the call before."""
        before, made = self._last
        kept = shared_prefix(before, messages)
        made = History.after(made, kept, [self._message(message) for message in messages[kept:]])
        self._last = messages, made
        return made

    def _message(self, message: Message) -> Message:
        made = self._by_id.get(id(message))
        if made is None:
            made = self._messages.get(message.digest)
            if made is None:
                fields = {self._key(name): self._field(message, name) for name in message}
                made = message if fields == message else Message(fields)
                self._messages[message.digest] = self._messages[made.digest] = made
            self._by_id[id(message)] = made
            self._alive.append(message)
        return made

    def _field(self, message: Message, name: str) -> Any:
        value = message[name]
        if name == "role" or (name == "name" and message["role"] in _TOOL_ROLES):
            return self._word(value)
        if name == "tool_call_id" and isinstance(value, str):
            return value
        if name == "tool_calls" and isinstance(value, list):
            return [self._called(item) for item in value]
        if name == "content":
            if isinstance(value, list):
                return [self._part(part) for part in value]
            return self._result(value) if message["role"] in _TOOL_ROLES else self._value(value)
        return self._value(value)

    def _called(self, item: Any) -> Any:
        """A tool call: its name, and the names of its arguments, stay."""
        if not isinstance(item, dict):
            return self._value(item)
        made = {self._key(name): self._value(value) for name, value in item.items()}
        if isinstance(item.get("id"), str):
            made["id"] = item["id"]
        if "type" in item:
            made["type"] = self._word(item["type"])
        function = item.get("function")
        if isinstance(function, dict):
            inside = {self._key(name): self._value(value) for name, value in function.items()}
            if "name" in function:
                inside["name"] = self._word(function["name"])
            if isinstance(function.get("arguments"), str):
                inside["arguments"] = self._argument_text(function["arguments"])
            made["function"] = inside
        return made

    def _argument_text(self, text: str) -> str:
        try:
            arguments = loads_exactly(text)
        except ValueError:
            return self.text(text)
        made = self._arguments(arguments)
        return spell_json(made) if isinstance(made, dict) else str(made)

    def _arguments(self, arguments: Any) -> Any:
        """Named values: the names stay where they are names, each value is replaced as a whole."""
        if isinstance(arguments, Mapping):
            return {self._key(name): self._value(value) for name, value in arguments.items()}
        return self._value(arguments)

    def _result(self, result: Any) -> Any:
        """What a tool gave back: equal as data and as the JSON text that the model is told."""
        if isinstance(result, str) and result.lstrip()[:1] in {"{", "["}:
            try:
                return self._stand_ins.of_data(loads_exactly(result))
            except ValueError:
                pass
        return self._value(result)

    def _part(self, part: Any) -> Any:
        """A part of a content: its type, and the digest and size of media, stay."""
        if not isinstance(part, dict):
            return self._value(part)
        return {self._key(name): self._part_field(name, value) for name, value in part.items()}

    def _part_field(self, name: Any, value: Any) -> Any:
        if name in _PART_WORDS:
            return self._word(value)
        if name == "bytes" and type(value) is int:
            return value
        if name == "digest" and not self._stand_ins.keyed and _DIGEST.fullmatch(str(value)):
            return value  # with a key not even a known image can be recognised
        if name in _NESTED and isinstance(value, list):
            return [self._part(one) for one in value]
        return self._part(value) if name in _NESTED else self._value(value)

    # Values

    def _value(self, value: Any) -> Any:
        """One stand-in for anything; nothing stays nothing."""
        if value is None:
            return None
        return self.text(value) if isinstance(value, str) else self._stand_ins.of_data(value)

    def _word(self, value: Any) -> Any:
        return value if value is None or is_word(value) else self._value(value)

    def _key(self, name: Any) -> str:
        return private_key(name, self._stand_ins)


class _Prepared(StandIns):
    """Stand-ins of texts that were normalised before."""

    def __init__(self, key: SecretKey | None, prepare: Callable[[str], str] | None) -> None:
        super().__init__(key)
        self._prepare = prepare

    def of_text(self, text: str) -> str:
        if self._prepare is None or not text or is_stand_in(text):
            return super().of_text(text)
        return super().of_text(self._prepare(text))

    def of_data(self, data: Any) -> str:
        try:
            return super().of_data(data if self._prepare is None else self._prepared(data))
        except RecursionError:
            return super().of_data(data)

    def _prepared(self, value: Any) -> Any:
        if isinstance(value, str) and self._prepare is not None:
            return self._prepare(value)
        if isinstance(value, Mapping):
            return {key: self._prepared(item) for key, item in value.items()}
        return [self._prepared(item) for item in value] if isinstance(value, (list, tuple)) else value


_TOOL_ROLES: Final = frozenset({"tool", "function"})
_PART_WORDS: Final = frozenset({"detail", "format", "media_type", "mime_type", "role", "type"})
_NESTED: Final = frozenset({"content", "image_url", "input_audio", "parts", "source"})
_DIGEST: Final = re.compile(r"[0-9a-f]{32}")
_ID: Final = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}(?![0-9a-f])|\bid_[0-9]+\b",
    re.IGNORECASE,
)
_MASKED_LABEL: Final = re.compile(
    rf"(?:(?:sha256|hmac):[0-9a-f]{{16}} \([0-9]+ chars\)(?: (?:{_ID.pattern}))*)", re.IGNORECASE
)
_URL: Final = re.compile(r"https?://[^\s'\"<>]+")
