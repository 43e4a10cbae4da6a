"""Bytes near real ones: real inputs with parts cut, repeated, exchanged and replaced."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from pytest_llmtrace._store.faults import Fault
from pytest_llmtrace._store.yaml_reader import read_yaml
from pytest_llmtrace._store.yaml_text import yaml_text
from tests.unit.capture.dialects.test_mutations import damaged

NASTY: Final = (
    b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\n", b"\r", b"\r\n\r\n", b" " * 40, b"\n" * 40, b"-1", b"1e400",
    b"9" * 4400, b"1" + b"0" * 400, b"NaN", b"-Infinity", b".nan", b".inf", b"null", b"true", b"[]", b"{}", b'""',
    b'"\\ud800"', b"[" * 200, b"{" * 200, b'{"a":' * 200, b"&a [*a]", b"!!python/object/apply:os.system [id]", b"<<: ",
    b"? ", b": ", b"- ", b"---\n", b"...", b"data: ", b"event: x\n", b"[DONE]", b"\xe2\x80\xae", b"\xf3\xa0\x81\x81",
    b"\x1b[31m", b"</script>", b"::error::x", b"|", b"`", b"../", b"CON", b"%zz", b"http://[", b"\\", b'\\"',
    b'{"like": 0}', b'{"keep": "0-5"}', b'"type": 7', b"AAEC", b"=", b"&",
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """A real input after some edits; now and then any bytes."""
    if not seeds or draw(st.integers(0, 19)) == 0:
        return draw(st.binary(max_size=200))
    made = draw(st.sampled_from(seeds))
    if draw(st.booleans()):
        return damaged_within(made, draw(st.randoms(use_true_random=False)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(made)))
        end = min(len(made), start + draw(st.sampled_from((0, 1, 2, 8, 40, 400, 100_000))))
        how = draw(st.sampled_from(("cut", "nasty", "byte", "repeat", "splice")))
        if how == "cut":
            new = b""
        elif how == "nasty":
            new = draw(st.sampled_from(NASTY))
        elif how == "byte":
            new = draw(st.binary(min_size=1, max_size=3))
        elif how == "repeat":
            new = made[start:end][:2_000] * draw(st.sampled_from((2, 3, 30)))
        else:
            other = draw(st.sampled_from(seeds))
            place = draw(st.integers(0, len(other)))
            new = other[place : place + draw(st.sampled_from((1, 20, 300)))]
        made = made[:start] + new + made[end:]
    return made


def damaged_within(data: bytes, random: Random) -> bytes:
    """The input with the data in it damaged, and still well-formed: all of it, or that in one of its lines."""
    share = random.choice((0.01, 0.03, 0.1))
    text = data.decode("utf-8", "surrogateescape")
    made = _damaged_json(text, random, share)
    if made is None and ":" in text[:200]:
        made = _damaged_yaml(text, random, share)
    if made is None:
        lines = text.split("\n")
        place = random.randrange(len(lines))
        made_line = _damaged_json(lines[place], random, 3 * share)
        lines[place] = made_line if made_line is not None else random.choice(lines)
        made = "\n".join(lines)
    try:
        return made.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return made.encode("utf-8", "surrogatepass")


def _damaged_json(text: str, random: Random, share: float) -> str | None:
    """What stands before the first bracket, and the JSON after it damaged; `None` where that is none."""
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    try:
        data: Any = json.loads(text[start:]) if start >= 0 else None
        if data is None:
            return None
        return text[:start] + json.dumps(damaged(data, random, share), ensure_ascii=random.random() < 0.5)
    except (ValueError, RecursionError):
        return None


def _damaged_yaml(text: str, random: Random, share: float) -> str | None:
    try:
        data = damaged(read_yaml(text).data, random, share)
        return yaml_text(data) if isinstance(data, dict) else None
    except (Fault, ValueError, RecursionError):
        return None
