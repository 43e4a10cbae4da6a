"""Who stands behind a host name."""

from __future__ import annotations

import pytest

from pytest_llmtrace._capture.providers import KEY_VARIABLES, is_provider_host, provider_of


@pytest.mark.parametrize(
    ("host", "path", "provider"),
    [
        ("api.openai.com", "/v1/chat/completions", "openai"),
        ("API.OpenAI.com:443", "", "openai"),
        ("user:pass@api.openai.com", "", "openai"),
        ("eu.api.openai.com", "", "openai"),
        ("api.anthropic.com", "", "anthropic"),
        ("generativelanguage.googleapis.com", "", "gemini"),
        ("us-east5-aiplatform.googleapis.com", "", "vertex_ai"),
        ("aiplatform.googleapis.com", "", "vertex_ai"),
        ("my-res.openai.azure.com", "/openai/deployments/x/chat/completions", "azure"),
        ("my-res.services.ai.azure.com", "/models/chat/completions", "azure_ai"),
        ("my-res.services.ai.azure.com", "/openai/v1/responses", "azure"),
        ("my-res.cognitiveservices.azure.com", "/openai/deployments/x/chat/completions", "azure"),
        ("bedrock-runtime.us-east-1.amazonaws.com", "", "bedrock"),
        ("bedrock-runtime.cn-north-1.amazonaws.com.cn", "", "bedrock"),
        ("bedrock-mantle.us-east-1.api.aws", "", "bedrock_mantle"),
        ("us.inference.heroku.com", "/v1/chat/completions", "heroku"),
        ("api.tokenfactory.nebius.com", "", "nebius"),
        ("openrouter.ai", "", "openrouter"),
        ("api.groq.com", "", "groq"),
        ("api.mistral.ai", "", "mistral"),
        ("api.cohere.com", "", "cohere"),
        ("api.deepseek.com", "", "deepseek"),
        ("router.huggingface.co", "", "huggingface"),
        ("api.cerebras.ai", "", "cerebras"),
        ("api.x.ai", "", "xai"),
        ("api.together.xyz", "", "together_ai"),
        ("api.fireworks.ai", "", "fireworks_ai"),
        ("api.perplexity.ai", "", "perplexity"),
        ("ollama.com", "", "ollama"),
        ("api.z.ai", "", "zai"),
    ],
)
def test_a_providers_host_is_known(host: str, path: str, provider: str) -> None:
    """Names are litellm's, ports and case do not matter."""
    assert provider_of(host, path) == provider
    assert is_provider_host(host)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost:8000", "[::1]:8000", "example.com", "api.openai.com.evil.org", "s3.amazonaws.com", ""],
)
def test_other_hosts_are_nobodys(host: str) -> None:
    """A name that only contains a provider's is not the provider's."""
    assert provider_of(host) is None
    assert not is_provider_host(host)


def test_a_platform_that_also_serves_models_is_no_provider_host() -> None:
    """Databases at Databricks and Snowflake must stay reachable; their models have a name all the same."""
    for host, provider in (("adb-1.2.azuredatabricks.net", "databricks"), ("a.snowflakecomputing.com", "snowflake")):
        assert provider_of(host) == provider
        assert not is_provider_host(host)


def test_key_variables_are_sorted_and_distinct() -> None:
    """The list is read by people too."""
    assert list(KEY_VARIABLES) == sorted(set(KEY_VARIABLES))
    assert {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "CO_API_KEY", "HF_TOKEN", "GOOGLE_API_KEY"} <= set(KEY_VARIABLES)
