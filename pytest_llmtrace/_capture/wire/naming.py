"""Where a request names its model: in its body, or in its URL; and the same request with another name there."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import quote, unquote

from pytest_llmtrace._model.canonical import parse_json
from pytest_llmtrace._model.expressions import expression


def named_model(url: str, body: bytes) -> str | None:
    """The model that a request asks for, by the name that can be replaced; `None` where there is none."""
    found = _IN_URL.search(url)
    if found is not None:
        return unquote(found.group())
    if b'"model"' not in body:
        return None
    data = parse_json(body)
    model = data.get("model") if isinstance(data, dict) else None
    return model if isinstance(model, str) else None


def renamed(url: str, body: bytes, model: str) -> tuple[str, bytes]:
    """URL and body with another model. Azure's SDK writes the deployment into both; the URL counts."""
    found = _IN_URL.search(url)
    if found is not None:
        url = url[: found.start()] + quote(model, safe="") + url[found.end() :]
    data = parse_json(body) if b'"model"' in body else None
    if isinstance(data, dict) and "model" in data:
        body = json.dumps({**data, "model": model}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return url, body


_IN_URL: Final = expression(
    r"(?<=/openai/deployments/)[^/?]+(?=/)|(?<=/models/)[^/:?]+(?=:(?:g|streamG)enerateContent\b)"
)
"""Azure's deployments, and Google's models. Others name it where a signature covers it (Bedrock)."""
