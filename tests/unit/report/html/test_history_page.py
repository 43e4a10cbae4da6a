"""The page of a history."""

from __future__ import annotations

import json

from pytest_llmtrace._model.trend import Trend
from pytest_llmtrace._report.html.assets import HISTORY_PROGRAMS, HISTORY_STYLES, policy, program, style
from pytest_llmtrace._report.html.history_page import history_page
from tests.browser.scenes import HOSTILE
from tests.unit.model import trends
from tests.unit.model.trends import measured, past_runs
from tests.unit.report.html.test_page import Reader


def read(*, name="test_a.py::test_a", project="acme/shop", url="https://host/pull/1"):
    """The elements of a page with one test."""
    test = trends.test_trend(name, measured(0, "0.1"), measured(1, None, {"prompt": 2}))
    made = Trend(project=project, runs=past_runs(2, change_url=url), tests=(test,))
    assert "".join(history_page(made)) == "".join(history_page(made))
    return Reader("".join(history_page(made)))


def test_a_page_is_itself_and_nothing_else():
    """Style, program and data are inside; nothing is loaded, no element has a handler or a style."""
    page = read()
    assert page.contents["style"] == style(HISTORY_STYLES)
    assert page.contents["script"] == program(HISTORY_PROGRAMS)
    allowed = {"http-equiv": "Content-Security-Policy", "content": policy(HISTORY_STYLES, HISTORY_PROGRAMS)}
    assert ("meta", allowed) in page.elements
    attributes = [(name, value) for _, found in page.elements for name, value in found.items()]
    assert [one for one in attributes if one[0].startswith(("on", "style", "src"))] == []
    assert [value for name, value in attributes if name == "href"] == ["#main", "#/"]


def test_the_data_says_what_each_test_did():
    """An unknown cost is null; a run has the link of its pull request, where that is one."""
    page = read()
    history, test = json.loads(page.contents["history"]), json.loads(page.contents["test-0"])
    assert history["runs"][0] == {
        "name": "c000000",
        "day": "2026-01-01",
        "branch": "main",
        "mode": "trace",
        "url": "https://host/pull/1",
    }
    assert history["steps"]["cost"] == [0.1, None]
    assert history["steps"]["unpriced"] == [0, 1]
    assert (test["cost"], test["drift"], test["kinds"]) == ([0.1, None], [0, 2], ["", "prompt (2)"])
    assert "url" not in json.loads(read(url="javascript:alert(1)").contents["history"])["runs"][0]


def test_hostile_names_make_no_element():
    """Whatever a test or a project is called, the page has the elements of its template."""
    calm, hostile = read(), read(name="".join(HOSTILE), project="".join(HOSTILE))
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in calm.elements]
