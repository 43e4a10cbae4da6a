"""What kinds of drift there are, and how grave a finding can be."""

from __future__ import annotations

from typing import Literal

Severity = Literal["fail", "warn", "ignore"]

DriftKind = Literal[
    "model",
    "params",
    "tools",
    "prompt",
    "user",
    "tool_result",
    "tool_call",
    "output",
    "error",
    "call_added",
    "call_missing",
    "order",
    "event",
]
