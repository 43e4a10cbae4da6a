"""A project that uses the OpenAI SDK of any major version in every way it has. Copied into a test folder."""

from functools import cached_property

import openai
import pytest
from ways import KEY, TOOLS, URL, EveryWay, Retries, hosted, user


class OpenAIChat(EveryWay, Retries):
    MODEL = "gpt-4o-mini"
    ERROR = openai.BadRequestError

    def ask(self, text):
        answer = self.client.chat.completions.create(model=self.MODEL, messages=[user(text)])
        return answer.choices[0].message.content

    def stream(self, text):
        usage = {"include_usage": True}
        for chunk in self.client.chat.completions.create(
            model=self.MODEL, messages=[user(text)], stream=True, stream_options=usage
        ):
            if chunk.choices:
                yield chunk.choices[0].delta.content

    async def aask(self, text):
        answer = await self.aclient.chat.completions.create(model=self.MODEL, messages=[user(text)])
        return answer.choices[0].message.content

    async def astream(self, text):
        usage = {"include_usage": True}
        async for chunk in await self.aclient.chat.completions.create(
            model=self.MODEL, messages=[user(text)], stream=True, stream_options=usage
        ):
            if chunk.choices:
                yield chunk.choices[0].delta.content

    def use_tool(self, text):
        create = self.client.chat.completions.create
        asked = create(model=self.MODEL, messages=[user(text)], tools=TOOLS).choices[0].message
        result = {"role": "tool", "tool_call_id": asked.tool_calls[0].id, "content": "sunny"}
        return create(model=self.MODEL, messages=[user(text), asked, result], tools=TOOLS).choices[0].message.content


@pytest.mark.sdk("openai", "sync", "async", "streamed", "async streamed", "threads", "gather", "tools", "errors")
class TestOpenAI(OpenAIChat):
    @cached_property
    def client(self):
        return openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY)

    @cached_property
    def aclient(self):
        return openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY)


@pytest.mark.sdk("openai azure", "sync", "async", "streamed", "async streamed", "threads", "gather", "tools", "errors")
class TestAzure(OpenAIChat):
    @cached_property
    def client(self):
        return openai.AzureOpenAI(azure_endpoint=URL, api_key=KEY, api_version="2024-10-21")

    @cached_property
    def aclient(self):
        return openai.AsyncAzureOpenAI(azure_endpoint=URL, api_key=KEY, api_version="2024-10-21")


@pytest.mark.sdk(
    "openai compatible", "sync", "async", "streamed", "async streamed", "threads", "gather", "tools", "errors"
)
class TestCompatible(OpenAIChat):
    MODEL = "openai/gpt-oss-20b"

    @cached_property
    def client(self):
        return openai.OpenAI(base_url=f"{hosted('api.groq.com')}/openai/v1", api_key=KEY)

    @cached_property
    def aclient(self):
        return openai.AsyncOpenAI(base_url=f"{hosted('api.groq.com')}/openai/v1", api_key=KEY)


@pytest.mark.sdk(
    "openai responses", "sync", "async", "streamed", "async streamed", "threads", "gather", "tools", "errors"
)
class TestResponses(EveryWay, Retries):
    MODEL = "gpt-4o-mini"
    ERROR = openai.BadRequestError
    client = TestOpenAI.client
    aclient = TestOpenAI.aclient

    def ask(self, text):
        return self.client.responses.create(model=self.MODEL, input=text).output_text

    def stream(self, text):
        for event in self.client.responses.create(model=self.MODEL, input=text, stream=True):
            if event.type == "response.output_text.delta":
                yield event.delta

    async def aask(self, text):
        return (await self.aclient.responses.create(model=self.MODEL, input=text)).output_text

    async def astream(self, text):
        async for event in await self.aclient.responses.create(model=self.MODEL, input=text, stream=True):
            if event.type == "response.output_text.delta":
                yield event.delta

    def use_tool(self, text):
        tools = [{"type": "function", **TOOLS[0]["function"]}]
        first = self.client.responses.create(model=self.MODEL, input=[user(text)], tools=tools)
        result = {"type": "function_call_output", "call_id": first.output[0].call_id, "output": "sunny"}
        asked = [user(text), first.output[0].to_dict(), result]
        return self.client.responses.create(model=self.MODEL, input=asked, tools=tools).output_text
