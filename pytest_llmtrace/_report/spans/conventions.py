"""What OpenTelemetry's GenAI conventions call the parts of a call and of a tool execution.

From https://github.com/open-telemetry/semantic-conventions-genai (`docs/gen-ai/client-inference.md` and the tool
execution span), which continue those of semantic conventions 1.41. Messages and tool definitions are JSON texts, as the
SDKs of OpenTelemetry write them.

What was said (messages, instructions, arguments and results of tools, whole definitions of tools) is opt-in there, and
so it is here: `content` says whether it is in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pytest_llmtrace._model.trace import LLMCall, ToolCall
from pytest_llmtrace._report.plain import plain
from pytest_llmtrace._report.spans.parts import input_messages, output_messages, system_instructions
from pytest_llmtrace._report.spans.span import Attribute

Attributes = dict[str, Attribute]

_OPERATIONS: Final = {
    "chat": "chat",
    "responses": "chat",
    "messages": "chat",
    "converse": "chat",
    "interactions": "chat",
    "cohere_chat": "chat",
    "cohere_v1_chat": "chat",
    "ollama_chat": "chat",
    "completions": "text_completion",
    "generate": "text_completion",
    "ollama_generate": "text_completion",
}
"""The convention's names of operations; the others (`embeddings`, `generate_content`, ...) are called so already."""
_PROVIDERS: Final = {
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "bedrock_mantle": "aws.bedrock",
    "cohere_chat": "cohere",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex_ai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""The convention's names of providers, by litellm's; the others are called the same."""
_WITH_INSTRUCTIONS: Final = frozenset(
    {"responses", "messages", "converse", "interactions", "generate_content", "cohere_v1_chat"}
)
"""Operations that take the system's instructions apart from the history."""
_NUMBERS: Final = {
    "temperature": ("temperature",),
    "top_p": ("top_p",),
    "frequency_penalty": ("frequency_penalty",),
    "presence_penalty": ("presence_penalty",),
}
_INTEGERS: Final = {
    "max_tokens": ("max_tokens", "max_completion_tokens", "max_output_tokens"),
    "seed": ("seed",),
    "top_k": ("top_k",),
}
_USAGE: Final = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "cache_read_tokens": ("cache_read.input_tokens",),
    "cache_write_tokens": ("cache_write.input_tokens", "cache_creation.input_tokens"),
    "reasoning_tokens": ("reasoning.output_tokens",),
}
"""What each count is called; the second name of one is that of semantic conventions up to 1.41, which backends know."""


def operation_name(call: LLMCall) -> str:
    """``chat``, ``text_completion``, ``generate_content``, ``embeddings``, ..."""
    return _OPERATIONS.get(call.operation, call.operation)


def call_attributes(call: LLMCall, *, content: bool = True) -> Attributes:
    """A call of a model, everything known of it; what was said only with `content`."""
    operation = operation_name(call)
    found: Attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": _PROVIDERS.get(call.provider, call.provider) or "unknown",
        **({"gen_ai.request.model": call.model} if call.model else {}),
        **dict(_request(call)),
        **dict(_server(call)),
        **_labels(call.agent, call.session),
    }
    if call.response_model:
        found["gen_ai.response.model"] = call.response_model
    if call.finish_reason or call.status in {"abandoned", "cancelled"}:
        found["gen_ai.response.finish_reasons"] = (call.finish_reason or "error",)
    if call.usage is not None:
        for name, keys in _USAGE.items():
            number: int = getattr(call.usage, name)
            if number or name in {"input_tokens", "output_tokens"}:
                found |= {f"gen_ai.usage.{key}": number for key in keys}
    if (kind := error_type(call)) is not None:
        found["error.type"] = kind
    return found | dict(_content(call) if content else _outline(call))


def agent_attributes(agent: str | None, session: str | None) -> Attributes:
    """An agent at work, in this process."""
    return {"gen_ai.operation.name": "invoke_agent", **_labels(agent, session)}


def tool_attributes(tool: ToolCall, *, content: bool = True) -> Attributes:
    """The execution of a tool: one that was observed, or that the history of a later call tells of."""
    found: Attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": tool.name,
        "gen_ai.tool.type": "function",
        **_labels(tool.agent, tool.session),
    }
    if tool.call_id:
        found["gen_ai.tool.call.id"] = tool.call_id
    if content and tool.arguments is not None:
        found["gen_ai.tool.call.arguments"] = json_text(tool.arguments)
    if content and tool.result is not None:
        found["gen_ai.tool.call.result"] = tool.result if isinstance(tool.result, str) else json_text(tool.result)
    if tool.error:
        found["error.type"] = tool.error.partition(":")[0] if ":" in tool.error else "tool_error"
    return found


def error_type(call: LLMCall) -> str | None:
    """What a call failed with; of one that was cut short, how. `None` where it was answered or given up on purpose."""
    if call.error is not None:
        return call.error.type or str(call.error.status or "_OTHER")
    return call.status if call.status in {"cancelled", "open", "missed", "error"} else None


def json_text(value: object) -> str:
    """A value as JSON, as short as possible."""
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))


def _labels(agent: str | None, session: str | None) -> Attributes:
    named = {"gen_ai.agent.name": agent, "gen_ai.conversation.id": session}
    return {name: value for name, value in named.items() if value}


def _server(call: LLMCall) -> Iterator[tuple[str, Attribute]]:
    """Where the last try was sent to; golden traces do not hold it."""
    address, mark, port = ((call.attempts[-1].server if call.attempts else None) or "").rpartition(":")
    if mark:
        yield "server.address", address
        yield "server.port", int(port)


def _request(call: LLMCall) -> Iterator[tuple[str, Attribute]]:
    """The parameters of a request that the conventions have a name for."""
    params = call.params
    for names, made in ((_NUMBERS, float), (_INTEGERS, int)):
        for name, keys in names.items():
            number = next((params[key] for key in keys if _is_number(params.get(key))), None)
            if number is not None:
                yield f"gen_ai.request.{name}", made(number)
    choices = params.get("n")
    if isinstance(choices, int) and choices != 1:
        yield "gen_ai.request.choice.count", int(choices)
    stop = params.get("stop", params.get("stop_sequences"))
    if stop:
        yield "gen_ai.request.stop_sequences", (stop,) if isinstance(stop, str) else tuple(map(str, stop))
    if call.streamed:
        yield "gen_ai.request.stream", True
    reasoning = params.get("reasoning")
    effort = params.get("reasoning_effort", reasoning.get("effort") if isinstance(reasoning, Mapping) else None)
    if isinstance(effort, str):
        yield "gen_ai.request.reasoning.level", effort
    form = params.get("response_format")
    if isinstance(form, Mapping) and isinstance(form.get("type"), str):
        yield "gen_ai.output.type", "json" if str(form["type"]).startswith("json") else str(form["type"])


def _content(call: LLMCall) -> Iterator[tuple[str, Attribute]]:
    """What was said, and which tools were offered."""
    apart = call.operation in _WITH_INSTRUCTIONS
    instructions = system_instructions(call.messages) if apart else []
    if instructions:
        yield "gen_ai.system_instructions", json_text(instructions)
    if messages := input_messages(call.messages, without_system=bool(instructions)):
        yield "gen_ai.input.messages", json_text(messages)
    if call.output is not None:
        yield "gen_ai.output.messages", json_text(output_messages(call.output, call.finish_reason))
    if call.tools:
        yield "gen_ai.tool.definitions", json_text([_definition(tool) for tool in call.tools])


def _outline(call: LLMCall) -> Iterator[tuple[str, Attribute]]:
    """Which tools were offered, by type and name alone."""
    if call.tools:
        named = [{key: definition[key] for key in ("type", "name")} for definition in map(_definition, call.tools)]
        yield "gen_ai.tool.definitions", json_text(named)


def _definition(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A tool that was offered; one that the provider executes keeps the type that the provider gave it.

    Gemini's have none, but one key that says what they are: ``{"googleSearch": {}}``.
    """
    kind = str(tool.get("type") or ("function" if "name" in tool else next(iter(tool), "function")))
    return {"type": kind, "name": str(tool.get("name") or kind), **tool}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
