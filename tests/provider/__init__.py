"""A scripted LLM provider on the loopback interface: real HTTP, no network, no key, no money.

It speaks OpenAI chat completions, responses, embeddings and moderations, Anthropic messages, Gemini, Bedrock's converse
and invoke, Cohere and Ollama, in one piece and streamed, under any prefix (see `tests.provider.routes`). Without a
script it echoes; a script is a list of rules (see `Rule`).

>>> with Provider(["Hello.", {"user": "refund", "tool_calls": [{"refund": {"order_id": "123"}}]}]) as provider:
...     client = openai.OpenAI(base_url=provider.openai_url, api_key="any")

Outside Python: ``python -m tests.provider --script FILE`` prints the URL and serves until it is interrupted.
"""

from tests.provider.desk import Request
from tests.provider.provider import Provider
from tests.provider.script import Rule, load_script

__all__ = ["Provider", "Request", "Rule", "load_script"]
