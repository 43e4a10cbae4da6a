"""Calls of an LLM that no test makes are said, and in replay they make the run fail."""

from __future__ import annotations

CONFTEST = """
    import http.client, json, os

    def pytest_sessionfinish(session):
        if os.environ.get("STRAY") is None:
            return
        place, _, port = os.environ["STRAY"].partition(":")
        client = (http.client.HTTPConnection if port else http.client.HTTPSConnection)(place, int(port or 443))
        body = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "late"}]})
        try:
            client.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
            client.getresponse()
        except BaseException as error:
            print(type(error).__name__, error)
"""


def test_a_call_outside_of_any_test_is_no_secret(project, monkeypatch):
    """Recording lets it through and says that it is in no total; replay stops it, and fails."""
    project.write(CONFTEST, "conftest.py", prelude=False)
    project.write("def test_one():\n    chat('hello')\n")
    monkeypatch.setenv("STRAY", project.provider.url.partition("//")[2])
    ran = project.record()
    assert ran.requests == 2
    assert ran.report["totals"]["live_calls"] == 1
    said = f"POST {project.provider.url}/v1/chat/completions was sent outside of any test: it is in no recording"
    assert said in " ".join(ran.text.split())
    monkeypatch.setenv("STRAY", "api.openai.com")
    ran = project.replay()
    ran.outcomes(passed=1)
    assert (ran.exit, ran.report["exit"]) == (1, "failed")
    assert "POST https://api.openai.com/v1/chat/completions was sent outside of any test, and stopped" in " ".join(
        ran.text.split()
    )
    monkeypatch.delenv("STRAY")
    assert project.replay().exit == 0


OUTLIVES = """
    import threading
    go = threading.Event()

    def late():
        go.wait()
        try:
            chat("late")
        except BaseException:
            pass

    thread = threading.Thread(target=late, name="late one")

    def test_that_leaves_it():
        thread.start()

    def test_next():
        go.set()
        thread.join()
"""


def test_a_call_of_a_thread_that_outlived_its_test_names_the_thread(project):
    """It fails the test that runs by then; the way out is to end the thread, not to record what it does there."""
    project.write(OUTLIVES)
    ran = project.replay()
    ran.outcomes(passed=1, failed=1)
    assert ran.findings("test_next") == [("no_cassette", None)]
    said = "thread late one sent it and is older than the test: one of an earlier test must end there"
    assert said in " ".join(ran.text.split())
