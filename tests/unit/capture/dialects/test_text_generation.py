"""Models that take a prompt and give a text: on Bedrock, at Hugging Face, at Cohere and watsonx."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from pytest_llmtrace._model.http import HttpResponse
from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.dialects.dialect_wire import answered, aws_message, said, sse

BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/model"


@pytest.mark.parametrize(
    ("url", "body", "reply", "model", "reason"),
    [
        (
            f"{BEDROCK}/amazon.titan-text-express-v1/invoke",
            {"inputText": "Say hi", "textGenerationConfig": {"temperature": 0}},
            {
                "inputTextTokenCount": 3,
                "results": [{"tokenCount": 2, "outputText": "Hi", "completionReason": "FINISH"}],
            },
            "amazon.titan-text-express-v1",
            "FINISH",
        ),
        (
            f"{BEDROCK}/meta.llama3-8b-instruct-v1%3A0/invoke",
            {"prompt": "Say hi", "max_gen_len": 10},
            {"generation": "Hi", "prompt_token_count": 3, "generation_token_count": 2, "stop_reason": "stop"},
            "meta.llama3-8b-instruct-v1:0",
            "stop",
        ),
        (
            "https://api.cohere.com/v1/generate",
            {"prompt": "Say hi", "model": "command"},
            {
                "generations": [{"text": "Hi", "finish_reason": "COMPLETE"}],
                "meta": {"billed_units": {"input_tokens": 3, "output_tokens": 2}},
            },
            "command",
            "COMPLETE",
        ),
        (
            "https://us-south.ml.cloud.ibm.com/ml/v1/text/generation",
            {"input": "Say hi", "model_id": "ibm/granite", "project_id": "p"},
            {
                "model_id": "ibm/granite",
                "results": [
                    {
                        "generated_text": "Hi",
                        "generated_token_count": 2,
                        "input_token_count": 3,
                        "stop_reason": "eos_token",
                    }
                ],
            },
            "ibm/granite",
            "eos_token",
        ),
        (
            "http://localhost:8080/generate",
            {"inputs": "Say hi", "parameters": {"details": True}},
            {
                "generated_text": "Hi",
                "details": {"finish_reason": "length", "generated_tokens": 2, "prefill": [{}, {}, {}]},
            },
            "",
            "length",
        ),
    ],
)
def test_each_body_is_read(url: str, body: Any, reply: Any, model: str, reason: str) -> None:
    """Prompt, text, reason and tokens, whatever they are called."""
    call = answered(url, body, reply)

    assert [message.text for message in call.messages] == ["Say hi"]
    assert said(call.output) == {"role": "assistant", "content": "Hi"}
    assert (call.model, call.finish_reason, call.usage) == (model, reason, Usage(input_tokens=3, output_tokens=2))


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ({"outputs": [{"text": "Hi", "stop_reason": "stop"}]}, "Hi"),
        ({"completion": " Hi", "stop_reason": "stop_sequence"}, " Hi"),
        ({"completions": [{"data": {"text": "Hi"}, "finishReason": {"reason": "endoftext"}}]}, "Hi"),
        ({"choices": [{"text": "Hi", "stop_reason": "stop"}]}, "Hi"),
    ],
)
def test_other_models_on_bedrock_are_read(reply: Any, text: str) -> None:
    """Mistral's, Anthropic's old one, AI21's and DeepSeek's answers to a prompt."""
    call = answered(f"{BEDROCK}/some.model/invoke", {"prompt": "Say hi"}, reply)

    assert call.output is not None
    assert call.output.text == text
    assert (call.provider, call.status) == ("bedrock", "ok")


def test_a_stream_on_bedrock_is_put_together() -> None:
    """Chunks are wrapped in an AWS event stream; the last one counts tokens."""
    metrics = {"inputTokenCount": 3, "outputTokenCount": 2}
    chunks = [
        {"generation": "H", "stop_reason": None},
        {"generation": "i", "stop_reason": "stop", "amazon-bedrock-invocationMetrics": metrics},
    ]
    body = b"".join(
        aws_message({"bytes": base64.b64encode(json.dumps(one).encode()).decode()}, "chunk") for one in chunks
    )
    reply = HttpResponse(status=200, headers=(("content-type", "application/vnd.amazon.eventstream"),), body=body)

    call = answered(f"{BEDROCK}/meta.llama3/invoke-with-response-stream", {"prompt": "Say hi"}, reply)

    assert said(call.output) == {"role": "assistant", "content": "Hi"}
    assert (call.status, call.usage, call.streamed) == ("ok", Usage(input_tokens=3, output_tokens=2), True)


def test_a_stream_of_tgi_is_put_together() -> None:
    """Token by token; the last event repeats the whole text."""
    reply = sse(
        {"token": {"text": "H", "special": False}, "generated_text": None},
        {"token": {"text": "i", "special": False}, "generated_text": None},
        {
            "token": {"text": "</s>", "special": True},
            "generated_text": "Hi",
            "details": {"finish_reason": "eos_token", "generated_tokens": 3},
        },
    )

    call = answered("http://h/generate_stream", {"inputs": "Say hi"}, reply)

    assert said(call.output) == {"role": "assistant", "content": "Hi"}
    assert (call.status, call.finish_reason, call.streamed) == ("ok", "eos_token", True)


def test_images_made_on_bedrock_are_kept_by_digest() -> None:
    """Titan and Nova Canvas answer with base64."""
    body = {"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a duck"}}

    call = answered(f"{BEDROCK}/amazon.nova-canvas-v1%3A0/invoke", body, {"images": ["AAEC"]})

    assert [message.text for message in call.messages] == ["a duck"]
    assert said(call.output) == {
        "role": "assistant",
        "content": [{"type": "image", "digest": "a75c0b0d97360c1ba783496eb6a0395a", "bytes": 3}],
    }
