"""The page as a whole."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.html.assets import policy, program, style
from pytest_llmtrace._report.html.page import html_page
from tests.browser.scenes import HOSTILE, hostile
from tests.unit.report.builders import TEST, chat, payload


class Reader(HTMLParser):
    """What an HTML parser makes of the page: its elements, and the content of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.contents: dict[str, str] = {}
        self._inside: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = (dict(attrs).get("id") or tag) if tag in {"script", "style"} else None

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        if self._inside:
            self.contents[self._inside] = self.contents.get(self._inside, "") + data

    def names(self) -> set[str]:
        return {tag for tag, _ in self.elements}


def test_a_page_is_itself_and_nothing_else():
    """Style, program and data are inside; no element refers to another file, none has a handler or a style."""
    payloads = [payload(TEST, chat(2), with_entries=True)]
    read = Reader("".join(html_page(document(payloads, {TEST: "passed"}, mode="trace"), payloads)))

    assert read.contents["style"] == style()
    assert read.contents["script"] == program()
    assert ("meta", {"http-equiv": "Content-Security-Policy", "content": policy()}) in read.elements
    assert {
        name for _, attributes in read.elements for name in attributes if name.startswith(("on", "style", "src"))
    } == set()
    assert [attributes["href"] for _, attributes in read.elements if "href" in attributes] == ["#main", "#/"]
    run, test = (json.loads(read.contents[name]) for name in ("run", "test-0"))
    assert (run["tests"][0]["name"], run["tests"][0]["trace"], run["pages"]) == ("test_refund", True, [0])
    assert [len(one["turns"]) for one in test["traces"][0]["conversations"]] == [2]


def test_the_same_run_makes_the_same_bytes():
    """Nothing in it comes of the clock or of chance."""
    payloads = [payload(TEST, chat(2), with_entries=True)]
    made = document(payloads, {TEST: "passed"}, mode="trace")
    assert "".join(html_page(made, payloads)) == "".join(html_page(made, payloads))


def test_hostile_texts_make_no_element():
    """Whatever texts a run holds, the page has the elements of its template, and the texts are data."""
    calm = Reader("".join(html_page(document([], {}, mode="trace"), ())))
    read = Reader(hostile())

    assert read.names() - calm.names() <= {"h2", "small", "ul", "li"}
    assert len([tag for tag, _ in read.elements if tag == "script"]) == 4  # run, test-0, values-0, the program
    values = json.loads(read.contents["values-0"])
    assert "\n".join(HOSTILE) in values


def test_without_javascript_the_findings_are_readable():
    """The head and a list of findings are in the page itself, escaped."""
    drift = Drift(
        kind="prompt", conversation="<b>lead</b>", turn=1, path="messages[0].content", golden="x", observed="y"
    )
    text = "".join(html_page(document([payload(TEST, chat(1), drift)], {TEST: "failed"}, mode="trace"), ()))

    plain = re.search(r"<noscript>(.*?)</noscript>", text, re.DOTALL).group(1)
    assert "<li>&lt;b&gt;lead&lt;/b&gt; turn 1 prompt changed (messages[0].content)</li>" in plain
    assert "1 test drifted." in text


def test_without_entries_there_is_a_report_all_the_same():
    """A document alone, as merged from others, makes a report without transcripts."""
    made = document([payload(TEST, chat(2))], {TEST: "passed"}, mode="trace")
    read = Reader("".join(html_page(made, ())))
    assert json.loads(read.contents["test-0"])["traces"] == []
    assert json.loads(read.contents["run"])["tests"][0]["trace"] is False
