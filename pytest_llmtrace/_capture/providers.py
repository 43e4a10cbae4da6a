"""Who stands behind a host name, in litellm's provider names."""

from __future__ import annotations

from typing import Final

from pytest_llmtrace._model.expressions import expression

KEY_VARIABLES: Final = (
    "AI21_API_KEY",
    "ANTHROPIC_API_KEY",
    "AZURE_AI_API_KEY",
    "AZURE_API_KEY",
    "AZURE_OPENAI_API_KEY",
    "CEREBRAS_API_KEY",
    "CODESTRAL_API_KEY",
    "COHERE_API_KEY",
    "CO_API_KEY",
    "DASHSCOPE_API_KEY",
    "DATABRICKS_API_KEY",
    "DEEPINFRA_API_KEY",
    "DEEPSEEK_API_KEY",
    "FIREWORKS_AI_API_KEY",
    "FIREWORKS_API_KEY",
    "GEMINI_API_KEY",
    "GITHUB_API_KEY",
    "GOOGLE_API_KEY",
    "GROQ_API_KEY",
    "HF_TOKEN",
    "HUGGINGFACE_API_KEY",
    "JINA_AI_API_KEY",
    "MISTRAL_API_KEY",
    "MOONSHOT_API_KEY",
    "NEBIUS_API_KEY",
    "NVIDIA_API_KEY",
    "NVIDIA_NIM_API_KEY",
    "OLLAMA_API_KEY",
    "OPENAI_API_KEY",
    "OPENROUTER_API_KEY",
    "PERPLEXITYAI_API_KEY",
    "PERPLEXITY_API_KEY",
    "REPLICATE_API_TOKEN",
    "SAMBANOVA_API_KEY",
    "TOGETHERAI_API_KEY",
    "TOGETHER_AI_API_KEY",
    "TOGETHER_API_KEY",
    "VOYAGE_API_KEY",
    "XAI_API_KEY",
    "ZAI_API_KEY",
)
"""Environment variables that SDKs and litellm read provider keys from."""


def provider_of(host: str, path: str = "") -> str | None:
    """The provider that owns a host (with or without a port), or `None` for a host that is not a provider's.

    The path tells apart what one host serves: ``aiplatform.googleapis.com`` serves Gemini and partners alike, Azure's
    inference hosts serve OpenAI models under ``/openai/``.
    """
    name = _bare(host)
    if (known := _HOSTS.get(name)) is not None:
        return known
    for pattern, provider in _PATTERNS:
        if pattern.fullmatch(name):
            return "azure" if provider == "azure_ai" and path.startswith("/openai/") else provider
    return None


def provider_in(path: str) -> str | None:
    """The provider that a path is known by on whatever host (a gateway, a private endpoint); `None` for most paths."""
    return next((provider for pattern, provider in _PATHS if pattern.search(path)), None)


def is_provider_host(host: str) -> bool:
    """Whether a host (with or without a port) is known to be the API of an LLM provider, and of little else."""
    return provider_of(host) not in _NOT_ONLY_MODELS


def _bare(host: str) -> str:
    name = host.lower().rpartition("@")[2]
    if name.startswith("["):
        return name.partition("]")[0].lstrip("[")
    return name.partition(":")[0].rstrip(".")


_NOT_ONLY_MODELS: Final = frozenset({None, "cloudflare", "databricks", "snowflake"})
"""Providers whose hosts serve a whole platform; traffic there is not LLM traffic by itself."""

_HOSTS: Final = {
    "ai-gateway.helicone.ai": "helicone",
    "ai-gateway.vercel.sh": "vercel_ai_gateway",
    "aiplatform.googleapis.com": "vertex_ai",
    "api-inference.huggingface.co": "huggingface",
    "api-inference.modelscope.cn": "modelscope",
    "api.ai21.com": "ai21",
    "api.aimlapi.com": "aiml",
    "api.anthropic.com": "anthropic",
    "api.cerebras.ai": "cerebras",
    "api.cloudflare.com": "cloudflare",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "api.cometapi.com": "cometapi",
    "api.deepinfra.com": "deepinfra",
    "api.deepseek.com": "deepseek",
    "api.endpoints.anyscale.com": "anyscale",
    "api.featherless.ai": "featherless_ai",
    "api.fireworks.ai": "fireworks_ai",
    "api.friendli.ai": "friendliai",
    "api.githubcopilot.com": "github_copilot",
    "api.groq.com": "groq",
    "api.hyperbolic.xyz": "hyperbolic",
    "api.inceptionlabs.ai": "inception",
    "api.inference.wandb.ai": "wandb",
    "api.jina.ai": "jina_ai",
    "api.lambda.ai": "lambda_ai",
    "api.llama.com": "meta_llama",
    "api.minimax.io": "minimax",
    "api.minimaxi.com": "minimax",
    "api.mistral.ai": "mistral",
    "api.moonshot.ai": "moonshot",
    "api.moonshot.cn": "moonshot",
    "api.morphllm.com": "morph",
    "api.nlpcloud.io": "nlp_cloud",
    "api.novita.ai": "novita",
    "api.openai.com": "openai",
    "api.perplexity.ai": "perplexity",
    "api.poe.com": "poe",
    "api.publicai.co": "publicai",
    "api.reka.ai": "reka",
    "api.replicate.com": "replicate",
    "api.sambanova.ai": "sambanova",
    "api.scaleway.ai": "scaleway",
    "api.studio.nebius.ai": "nebius",
    "api.studio.nebius.com": "nebius",
    "api.synthetic.new": "synthetic",
    "api.tokenfactory.nebius.com": "nebius",
    "api.together.ai": "together_ai",
    "api.together.xyz": "together_ai",
    "api.v0.dev": "v0",
    "api.voyageai.com": "voyage",
    "api.x.ai": "xai",
    "api.z.ai": "zai",
    "ark.cn-beijing.volces.com": "volcengine",
    "chatgpt.com": "chatgpt",
    "codestral.mistral.ai": "codestral",
    "dashscope-intl.aliyuncs.com": "dashscope",
    "dashscope-us.aliyuncs.com": "dashscope",
    "dashscope.aliyuncs.com": "dashscope",
    "eu.api.openai.com": "openai",
    "generativelanguage.googleapis.com": "gemini",
    "inference.api.nscale.com": "nscale",
    "inference.baseten.co": "baseten",
    "inference.do-ai.run": "gradient_ai",
    "integrate.api.nvidia.com": "nvidia_nim",
    "llm.chutes.ai": "chutes",
    "models.github.ai": "github",
    "models.inference.ai.azure.com": "github",
    "nano-gpt.com": "nano-gpt",
    "oai.endpoints.kepler.ai.cloud.ovh.net": "ovhcloud",
    "ollama.com": "ollama",
    "open.bigmodel.cn": "zai",
    "openrouter.ai": "openrouter",
    "router.huggingface.co": "huggingface",
    "us.api.openai.com": "openai",
}

_PATTERNS: Final = tuple(
    (expression(pattern), provider)
    for pattern, provider in (
        (r"[^.]+\.openai\.azure\.(?:com|us|cn)", "azure"),
        (r"[^.]+\.(?:services\.ai|cognitiveservices)\.azure\.(?:com|us|cn)", "azure_ai"),
        (r"[^.]+(?:\.[^.]+)?\.models\.ai\.azure\.com", "azure_ai"),
        (r"[^.]+(?:\.[^.]+)?\.inference\.ai\.azure\.com", "azure_ai"),
        (r"bedrock-(?:runtime|agent-runtime)(?:-fips)?\.[^.]+\.(?:amazonaws\.com(?:\.cn)?|api\.aws)", "bedrock"),
        (r"bedrock-mantle\.[^.]+\.api\.aws", "bedrock_mantle"),
        (r"runtime\.sagemaker\.[^.]+\.amazonaws\.com(?:\.cn)?", "sagemaker"),
        (r"[^.]+-aiplatform\.(?:googleapis\.com|[^.]+\.rep\.googleapis\.com)", "vertex_ai"),
        (r"aiplatform\.[^.]+\.rep\.googleapis\.com", "vertex_ai"),
        (r"[^.]+\.api\.openai\.com", "openai"),
        (r"[^.]+\.githubcopilot\.com", "github_copilot"),
        (r"[^.]+(?:\.[^.]+)?\.cloud\.databricks\.com", "databricks"),
        (r"[^.]+(?:\.[^.]+)?\.azuredatabricks\.net", "databricks"),
        (r"[^.]+\.gcp\.databricks\.com", "databricks"),
        (r"[^.]+\.ml\.cloud\.ibm\.com", "watsonx"),
        (r"[^.]+(?:\.[^.]+)*\.snowflakecomputing\.com", "snowflake"),
        (r"[^.]+\.inference\.heroku\.com", "heroku"),
        (r"[^.]+(?:\.[^.]+)?\.endpoints\.huggingface\.cloud", "huggingface"),
        (r"inference\.generativeai\.[^.]+\.oci\.oraclecloud\.com", "oci"),
    )
)

_PATHS: Final = tuple(
    (expression(pattern), provider)
    for pattern, provider in (
        (r"/openai/deployments/[^/]+/", "azure"),
        (r"/model/[^/]+/(?:converse|invoke)[^/]*$", "bedrock"),
        (r"/projects/[^/]+/locations/[^/]+/(?:publishers|endpoints)/", "vertex_ai"),
        (r":(?:streamR|r)awPredict$", "vertex_ai"),
    )
)

PROVIDERS: Final = frozenset({*_HOSTS.values(), *(name for _, name in _PATTERNS), *(name for _, name in _PATHS)})
"""The names of all providers that are known, as litellm writes them before a model."""
