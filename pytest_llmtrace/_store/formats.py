"""The keys of the cassette files, in the order in which they are written, and the numbers of their formats.

Format numbers, one for all three files:

1   pytest-llmtrace 0.1.0

Every released number stays readable. A change that an older version would misread takes a new number, and `upgrades` a
function for each kind of file that makes the new data of the old.
"""

from __future__ import annotations

from typing import Final

FORMAT: Final = 1
FORMAT_KEY: Final = "llmtrace"
"""First in every file: what marks it as ours, and its format number."""

# The golden trace

GOLDEN_KEYS: Final = (
    FORMAT_KEY, "test", "totals", "privacy", "order", "before", "fan_outs", "conversations", "tools",
)  # fmt: skip
CONVERSATION_KEYS: Final = (
    "agent", "session", "parent", "task", "operation", "model", "streamed", "params", "tools", "finish", "turns",
)  # fmt: skip
TURN_KEYS: Final = (
    "agent", "session", "parent", "task", "operation", "model", "streamed", "params", "tools", "turn", "fallback",
    "context", "in", "out", "finish", "status", "error", "usage", "cost_usd", "cache_hit", "attempts", "then",
)  # fmt: skip
CONTEXT_KEYS: Final = ("kind", "dropped", "new")
ERROR_KEYS: Final = ("type", "message", "status")
FALLBACK_KEYS: Final = ("from", "error")
LABEL_KEYS: Final = ("agent", "session", "parent", "task", "turn")
TOOL_KEYS: Final = ("tool", "arguments", "call_id", "result", "error", "executed", *LABEL_KEYS)
EVENT_KEYS: Final = ("event", "data", *LABEL_KEYS)
MODEL_KEYS: Final = ("provider", "name")
CALLED_KEYS: Final = ("call", "name", "arguments")

# The tape, and the journal, which holds one interaction a line

TAPE_KEYS: Final = (FORMAT_KEY, "meta", "interactions")
OUTLINE_KEY: Final = "outline"
"""In the meta data: what a replay that is the recording, word for word, came to, where it has that, and by which search
nothing was found in the tape; void when the tape was edited."""
OUTLINE_DIGEST: Final = "digest"
OUTLINE_SEARCHED: Final = "searched"
"""The mark of that search."""
OUTLINE_ASKED: Final = "asked"
"""Digests of the bodies of its first requests, as clients send them, by which a replay knows these."""
SEALED_KEY: Final = "encrypted"
"""In place of the interactions of an encrypted tape, and in the header of an encrypted journal."""
INTERACTION_KEYS: Final = ("key", "phase", "request", "response")
REQUEST_KEYS: Final = ("like", "method", "url", "headers", "changes")
CHANGES_KEYS: Final = ("set", "drop", "lists", "inner", "order")
RESPONSE_KEYS: Final = ("status", "reason", "headers")
BODY_KEYS: Final = ("json", "sse", "ndjson", "text", "base64", "rest")
EVENT_LINE_KEYS: Final = ("event", "id", "retry", "comment", "data")
IMPORTED: Final = "imported"
"""In a tape's meta data: the name of the file that it was converted from."""
