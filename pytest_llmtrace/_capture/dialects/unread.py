"""What a request holds that no dialect reads: it tells two requests apart even where both read the same.

Dialects bring the spellings of a message together, and pass over what they do not know. That may be a setting of one
part (citations of a document, frames of a video), or a field that a provider adds next year: a request that changes it
is another request. So all fields count, except those that a dialect reads, and those that ask for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pytest_llmtrace._capture.dialects.lenient import mapping, text
from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace._model.http import HttpRequest, json_body


def unread(request: HttpRequest) -> list[str]:
    """The fields of a request that are in no part of its call, each with its place and value, in a stable order."""
    body = json_body(request)
    if not isinstance(body, dict):
        return []
    found = [piece for name in _HOLDERS if name in body for piece in _fields(name, body[name])]
    asks_usage = mapping(body.get("stream_options")).get("include_usage") is True
    return [*found, *(["include_usage"] if asks_usage else []), *_lenient_tools(body)]


def _fields(place: str, value: object) -> Iterator[str]:
    if isinstance(value, list):
        for position, one in enumerate(value):
            yield from _fields(f"{place}.{position}", one)
    elif isinstance(value, dict):
        for name in sorted(value):
            one = value[name]
            if name in _SAYS_NOTHING or _is_hollow(one):
                continue
            if name in _READ:
                yield from _fields(place, one)
            else:
                yield f"{place} {name}={canonical_json(one)}"
        if value.get("type") == "item_reference":
            yield f"{place} id={text(value.get('id'))}"
        if value.get("type") == "tool_search_output" and value.get("execution") == "client":
            # The application's own: messages name them only.
            yield f"{place} tools={canonical_json(value.get('tools'))}"


def _lenient_tools(body: Mapping[str, Any]) -> Iterator[str]:
    """Functions that must not be strict: where nothing is said, the Responses API is."""
    tools = body.get("tools")
    if "messages" not in body and isinstance(tools, list):
        yield from (f"tools.{at} lenient" for at, one in enumerate(tools) if mapping(one).get("strict") is False)


def _is_hollow(value: object) -> bool:
    """Whether a value asks for nothing, at any depth: SDKs send or leave out nulls and defaults as they like."""
    if isinstance(value, dict):
        return all(_is_hollow(one) for one in value.values())
    return value is False or value in (None, [], "")


_HOLDERS: Final = (
    "chat_history",
    "contents",
    "input",
    "messages",
    "requests",
    "system",
    "systemInstruction",
    "system_instruction",
    "toolConfig",
    "tool_results",
    "tools",
)
"""The fields of a body that dialects take apart; all others are parameters, and compared as they are."""

_SAYS_NOTHING: Final = frozenset(
    {
        # Marks of one run: the same call, made again, has others.
        "container_id",
        "created_by",
        "encrypted_content",
        "encrypted_index",
        "encrypted_stdout",
        "id",
        "index",
        "signature",
        "status",
        "thoughtSignature",
        "thought_signature",
        # Who asks.
        "authorization",
        "authorization_token",
        "headers",
        # Counted, wherever they are: they move along with the conversation.
        "cachePoint",
        "cache_control",
        # What an answer had beside itself, once more.
        "caller",
        "logprobs",
        "parsed",
        "parsed_arguments",
        "provider_specific_fields",
        "reasoning_details",
        "thinking_blocks",
        # Compared whole.
        "inputSchema",
        "input_schema",
        "parameters",
        "parametersJsonSchema",
        "parameters_json_schema",
        "toolChoice",
    }
)

_READ: Final = frozenset(
    {
        *("acknowledged_safety_checks", "action", "allowed_callers", "annotations", "approval_request_id", "approve"),
        *("args", "arguments", "audio", "bytes", "call_id", "citations_content", "citationsContent", "code"),
        *("codeExecutionResult", "content", "context", "custom", "data", "description", "detail", "displayName"),
        *("display_name", "document", "document_name", "document_url", "executableCode", "fileData", "fileUri"),
        *("file", "file_data", "file_id", "file_url", "file_uri", "filename", "format", "function", "functionCall"),
        *("functionDeclarations", "functionResponse", "function_call", "function_call_output", "function_response"),
        *("function_declarations", "guardContent", "image", "image_url", "images", "inlineData", "inline_data"),
        *("input", "input_audio", "json", "media_type", "message", "mimeType", "mime_type", "model"),
        *("name", "namespace", "output", "parts", "pending_safety_checks", "prompt", "queries", "reason"),
        *("reasoning", "reasoningContent", "reasoningText", "reasoning_content", "refusal", "response", "result"),
        *("results", "role", "s3Location", "schema", "server_label", "server_name", "source", "strict", "summary"),
        *("text", "thinking", "thought", "title", "toolResult", "toolSpec", "toolUse", "toolUseId", "tool_call_id"),
        *("tool_calls", "tool_name", "tool_plan", "tool_use_id", "tools", "transcript", "type", "uri", "url", "video"),
        *("video_url",),
    }
)
