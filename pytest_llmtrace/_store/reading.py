"""Tapes on disk as a replay reads them; what writes cassettes, and reads golden traces, is `cassettes`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from pytest_llmtrace._model.bounded_reading import read_head
from pytest_llmtrace._store import tape_file
from pytest_llmtrace._store.faults import read_text
from pytest_llmtrace._store.formats import FORMAT, FORMAT_KEY, SEALED_KEY, TAPE_KEYS
from pytest_llmtrace._store.sealed import Seal
from pytest_llmtrace.errors import LlmtraceError


def tape_text(path: Path, seal: Seal | None = None) -> str:
    """The text of a tape, decrypted where it is encrypted. Raises: as `cassettes.load_tape`."""
    text = read_text(path)
    return text if seal is None else seal.opened(text, path)


def load_meta(path: Path) -> dict[str, Any]:
    """What a tape says about its recording, without reading the interactions; empty where it cannot be read."""
    try:
        head = read_head(path, _HEAD)
        for rest in (f'\n"{TAPE_KEYS[-1]}":'.encode(), f'\n"{SEALED_KEY}":'.encode()):
            head, found, _ = head.partition(rest)
            if found:
                break
        data = json.loads(head.rstrip(b",") + b"}") if found else None
        if data is None or data.get(FORMAT_KEY) != FORMAT:
            data = tape_file.tape_data(read_text(path), path)
        meta = data.get("meta")
    except (OSError, ValueError, RecursionError, LlmtraceError):
        return {}
    return meta if isinstance(meta, dict) else {}


_HEAD: Final = 64 * 1024
"""Bytes that are read to find what a tape says about its recording."""
