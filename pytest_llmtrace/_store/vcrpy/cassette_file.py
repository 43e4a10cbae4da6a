"""A vcrpy cassette as a file: YAML or JSON, gzipped or not, read into redacted interactions.

Read are format 1 of vcrpy (https://vcrpy.readthedocs.io), the parallel lists of langchain-tests, and Betamax.
"""

from __future__ import annotations

import json
import re
import shlex
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pytest_llmtrace._model.bounds import DEEPEST_FILE
from pytest_llmtrace._model.content import gunzipped
from pytest_llmtrace._model.http import HttpRequest, HttpResponse, Interaction
from pytest_llmtrace._model.matching import request_key
from pytest_llmtrace._model.redaction import Redactor
from pytest_llmtrace._model.secrecy.proofs import real_keys
from pytest_llmtrace._store.faults import Fault, broken_vcrpy, read_bytes
from pytest_llmtrace._store.nesting import is_too_deep
from pytest_llmtrace._store.vcrpy.messages import request_from, response_from
from pytest_llmtrace._store.vcrpy.yaml_data import read_vcrpy_yaml


def load_vcrpy(path: Path, redactor: Redactor) -> tuple[Interaction, ...] | None:
    """The interactions of a vcrpy cassette, redacted; `None` where the file is something else, or empty.

    What a request of the file carries as a credential is removed wherever it stands in the file.

    Raises:
        FileNotFoundError: there is none.
        BrokenCassetteError: it is a vcrpy cassette, and cannot be read.
        StorageError: the operating system refused.
    """
    text, known = "", True  # gzip that is damaged is taken for a cassette: nobody else keeps such a file there
    try:
        text = _text(path)
        known = _CASSETTE.search(text) is not None
        data = _data(text)
        known = _is_cassette(data)
        pairs = list(_exchanges(data, path)) if known else []
    except Fault as fault:
        if not known:
            return None
        raise broken_vcrpy(path, fault, text) from None
    if not known:
        return None
    secrets = {one for request, _ in pairs for one in real_keys(request)}
    knowing = redactor.knowing(secrets)
    return tuple(_interaction(knowing, request, response) for request, response in pairs)


def _interaction(redactor: Redactor, request: HttpRequest, response: HttpResponse) -> Interaction:
    kept = redactor.request(request)
    return Interaction(request=kept, response=redactor.response(response), key=request_key(kept))


def _text(path: Path) -> str:
    data = read_bytes(path)
    if data[:2] == b"\x1f\x8b":
        try:
            unpacked = gunzipped(data)
        except (OSError, EOFError, zlib.error) as error:
            raise Fault(f"it is damaged gzip ({error})") from None
        if unpacked is None:
            raise Fault("unpacked it is larger than a cassette can be")
        data = unpacked
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Fault(f"it is not UTF-8 ({error.reason} at byte {error.start})") from None


def _data(text: str) -> Any:
    if text.lstrip()[:1] == "{":
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            pass  # YAML in flow style
        else:
            if is_too_deep(data, DEEPEST_FILE):
                raise Fault(f"it nests deeper than {DEEPEST_FILE} levels")
            return data
    return read_vcrpy_yaml(text)


def _is_cassette(data: Any) -> bool:
    if isinstance(data, list):
        return bool(data) and isinstance(data[0], dict) and {"request", "response"} <= data[0].keys()
    return isinstance(data, dict) and ("requests" in data or any(key in data for key in _LISTS))


def _exchanges(data: Any, path: Path) -> Iterator[tuple[HttpRequest, HttpResponse]]:
    if isinstance(data, list):
        raise Fault(
            "it has the format of vcrpy before 1.0; convert it with "
            f"`python -m vcr.migration {shlex.quote(path.as_posix())}`"
        )
    if data.get("version", 1) != 1:
        raise Fault(f"its `version` is {data['version']!r:.100}, and only 1 is known")
    for position, (request, response) in enumerate(_pairs(data)):
        try:
            yield request_from(request), response_from(response)
        except Fault as fault:
            raise Fault(f"interactions[{position}]: {fault.what}") from None


def _pairs(data: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    if "requests" in data:
        requests, responses = data["requests"], data.get("responses")
        if not isinstance(requests, list) or not isinstance(responses, list) or len(requests) != len(responses):
            raise Fault("`requests` and `responses` must be lists of the same length")
        return list(zip(requests, responses, strict=True))
    items = next(data[key] for key in _LISTS if key in data)
    if items is None:
        return []
    if not isinstance(items, list):
        raise Fault("`interactions` must be a list")
    for position, item in enumerate(items):
        if not isinstance(item, dict):
            raise Fault(f"interactions[{position}] must be a mapping, not {item!r:.100}")
    return [(item.get("request"), item.get("response")) for item in items]


_LISTS: Final = ("interactions", "http_interactions")
_CASSETTE: Final = re.compile(r"^[ \t]*(?:\{[ \t]*)?[\"']?(?:(?:http_)?interactions|requests)[\"']?\s*:", re.MULTILINE)
"""What a file has that means to be a cassette, even where it cannot be read."""
