"""Google's generateContent and streamGenerateContent: Gemini API and Vertex AI."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pytest_llmtrace._capture.dialects.dialect import Answer, Question
from pytest_llmtrace._capture.dialects.failures import stated_error
from pytest_llmtrace._capture.dialects.interning import Interner
from pytest_llmtrace._capture.dialects.lenient import count, first, mapping, mappings, text
from pytest_llmtrace._capture.dialects.media import binary, kind_of, linked, plain
from pytest_llmtrace._capture.dialects.parts import Content
from pytest_llmtrace._capture.dialects.tokens import usage
from pytest_llmtrace._capture.dialects.tooling import Tools, argument_text, schema, tool_call
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
                self.operation, [*([{**system, "role": "system"}] if system else []), *contents], _messages
            ),
            params={name: value for name, value in body.items() if name not in _NOT_PARAMS and value is not None},
            tools=interner.tools(body.get("tools"), _tools),
            streamed=found is not None and found.group(2) == "streamGenerateContent",
        )

    def answer(self, data: Mapping[str, Any]) -> Answer:
        return self.stream([data], done=True)

    def stream(self, events: Sequence[Mapping[str, Any]], *, done: bool) -> Answer:
        parts: list[Any] = []
        grounding: Any = None
        reason = ""
        found: Usage | None = None
        error: CallError | None = None
        for event in events:
            error = error or stated_error(event)
            found = _usage(event) or found
            reason = reason or text(mapping(_get(event, "promptFeedback")).get("blockReason"))
            for candidate in mappings(event.get("candidates"))[:1]:
                parts.extend(mappings(mapping(candidate.get("content")).get("parts")))
                reason = text(_get(candidate, "finishReason")) or reason
                grounding = _get(candidate, "groundingMetadata") or grounding
        output = assistant_message(parts) if parts else None
        if output is not None and mapping(grounding):
            output["annotations"] = [plain(_without_rendering(grounding))]
        return Answer(
            output=output,
            finish_reason=reason or None,
            usage=found,
            model=next((text(name) for event in events if (name := _get(event, "modelVersion"))), None),
            error=error,
            complete=done or bool(reason),
        )


def assistant_message(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What the model said. Pieces of one text or thought that a stream cut apart are joined again."""
    made = Content()
    calls: list[dict[str, Any]] = []
    thoughts: list[str] = []
    said: list[str] = []
    for part in parts:
        if isinstance(part.get("text"), str):
            (thoughts if part.get("thought") is True else said).append(part["text"])
            continue
        if (called := mapping(_get(part, "functionCall"))) != {}:
            calls.append(tool_call(called.get("name"), called.get("args"), called.get("id")))
        elif (code := mapping(_get(part, "executableCode"))) != {}:
            asked = {key: value for key, value in code.items() if key != "id"}
            calls.append(tool_call("code_execution", asked, code.get("id"), kind="code_execution"))
        elif (ran := mapping(_get(part, "codeExecutionResult"))) != {}:
            _attach(calls, ran)
        elif media := _media(part):
            made.add_text("".join(said))
            said = []
            made.parts.append(media)
    made.add_text("".join(said))
    return {"role": "assistant", "tool_calls": calls, **made.fields(), "reasoning": "".join(thoughts) or None}


def _messages(raw: object) -> Iterator[dict[str, Any]]:
    if isinstance(raw, str):
        yield {"role": "user", "content": raw}
    if not isinstance(raw, dict):
        return
    parts = mappings(raw.get("parts"))
    role = text(raw.get("role")) or "user"
    if role == "model":
        yield assistant_message(parts)
        return
    made = Content()
    for part in parts:
        if (result := mapping(_get(part, "functionResponse"))) != {}:
            yield _result_message(result)
        else:
            _add_part(made, part)
    if made.parts:
        yield {"role": role, **made.fields()}


def _result_message(result: Mapping[str, Any]) -> dict[str, Any]:
    made = Content()
    response = result.get("response")
    made.add_text(response if isinstance(response, str) else argument_text(plain(response)))
    for part in mappings(result.get("parts")):
        _add_part(made, part)
    return {"role": "tool", "name": result.get("name"), "tool_call_id": result.get("id"), **made.fields()}


def _add_part(made: Content, part: Mapping[str, Any]) -> None:
    if isinstance(part.get("text"), str):
        made.add_text(part["text"])
    elif media := _media(part):
        made.parts.append(media)


def _media(part: Mapping[str, Any]) -> dict[str, Any]:
    """A part that is no text; empty where nothing but signatures is in it."""
    if (data := mapping(_get(part, "inlineData"))) != {}:
        media_type = text(_get(data, "mimeType"))
        return binary(kind_of(media_type), text(data.get("data")), media_type, filename=_get(data, "displayName"))
    if (file := mapping(_get(part, "fileData"))) != {}:
        media_type = text(_get(file, "mimeType"))
        return linked(kind_of(media_type), text(_get(file, "fileUri")), media_type=media_type)
    rest = {key: plain(value) for key, value in part.items() if key not in ("thought", "thoughtSignature", "type")}
    rest.pop("thought_signature", None)
    return {"type": next(iter(rest)), **rest} if rest else {}


def _attach(calls: Sequence[dict[str, Any]], result: Mapping[str, Any]) -> None:
    for call in calls:
        if call["type"] == "code_execution" and "result" not in call:
            call["result"] = {key: plain(value) for key, value in result.items() if key != "id"}
            return


def _tools(raw: Sequence[Any]) -> Tools:
    made: list[Mapping[str, Any]] = []
    for tool in mappings(raw):
        for one in mappings(_get(tool, "functionDeclarations")):
            parameters = first(one, "parametersJsonSchema", "parameters_json_schema", "parameters")
            made.append(schema(text(one.get("name")), one.get("description"), parameters))
        others = {key: plain(value) for key, value in tool.items() if _camel(key) != "functionDeclarations"}
        if others:
            made.append(others)
    return tuple(made)


def _usage(event: Mapping[str, Any]) -> Usage | None:
    """Thoughts and the prompts of tools are counted apart; a total tells where thoughts are in the candidates."""
    fields = mapping(_get(event, "usageMetadata"))
    said = count(_get(fields, "candidatesTokenCount"))
    thoughts = count(_get(fields, "thoughtsTokenCount"))
    sent = count(_get(fields, "promptTokenCount"))
    if not (thoughts and sent + said == count(_get(fields, "totalTokenCount"))):
        said += thoughts
    return usage(
        input_tokens=sent + count(_get(fields, "toolUsePromptTokenCount")),
        output_tokens=said,
        cache_read=count(_get(fields, "cachedContentTokenCount")),
        reasoning=thoughts,
    )


def _without_rendering(grounding: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in grounding.items() if _camel(key) != "searchEntryPoint"}


def _get(fields: Mapping[str, Any], name: str) -> Any:
    """A field in camel case or in snake case: SDKs send both."""
    value = fields.get(name)
    return fields.get(_UPPER.sub(lambda letter: f"_{letter.group().lower()}", name)) if value is None else value


def _camel(name: str) -> str:
    return _UNDERSCORE.sub(lambda found: found.group(1).upper(), name)


_PATH: Final = re.compile(r"/([^/:]+):((?:streamG|g)enerateContent)$")
_UPPER: Final = re.compile(r"[A-Z]")
_UNDERSCORE: Final = re.compile(r"_([a-z])")
_NOT_PARAMS: Final = frozenset({"contents", "systemInstruction", "system_instruction", "tools", "model"})
