"""What a policy sees of a call: its parts as plain data, without ids, normalised, reduced to what is compared."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from pytest_llmtrace._compare.differences.values import plain
from pytest_llmtrace._compare.policies.policy import Policy
from pytest_llmtrace._model.canonical import parse_json
from pytest_llmtrace._model.messages import Message
from pytest_llmtrace._model.trace import LLMCall

if TYPE_CHECKING:  # most tests have no rules
    from pytest_llmtrace._compare.rules.tool_arguments import Tools
    from pytest_llmtrace._compare.rules.unordered import Sets

Data = dict[str, Any]


class Lens(Protocol):
    """One way to look at calls."""

    tools: Tools
    """How the arguments of tools are matched."""
    untouched: bool
    """Whether a message that has to do with no tool call is seen as it is, so that its own digest identifies it."""

    def message(self, message: Message) -> Data:
        """A message: its fields, tool calls as ``{"name", "arguments"}`` with the arguments parsed, without ids."""
        ...

    def head(self, call: LLMCall) -> Data:
        """What a request has besides its messages: ``operation``, ``model``, ``params``, ``tools``."""
        ...

    def ending(self, call: LLMCall) -> Data:
        """What an answer has besides its message: ``finish_reason``, ``error``, ``status``."""
        ...


def lens(policy: Policy) -> Lens:
    """What the policy sees of a call."""
    return _Outline() if policy.view == "outline" else _Everything(policy)


class _Everything:
    """The behaviour of a call; not its circumstances (ids, times, usage, cost, who answered)."""

    def __init__(self, policy: Policy) -> None:
        self.tools = policy.tools
        self.untouched = not (policy.normalize or policy.unordered)
        self._rules = policy.normalize
        self._sets = _sets(policy.unordered)

    def message(self, message: Message) -> Data:
        data = {name: value for name, value in message.items() if name not in ("tool_calls", "tool_call_id")}
        data = self._normalized(data, ("role", "name"))
        if message["tool_calls"] is not None:
            data["tool_calls"] = [self._normalized(one, ("name",)) for one in _tool_calls(message)]
        return self._sets.message(data) if self._sets is not None else data

    def head(self, call: LLMCall) -> Data:
        data: Data = plain(
            {
                "operation": call.operation,
                "model": call.model,
                "provider": call.provider,
                "params": call.params,
                "tools": list(call.tools),
            }
        )
        if self._rules:
            from pytest_llmtrace._compare.rules.names import settings_normalized  # noqa: PLC0415

            data = settings_normalized(data, self._rules)
        return self._sets.head(data) if self._sets is not None else data

    def ending(self, call: LLMCall) -> Data:
        error = call.error
        told = error and {"type": error.type, "message": error.message, "status": error.status}
        return {
            "finish_reason": plain(call.finish_reason),
            "error": told and self._normalized(told, ("type",)),
            "status": "error" if error is not None else call.status,
        }

    def _normalized(self, data: Data, names: Collection[str]) -> Data:
        """The data with the rules applied to all that names nothing."""
        data = plain(data)
        if not self._rules:
            return data
        from pytest_llmtrace._compare.rules.normalize import normalized  # noqa: PLC0415

        return {key: value if key in names else normalized(value, self._rules) for key, value in data.items()}


class _Outline:
    """Who speaks, in which order, and the names of the tools that are called."""

    tools: Tools = MappingProxyType({})
    untouched = False

    def message(self, message: Message) -> Data:
        data: Data = {"role": message["role"]}
        if message["tool_calls"] is not None:
            data["tool_calls"] = [{"name": one["name"]} for one in _tool_calls(message)]
        return data

    def head(self, call: LLMCall) -> Data:  # noqa: ARG002 - part of the protocol
        return {}

    def ending(self, call: LLMCall) -> Data:
        return {"status": "error" if call.error is not None else call.status}


def _sets(unordered: Sequence[str]) -> Sets | None:
    if not unordered:
        return None
    from pytest_llmtrace._compare.rules.unordered import Sets  # noqa: PLC0415

    return Sets(unordered)


def _tool_calls(message: Message) -> list[Data]:
    calls = message["tool_calls"]
    return [_tool_call(item) for item in (calls if isinstance(calls, list) else [calls])]


def _tool_call(item: object) -> Data:
    """A tool call without its id; arguments parsed, so that their spelling does not count; nothing is `{}`."""
    if not isinstance(item, dict):
        return {"name": str(item), "arguments": {}}
    function = item.get("function")
    fields = function if isinstance(function, dict) else {}
    text = fields.get("arguments")
    parsed = parse_json(text) if isinstance(text, str) else text
    others = {name: value for name, value in item.items() if name not in ("id", "type", "function", "index")}
    more = {name: value for name, value in fields.items() if name not in ("name", "arguments")}
    try:
        arguments = plain(parsed) if parsed is not None else text or {}
    except RecursionError:
        arguments = text
    return {"name": str(fields.get("name", "")), "arguments": arguments, **more, **others}
