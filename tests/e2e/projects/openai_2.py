"""A test that the OpenAI SDK is of major version 2; copied beside the project that uses it."""

import openai


def test_major():
    assert openai.VERSION.startswith("2.")
