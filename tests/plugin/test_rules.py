"""Rules that absorb what is no behaviour: they serve the tape and the comparison alike."""

import pytest

DATED = """
    def test_one():
        assert chat("It is 2026-03-01. Hello.")
        assert chat("It is 2026-03-01. Hello.", "And again.")
"""


def edit_date(project):
    """Another day."""
    project.edit("It is 2026-03-01", "It is 2026-03-02")


def test_the_screen_names_the_rule_that_would_absorb_a_date(project):
    """Where only a date differs, the failure says which rule to write."""
    project.write(DATED)
    project.record()
    edit_date(project)
    ran = project.replay()
    ran.outcomes(failed=1)
    assert "llm_normalize" in ran.text
    assert "date" in ran.text


def test_a_rule_in_the_ini_file_absorbs_it_on_the_tape_and_in_the_golden(project):
    """With `llm_normalize = date` the same recording answers on any day, and nothing drifts."""
    project.write(DATED)
    project.record()
    edit_date(project)
    project.pytester.makeini("[pytest]\nllm_normalize = date\n")
    project.replay().outcomes(passed=1)
    project.edit("Hello.", "Goodbye.")
    assert project.replay().findings("test_one") == [("drift", "user")]


@pytest.mark.parametrize(
    ("marker", "change"),
    [
        ("normalize=['date']", ("It is 2026-03-01", "It is 2026-03-02")),
        ("ignore=['params.temperature']", ("temperature=0.1", "temperature=0.2")),
    ],
)
def test_rules_of_a_marker_hold_for_its_test(project, marker, change):
    """A test's own rules serve its tape and its comparison."""
    project.write(
        f"@pytest.mark.llm_trace({marker})\ndef test_one():\n    chat('It is 2026-03-01.', temperature=0.1)\n"
    )
    project.record()
    project.edit(*change)
    project.replay().outcomes(passed=1)


def test_a_request_that_is_only_spelled_differently_is_answered(project):
    """An SDK that adds nulls and writes a text as parts asks the same: the recording holds, and nothing drifts."""
    project.write(
        """
        import httpx

        CONTENT = "hello"
        EXTRA = {}

        def test_one():
            messages = [{"role": "user", "content": CONTENT, **EXTRA}]
            answer = httpx.post(URL, json={"model": "gpt-4o-mini", "messages": messages})
            assert answer.json()["choices"][0]["message"]["content"] == "You said: hello"
        """.replace("URL", repr(f"{project.provider.openai_url}/chat/completions"))
    )
    project.record()
    project.edit('CONTENT = "hello"', 'CONTENT = [{"type": "text", "text": "hello"}]')
    project.edit("EXTRA = {}", 'EXTRA = {"provider_specific_fields": {"refusal": None}, "tool_calls": None}')
    ran = project.replay()
    ran.outcomes(passed=1)
    assert ran.findings("test_one") == []


def test_a_request_that_means_something_else_is_not(project):
    """Only what is not compared may differ: another temperature is another request."""
    project.write("def test_one():\n    chat('hello', temperature=0.1)\n")
    project.record()
    project.edit("temperature=0.1", "temperature=0.2")
    assert project.replay().findings("test_one") == [("drift", "params")]


def test_a_setting_that_no_trace_shows_is_named_where_it_changed(project):
    """A part of a message asks for something new: that is no call too many, and the screen says what it is."""
    project.write(
        """
        import httpx

        DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a"}}
        MESSAGE = {"role": "user", "content": [DOCUMENT]}
        BETA = "none"

        def test_one():
            body = {"model": "claude-3-5-sonnet", "max_tokens": 9, "messages": [MESSAGE]}
            httpx.post(URL, json=body, headers={"anthropic-version": "2023-06-01", "anthropic-beta": BETA})
        """.replace("URL", repr(project.provider.openai_url.removesuffix("/v1") + "/v1/messages"))
    )
    project.record()
    project.edit('"data": "a"}}', '"data": "a"}, "citations": {"enabled": True}}')
    ran = project.replay()
    assert ran.findings("test_one") == [("miss", None)]
    assert "content[0].citations nothing -> {'enabled': True}" in ran.test("test_one")["findings"][0]["detail"]
    project.edit(', "citations": {"enabled": True}}', "}")
    project.edit('BETA = "none"', 'BETA = "files-api"')
    ran = project.replay()
    assert ran.findings("test_one") == [("miss", None)]
    assert "beta features 'none' -> 'files-api'" in ran.test("test_one")["findings"][0]["detail"]


def test_a_stream_in_place_of_an_answer_in_one_piece_is_named(project):
    """A trace shows no difference, but what was recorded is no stream: that is no call too many."""
    project.write("def test_one():\n    chat('hello', stream=False)\n")
    project.record()
    project.edit("stream=False", "stream=True")
    ran = project.replay()
    assert ran.findings("test_one") == [("miss", None)]
    assert "body.stream False -> True" in ran.test("test_one")["findings"][0]["detail"]


SCORED = """
    def test_one():
        chat("It is 2026-03-01, score 0.5001.")
        chat({"role": "system", "content": '{"tags": ["a", "b"]}'}, "again")
"""
RULES = "[pytest]\nllm_normalize =\n    date\n    number:0.01\n    unordered:messages[*].content.tags\n"


@pytest.mark.parametrize("how", ["changed", "all"])
def test_recording_again_keeps_files_that_differ_by_rules_alone(project, how):
    """Neither golden trace nor tape changes for another day, a near number or another order of a set."""
    project.write(SCORED)
    project.pytester.makeini(RULES)
    project.record()
    files = project.cassettes()
    project.edit("2026-03-01, score 0.5001", "2026-03-02, score 0.5002")
    project.edit('["a", "b"]', '["b", "a"]')
    project.replay().outcomes(passed=1)
    ran = project.record("--llm-record-mode", how)
    assert ran.requests == (2 if how == "all" else 0)
    assert project.cassettes() == files
    project.replay().outcomes(passed=1)
    project.edit("score 0.5002", "score 0.6")
    assert project.replay().findings("test_one") == [("drift", "user")]
    project.record()
    assert project.cassettes() != files


def test_the_report_has_the_rules_ready_to_paste(project):
    """A finding that rules would absorb has them as text for the ini file; pasted, they absorb it."""
    project.write(DATED)
    project.edit("Hello.", "Id 0b8f1c1e-3c1b-4f0e-9a56-0a51b0e7c001.")
    project.record()
    edit_date(project)
    project.edit("0b8f1c1e", "7d0f1c1e")
    ran = project.replay()
    (finding,) = ran.test("test_one")["findings"]
    assert finding["suggestion"] == "[pytest]\nllm_normalize =\n    date\n    uuid"
    assert "        llm_normalize =\n            date\n            uuid\n" in ran.text.replace("\r", "")
    project.pytester.makeini(finding["suggestion"])
    project.replay().outcomes(passed=1)
