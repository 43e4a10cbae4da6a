"""Real inputs to begin with: the cassettes of the examples, and what the scripted provider answers."""

from __future__ import annotations

import functools
import gzip
import itertools
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_llmtrace._capture.dialects import DIALECTS, find_dialect
from pytest_llmtrace._model.findings import Breach, Drift
from pytest_llmtrace._model.secret_key import SecretKey
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._store.formats import FORMAT, FORMAT_KEY
from pytest_llmtrace._store.interactions import InteractionWriter
from pytest_llmtrace._store.json_text import compact_bytes
from pytest_llmtrace._store.sealed import Seal
from pytest_llmtrace._store.tape_file import load_tape
from tests.provider.reply import Replier
from tests.provider.script import Script, load_script
from tests.unit.capture.dialects.test_hostile import CALLS
from tests.unit.capture.dialects.test_mutations import BODIES
from tests.unit.report.builders import chat, payload

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
KINDS: Final = (
    "application/json", "text/event-stream", "application/vnd.amazon.eventstream", "application/x-ndjson", "",
)  # fmt: skip
OWNER: Final = "tests/test_refund.py::test_refund"
SEAL: Final = Seal(OWNER, SecretKey("a key of the fuzz suite"))


@functools.cache
def goldens() -> Sequence[bytes]:
    """Golden traces."""
    return [path.read_bytes() for path in sorted(EXAMPLES.rglob("*.trace.yaml"))]


@functools.cache
def tapes() -> Sequence[bytes]:
    """Tapes."""
    return [path.read_bytes() for path in sorted(EXAMPLES.rglob("*.tape.json"))]


@functools.cache
def journals() -> Sequence[bytes]:
    """Journals, as recordings of those tapes would have left them."""
    made = []
    for tape in tapes():
        writer = InteractionWriter()
        interactions = load_tape(tape.decode(), Path("seed")).interactions
        lines = [{FORMAT_KEY: FORMAT}, *(writer.data(one) for one in interactions)]
        made.append(b"".join(compact_bytes(line) + b"\n" for line in lines))
    return made


@functools.cache
def sealed_tapes() -> Sequence[bytes]:
    """Encrypted tapes."""
    return [SEAL.closed(tape.decode(), {"test": OWNER}).encode() for tape in tapes()]


@functools.cache
def vcrpy_cassettes() -> Sequence[bytes]:
    """Cassettes of vcrpy, as YAML, as JSON, and packed."""
    import yaml

    made = []
    for tape in tapes():
        data = {"version": 1, "interactions": [*_as_vcrpy(tape)]}
        text = yaml.dump(data, Dumper=yaml.SafeDumper)
        made += [text.encode(), json.dumps(data).encode(), gzip.compress(text.encode(), mtime=0)]
    return made


@functools.cache
def requests() -> Sequence[bytes]:
    """Requests: a line with the URL, then the body."""
    known = [*CALLS.values(), *((url, body) for url, body, _ in BODIES.values())]
    return [f"{url}\n{json.dumps(body)}".encode() for url, body in known]


@functools.cache
def answers() -> Sequence[bytes]:
    """Answers: a byte for the dialect, one for the content type, then the body."""
    return [bytes([dialect, kind]) + body for dialect, kind, body in [*_answers(), *_recorded()]]


@functools.cache
def streams() -> Sequence[bytes]:
    """The answers among them that are streams."""
    return [bytes([dialect, kind]) + body for dialect, kind, body in _answers() if kind]


@functools.cache
def reports() -> Sequence[bytes]:
    """JSON reports of runs."""
    drift = Drift(kind="output", conversation="lead", turn=2, path="output", golden="Answer 2", observed="No.")
    runs = [
        document([payload(OWNER, chat(2))], {OWNER: "passed"}, mode="trace"),
        document(
            [payload(OWNER, chat(3), drift, golden=chat(2)), payload("fixture session client", chat(1))],
            {OWNER: "failed"},
            mode="trace",
            breaches=[Breach(scope="run", what="usd", limit=0.001, value=0.0042)],
            budgets=[{"scope": "run", "what": "usd", "limit": 0.001, "value": 0.0042, "source": "llm_budget"}],
            unused=["tests/cassettes/test_gone/test_gone.trace.yaml"],
        ),
    ]
    return [json.dumps(run).encode() for run in runs]


@functools.cache
def tomls() -> Sequence[bytes]:
    """Settings of a project."""
    return [_TOML.encode(), *(f"[tool.llmtrace.{part}".encode() for part in _TOML.split("[tool.llmtrace.")[1:])]


def as_json(body: object) -> bytes:
    """A body as SDKs send it."""
    return json.dumps(body).encode()


def _as_vcrpy(tape: bytes) -> Iterator[dict[str, Any]]:
    for one in load_tape(tape.decode(), Path("seed")).interactions:
        request, response = one.request, one.response
        yield {
            "request": {
                "method": request.method,
                "uri": request.url,
                "headers": {name: [value] for name, value in request.headers},
                "body": request.body.decode(),
            },
            "response": {
                "status": {"code": response.status, "message": response.reason},
                "headers": {name: [value] for name, value in response.headers},
                "body": {"string": response.body.decode()},
            },
        }


def _answers() -> Iterator[tuple[int, int, bytes]]:
    rules: list[Any] = [
        {"nth": 1, "tool_calls": [{"lookup_order": {"order_id": "123"}}]},
        {"text": "It is on its way."},
    ]
    replier = Replier(script=Script(load_script(rules)))
    numbers = {dialect.operation: number for number, dialect in enumerate(DIALECTS)}
    for operation, (url, body) in CALLS.items():
        path = urlsplit(url).path
        streamed = path.replace("generateContent", "streamGenerateContent").replace("/converse", "/converse-stream")
        for number, stream in itertools.product((1, 2), (False, True)):
            asked = {**body, "stream": stream}
            reply = replier.reply(number=number, method="POST", path=streamed if stream else path, body=asked)
            kind = dict(reply.headers).get("content-type", "").partition(";")[0]
            if reply.status == 200:
                yield numbers[operation], KINDS.index(kind) if kind in KINDS else 4, b"".join(reply.chunks)
    for operation, (_, _, events) in BODIES.items():
        text = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        yield numbers[operation], 1, text.encode()
        yield numbers[operation], 0, json.dumps(events[0]).encode()


def _recorded() -> Iterator[tuple[int, int, bytes]]:
    """What providers really answered, where there is a folder with it (see `test_real_traffic`)."""
    folder = os.environ.get("LLMTRACE_REAL_TRAFFIC")
    for file in sorted(Path(folder).glob("*.jsonl")) if folder else ():
        for one in map(json.loads, file.read_text("utf-8").splitlines()):
            dialect = find_dialect(one["method"], one["uri"], one["request"])
            kind = str(one.get("content_type") or "").partition(";")[0]
            text = one.get("response_text")
            body = text if isinstance(text, str) else json.dumps(one.get("response"))
            if dialect is not None and len(body) < _LONGEST:
                yield DIALECTS.index(dialect), KINDS.index(kind) if kind in KINDS else 4, body.encode()


_LONGEST: Final = 30_000
_TOML: Final = """
[tool.llmtrace.prices]
"acme-9000" = {input_cost_per_token = 1e-6, output_cost_per_token = 2e-6}
[tool.llmtrace.budgets."tests"]
usd = 0.5
calls = 10
[tool.llmtrace.policies.loose]
base = "exact"
ignore = ["params.temperature", "messages[*].content", "tools.**.description"]
normalize = ["date", "number:1%", "unordered:tools.*.parameters.required", "/[0-9]+ms/ -> <time>"]
severities = {output = "warn"}
text_tolerance = 0.2
tools = {search = "subset"}
match = "unordered"
order = "strict"
"""
