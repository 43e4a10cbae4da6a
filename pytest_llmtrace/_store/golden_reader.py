"""The data of a golden file as a trace again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from pytest_llmtrace._model.canonical import Json
from pytest_llmtrace._model.stand_ins import KIND
from pytest_llmtrace._model.trace import (
    AnyEntry,
    Attempt,
    CallError,
    Entry,
    Event,
    FailedCall,
    LLMCall,
    Status,
    ToolCall,
    Trace,
    with_attempt_costs,
)
from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._store import formats
from pytest_llmtrace._store.call_text import read_call
from pytest_llmtrace._store.faults import Fault
from pytest_llmtrace._store.golden_finish import USUAL, VOCABULARIES, obvious_finish
from pytest_llmtrace._store.golden_history import HistoryReader
from pytest_llmtrace._store.golden_messages import read_output
from pytest_llmtrace._store.golden_section import MOST, Section
from pytest_llmtrace._store.yaml_reader import Document

Tools = tuple[Mapping[str, Any], ...]


def read_golden(document: Document) -> tuple[str, Trace, Totals, str | None]:
    """The test, the trace, the totals and the privacy of a golden file that is known to be ours.

    Raises:
        Fault: it does not keep to the format.
    """
    section = Section(document, document.data, "the file", formats.GOLDEN_KEYS)
    test = section.text("test")
    section.items("fan_outs")
    reader = _Reader(document, section.mapping("tools") or {})
    before = [reader.entry(item, Entry()) for item in section.items("before")]
    conversations = [
        list(reader.conversation(number, item)) for number, item in enumerate(section.items("conversations"), start=1)
    ]
    following = [iter(turns) for turns in conversations]
    entries = before
    for position in _order(section, [len(turns) for turns in conversations]):
        turn = next(following[position])
        entries.extend((turn.call, *turn.then))
    privacy = section.text("privacy", None)
    if privacy is not None and not KIND.fullmatch(privacy):
        raise section.fault(f"`privacy` must be `sha256` or `hmac-sha256@` and eight digits, not {privacy!r}")
    return test, Trace(owner=test, entries=tuple(entries)), _totals(section), privacy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """A call, and the entries that came after it and before the next one."""

    call: LLMCall
    then: list[AnyEntry] = field(default_factory=list)


class _Reader:
    """Reads conversations, with what they have in common: histories and tool schemas."""

    def __init__(self, document: Document, schemas: Mapping[str, Any]) -> None:
        self._document = document
        self._schemas = schemas
        self._histories = HistoryReader(document)

    def conversation(self, number: int, data: Json) -> Iterator[_Turn]:
        """The turns of one conversation, in order."""
        header = Section(self._document, data, f"conversation {number}", formats.CONVERSATION_KEYS)
        word = header.text("finish", USUAL) if header.data.get("finish", USUAL) is not None else None
        if word not in VOCABULARIES:
            raise header.fault(f"`finish` of a conversation must be one of {_listed(VOCABULARIES)}, not {word!r}")
        shared = self._shared(header, _NOTHING_SHARED)
        for position, item in enumerate(header.items("turns"), start=1):
            name = f"conversation {number}, turn {position}"
            section = Section(self._document, item, name, formats.TURN_KEYS)
            try:
                yield self._turn(number, position, section, shared, word)
            except Fault as fault:
                raise section.located(fault) from None

    def entry(self, data: Json, context: Entry) -> AnyEntry:
        """A tool execution or an event that followed `context`."""
        if isinstance(data, dict) and "event" in data:
            section = Section(self._document, data, "an event", formats.EVENT_KEYS)
            labels = self._labels(section, context)
            return Event(name=section.text("event"), data=data.get("data"), **labels)
        section = Section(self._document, data, "a tool call", formats.TOOL_KEYS)
        name, arguments = section.text("tool"), section.data.get("arguments")
        if "arguments" not in section and "(" in name:
            try:
                name, arguments = read_call(name)
            except ValueError as error:
                raise section.fault(str(error)) from None
        return ToolCall(
            name=name,
            arguments=arguments,
            result=section.data.get("result"),
            error=section.text("error", None),
            call_id=section.text("call_id", None),
            executed=section.flag("executed", default=True),
            **self._labels(section, context),
        )

    def _turn(self, number: int, position: int, section: Section, shared: Mapping[str, Any], word: str | None) -> _Turn:
        fields = self._shared(section, shared)
        output = read_output(section.data["out"]) if section.data.get("out") is not None else None
        sent = self._histories.sent(number, position, section.items("in"))
        output = self._histories.answered(number, position, sent, output)
        Section(self._document, section.mapping("context") or {}, "`context`", formats.CONTEXT_KEYS)
        error = self._error(section)
        status = section.text("status", "ok" if error is None else "error")
        if status not in get_args(Status):
            raise section.fault(f"`status` must be one of {_listed(get_args(Status))}, not {status!r}")
        usage = section.mapping("usage")
        call = LLMCall(
            **fields,
            turn=section.count("turn"),
            messages=sent,
            output=output,
            finish_reason=section.text("finish", None) if "finish" in section else obvious_finish(word, output),
            status=status,
            error=error,
            usage=None if usage is None else _usage(section, usage),
            cost=section.amount("cost_usd"),
            cache_hit=section.flag("cache_hit", default=False),
            attempts=tuple(_attempt(section, status) for status in section.items("attempts")),
            fallback_from=self._fallback(section),
        )
        call = with_attempt_costs(call)
        return _Turn(call=call, then=[self.entry(item, call) for item in section.items("then")])

    def _shared(self, section: Section, default: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that stand at the conversation, or at a turn that differs from it."""
        fields = {
            **default,
            **{name: section.text(name, None) for name in ("agent", "session", "parent", "task") if name in section},
            "operation": section.text("operation", default["operation"]),
            "streamed": section.flag("streamed", default=default["streamed"]),
        }
        if "model" in section:
            fields["provider"], fields["model"] = self._model(section)
        if "params" in section:
            fields["params"] = section.mapping("params") or {}
        if "tools" in section:
            fields["tools"] = tuple(self._tool(section, name) for name in section.items("tools"))
        return fields

    def _model(self, section: Section) -> tuple[str, str]:
        if isinstance(section.data["model"], dict):
            parts = Section(self._document, section.data["model"], "`model`", formats.MODEL_KEYS)
            return parts.text("provider"), parts.text("name")
        provider, slash, model = section.text("model").partition("/")
        return (provider, model) if slash else ("", provider)

    def _tool(self, section: Section, name: Json) -> Mapping[str, Any]:
        schema = self._schemas.get(name) if isinstance(name, str) else None
        if not isinstance(schema, dict):
            raise section.fault(f"the tool `{name}` has no schema under `tools` at the end of the file")
        return schema

    def _error(self, section: Section) -> CallError | None:
        data = section.mapping("error")
        if data is None:
            return None
        error = Section(self._document, data, "`error`", formats.ERROR_KEYS)
        return CallError(type=error.text("type"), message=error.text("message"), status=error.count("status"))

    def _fallback(self, section: Section) -> FailedCall | None:
        data = section.mapping("fallback")
        if data is None:
            return None
        fallback = Section(self._document, data, "`fallback`", formats.FALLBACK_KEYS)
        return FailedCall(model=fallback.text("from"), error=fallback.text("error"))

    def _labels(self, section: Section, context: Entry) -> dict[str, Any]:
        labels = {name: getattr(context, name) for name in formats.LABEL_KEYS}
        labels.update({name: section.text(name, None) for name in formats.LABEL_KEYS[:-1] if name in section})
        if "turn" in section:
            labels["turn"] = section.count("turn")
        return labels


def _order(section: Section, lengths: list[int]) -> Iterator[int]:
    """The positions of the conversations that the calls belong to, in the order in which the calls began."""
    if "order" not in section:
        yield from (position for position, length in enumerate(lengths) for _ in range(length))
        return
    order = section.text("order")
    left = list(lengths)
    for run in order.split():
        found = _RUN.fullmatch(run)
        position, count = (int(found[1]) - 1, int(found[2] or 1)) if found else (-1, 0)
        if not 0 <= position < len(left) or left[position] < count:
            raise section.fault(f"`order` names turns that are not there, at `{run}`")
        left[position] -= count
        yield from (position for _ in range(count))
    if any(left):
        raise section.fault("`order` leaves turns out")


def _attempt(section: Section, status: Json) -> Attempt:
    if status is not None and not isinstance(status, int):
        raise section.fault(f"`attempts` must be HTTP statuses, not {status!r}")
    return Attempt(status=status, source="tape")


def _totals(section: Section) -> Totals:
    data = section.mapping("totals") or {}
    totals = Section(section.document, data, "`totals`", (*_TOTALS_KEYS, *_USAGE_KEYS))
    cost = totals.amount("priced_usd" if "priced_usd" in totals else "cost_usd")
    return Totals(
        calls=totals.count("calls") or 0,
        usage=_usage(totals, {name: value for name, value in data.items() if name in _USAGE_KEYS}),
        priced_usd=cost or 0.0,
        unpriced_calls=totals.count("unpriced_calls") or 0,
    )


def _usage(section: Section, data: Mapping[str, Any]) -> Usage:
    for name, value in data.items():
        if name not in _USAGE_KEYS or not isinstance(value, int) or not 0 <= value <= MOST:
            raise section.fault(f"`{name}: {value!r:.100}` is not a number of tokens (known: {_listed(_USAGE_KEYS)})")
    return Usage.from_data(dict(data))


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names if name is not None)


_TOTALS_KEYS: Final = ("calls", "cost_usd", "priced_usd", "unpriced_calls")
_USAGE_KEYS: Final = (
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "estimated",
)  # fmt: skip
_NOTHING_SHARED: Final[dict[str, Any]] = {
    "agent": None, "session": None, "parent": None, "task": None, "operation": "chat", "provider": "", "model": "",
    "streamed": False, "params": {}, "tools": (),
}  # fmt: skip
_RUN: Final = re.compile(r"([0-9]{1,9})(?:x([0-9]{1,9}))?", re.ASCII)
