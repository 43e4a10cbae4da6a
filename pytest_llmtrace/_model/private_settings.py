"""What stays readable of a call's settings where texts are private: parameters and tool schemas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pytest_llmtrace._model.stand_ins import StandIns

_WORD: Final = re.compile(r"[\w.$#/:*-]{1,64}", re.ASCII)
"""Names and vocabulary; never a sentence, nor an address."""
_NAME: Final = re.compile(r"[A-Za-z_$][\w.$-]{0,63}", re.ASCII)
"""Names of fields."""

_VOCABULARY: Final = frozenset(
    {
        "$defs", "$ref", "additionalProperties", "allOf", "allowed_tools", "allowedFunctionNames", "anyOf", "category",
        "definitions", "effort", "embedding_types", "encoding_format", "enum", "execution", "format", "include",
        "inference_geo", "input_schema", "input_type", "items", "json_schema", "modalities", "mode", "model", "models",
        "name", "oneOf", "output_schema", "parameters", "properties", "quality", "reasoning_effort", "required",
        "response_format", "response_mime_type", "response_modalities", "response_schema", "responseJsonSchema",
        "responseMimeType", "responseModalities", "responseSchema", "schema", "search_context_size", "service_tier",
        "size", "speed", "task_type", "threshold", "tool_choice", "truncate", "truncation", "ttl", "type", "verbosity",
        "voice",
    }
)  # fmt: skip
"""Fields whose words, and those below them, are structure."""
_PROSE: Final = frozenset(
    {"$comment", "const", "default", "description", "example", "examples", "pattern"}
)  # fmt: skip
"""Fields of a schema that hold what somebody wrote."""
_PERSONAL: Final = frozenset(
    {
        "logit_bias", "metadata", "prediction", "prompt_cache_key", "safety_identifier", "stop", "stop_sequences",
        "stopSequences", "user", "user_id",
    }
)  # fmt: skip
"""Parameters that are one text, whatever they are made of."""


def is_word(value: object) -> bool:
    """Whether a value is a name, or a word of some vocabulary, and no sentence."""
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def private_key(key: object, stand_ins: StandIns) -> str:
    """The name of a field, if it is one."""
    return key if isinstance(key, str) and _NAME.fullmatch(key) else stand_ins.of_text(str(key))


def private_params(params: Mapping[str, Any], stand_ins: StandIns) -> dict[str, Any]:
    """Parameters: numbers, switches and words of known vocabularies stay; every other text is replaced."""
    return {
        private_key(key, stand_ins): _one_text(value, stand_ins)
        if key in _PERSONAL
        else _structure(value, stand_ins, plain=key in _VOCABULARY)
        for key, value in params.items()
    }


def private_tool(tool: Mapping[str, Any], stand_ins: StandIns) -> dict[str, Any]:
    """A tool schema: names, parameter names and types stay, descriptions are replaced."""
    made: dict[str, Any] = _structure(tool, stand_ins, plain=False)
    return made


def _structure(value: Any, stand_ins: StandIns, *, plain: bool) -> Any:
    if isinstance(value, str):
        return value if plain and is_word(value) else stand_ins.of_text(value)
    if isinstance(value, Mapping):
        return {
            private_key(key, stand_ins): _structure(
                item, stand_ins, plain=key in _VOCABULARY or (plain and key not in _PROSE)
            )
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_structure(item, stand_ins, plain=plain) for item in value]
    return value if value is None or isinstance(value, (bool, int, float)) else stand_ins.of_text(str(value))


def _one_text(value: Any, stand_ins: StandIns) -> Any:
    if value is None:
        return None
    return stand_ins.of_text(value) if isinstance(value, str) else stand_ins.of_data(value)
