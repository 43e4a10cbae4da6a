"""How the tests of these projects ask an LLM."""

import os

import openai

URL = os.environ["PROVIDER_URL"]


def chat(*messages):
    """Ask, and get the text of the answer."""
    with openai.OpenAI(base_url=URL, api_key="sk-neighbour-0123456789", max_retries=0) as client:
        said = [{"role": "user", "content": one} for one in messages]
        return client.chat.completions.create(model="gpt-4o-mini", messages=said).choices[0].message.content
