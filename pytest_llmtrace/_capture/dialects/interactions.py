"""Google's Interactions API: Gemini models and agents, step by step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interaction_steps import as_steps, assistant_message, grouped, step_messages
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, listed, mapping, mappings, text
from pytest_llmtrace._capture.dialects.tokens import usage
from pytest_llmtrace._capture.dialects.tooling import tool_schemas
from pytest_llmtrace._model.canonical import parse_json
from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Usage


class Interactions:
    """https://ai.google.dev/api/interactions-api."""

    operation = "interactions"
    provider = "gemini"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        return _PATH.search(path) is not None and "input" in body and ("model" in body or "agent" in body)

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:  # noqa: ARG002
        groups = list(grouped(as_steps(body.get("input"))))
        messages = interner.messages(self.operation, groups, step_messages)
        if isinstance(body.get("system_instruction"), str):
            said = [{"role": "system", "content": body["system_instruction"]}]
            messages = (*interner.messages("system", said, lambda one: [one]), *messages)
        return Question(
            model=(text(body.get("model")) or text(body.get("agent"))).removeprefix("models/"),
            messages=messages,
            params={name: value for name, value in body.items() if name not in _NOT_PARAMS and value is not None},
            tools=interner.tools(body.get("tools"), tool_schemas),
            streamed=body.get("stream") is True,
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        steps = mappings(data.get("steps")) or [{"type": "model_output", "content": listed(data.get("outputs"))}]
        said = [step for group in grouped(steps) for step in group if step.get("type") != "user_input"]
        status = text(data.get("status"))
        return Answer(
            output=assistant_message(said) if data.get("steps") or data.get("outputs") else None,
            finish_reason=status or None,
            usage=_usage(data.get("usage")),
            model=text(data.get("model")) or None,
            error=stated_error(data) or _failure(data, status),
            complete=status not in _UNFINISHED,
        )

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        steps: dict[int, _Step] = {}
        last: Mapping[str, Any] = {}
        error: CallError | None = None
        ended = done
        for event in events:
            kind = text(event.get("event_type")) or text(event.get("type"))
            error = error or stated_error(event)
            if isinstance(event.get("interaction"), dict):
                last = {**last, **event["interaction"]}
                ended = ended or kind.startswith("interaction.complete")
            elif kind == "interaction.status_update":
                last = {**last, "status": event.get("status")}
            elif kind in ("step.start", "step.delta"):
                step = steps.setdefault(count(event.get("index")), _Step())
                step.add(mapping(event.get("step")), mapping(event.get("delta")))
        if not mappings(last.get("steps")):
            last = {**last, "steps": [steps[index].whole() for index in sorted(steps)]}
        made = self.answer(last)
        reason = made.finish_reason if ended else None
        return replace(made, finish_reason=reason, error=made.error or error, complete=ended and made.complete)


class _Step:
    """One step of a stream, put together from its start and its deltas."""

    def __init__(self) -> None:
        self._start: dict[str, Any] = {}
        self._arguments: list[str] = []
        self._content: list[dict[str, Any]] = []
        self._summary: list[str] = []

    def add(self, start: Mapping[str, Any], delta: Mapping[str, Any]) -> None:
        self._start |= start
        kind = text(delta.get("type"))
        if kind == "text":
            self._add_text(text(delta.get("text")))
        elif kind == "text_annotation_delta":
            self._add_text("")
            self._content[-1].setdefault("annotations", []).extend(listed(delta.get("annotations")))
        elif kind == "thought_summary":
            self._start.setdefault("type", "thought")
            self._summary.append(text(mapping(delta.get("content")).get("text")))
        elif isinstance(delta.get("arguments"), str):
            self._arguments.append(delta["arguments"])
        elif kind.endswith(("_call", "_result")):
            self._start |= {key: value for key, value in delta.items() if value is not None}
        elif kind and kind != "thought_signature":
            self._content.append(dict(delta))

    def whole(self) -> dict[str, Any]:
        made = {"type": "model_output", **self._start}
        if self._content:
            made["content"] = [*listed(made.get("content")), *self._content]
        if self._summary:
            made["summary"] = [*listed(made.get("summary")), {"type": "text", "text": "".join(self._summary)}]
        if self._arguments:
            said = "".join(self._arguments)
            parsed = parse_json(said)
            made["arguments"] = said if parsed is None else parsed
        return made

    def _add_text(self, said: str) -> None:
        if not (self._content and self._content[-1].get("type") == "text"):
            self._content.append({"type": "text", "text": ""})
        self._content[-1]["text"] += said


def _failure(data: Mapping[str, Any], status: str) -> CallError | None:
    for error in mappings(data.get("errors")):
        return CallError(type=text(error.get("code")) or "error", message=text(error.get("message")))
    return CallError(type=status, message="") if status == "failed" else None


def _usage(raw: object) -> Usage | None:
    """Thoughts and the prompts of tools are counted apart; a total tells where thoughts are in the output."""
    fields = mapping(raw)
    sent, said, thought = (count(fields.get(f"total_{name}_tokens")) for name in ("input", "output", "thought"))
    tools = count(fields.get("total_tool_use_tokens"))
    if sent + tools + said != count(fields.get("total_tokens")):
        said += thought
    return usage(
        input_tokens=sent + tools,
        output_tokens=said,
        cache_read=count(fields.get("total_cached_tokens")),
        reasoning=thought,
    )


_PATH: Final = re.compile(r"/interactions$")
_UNFINISHED: Final = frozenset({"queued", "in_progress", "cancelled"})
_NOT_PARAMS: Final = frozenset({"model", "agent", "input", "system_instruction", "tools", "stream"})
