"""What was said stays out of files and reports: `llm_privacy` and `llm_tapes`."""

import json

import pytest

KEY = "correct horse battery staple"
PROMPT = "You treat the patient Ada Lovelace."
QUESTION = "Does the rash hurt at night?"
ORDER = "lisinopril ten milligrams"
RESULT = "interacts with potassium"
PLANTED = [PROMPT, QUESTION, ORDER, RESULT, "Ada Lovelace", "rash", "lisinopril", "potassium"]

AGENT = f"""
    import json
    import pytest_llmtrace as llmtrace

    TOOL = {{"type": "function", "function": {{"name": "check", "description": "Checks Ada Lovelace's drugs.",
            "parameters": {{"type": "object", "properties": {{"drug": {{"type": "string"}}}}}}}}}}

    @llmtrace.tool
    def check(drug):
        return {{"warning": "{RESULT}"}}

    def agent(question):
        answer = chat({{"role": "system", "content": "{PROMPT}"}}, question, tools=[TOOL], stop=["Ada Lovelace"])
        found = check("{ORDER}")
        llmtrace.event("looked", {{"about": "{ORDER}"}})
        return chat({{"role": "system", "content": "{PROMPT}"}}, question,
                    {{"role": "assistant", "tool_calls": [{{"id": "c1", "type": "function",
                      "function": {{"name": "check", "arguments": json.dumps({{"drug": "{ORDER}"}})}}}}]}},
                    {{"role": "tool", "tool_call_id": "c1", "content": json.dumps(found)}}, tools=[TOOL])

    def test_agent(llm_trace):
        agent("{QUESTION}")
        assert llm_trace.calls[0].messages[0].content == "{PROMPT}"  # in the test itself the texts are there
"""


@pytest.fixture
def hashed(project, monkeypatch):
    """A project with digests in place of texts, and encrypted tapes."""
    monkeypatch.setenv("LLMTRACE_KEY", KEY)
    return with_ini(project, privacy="hash", tapes="encrypted")


def with_ini(project, **values):
    """The project with these `llm_` settings."""
    lines = [f"llm_{name} = {value}" for name, value in values.items()]
    project.pytester.makeini("\n".join(["[pytest]", *lines, ""]))
    return project


def assert_private(project, *texts):
    """No planted text is in a file that a run wrote, nor in these texts."""
    written = {path.name: path.read_bytes() for path in project.path.rglob("*") if path.is_file()}
    sources = {"test_it.py"}
    for name, content in [*written.items(), *(("terminal", text.encode()) for text in texts)]:
        if name not in sources:
            assert [text for text in PLANTED if text.encode() in content] == [], name


def every_report(project):
    """Options for every kind of report."""
    return [f"--llm-report={project.path / name}" for name in ("all.jsonl", "all.md", "all.html")] + [
        f"--junitxml={project.path / 'junit.xml'}"
    ]


def test_recording_and_replay_work_and_no_text_is_in_any_file(hashed):
    """With digests and encrypted tapes a test records, replays offline and passes, and nothing says what was said."""
    hashed.write(AGENT)
    recorded = hashed.record("-v", *every_report(hashed))
    assert recorded.requests == 2
    assert_private(hashed, recorded.text)
    assert sorted(hashed.cassettes()) == [
        "cassettes/test_it/test_agent.tape.json",
        "cassettes/test_it/test_agent.trace.yaml",
    ]
    replayed = hashed.replay("-v", *every_report(hashed))
    replayed.outcomes(passed=1)
    assert replayed.test("test_agent")["findings"] == []
    assert_private(hashed, replayed.text)


def test_the_golden_trace_keeps_its_structure(hashed):
    """Roles, tools, parameters, names of arguments, models and tokens are readable, texts are digests and sizes."""
    hashed.write(AGENT)
    hashed.record()
    golden = hashed.cassettes()["cassettes/test_it/test_agent.trace.yaml"].decode()
    lines = [line.strip() for line in golden.splitlines()]
    assert [line for line in lines if line.startswith("privacy: hmac-sha256@")] != []
    assert f"({len(PROMPT)} chars)" in next(line for line in lines if line.startswith("- system: hmac:"))
    assert any(line.startswith('- call_1: check(drug="hmac:') for line in lines)
    assert any(line.startswith('- tool: check(drug="hmac:') for line in lines)
    assert "- model: openai/gpt-4o-mini" in lines


def test_recording_again_changes_no_byte(hashed):
    """Neither the golden trace nor the encrypted tape differs when the same is recorded again, live or not."""
    hashed.write(AGENT)
    hashed.record()
    before = hashed.cassettes()
    assert hashed.record().requests == 0
    assert hashed.cassettes() == before
    assert hashed.record("--llm-record-mode=all").requests == 2
    assert hashed.cassettes() == before


def test_drift_names_turn_field_and_kind_and_no_text(hashed):
    """A changed prompt is found by its digest; terminal and reports say where, and that the texts are private."""
    hashed.write(AGENT)
    hashed.record()
    hashed.edit("You treat the patient Ada Lovelace.", "You treat nobody.")
    ran = hashed.replay("-v", *every_report(hashed))
    ran.outcomes(failed=1)
    (drift,) = ran.test("test_agent")["findings"]
    assert (drift["kind"], drift["turn"], drift["path"], drift["role"]) == (
        "prompt",
        1,
        "messages[0].content",
        "system",
    )
    assert drift["golden"].endswith(f" ({len(PROMPT)} chars)")
    assert drift["observed"].endswith(" (17 chars)")
    assert "messages[0].content (system, private)" in ran.text
    assert "shown as digests and sizes (llm_privacy = hash)" in ran.text
    assert_private(hashed, ran.text)


def test_drift_that_a_recording_accepts_is_private_too(hashed):
    """Recording a changed prompt lists where it changed; the tape and the golden trace are replaced."""
    hashed.write(AGENT)
    hashed.record()
    hashed.edit("You treat the patient Ada Lovelace.", "You treat nobody.")
    ran = hashed.record("-v", *every_report(hashed))
    assert ran.requests == 2
    assert ran.findings("test_agent") == [("drift", "prompt")]
    assert_private(hashed, ran.text)
    hashed.replay().outcomes(passed=1)


def test_the_repr_of_the_trace_in_a_failed_assertion_is_private(hashed):
    """Pytest prints the fixture where an assertion about it fails; it shows digests."""
    hashed.write("def test_one(llm_trace):\n    chat('Does the rash hurt?')\n    assert llm_trace == 1, 'no'\n")
    ran = hashed.run("--llm-record", "--tb=line")
    ran.outcomes(failed=1)
    hashed.write(
        "SAID = ['Does the rash hurt?']\ndef test_one(llm_trace):\n    chat(*SAID)\n    assert llm_trace == 1\n"
    )
    ran = hashed.run("--llm-record")
    assert "<Trace test_it.py::test_one: 1 call" in ran.text
    assert "user: hmac:" in ran.text
    assert "rash" not in ran.text.replace("SAID = ['Does the rash hurt?']", "")


def test_normalisation_comes_before_the_digest(hashed):
    """A date that a rule absorbs is no drift, although both texts are digests; without the rule it would be."""
    hashed.write("def test_one():\n    chat('It is 2026-03-01.')\n")
    with_ini(hashed, privacy="hash", tapes="encrypted", normalize="date")
    hashed.record()
    before = hashed.cassettes()
    hashed.edit("2026-03-01", "2026-03-02")
    hashed.replay().outcomes(passed=1)
    assert hashed.record().requests == 0
    golden = "cassettes/test_it/test_one.trace.yaml"
    assert hashed.cassettes()[golden] == before[golden]
    hashed.edit("It is", "It was")
    ran = hashed.replay()
    assert ran.findings("test_one") == [("drift", "user")]


def test_rules_do_not_reach_into_digests(hashed):
    """Rules that would match a digest or a size make no two texts equal."""
    with_ini(hashed, privacy="hash", tapes="encrypted", normalize="\n    hex\n    number\n    /[0-9a-f]/")
    hashed.write("def test_one():\n    chat('Yes, today.')\n")
    hashed.record()
    hashed.edit("Yes, today.", "No, never ever.")
    assert hashed.replay().findings("test_one") == [("drift", "user")]


def test_texts_that_were_recorded_openly_are_compared_and_then_replaced(project, monkeypatch):
    """Switching privacy on: old golden traces and tapes still hold, and recording rewrites them at no cost."""
    project.write(AGENT)
    project.record()
    open_files = project.cassettes()
    monkeypatch.setenv("LLMTRACE_KEY", KEY)
    with_ini(project, privacy="hash", tapes="encrypted")
    project.replay().outcomes(passed=1)
    ran = project.record()
    assert (ran.requests, ran.findings("test_agent")) == (0, [])
    assert_private(project, ran.text)
    project.replay().outcomes(passed=1)
    with_ini(project)
    project.replay().outcomes(passed=1)
    assert project.record().requests == 0
    assert project.cassettes() == open_files


def test_another_key_is_an_error_that_names_file_and_variable(hashed, monkeypatch):
    """Neither replay nor recording goes on with a key that does not fit, or without one."""
    hashed.write(AGENT)
    hashed.record()
    before = hashed.cassettes()
    for key, message in (("another", "with another key than the one in LLMTRACE_KEY"), ("", "LLMTRACE_KEY is not set")):
        monkeypatch.setenv("LLMTRACE_KEY", key)
        ran = hashed.replay()
        assert ran.exit == 1
        assert message in ran.text
        assert "test_agent.tape.json" in ran.text
    monkeypatch.setenv("LLMTRACE_KEY", "another")
    ran = hashed.run("--llm-record")
    assert (ran.exit, ran.requests) == (1, 0)
    assert "with another key" in ran.text
    assert hashed.cassettes() == before


def test_digests_of_another_key_are_an_error_before_money_is_spent(project, monkeypatch):
    """Without tapes the golden trace says which key it needs; nothing seems to have drifted, and nothing is called."""
    monkeypatch.setenv("LLMTRACE_KEY", KEY)
    hashed = with_ini(project, privacy="hash", tapes="off")
    hashed.write(AGENT)
    hashed.record()
    hashed.run("--llm-live").outcomes(passed=1)
    monkeypatch.setenv("LLMTRACE_KEY", "another")
    ran = hashed.run("--llm-live")
    assert (ran.exit, ran.requests) == (1, 0)
    assert "holds digests that were made with another key" in ran.text
    assert "test_agent.trace.yaml" in ran.text


def test_a_journal_is_encrypted_and_pays_for_the_next_recording(hashed):
    """What a failed recording paid for is kept, unreadable, and the next one is answered from it."""
    hashed.write("SAID = 'Does the rash hurt?'\ndef test_one():\n    chat(SAID)\n    assert not SAID\n")
    assert hashed.run("--llm-record", "--tb=no").requests == 1
    (journal,) = hashed.cassettes().items()
    assert journal[0].endswith(".journal.jsonl")
    assert b"rash" not in journal[1]
    hashed.edit("    assert not SAID\n", "")
    assert hashed.record().requests == 0
    assert [name for name in hashed.cassettes() if "journal" in name] == []


def test_a_renamed_test_keeps_what_was_paid_for(hashed):
    """A moved tape is refused by replay, since it is bound to its test; recording takes it over without a call."""
    hashed.write("def test_one():\n    chat('hi')\n")
    hashed.record()
    for file in (hashed.path / "cassettes/test_it").iterdir():
        file.rename(file.with_name(file.name.replace("test_one", "test_two")))
    hashed.edit("test_one", "test_two")
    ran = hashed.replay()
    assert "it is the encrypted tape of another test, test_it.py::test_one" in ran.text
    assert hashed.record().requests == 0
    hashed.replay().outcomes(passed=1)


def test_without_tapes_only_goldens_are_written(project):
    """`llm_tapes = off`: nothing but a golden trace of digests; --llm-live compares it, replay says why it cannot."""
    with_ini(project, privacy="hash", tapes="off")
    project.write(AGENT)
    recorded = project.record(*every_report(project))
    assert recorded.requests == 2
    assert list(project.cassettes()) == ["cassettes/test_it/test_agent.trace.yaml"]
    assert b"privacy: sha256\n" in project.cassettes()["cassettes/test_it/test_agent.trace.yaml"]
    assert_private(project, recorded.text)
    live = project.run("--llm-live", *every_report(project))
    live.outcomes(passed=1)
    ran = project.replay(*every_report(project))
    ran.outcomes(failed=1)
    (finding,) = ran.test("test_agent")["findings"]
    assert (finding["type"], finding["tapes_off"]) == ("no_cassette", True)
    assert "made an LLM call that nothing can replay: tapes are off" in ran.text
    assert 'pytest --llm-live "test_it.py::test_agent"' in ran.text
    assert "pytest --llm-record" not in ran.text
    assert_private(project, live.text, ran.text)


def test_a_failed_recording_without_tapes_leaves_nothing(project):
    """Without tapes there is no journal either: no text, and nothing to continue from."""
    with_ini(project, privacy="hash", tapes="off")
    project.write("SAID = 'Does the rash hurt?'\ndef test_one():\n    chat(SAID)\n    assert not SAID\n")
    project.run("--llm-record", "--tb=no").outcomes(failed=1)
    assert project.cassettes() == {}


def test_switching_tapes_off_removes_them_at_no_cost(project):
    """A tape from before answers the recording that removes it, and no replay."""
    project.write("def test_one():\n    chat('hi')\n")
    project.record()
    with_ini(project, tapes="off")
    ran = project.replay()
    assert ran.test("test_one")["findings"][0]["tapes_off"] is True
    assert ran.report["unused"] == ["cassettes/test_it/test_one.tape.json"]
    assert project.record().requests == 0
    assert list(project.cassettes()) == ["cassettes/test_it/test_one.trace.yaml"]


def test_calls_without_http_are_replayed_without_tapes(project):
    """What never reaches HTTP is compared in trace mode although there is no tape."""
    with_ini(project, privacy="hash", tapes="off")
    project.write(
        """
        import pytest_llmtrace as llmtrace

        def test_one():
            with llmtrace.call(provider="acme", model="m1", messages=[{"role": "user", "content": "rash?"}]) as call:
                call.output = "potassium"
        """
    )
    project.record()
    project.replay().outcomes(passed=1)
    project.edit("potassium", "sodium")
    ran = project.replay()
    assert ran.findings("test_one") == [("drift", "output")]
    assert_private(project, ran.text)


def test_live_drift_is_private(project):
    """Real calls are compared with digests, and what differs is told as digests."""
    with_ini(project, privacy="hash", tapes="off")
    project.write("@pytest.mark.llm_trace(policy='exact')\ndef test_one():\n    chat('Does the rash hurt?')\n")
    project.record()
    project.edit("hurt?", "itch at night?")
    ran = project.run("--llm-live", *every_report(project))
    assert ran.findings("test_one") == [("drift", "user"), ("drift", "output")]
    assert_private(project, ran.text)


def test_the_golden_trace_of_a_fixture_does_not_depend_on_the_first_test(hashed):
    """Rules of a test's marker are not those of a session fixture: whichever test comes first, it is the same."""
    hashed.write(
        """
        @pytest.fixture(scope="session")
        def greeting():
            return chat("It is 2026-03-01.")

        @pytest.mark.llm_trace(normalize=["date"])
        def test_one(greeting):
            assert greeting

        def test_two(greeting):
            assert greeting
        """
    )
    hashed.record("-k", "one")
    before = hashed.cassettes()
    assert hashed.record("-k", "two").requests == 0
    assert hashed.cassettes() == before
    hashed.replay().outcomes(passed=2)


def test_a_cassette_of_another_plugin_is_theirs_and_the_golden_trace_private(hashed):
    """Where pytest-recording keeps the tape, ours is the golden trace, and it holds digests."""
    hashed.write("@pytest.mark.vcr\ndef test_one():\n    chat('Does the rash hurt?')\n")
    hashed.run("--llm-record", "--record-mode=once").outcomes(passed=1)
    golden = hashed.cassettes()["cassettes/test_it/test_one.trace.yaml"]
    assert b"rash" not in golden
    assert b"privacy: hmac-sha256@" in golden
    hashed.replay().outcomes(passed=1)


def test_requests_that_are_no_llm_calls_are_private_too(hashed):
    """A search whose words changed is a miss; neither its URL nor its body is told."""
    hashed.write(
        """
        import httpx

        WORDS = "rash at night"

        def test_one():
            chat("hi")
            httpx.get(ROOT + "/search/rash", params={"q": WORDS})
        """.replace("ROOT", repr(hashed.provider.openai_url.rpartition("/")[0]))
    )
    ran = hashed.run("--llm-record", "--tb=no")
    hashed.edit('WORDS = "rash at night"', 'WORDS = "lisinopril"')
    ran = hashed.run("--llm-trace", *every_report(hashed))
    assert [kind for kind, _ in ran.findings("test_one")][:1] == ["miss"]
    assert_private(hashed, ran.text)


def test_settings_that_do_not_go_together_are_usage_errors(project):
    """Digests beside plain tapes would be a false promise: it is said before any test runs, with both ways out."""
    with_ini(project, privacy="hash")
    project.write("def test_one():\n    chat('hi')\n")
    ran = project.run()
    assert ran.exit == pytest.ExitCode.USAGE_ERROR
    said = " ".join(ran.result.stderr.str().split())
    assert "Either set llm_tapes = encrypted" in said
    assert "or set llm_tapes = off" in said
    assert ran.requests == 0


def test_plain_runs_need_no_key(hashed, monkeypatch):
    """Without a mode nothing is read or written, so nobody needs the key."""
    monkeypatch.delenv("LLMTRACE_KEY")
    hashed.write("def test_one():\n    chat('hi')\n")
    hashed.run().outcomes(passed=1)


def test_the_tape_shows_owner_providers_and_totals_without_the_key(hashed):
    """What placeholder keys and budgets need is in clear; the rest is one encrypted block."""
    hashed.write(AGENT)
    hashed.record()
    tape = json.loads(hashed.cassettes()["cassettes/test_it/test_agent.tape.json"])
    assert sorted(tape) == ["encrypted", "llmtrace", "meta"]
    assert sorted(tape["meta"]) == ["behaviour", "golden", "providers", "test", "totals"]
    assert (tape["meta"]["providers"], tape["meta"]["totals"]["calls"]) == (["openai"], 2)
    assert tape["encrypted"]["algorithm"] == "AES-256-SIV"
