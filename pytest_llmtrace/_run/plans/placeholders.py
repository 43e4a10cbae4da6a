"""Placeholder keys: replay needs none, but SDK clients refuse to be built without one."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any, Final

from pytest_llmtrace._capture.providers import KEY_VARIABLES, provider_of
from pytest_llmtrace._store.paths import discover
from pytest_llmtrace._store.reading import load_meta
from pytest_llmtrace._store.vcrpy.hosts import hosts_of_vcrpy

PLACEHOLDER_KEY: Final = "llmtrace-replay-needs-no-key"

OTHER_NAMES: Final = {
    "azure": ("AZURE_OPENAI_API_KEY",),
    "bedrock": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    "cohere": ("CO_API_KEY",),
    "cohere_chat": ("COHERE_API_KEY", "CO_API_KEY"),
    "gemini": ("GOOGLE_API_KEY",),
    "huggingface": ("HF_TOKEN",),
}
"""Key variables that are not named after litellm's name of their provider."""

_LOOKED_AT: Final = 500
"""Tapes that are looked at before test modules are imported; recorded providers repeat long before."""


def missing_keys(providers: tuple[str, ...]) -> dict[str, str]:
    """Placeholders for the key variables of these providers that are not set, or empty."""
    held = getattr(os.environ, "_data", None)
    missing: dict[str, str] = {}
    for name, key in _variables_of_all(providers, getattr(os.environ, "encodekey", str)):
        # As it is held: `os.environ` encodes each name and decodes each value, and each test asks.
        if not (held.get(key) if held is not None else os.environ.get(name)):
            missing[name] = PLACEHOLDER_KEY
    return missing


def missing_keys_of_tree(roots: Iterable[Path]) -> dict[str, str]:
    """The same, for every provider that was recorded below these folders.

    Only for those: an application that chooses its provider by the keys it finds must find what it found before.
    """
    roots = list(roots)
    cassettes = (cassette for root in roots for cassette in discover(root))
    providers = {name for cassette in islice(cassettes, _LOOKED_AT) for name in _recorded_providers(cassette.tape)}
    hosts = {host for root in roots for host in hosts_of_vcrpy(root, files=_LOOKED_AT)}
    providers |= {name for name in map(provider_of, hosts) if name is not None}
    return missing_keys(tuple(sorted(providers)))


def _recorded_providers(tape: Path) -> list[str]:
    names = load_meta(tape).get("providers")
    return [str(name) for name in names] if isinstance(names, list) else []


@functools.lru_cache(maxsize=256)  # the tests of a suite have few sets of them in common
def _variables_of_all(providers: tuple[str, ...], key: Callable[[str], Any]) -> tuple[tuple[str, Any], ...]:
    """By name, and by how an environment holds the name: a test may have another one."""
    return tuple((name, key(name)) for provider in providers for name in _variables_of(provider))


def _variables_of(provider: str) -> tuple[str, ...]:
    prefix = provider.upper()
    return tuple(name for name in KEY_VARIABLES if name.startswith(f"{prefix}_")) + OTHER_NAMES.get(provider, ())
