"""Frameworks that report their own traces while a test runs."""

import json


def test_what_a_framework_reports_of_itself_is_on_no_tape_and_no_miss(project):
    """OpenAI Agents sends its traces to OpenAI: while recording they go out as ever, a replay says that all is well."""
    project.write(
        f"""
        import requests

        def test_agent():
            assert chat("hi") == "You said: hi"
            report = {{"data": [{{"object": "trace"}}]}}
            print("reported:", requests.post({project.provider.url!r} + "/v1/traces/ingest", json=report).status_code)

        def test_in_replay_alone(request):
            if request.config.getoption("--llm-trace"):
                import httpx
                assert chat("ho") == "You said: ho"
                assert httpx.post("https://api.openai.com/v1/traces/ingest", json={{}}).json() == {{}}
            else:
                assert chat("ho") == "You said: ho"
        """
    )
    recorded = project.record("-rP")
    assert "reported: 404" in recorded.text
    assert recorded.requests == 3
    tape = json.loads(project.cassettes()["cassettes/test_it/test_agent.tape.json"])
    assert [one["request"]["url"].rpartition("/v1")[2] for one in tape["interactions"]] == ["/chat/completions"]
    replayed = project.replay("-rP")
    assert replayed.exit == 0, replayed.text
    assert "reported: 200" in replayed.text
    assert [row["findings"] for row in replayed.report["tests"]] == [[], []]
