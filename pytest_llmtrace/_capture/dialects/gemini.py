"""Google's generateContent and streamGenerateContent: Gemini API and Vertex AI."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.gemini_parts import assistant_message, content_messages, either
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, first, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import plain
from pytest_llmtrace._capture.dialects.openai_chat import with_alternatives
from pytest_llmtrace._capture.dialects.tokens import usage
from pytest_llmtrace._capture.dialects.tooling import Tools, schema
from pytest_llmtrace._model.trace import CallError
from pytest_llmtrace._model.usage import Usage


class Gemini:
    """https://ai.google.dev/api/generate-content; fields come in camel case or in snake case."""

    operation = "generate_content"
    provider = "gemini"

    def recognises(self, path: str, body: Mapping[str, Any]) -> bool:
        return "contents" in body and _PATH.search(path) is not None

    def question(self, path: str, body: Mapping[str, Any], interner: Interner) -> Question:
        found = _PATH.search(path)
        system = first(body, "systemInstruction", "system_instruction")
        system = {"parts": [{"text": system}]} if isinstance(system, str) else mapping(system)
        contents = body.get("contents")
        contents = contents if isinstance(contents, list) else [contents]
        return Question(
            model=found.group(1) if found else "",
            messages=interner.messages(
                self.operation, [*([{**system, "role": "system"}] if system else []), *contents], content_messages
            ),
            params={name: value for name, value in body.items() if name not in _NOT_PARAMS and value is not None},
            tools=interner.tools(body.get("tools"), _tools),
            streamed=found is not None and found.group(2) == "streamGenerateContent",
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        return self.stream([data], done=True)

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        candidates: dict[int, _Candidate] = {}
        blocked = message = ""
        found: Usage | None = None
        error: CallError | None = None
        for event in events:
            error = error or stated_error(event)
            found = _usage(event) or found
            feedback = mapping(either(event, "promptFeedback"))
            blocked = blocked or text(either(feedback, "blockReason"))
            message = message or text(either(feedback, "blockReasonMessage"))
            for candidate in mappings(event.get("candidates")):
                candidates.setdefault(count(candidate.get("index")), _Candidate()).add(candidate)
        ordered = [candidates[index] for index in sorted(candidates)]
        said = [candidate.output() for candidate in ordered]
        reason = (ordered[0].reason if ordered else "") or blocked
        output = with_alternatives([one for one in said if one is not None])
        if output is None and message:
            output = {"role": "assistant", "refusal": message}
        return Answer(
            output=output,
            finish_reason=reason or None,
            usage=found,
            model=next((text(name) for event in events if (name := either(event, "modelVersion"))), None),
            error=error,
            complete=done or bool(reason),
        )


@dataclass(slots=True)
class _Candidate:
    """One candidate of an answer, put together from the pieces of its stream."""

    reason: str = ""
    _message: str = ""
    _parts: list[dict[str, Any]] = field(default_factory=list)
    _sources: dict[str, Any] = field(default_factory=dict)

    def add(self, candidate: Mapping[str, Any]) -> None:
        self._parts.extend(mappings(mapping(candidate.get("content")).get("parts")))
        self.reason = text(either(candidate, "finishReason")) or self.reason
        self._message = text(either(candidate, "finishMessage")) or self._message
        for name in ("groundingMetadata", "citationMetadata", "urlContextMetadata"):
            if found := mapping(either(candidate, name)):
                self._sources[name] = plain(_without_rendering(found))

    def output(self) -> dict[str, Any] | None:
        """What the model said. Of one that said nothing, why (a malformed call, say)."""
        if not self._parts:
            return {"role": "assistant", "refusal": self._message} if self._message else None
        made = assistant_message(self._parts)
        return {**made, "annotations": [found for found in self._sources.values() if found]}


def _tools(raw: Sequence[Any]) -> Tools:
    made: list[Mapping[str, Any]] = []
    for tool in mappings(raw):
        for one in mappings(either(tool, "functionDeclarations")):
            parameters = first(one, "parametersJsonSchema", "parameters_json_schema", "parameters")
            others = {key: plain(value) for key, value in one.items() if _camel(key) not in _DECLARED}
            made.append(schema(text(one.get("name")), one.get("description"), parameters, **others))
        others = {key: plain(value) for key, value in tool.items() if _camel(key) != "functionDeclarations"}
        if others:
            made.append(others)
    return tuple(made)


def _usage(event: Mapping[str, Any]) -> Usage | None:
    """Thoughts and the prompts of tools are counted apart; a total tells where thoughts are in the candidates."""
    fields = mapping(either(event, "usageMetadata"))
    said = count(either(fields, "candidatesTokenCount"))
    thoughts = count(either(fields, "thoughtsTokenCount"))
    sent = count(either(fields, "promptTokenCount"))
    if not (thoughts and sent + said == count(either(fields, "totalTokenCount"))):
        said += thoughts
    return usage(
        input_tokens=sent + count(either(fields, "toolUsePromptTokenCount")),
        output_tokens=said,
        cache_read=count(either(fields, "cachedContentTokenCount")),
        reasoning=thoughts,
    )


def _without_rendering(grounding: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in grounding.items() if _camel(key) != "searchEntryPoint"}


def _camel(name: str) -> str:
    return _UNDERSCORE.sub(lambda found: found.group(1).upper(), name)


_PATH: Final = re.compile(r"/([^/:]+):((?:streamG|g)enerateContent)$")
_UNDERSCORE: Final = re.compile(r"_([a-z])")
_DECLARED: Final = frozenset({"name", "description", "parameters", "parametersJsonSchema"})
_NOT_PARAMS: Final = frozenset({"contents", "systemInstruction", "system_instruction", "tools", "model"})
