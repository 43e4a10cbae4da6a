"""Images from prompts."""

from __future__ import annotations

from pytest_llmtrace._model.usage import Usage
from tests.unit.capture.dialects.dialect_wire import answered, said, sse

IMAGES = "https://api.openai.com/v1/images/generations"
ASK = {"model": "gpt-image-1", "prompt": "a duck", "size": "1024x1024"}
DUCK = {"type": "image", "media_type": "image/png", "digest": "a75c0b0d97360c1ba783496eb6a0395a", "bytes": 3}


def test_an_image_is_kept_by_digest_and_size() -> None:
    """The prompt is the message; tokens are counted where the provider says."""
    usage = {"input_tokens": 5, "output_tokens": 100, "total_tokens": 105}

    call = answered(IMAGES, ASK, {"data": [{"b64_json": "AAEC"}], "usage": usage})

    assert [dict(message) for message in call.messages] == [{"role": "user", "content": "a duck"}]
    assert said(call.output) == {"role": "assistant", "content": [DUCK]}
    assert (call.usage, call.params) == (Usage(input_tokens=5, output_tokens=100), {"size": "1024x1024"})


def test_an_image_by_address_is_kept_by_address() -> None:
    """As DALL-E gives it, with the prompt that was really used."""
    call = answered(IMAGES, ASK, {"data": [{"url": "https://x/duck.png", "revised_prompt": "a white duck"}]})

    assert said(call.output) == {
        "role": "assistant",
        "content": [{"type": "image", "url": "https://x/duck.png", "revised_prompt": "a white duck"}],
    }


def test_a_stream_of_previews_ends_with_the_image() -> None:
    """Previews are not kept."""
    reply = sse(
        {"type": "image_generation.partial_image", "b64_json": "AA=="},
        {"type": "image_generation.completed", "b64_json": "AAEC", "usage": {"input_tokens": 1, "output_tokens": 2}},
    )

    call = answered(IMAGES, {**ASK, "stream": True}, reply)

    assert said(call.output) == {"role": "assistant", "content": [DUCK]}
    assert (call.usage, call.status) == (Usage(input_tokens=1, output_tokens=2), "ok")
