"""Whether our dollars are litellm's, for the same answers. Copied into a test folder and run there."""

import os

import litellm
import openai
import pytest

V1 = f"{os.environ['PROVIDER_URL']}/v1"
OPENAI = {"model": "gpt-4o-mini", "api_base": V1, "api_key": "sk-e2e-0123456789"}
CLAUDE = {
    "model": "anthropic/claude-sonnet-4-5",
    "api_base": os.environ["PROVIDER_URL"],
    "api_key": "sk-e2e-0123456789",
}


def ask(text):
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize("options", [OPENAI, CLAUDE], ids=["openai", "anthropic"])
def test_sync(llm_trace, options):
    answer = litellm.completion(messages=ask("price sync"), **options)
    assert llm_trace.usage.cache_read_tokens == 800
    assert llm_trace.cost == pytest.approx(litellm.completion_cost(answer), rel=1e-9)


@pytest.mark.asyncio
@pytest.mark.parametrize("options", [OPENAI, CLAUDE], ids=["openai", "anthropic"])
async def test_async(llm_trace, options):
    answer = await litellm.acompletion(messages=ask("price async"), **options)
    assert llm_trace.cost == pytest.approx(litellm.completion_cost(answer), rel=1e-9)


@pytest.mark.parametrize("options", [OPENAI, CLAUDE], ids=["openai", "anthropic"])
def test_stream(llm_trace, options):
    stream = litellm.completion(
        messages=ask("price stream"), stream=True, stream_options={"include_usage": True}, **options
    )
    answer = litellm.stream_chunk_builder(list(stream))
    assert llm_trace.cost == pytest.approx(litellm.completion_cost(answer), rel=1e-9)


def test_plain_sdk(llm_trace):
    client = openai.OpenAI(base_url=V1, api_key="sk-e2e-0123456789")
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=ask("price plain"))
    theirs = litellm.completion_cost(litellm.ModelResponse(**answer.model_dump()))
    assert llm_trace.cost == pytest.approx(theirs, rel=1e-9)


def test_embeddings(llm_trace):
    answer = litellm.embedding(
        input=["a", "b"], model="text-embedding-3-small", api_base=V1, api_key="sk-e2e-0123456789"
    )
    assert llm_trace.cost == pytest.approx(litellm.completion_cost(answer, call_type="embedding"), rel=1e-9)
