"""SDK clients that refuse to be built for want of a key: in replay that means that there is no recording.

A test with a recording gets placeholders for the keys of the providers that are on it. One without gets none, since
it may be about keys, or choose its provider by those that it finds; so it may end before it makes its first call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pytest_llmtrace._capture.providers import KEY_VARIABLES
from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._run.plans.placeholders import OTHER_NAMES

_OTHERS: Final = (name for names in OTHER_NAMES.values() for name in names if not name.startswith("AWS_"))
_VARIABLE: Final = expression(rf"\b(?:{'|'.join(sorted({*KEY_VARIABLES, *_OTHERS}))})\b")
_KEY: Final = expression(r"api[ _-]?key|auth[ _-]?token|credential", re.IGNORECASE)
_LIBRARIES: Final = frozenset(
    (
        "anthropic",
        "cohere",
        "google.genai",
        "groq",
        "huggingface_hub",
        "langchain_core",
        "litellm",
        "mistralai",
        "openai",
        "together",
    )
)
"""Packages whose exceptions may speak of a key without naming its variable. Not botocore: it has other services."""


def lacks_key(exception: BaseException | None) -> bool:
    """Whether an exception, or one that it comes of, is the complaint of a library that it was given no key."""
    if not isinstance(exception, Exception) or isinstance(exception, AssertionError):
        return False  # it is what the test says of its own
    return any(
        _VARIABLE.search(text := str(one)) or (_is_of_an_sdk(one) and _KEY.search(text)) for one in _chain(exception)
    )


def _is_of_an_sdk(exception: BaseException) -> bool:
    module = type(exception).__module__
    return any(module == name or module.startswith(f"{name}.") for name in _LIBRARIES)


def _chain(exception: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while exception is not None and id(exception) not in seen:
        seen.add(id(exception))
        yield exception
        exception = exception.__cause__ or exception.__context__
