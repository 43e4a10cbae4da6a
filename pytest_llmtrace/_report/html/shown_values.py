"""The two values of a finding as texts that can be laid side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytest_llmtrace._model.canonical import parse_json
from pytest_llmtrace._report.brief import compact, value_text, whole_text


def side_texts(finding: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Golden and observed; `None` where a side has nothing.

    Texts stand as they are, tool calls as code, and data, JSON in a string included, a line per value, so that lines
    can be compared.
    """
    golden, observed = finding.get("golden"), finding.get("observed")
    if finding.get("kind") in {"call_added", "call_missing"}:
        old, new = (None if value is None else _call(value) for value in (golden, observed))
        return old, new
    if golden is None or observed is None:
        old, new = (None if value is None else _alone(value) for value in (golden, observed))
        return old, new
    parsed = [parse_json(value) if isinstance(value, str) else value for value in (golden, observed)]
    if all(isinstance(value, (dict, list)) for value in parsed):
        old, new = (value_text(value) for value in (golden, observed))
        if max(len(old), len(new)) <= _LINE and old != new:
            return old, new
        laid_out = [_laid_out(value) for value in parsed]
        if laid_out[0] != laid_out[1]:
            return laid_out[0], laid_out[1]
    old, new = value_text(golden), value_text(observed)
    return (old, new) if old != new else (compact(golden), compact(observed))


_LINE = 90
"""Characters up to which data stays on one line."""


def _call(value: object) -> str:
    """A call that is described in short: a line for what was said last, and one for the answer."""
    if not isinstance(value, Mapping):
        return value_text(value)
    return "\n".join(
        f"{'assistant' if name in {'output', 'tool_calls'} else name}: {_line(one)}"
        for name, one in value.items()
        if name != "again"
    )


def _line(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _alone(value: object) -> str:
    text = whole_text(value)
    parsed = parse_json(text) if len(text) > _LINE else None
    return _laid_out(parsed) if isinstance(parsed, (dict, list)) else text


def _laid_out(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
