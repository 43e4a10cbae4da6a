"""Exceptions that come of a missing key."""

import pytest

from pytest_llmtrace._run.plans.keyless import lacks_key


def of(module, text):
    """An exception as a library raises it."""
    return type("AnyError", (Exception,), {"__module__": module})(text)


def caused(outer, inner):
    """An exception with a cause."""
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    "exception",
    [
        of("openai", "Missing credentials. Please pass an `api_key` or set the `OPENAI_API_KEY` variable."),
        of("builtins", '"Could not resolve authentication method", set ANTHROPIC_API_KEY'),
        of("cohere.core", "The client must be instantiated be either passing in token or setting CO_API_KEY"),
        of("google.genai.errors", "Missing key inputs argument! Provide (`api_key`) arguments."),
        KeyError("MISTRAL_API_KEY"),
        caused(RuntimeError("the agent gave up"), KeyError("OPENAI_API_KEY")),
    ],
    ids=lambda exception: type(exception).__module__,
)
def test_complaints_about_keys(exception):
    """By the variable's name, or by what an SDK says, also where the application wraps it."""
    assert lacks_key(exception)


@pytest.mark.parametrize(
    "exception",
    [
        None,
        ValueError("boom"),
        of("openai", "Connection error."),
        of("botocore.exceptions", "Unable to locate credentials"),
        of("google.auth.exceptions", "Your default credentials were not found."),
        of("my.shop", "this api key was revoked"),
        KeyError("MY_OPENAI_API_KEY_ID"),
        caused(AssertionError("assert 1 == 2"), KeyError("OPENAI_API_KEY")),
        KeyboardInterrupt("OPENAI_API_KEY"),
    ],
    ids=repr,
)
def test_other_exceptions(exception):
    """What a test asserts, what an application says of keys of its own, and everything else is nothing of the kind."""
    assert not lacks_key(exception)


def test_a_chain_that_bites_its_tail_is_read_once():
    """Some libraries raise the cause of an exception from the exception."""
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert not lacks_key(one)
