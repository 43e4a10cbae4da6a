"""A project that uses every SDK but OpenAI's in every way it has. Copied into a test folder and run there."""

import json
from functools import cached_property
from typing import ClassVar

import anthropic
import boto3
import botocore.config
import botocore.exceptions
import cohere
import huggingface_hub
import huggingface_hub.errors
import ollama
import pytest
from google import genai
from google.genai import errors, types
from mistralai.client import Mistral
from mistralai.client.errors import SDKError
from ways import (
    ABOUT,
    CITY,
    KEY,
    TOOLS,
    URL,
    Async,
    AsyncStreamed,
    Errors,
    EveryWay,
    Retries,
    Streamed,
    Sync,
    Tools,
    hosted,
    user,
)


@pytest.mark.sdk("anthropic", "sync", "async", "streamed", "async streamed", "threads", "gather", "tools", "errors")
class TestAnthropic(EveryWay, Retries):
    ERROR = anthropic.BadRequestError
    OPTIONS: ClassVar = {"model": "claude-haiku-4-5", "max_tokens": 50}

    @cached_property
    def client(self):
        return anthropic.Anthropic(base_url=URL, api_key=KEY)

    @cached_property
    def aclient(self):
        return anthropic.AsyncAnthropic(base_url=URL, api_key=KEY)

    def ask(self, text):
        return self.client.messages.create(messages=[user(text)], **self.OPTIONS).content[0].text

    def stream(self, text):
        with self.client.messages.stream(messages=[user(text)], **self.OPTIONS) as stream:
            yield from stream.text_stream

    async def aask(self, text):
        return (await self.aclient.messages.create(messages=[user(text)], **self.OPTIONS)).content[0].text

    async def astream(self, text):
        async with self.aclient.messages.stream(messages=[user(text)], **self.OPTIONS) as stream:
            async for piece in stream.text_stream:
                yield piece

    def use_tool(self, text):
        tools = [{"name": "weather", "description": ABOUT, "input_schema": CITY}]
        asked = self.client.messages.create(messages=[user(text)], tools=tools, **self.OPTIONS).content
        result = {"type": "tool_result", "tool_use_id": asked[0].id, "content": "sunny"}
        messages = [user(text), {"role": "assistant", "content": asked}, {"role": "user", "content": [result]}]
        return self.client.messages.create(messages=messages, tools=tools, **self.OPTIONS).content[0].text


@pytest.mark.sdk("google-genai", "sync", "async", "streamed", "async streamed", "threads", "gather", "tools", "errors")
class TestGoogle(EveryWay, Errors):
    ERROR = errors.ClientError
    MODEL = "gemini-2.5-flash"
    RESULT = '{"result": "sunny"}'

    @cached_property
    def client(self):
        return genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=URL))

    def ask(self, text):
        return self.client.models.generate_content(model=self.MODEL, contents=text).text

    def stream(self, text):
        for chunk in self.client.models.generate_content_stream(model=self.MODEL, contents=text):
            yield chunk.text

    async def aask(self, text):
        return (await self.client.aio.models.generate_content(model=self.MODEL, contents=text)).text

    async def astream(self, text):
        async for chunk in await self.client.aio.models.generate_content_stream(model=self.MODEL, contents=text):
            yield chunk.text

    def use_tool(self, text):
        weather = types.FunctionDeclaration(name="weather", description=ABOUT, parameters_json_schema=CITY)
        config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[weather])])
        asked = types.Content(role="user", parts=[types.Part(text=text)])
        called = self.client.models.generate_content(model=self.MODEL, contents=[asked], config=config)
        result = types.Part.from_function_response(name="weather", response={"result": "sunny"})
        contents = [asked, called.candidates[0].content, types.Content(role="user", parts=[result])]
        return self.client.models.generate_content(model=self.MODEL, contents=contents, config=config).text


class Bedrock(Sync, Streamed, Tools, Retries):
    ERROR = botocore.exceptions.ClientError
    MODEL = "anthropic.claude-3-5-sonnet-20240620-v1:0"
    THREADED = 24

    @cached_property
    def client(self):
        return boto3.client(
            "bedrock-runtime",
            region_name="us-east-1",
            endpoint_url=hosted("bedrock-runtime.us-east-1.amazonaws.com"),
            aws_access_key_id="AKIAE2E0123456789012",
            aws_secret_access_key=KEY,
            config=botocore.config.Config(retries={"mode": "standard", "total_max_attempts": 2}),
        )


@pytest.mark.sdk("boto3 converse", "sync", "streamed", "threads", "tools", "errors")
class TestConverse(Bedrock):
    def ask(self, text):
        answer = self.client.converse(modelId=self.MODEL, messages=[self.user(text)])
        return answer["output"]["message"]["content"][0]["text"]

    def stream(self, text):
        for event in self.client.converse_stream(modelId=self.MODEL, messages=[self.user(text)])["stream"]:
            if "contentBlockDelta" in event:
                yield event["contentBlockDelta"]["delta"]["text"]

    def use_tool(self, text):
        spec = {"name": "weather", "description": ABOUT, "inputSchema": {"json": CITY}}
        options = {"modelId": self.MODEL, "toolConfig": {"tools": [{"toolSpec": spec}]}}
        asked = self.client.converse(messages=[self.user(text)], **options)["output"]["message"]
        used = asked["content"][0]["toolUse"]
        result = {"toolResult": {"toolUseId": used["toolUseId"], "content": [{"text": "sunny"}]}}
        messages = [self.user(text), asked, {"role": "user", "content": [result]}]
        return self.client.converse(messages=messages, **options)["output"]["message"]["content"][0]["text"]

    @staticmethod
    def user(text):
        return {"role": "user", "content": [{"text": text}]}


@pytest.mark.sdk("boto3 invoke_model", "sync", "streamed", "threads", "tools", "errors")
class TestInvoke(Bedrock):
    def ask(self, text):
        return self.invoke([user(text)])["content"][0]["text"]

    def stream(self, text):
        answer = self.client.invoke_model_with_response_stream(modelId=self.MODEL, body=self.body([user(text)]))
        for event in answer["body"]:
            said = json.loads(event["chunk"]["bytes"])
            if said["type"] == "content_block_delta":
                yield said["delta"]["text"]

    def use_tool(self, text):
        tools = [{"name": "weather", "description": ABOUT, "input_schema": CITY}]
        asked = self.invoke([user(text)], tools=tools)["content"]
        result = {"type": "tool_result", "tool_use_id": asked[0]["id"], "content": "sunny"}
        messages = [user(text), {"role": "assistant", "content": asked}, {"role": "user", "content": [result]}]
        return self.invoke(messages, tools=tools)["content"][0]["text"]

    def invoke(self, messages, **options):
        answer = self.client.invoke_model(modelId=self.MODEL, body=self.body(messages, **options))
        return json.loads(answer["body"].read())

    @staticmethod
    def body(messages, **options):
        fixed = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50}
        return json.dumps({**fixed, "messages": messages, **options})


@pytest.mark.sdk("cohere", "sync", "async", "streamed", "async streamed", "threads", "gather", "tools", "errors")
class TestCohere(EveryWay, Retries):
    ERROR = cohere.BadRequestError
    MODEL = "command-a-03-2025"

    @cached_property
    def client(self):
        return cohere.ClientV2(api_key=KEY, base_url=URL)

    @cached_property
    def aclient(self):
        return cohere.AsyncClientV2(api_key=KEY, base_url=URL)

    def ask(self, text):
        return self.client.chat(model=self.MODEL, messages=[user(text)]).message.content[0].text

    def stream(self, text):
        for event in self.client.chat_stream(model=self.MODEL, messages=[user(text)]):
            if event.type == "content-delta":
                yield event.delta.message.content.text

    async def aask(self, text):
        return (await self.aclient.chat(model=self.MODEL, messages=[user(text)])).message.content[0].text

    async def astream(self, text):
        async for event in self.aclient.chat_stream(model=self.MODEL, messages=[user(text)]):
            if event.type == "content-delta":
                yield event.delta.message.content.text

    def use_tool(self, text):
        asked = self.client.chat(model=self.MODEL, messages=[user(text)], tools=TOOLS).message
        result = {"role": "tool", "tool_call_id": asked.tool_calls[0].id, "content": "sunny"}
        answer = self.client.chat(model=self.MODEL, messages=[user(text), asked, result], tools=TOOLS)
        return answer.message.content[0].text


@pytest.mark.sdk("mistralai", "sync", "async", "streamed", "async streamed", "threads", "gather", "tools", "errors")
class TestMistral(EveryWay, Errors):
    ERROR = SDKError
    MODEL = "mistral-small-latest"

    @cached_property
    def client(self):
        return Mistral(api_key=KEY, server_url=hosted("api.mistral.ai"))

    def ask(self, text):
        return self.client.chat.complete(model=self.MODEL, messages=[user(text)]).choices[0].message.content

    def stream(self, text):
        for event in self.client.chat.stream(model=self.MODEL, messages=[user(text)]):
            yield event.data.choices[0].delta.content

    async def aask(self, text):
        answer = await self.client.chat.complete_async(model=self.MODEL, messages=[user(text)])
        return answer.choices[0].message.content

    async def astream(self, text):
        async for event in await self.client.chat.stream_async(model=self.MODEL, messages=[user(text)]):
            yield event.data.choices[0].delta.content

    def use_tool(self, text):
        complete = self.client.chat.complete
        asked = complete(model=self.MODEL, messages=[user(text)], tools=TOOLS).choices[0].message
        result = {"role": "tool", "tool_call_id": asked.tool_calls[0].id, "content": "sunny"}
        return complete(model=self.MODEL, messages=[user(text), asked, result], tools=TOOLS).choices[0].message.content


@pytest.mark.sdk("ollama", "sync", "async", "streamed", "async streamed", "threads", "gather", "tools", "errors")
class TestOllama(EveryWay, Errors):
    ERROR = ollama.ResponseError
    MODEL = "llama3.1"

    @cached_property
    def client(self):
        return ollama.Client(host=URL)

    @cached_property
    def aclient(self):
        return ollama.AsyncClient(host=URL)

    def ask(self, text):
        return self.client.chat(model=self.MODEL, messages=[user(text)]).message.content

    def stream(self, text):
        for part in self.client.chat(model=self.MODEL, messages=[user(text)], stream=True):
            yield part.message.content

    async def aask(self, text):
        return (await self.aclient.chat(model=self.MODEL, messages=[user(text)])).message.content

    async def astream(self, text):
        async for part in await self.aclient.chat(model=self.MODEL, messages=[user(text)], stream=True):
            yield part.message.content

    def use_tool(self, text):
        asked = self.client.chat(model=self.MODEL, messages=[user(text)], tools=TOOLS).message
        result = {"role": "tool", "tool_name": "weather", "content": "sunny"}
        return self.client.chat(model=self.MODEL, messages=[user(text), asked, result], tools=TOOLS).message.content


@pytest.mark.sdk("ollama generate", "sync", "streamed", "async", "async streamed", "threads", "gather", "errors")
class TestGenerate(Sync, Streamed, Async, AsyncStreamed, Errors):
    ERROR = ollama.ResponseError
    MODEL = "llama3.1"
    client = TestOllama.client
    aclient = TestOllama.aclient

    def ask(self, text):
        return self.client.generate(model=self.MODEL, prompt=text).response

    def stream(self, text):
        for part in self.client.generate(model=self.MODEL, prompt=text, stream=True):
            yield part.response

    async def aask(self, text):
        return (await self.aclient.generate(model=self.MODEL, prompt=text)).response

    async def astream(self, text):
        async for part in await self.aclient.generate(model=self.MODEL, prompt=text, stream=True):
            yield part.response


@pytest.mark.sdk(
    "huggingface-hub", "sync", "async", "streamed", "async streamed", "threads", "gather", "tools", "errors"
)
class TestHuggingFace(EveryWay, Errors):
    ERROR = huggingface_hub.errors.HfHubHTTPError
    MODEL = "meta-llama/Llama-3.1-8B-Instruct"
    BASE = hosted("router.huggingface.co") + "/v1"

    @cached_property
    def client(self):
        return huggingface_hub.InferenceClient(base_url=self.BASE, api_key=KEY)

    @cached_property
    def aclient(self):
        return huggingface_hub.AsyncInferenceClient(base_url=self.BASE, api_key=KEY)

    def ask(self, text):
        return self.client.chat_completion([user(text)], model=self.MODEL).choices[0].message.content

    def stream(self, text):
        for chunk in self.client.chat_completion([user(text)], model=self.MODEL, stream=True):
            yield chunk.choices[0].delta.content

    async def aask(self, text):
        return (await self.aclient.chat_completion([user(text)], model=self.MODEL)).choices[0].message.content

    async def astream(self, text):
        async for chunk in await self.aclient.chat_completion([user(text)], model=self.MODEL, stream=True):
            yield chunk.choices[0].delta.content

    def use_tool(self, text):
        complete = self.client.chat_completion
        asked = complete([user(text)], model=self.MODEL, tools=TOOLS).choices[0].message
        result = {"role": "tool", "tool_call_id": asked.tool_calls[0].id, "content": "sunny"}
        messages = [user(text), {"role": "assistant", "tool_calls": asked.tool_calls}, result]
        return complete(messages, model=self.MODEL, tools=TOOLS).choices[0].message.content
