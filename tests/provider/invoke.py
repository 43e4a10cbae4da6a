"""Bedrock's InvokeModel with the bodies of Anthropic's models.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

from tests.provider import messages
from tests.provider.answer import Answer
from tests.provider.aws_events import AwsEvent
from tests.provider.converse import error
from tests.provider.messages import read, whole
from tests.provider.question import Question

__all__ = ["error", "events", "read", "whole"]


def events(question: Question, answer: Answer) -> Iterator[AwsEvent]:
    """The events of Anthropic's stream, each packed into a chunk; the last one carries Bedrock's own count."""
    for event in messages.events(question, answer):
        data = dict(event.data) if isinstance(event.data, dict) else {}
        if data.get("type") == "message_stop" and answer.usage is not None:
            counts = {"inputTokenCount": answer.usage.input_tokens, "outputTokenCount": answer.usage.output_tokens}
            data["amazon-bedrock-invocationMetrics"] = {**counts, "invocationLatency": 1, "firstByteLatency": 1}
        packed = base64.b64encode(json.dumps(data, ensure_ascii=False).encode()).decode("ascii")
        yield AwsEvent(kind="chunk", data={"bytes": packed})
