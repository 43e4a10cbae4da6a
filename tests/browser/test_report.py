"""The HTML report in a browser: opened from disk, read, filtered, driven by keys, attacked."""

from __future__ import annotations

import re
import time

from tests.browser.scenes import HOSTILE


def test_overview_says_what_was_found_and_what_it_cost(report):
    """The verdict, each cause once with its tests and its difference, the breached budget, the dearest tests."""
    page = report("mixed")

    assert page.texts("h1") == ["2 tests drifted, 1 test failed for other reasons and the run is over budget."]
    assert page.texts(".cause-line") == ["prompt changed"]
    assert page.texts(".cause-count") == ["in 2 tests"]
    assert page.texts(".cause del, .cause ins") == ["Answer in one line."]
    assert page.texts(".cause-tests a")[0].startswith("test_refund")
    assert page.texts(".breach") == ["cost $0.0042 of $0.001 allowed420 %"]
    assert page.texts(".chart h2") == ["Cost by model", "Cost by agent", "Cost by testgolden"]
    assert page.tab.locator("#side").evaluate("side => side.scrollWidth <= side.clientWidth")
    assert page.texts(".bars-tests .bar-name") == ["test_mixture", "test_refund", "test_calm[red-1]"]


def test_tests_are_filtered(report):
    """Text, outcome, finding and model narrow the list down; transcripts are searched where that is asked for."""
    page = report("mixed")
    tab = page.tab
    names = [
        "test_refund",
        "test_stopped",
        "test_retries",
        "test_calm[red-1]",
        "test_mixture",
    ]
    assert page.texts(".test-name") == names

    tab.get_by_role("searchbox").fill("REFUND prompt")
    assert page.texts(".test-name") == ["test_refund"]
    assert page.texts("#list-count") == ["1 of 5 tests"]
    tab.get_by_role("searchbox").fill("")
    tab.get_by_role("button", name="passed 2").click()
    assert page.texts(".test-name") == ["test_calm[red-1]", "test_mixture"]
    tab.get_by_label("model", exact=True).select_option("openai/claude-sonnet-4-5")
    assert page.texts(".test-name") == ["test_mixture"]
    tab.get_by_label("finding", exact=True).select_option("prompt")
    assert page.texts("#tests li") == ["No test passes this filter."]
    tab.get_by_label("model", exact=True).select_option("")
    tab.get_by_role("button", name="all 5").click()
    assert page.texts(".test-name") == ["test_refund", "test_stopped"]
    tab.get_by_label("finding", exact=True).select_option("")
    tab.get_by_role("searchbox").fill("globex optimist")
    assert page.texts(".test-name") == []
    tab.get_by_label("search in transcripts, too").check()
    assert page.texts(".test-name") == ["test_mixture"]
    tab.get_by_role("searchbox").fill("")
    tab.get_by_label("order", exact=True).select_option("cost")
    assert page.texts(".test-name")[0] == "test_mixture"


def test_a_drift_is_opened_side_by_side_with_the_places_where_it_shows_again(report):
    """Golden stands left of observed with the change marked; each place is a link to its turn, and the turn back."""
    page = report("mixed")
    tab = page.tab
    page.open("test_refund")

    assert page.texts(".diff-row.is-changed > span") == [
        "You are a refund agent.",
        "You are a refund agent. Answer in one line.",
    ]
    old, new = (tab.locator(f".diff-row.is-changed .diff-{side}").bounding_box() for side in ("old", "new"))
    assert old["y"] == new["y"]
    assert old["x"] + old["width"] <= new["x"] + 1
    assert page.texts(".place") == [f"lead turn {number}" for number in range(1, 7)]

    tab.get_by_role("link", name="lead turn 5", exact=True).first.click()
    turn = tab.locator("#t0\\.5")
    page.focused("t0.5")
    assert "Answer 5" in turn.inner_text()
    turn.get_by_role("link", name="prompt, again").click()
    page.focused("f0")
    assert page.texts(".accept code") == ['pytest --llm-record "tests/test_refund.py::test_refund"']


def test_turns_that_were_recorded_and_not_reached_are_shown(report):
    """A test that was stopped at its first request still shows the golden turns, in outline, and the golden side."""
    page = report("mixed")
    page.open("test_stopped")

    assert page.texts(".no-answer") == ["The tape has no answer to this request."]
    assert page.texts(".ghost-note") == ["recorded, not reached"] * 3
    assert page.tab.locator(".block.is-ghost").count() == 3
    page.tab.get_by_role("button", name="golden").click()
    assert page.texts("#t0\\.g1 .said") == ["You are a refund agent.", "Refund order 123", "Answer 1"]
    page.tab.locator(".finding").get_by_role("link", name="lead turn 1").click()
    page.focused("t0.1")


def test_a_call_that_was_not_made_stands_at_its_place(report):
    """Turns after it are paired by what they are: a drift of golden turn 3 leads to the second turn that was made."""
    page = report("odd")
    page.open("test_left_out")
    assert page.texts(".turn-number") == ["turn 1", "turn 2", "turn 2", "turn 3"]
    assert page.texts(".turn.is-ghost .said")[-1] == "Answer 2"
    page.tab.locator(".finding").get_by_role("link", name="lead turn 3").click()
    page.focused("t0.2")
    assert page.texts("#t0\\.2 .tag") == ["output"]
    page.tab.locator(".finding").get_by_role("link", name="lead turn 2").click()
    page.focused("t0.g2")


def test_a_fan_out_is_drawn_in_lanes_and_read_as_a_transcript(report):
    """A lane per agent, members in one step, lines to the aggregator; tools, tokens and cost stand with each turn."""
    page = report("mixed")
    tab = page.tab
    page.open("test_mixture")

    assert page.texts(".lane-names span:not(.dim)") == ["lead", "analyst", "critic", "optimist"]
    boxes = [block.bounding_box() for block in tab.locator(".block rect").all()]
    assert len({round(box["x"]) for box in boxes}) == 3
    assert tab.locator(".bundle").count() == 6
    assert tab.locator(".token-bar").count() == 5
    assert "1,450 → 60" in page.texts(".turn-numbers")[1]
    assert page.texts(".tool-call")[0] == "search_ordersstatuslatesince2026-01-01"
    assert page.texts(".role-tool .who") == ["toolsearch_orders"]
    assert page.texts(".is-beside .tool-name") == ["search_orders", "context summarised"]
    tab.get_by_role("button", name="2 earlier messages").or_(tab.get_by_role("button", name="earlier")).first.click()
    assert "You lead a research team." in tab.locator("#t0\\.2").inner_text()
    tab.get_by_role("button", name="time", exact=True).click()
    wide = [block.bounding_box()["width"] for block in tab.locator(".block rect").all()]
    assert wide == sorted(wide) or len(set(wide)) > 3
    tab.get_by_role("link", name=re.compile("analyst, turn 1")).click()
    page.focused("t1.1")


def test_runs_fixtures_and_tests_without_calls(report):
    """Each run of a repeated test has its transcript; a fixture is a row; without calls the report says why."""
    page = report("odd")
    assert page.texts(".test-row .test-file") == ["t.py", "t.py", "t.py", "fixture"]
    page.open("test_runs")
    assert page.texts(".conversation-head .dim") == ["openai/gpt-4o-mini · 1 turn"]
    page.tab.get_by_role("button", name="run 2").click()
    assert page.texts(".conversation-head .dim") == ["openai/gpt-4o-mini · 3 turns"]
    page.open("fixture session client")
    assert "Answer 1" in page.texts(".turn .said")
    page.open("test_merged")
    assert page.texts(".calm")[0].startswith("This report was made without the calls of its tests")


def test_what_is_printed_is_whole(report):
    """On paper there is no list and no button, sides stay beside each other, and every turn is there."""
    page = report("large")
    page.tab.get_by_role("searchbox").fill("test_case[7]")
    page.open("test_case[7]")
    page.tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.tab.emulate_media(media="print")
    assert page.tab.locator(".turn").count() == 200
    assert not page.tab.locator("#side").is_visible()
    page.tab.emulate_media(media="screen")


def test_the_way_past_the_list(report):
    """The first Tab offers a way past the list of tests, which changes nothing that is shown."""
    page = report("mixed")
    page.open("test_refund")
    page.tab.locator(".skip").focus()
    page.tab.keyboard.press("Enter")
    page.focused("main")
    assert page.texts(".test-title") == ["test_refund"]


def test_the_keyboard_does_all_of_it(report):
    """Tests, turns, findings, filter, help, colours and the way back have keys; in a field they are letters."""
    page = report("mixed")
    tab = page.tab
    keys = tab.keyboard

    keys.press("?")
    assert tab.locator("#help").evaluate("dialog => dialog.open")
    assert page.texts("#help kbd") == ["j", "k", "n", "p", "f", "F", "/", "o", "d", "?"]
    keys.press("Escape")
    keys.press("j")
    assert page.texts(".test-title") == ["test_refund"]
    keys.press("f")
    assert tab.evaluate("document.activeElement.id") == "f0"
    keys.press("n")
    assert tab.evaluate("document.activeElement.id") == "t0.1"
    keys.press("n")
    assert tab.evaluate("document.activeElement.id") == "t0.2"
    keys.press("p")
    assert tab.evaluate("document.activeElement.id") == "t0.1"
    keys.press("j")
    keys.press("k")
    assert page.texts(".test-title") == ["test_refund"]
    keys.press("o")
    assert page.texts(".test-title") == []
    keys.press("/")
    keys.type("jd?")
    assert tab.get_by_role("searchbox").input_value() == "jd?"
    keys.press("Escape")
    keys.press("d")
    assert tab.locator("html").get_attribute("data-theme") == "dark"
    tab.get_by_role("button", name="Switch between light and dark").click()
    assert tab.locator("html").get_attribute("data-theme") == "light"


def test_hostile_texts_stay_texts(report):
    """No script runs, no element comes of a text, and hidden characters are spelled out, wherever they stand."""
    page = report("hostile")
    for place in ("", "0", "0/f0", "0/t0.1"):
        page.at(place)
        tab = page.tab
        assert tab.locator("img, iframe, object, embed, link, base, form").count() == 0
        assert tab.locator("script:not([type])").count() == 1
        assert (
            tab.evaluate(
                "[...document.querySelectorAll('*')].some(e => [...e.attributes].some(a => /^on/.test(a.name)))"
            )
            is False
        )
    assert HOSTILE[1] in tab.locator("#t0\\.1").inner_text()
    marks = set(page.texts("#t0\\.1 .hidden-character"))
    assert {"\\x1b", "\\u202e", "\\x00", "\\u200b"} <= marks
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_only_the_reports_own_program_may_run(report):
    """The content security policy names one script and one style by hash; what is added to the page is refused."""
    page = report("mixed")
    policy = page.tab.locator("meta[http-equiv='Content-Security-Policy']").get_attribute("content")
    assert re.fullmatch(
        r"default-src 'none'; script-src 'sha256-[\w+/=]{44}'; style-src 'sha256-[\w+/=]{44}'; base-uri 'none'; "
        r"form-action 'none'",
        policy,
    )
    page.tab.evaluate(
        "const added = document.createElement('script'); added.textContent = 'window.ran = true';"
        "document.body.append(added);"
        "document.body.insertAdjacentHTML('beforeend', '<b id=bait onclick=\"window.ran = true\">x</b>');"
        "document.getElementById('bait').click()"
    )
    assert page.tab.evaluate("window.ran === undefined")
    assert len(page.problems) >= 2
    assert all("Content Security Policy" in problem for problem in page.problems)
    page.problems.clear()


def test_a_thousand_tests_and_two_hundred_turns(report):
    """It opens at once, renders what is near, filters as fast as one types, and goes to turn 150 of 200."""
    started = time.monotonic()
    page = report("large")
    tab = page.tab
    assert page.texts("#list-count") == ["1,000 tests"]
    assert tab.locator(".test-row").count() <= 200
    tab.get_by_role("searchbox").fill("test_case[7]")
    assert page.texts(".test-name") == ["test_case[7]"]
    tab.keyboard.press("Escape")
    tab.keyboard.press("j")
    assert tab.locator(".turn").count() < 60
    assert tab.locator(".block").count() == 200
    number = tab.evaluate("location.hash").removeprefix("#/")
    page.at(f"{number}/t0.150")
    assert "Answer 150" in tab.locator("#t0\\.150").inner_text()
    tab.locator("#t0\\.150").get_by_role("button", name="299 earlier messages").click()
    assert tab.locator("#t0\\.150 .is-earlier").count() == 299
    assert time.monotonic() - started < 8


def test_a_phone_and_the_dark(report):
    """On a narrow screen nothing is wider than it, the sides of a drift stand one above the other; dark is kept."""
    page = report("mixed", viewport={"width": 390, "height": 844}, color_scheme="dark")
    tab = page.tab
    for place in ("", "3", "4", "2"):
        page.at(place)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 18, 22)"
    old, new = (tab.locator(f".diff-row.is-changed .diff-{side}").first.bounding_box() for side in ("old", "new"))
    assert old["y"] + old["height"] <= new["y"] + 1
    tab.get_by_role("link", name="All tests").click()
    assert tab.locator(".test-row").first.is_visible()


def test_the_history_of_a_project_over_a_thousand_runs(report):
    """A chart for each test, which keys go along; filters; hostile names stay texts, and links of scripts are none."""
    page = report("history")
    tab = page.tab

    assert page.texts("h1") == [
        '</script><script>alert("script")</script>',
        "All testseach as it was last measured: a run of a few tests is no drop",
    ]
    assert page.texts(".test-cost") == ["$0.002 +100 %", "?", "$0.001"]
    assert len(page.texts("tbody tr")) == 100
    assert tab.locator("tbody a").count() == 0
    tab.keyboard.press("j")
    page.wait_for("() => document.querySelector('.history-title').firstChild.textContent.startsWith('test')")
    assert page.texts(".line-scale span") == ["$0.002", "$0.001", "0"]
    tab.keyboard.press("c")
    for _ in range(499):
        tab.keyboard.press("ArrowLeft")
    assert page.texts("#read") == ["c000500, 2026-01-21, main: $0.002, 110 tokens, cost +100 %, drift: prompt, passed"]
    assert tab.locator(".line-plot").get_attribute("aria-valuenow") == "501"
    assert tab.locator(".line-mark.is-drift").count() == 2
    tab.get_by_role("button", name="tokens").click()
    assert page.texts(".line-scale span") == ["110", "55", "0"]
    tab.get_by_role("searchbox").fill("hostile")
    assert page.texts("#list-count") == ["1 of 3 tests"]
