"""The settings that keep what was said out of files: what they may be, and what they need."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, get_args

from pytest_llmtrace._model.secret_key import VARIABLE, SecretKey
from pytest_llmtrace.errors import SettingsError

if TYPE_CHECKING:  # which costs every run of pytest 30 ms
    from pytest_llmtrace._model.verdict import Mode

Texts = Literal["off", "hash"]
"""`off`: texts stay as they are."""
Tapes = Literal["on", "off", "encrypted"]


def read_privacy(
    privacy: str, tapes: str, env: Mapping[str, str], mode: Mode | None
) -> tuple[Texts, Tapes, SecretKey | None]:
    """The two ini values and the key. Raises: SettingsError for a value, or a combination, that is not possible."""
    texts: Texts = _choice("llm_privacy", privacy, get_args(Texts), "off")  # type: ignore[assignment]
    kept: Tapes = _choice("llm_tapes", tapes, get_args(Tapes), "on")  # type: ignore[assignment]
    text = env.get(VARIABLE, "").strip()
    key = SecretKey(text) if text else None
    if texts == "hash" and kept == "on":
        raise SettingsError(
            "llm_privacy = hash: tapes would still hold every prompt and answer. Either set llm_tapes = encrypted "
            f"(and the environment variable {VARIABLE}), and everything works as before for whoever has the key; or "
            "set llm_tapes = off, and tests that call an LLM over HTTP are compared with --llm-live alone."
        )
    if kept == "encrypted" and mode == "record":
        if key is None:
            raise SettingsError(
                f"llm_tapes = encrypted needs a key: set the environment variable {VARIABLE} to a long random text"
            )
        if importlib.util.find_spec("cryptography") is None:
            raise SettingsError(
                "llm_tapes = encrypted needs the library `cryptography`: "
                "install it with `pip install 'pytest-llmtrace[privacy]'`"
            )
    return texts, kept, key


def _choice(name: str, value: str, valid: tuple[str, ...], default: str) -> str:
    value = value.strip()
    if value and value not in valid:
        raise SettingsError(f"{name} = {value!r}: not possible; choose one of {', '.join(valid)}")
    return value or default
