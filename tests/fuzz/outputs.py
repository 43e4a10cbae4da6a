"""Output: text from anywhere stays text, on a terminal, in HTML, in Markdown and in a CI log; names stay inside."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import Any, Final

from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_llmtrace._model.conversations import conversations
from pytest_llmtrace._model.fanout import fan_outs
from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._model.trace import Event, LLMCall, ToolCall, Trace
from pytest_llmtrace._model.trajectory import totals
from pytest_llmtrace._report.clean import clean, clean_line, disarmed
from pytest_llmtrace._report.commands.transcript import trace_repr, transcript
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.files.code_quality import code_quality
from pytest_llmtrace._report.files.github import workflow_commands
from pytest_llmtrace._report.files.markdown import markdown
from pytest_llmtrace._report.files.markup import code
from pytest_llmtrace._report.files.openmetrics import openmetrics
from pytest_llmtrace._report.fine_tuning import Example, examples
from pytest_llmtrace._report.html.page import html_page
from pytest_llmtrace._report.layout import Line
from pytest_llmtrace._report.spans.from_trace import spans
from pytest_llmtrace._report.spans.otlp import otlp_document
from pytest_llmtrace._store.paths import fixture_cassette, test_cassette
from tests.fuzz.target import of_bytes, of_values
from tests.unit.report.builders import call, payload, said
from tests.unit.store.traces import traces

DANGEROUS: Final = frozenset("\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
BITS: Final = (
    b"\x1b[31m", b"</script><script>", b"<img src=x onerror=a()>", b"::error file=a::b", b"##[group]x", b"`", b"```",
    b"|", b"[a](javascript:b)", b"@octocat", b"\n# x", b"\\|", b"%0A::warning::", b"\xe2\x80\xae", b"<!--", b"{{7*7}}",
    b"../../etc/passwd", b"CON", b"Test_A", b"a" * 300, b"\x00", b"https://x.example", b"&lt;b&gt;", b"$(id)", b'"',
)  # fmt: skip
MARKDOWN: Final = MarkdownIt("commonmark", {"html": True}).enable("table")


def terminal(data: bytes) -> None:
    """On a terminal nothing acts: no control character, no bidi control, no lone surrogate; no line is a command."""
    text = data.decode("utf-8", "surrogateescape")
    for shown in (clean(text), clean_line(text)):
        assert not {unicodedata.category(one) for one in shown.replace("\n", "")} & {"Cc", "Cs"}
        assert not set(shown) & DANGEROUS
        assert clean(shown) == shown
    assert "\n" not in clean_line(text)
    calm = disarmed(clean(text))
    assert not re.search(r"(?m)^\s*::[\w-]+(?: [^\n]*)?::|##\[[\w-]+[ \]]|##vso\[\w", calm)


def inline_code(data: bytes) -> None:
    """In Markdown a text is one piece of code, also in the cell of a table: no markup, HTML, link, line or cell."""
    text = data.decode("utf-8", "replace")
    if not clean_line(text).strip():
        return
    (paragraph,) = (one for one in MARKDOWN.parse(f"x {code(text)} x") if one.type == "inline")
    assert [one.type for one in paragraph.children or ()] == ["text", "code_inline", "text"]
    table = MARKDOWN.parse(f"| a | b |\n| - | - |\n| {code(text, cell=True)} | x |\n")
    assert [one.type for one in table].count("td_open") == 2


def reports(case: tuple[str, Trace]) -> None:
    """A run whose every text is hostile makes the elements, the lines and the names that a calm one makes."""
    text, trace = case
    page, made = _run(text, trace)
    tags = _Tags(page).tags
    assert {tag for tag in tags if tag not in CALM} == set()
    assert (
        tags.count("script") == len(re.findall("<script", page)) == 1 + len(re.findall('type="application/json"', page))
    )
    for line in workflow_commands(made):
        assert line.startswith(("::error ", "::warning "))
        assert "\n" not in line
        assert "\r" not in line
    assert json.loads(json.dumps(code_quality(made), allow_nan=False)) is not None
    "".join(markdown(made)).encode()
    metrics = "\n".join(openmetrics(made))
    assert all(re.fullmatch(METRIC, line) for line in metrics.split("\n")), metrics
    screens = [trace_repr(trace), *(line.text for line in _shown(trace))]
    assert all(clean(screen) == screen for screen in screens)
    assert json.loads("".join(otlp_document(spans(trace, 0), resource={"service.name": text}, version="1")))
    json.dumps([one.data for one in examples(trace) if isinstance(one, Example)], allow_nan=False)


def names(data: bytes) -> None:
    """Whatever a test or fixture is called, its files lie in their folder, are portable, and no other test has them."""
    one, _, other = data.decode("utf-8", "replace").partition("\x1f")
    file = Path("tests/test_a.py")
    folder = PurePosixPath("tests/cassettes/test_a")
    made = [test_cassette(file, name).golden for name in (one, other)]
    made += [fixture_cassette(file.parent, name, other, one).golden for name in ("session", one)]
    for path in made[:2]:
        assert PurePosixPath(path).parent == folder
    for path in made:
        assert PORTABLE.fullmatch(path.name), path
        assert len(path.name.encode()) <= 200
    assert (str(made[0]).lower() == str(made[1]).lower()) == (one == other)


def _shown(trace: Trace) -> Iterator[Line]:
    amounts, found = totals(trace.calls), conversations(trace.calls)
    yield from transcript(found, amounts, gathered=fan_outs(trace.calls), entries=trace.entries)


class _Tags(HTMLParser):
    """The elements of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith(("on", "src", "style"))]


def _run(text: str, trace: Trace) -> tuple[str, dict[str, Any]]:
    nodeid = f"tests/test_a.py::test_x[{text}]"
    calls = [
        call((said("user", text),), said("assistant", text), model=text, agent=text, session=text),
        *(one for one in trace.entries if isinstance(one, LLMCall)),
    ]
    drift = Drift(kind="output", conversation=text, turn=1, path=f"output.{text}", golden=text, observed={text: text})
    payloads = [payload(nodeid, calls, drift, with_entries=True), payload(f"fixture session {text}", calls[:1])]
    assert all(isinstance(one, (LLMCall, ToolCall, Event)) for one in trace.entries)
    made = document(payloads, {nodeid: "failed"}, mode="trace", unused=[text])
    return "".join(html_page(made, payloads)), made


def _calm() -> frozenset[str]:
    return frozenset(_Tags(_run("calm", Trace(owner="t", entries=()))[0]).tags) | {"h2", "small", "ul", "li"}


CALM: Final = _calm()
PORTABLE: Final = re.compile(r"(?!(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])\.)[A-Za-z0-9_][A-Za-z0-9._-]*")
METRIC: Final = re.compile(r'# .*|[a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? [-+0-9.e]+')
hostile_texts = st.lists(
    st.sampled_from([bit.decode() for bit in BITS]) | st.text(st.characters(), max_size=8), max_size=4
).map("".join)

TARGETS: Final = (
    of_bytes("terminal text", terminal.__doc__ or "", terminal, lambda: BITS),
    of_bytes("Markdown code", inline_code.__doc__ or "", inline_code, lambda: BITS),
    of_bytes("file names", names.__doc__ or "", names, lambda: [*BITS, b"test_a\x1ftest_A", b"TestA::test[a]\x1ftest"]),
    of_values("reports", reports.__doc__ or "", reports, st.tuples(hostile_texts, traces())),
)
