"""Tests that already keep their tape with pytest-recording, or with vcrpy by hand."""

import pytest

MARKED = """
    @pytest.mark.vcr
    def test_one(llm_trace):
        assert chat("hello") == "You said: hello"
        assert len(llm_trace.calls) == 1
"""


def test_a_test_marked_vcr_keeps_its_tape_and_gets_a_golden(project):
    """Its own cassette answers; ours is a golden trace alone, and drift fails the test; no network is needed."""
    project.write(MARKED)
    ran = project.record("--record-mode=once")
    assert ran.requests == 1
    names = sorted(project.cassettes())
    assert names == ["cassettes/test_it/test_one.trace.yaml", "cassettes/test_it/test_one.yaml"]
    project.provider.stop()
    replayed = project.replay("--block-network")
    assert replayed.exit == 0, replayed.text
    row = replayed.test("test_one")
    assert (row["calls"], row["live_calls"], row["findings"]) == (1, 0, [])
    project.edit('"hello")', '"hallo")')
    project.edit('== "You said: hello"', "")
    drifted = project.replay()
    drifted.outcomes(failed=1)
    assert drifted.findings("test_one") == [("drift", "user")]


def test_live_traffic_of_another_cassette_in_trace_mode_is_reported(project):
    """`--record-mode=all` beside --llm-trace calls the provider: a bypass, not a pass."""
    project.write(MARKED)
    project.record("--record-mode=once")
    ran = project.run("--llm-trace", "--record-mode=all")
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("bypass", None)]


BY_BODY = """
    @pytest.fixture
    def vcr_config():
        return {"match_on": ["method", "uri", "body"]}

    @pytest.mark.vcr
    def test_one():
        chat("first")
        chat("hello")
"""


def test_a_request_that_the_cassette_of_a_marked_test_refuses_is_drift(project):
    """Instead of "Connection error" after retries, the turn and the field; the command records both cassettes anew."""
    project.write(BY_BODY)
    project.record("--record-mode=once")
    project.edit('"hello"', '"hallo"')
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("drift", "user")]
    assert "CannotOverwrite" not in ran.text
    accept = '--llm-record --record-mode=rewrite "test_it.py::test_one"'
    assert f"  accept  pytest {accept}\n          2 live calls, about $" in ran.text
    assert project.record("--record-mode=rewrite").requests == 2
    assert project.replay().exit == 0


def test_a_marked_test_whose_cassette_is_gone_is_told_so(project):
    """The golden trace says what the test sends, and nothing answers it."""
    project.write(BY_BODY)
    project.record("--record-mode=once")
    (project.path / "cassettes/test_it/test_one.yaml").unlink()
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("miss", None)]
    assert "      cassettes/test_it/test_one.yaml does not exist" in ran.text


def test_without_a_golden_trace_a_marked_test_fails_as_it_always_did(project):
    """There is nothing to compare with: vcrpy's own exception stands, and recording is proposed for what was seen."""
    project.write(BY_BODY)
    project.run("--llm-off", "--record-mode=once")
    project.edit('"hello"', '"hallo"')
    ran = project.replay()
    ran.outcomes(failed=1)
    assert ran.findings("test_one") == [("no_cassette", None)]
    assert "CannotOverwriteExistingCassetteException" in ran.text


def test_with_recording_disabled_the_marked_test_is_ours(project):
    """`--disable-recording` takes pytest-recording away: its cassette serves as the tape, and ours is written."""
    project.write(MARKED)
    project.run("--llm-off", "--record-mode=once")
    ran = project.record("--disable-recording")
    assert ran.requests == 0
    assert "cassettes/test_it/test_one.tape.json" in project.cassettes()
    project.provider.stop()
    assert project.replay("--disable-recording").exit == 0


def test_what_another_cassette_records_counts_for_budgets(project):
    """pytest-recording goes live for the first test; the second one, ours, may spend no more."""
    project.write(MARKED + "\n    def test_two():\n        chat('hi')\n")
    ran = project.run("--llm-record", "--record-mode=once", "--llm-budget-tokens=1")
    ran.outcomes(passed=1, failed=1)
    assert ran.requests == 1


def test_a_vcr_cassette_used_by_hand_is_traced_too(project):
    """`vcr.use_cassette` in a test goes on working, and its calls are in the trace."""
    pytest.importorskip("vcr")
    project.write(
        """
        import vcr

        def test_one(llm_trace):
            with vcr.use_cassette("own.yaml", record_mode="once"):
                assert chat("hello") == "You said: hello"
            assert len(llm_trace.calls) == 1
        """
    )
    assert project.record().requests == 1
    assert sorted(project.cassettes()) == ["cassettes/test_it/test_one.trace.yaml"]
    project.provider.stop()
    assert project.replay().exit == 0


@pytest.mark.parametrize("mode", ["--llm-record", "--llm-trace"])
def test_mocks_of_respx_and_httpx_are_left_alone(project, mode):
    """What a mock answers is neither recorded nor replayed, and the mock is really called."""
    pytest.importorskip("respx")
    project.write(
        """
        import httpx
        import respx

        ANSWER = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "mocked"}, "finish_reason": "stop"}]}

        @respx.mock
        def test_respx():
            route = respx.post(url__regex=".*chat/completions").mock(return_value=httpx.Response(200, json=ANSWER))
            answer = httpx.post("https://api.openai.com/v1/chat/completions", json={"model": "m", "messages": []})
            assert answer.json() == ANSWER
            assert route.called

        def test_mock_transport():
            transport = httpx.MockTransport(lambda request: httpx.Response(200, json=ANSWER))
            client = openai.OpenAI(base_url="http://llm.internal/v1", api_key="x",
                                   http_client=httpx.Client(transport=transport))
            answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
            assert answer.choices[0].message.content == "mocked"
        """
    )
    ran = project.run(mode)
    ran.outcomes(passed=2)
    assert (ran.requests, project.cassettes(), ran.report["tests"]) == (0, {}, [])
