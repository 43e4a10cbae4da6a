"""What pytest itself shows of a run that failed (logs, locals, reports): nothing of ours adds a secret to it."""

from __future__ import annotations

import logging

import pytest

from pytest_llmtrace._model.http import HttpRequest, HttpResponse

KEY = "sk-proj-4f9Kq2ZrT8bLmXw7Vn3Hs6Yd1Gc5Jp0A"


def test_no_key_is_in_what_pytest_shows_of_a_failure(project, monkeypatch):
    """Logs at DEBUG, local variables of our frames, JUnit: the application's own key is not there."""
    monkeypatch.setenv("SOME_VALUE", KEY)
    project.write(
        f"""
        import http.client, json, os

        def ask(port):
            client = http.client.HTTPConnection("127.0.0.1", port)
            body = json.dumps({{"model": "m1", "messages": [{{"role": "user", "content": "hello"}}]}})
            key = os.environ["SOME_VALUE"]
            client.request("POST", f"/v1/chat/completions?key={{key}}", body, {{"authorization": f"Bearer {{key}}"}})
            key = body = ""
            client.getresponse()

        def test_answered():
            ask({int(project.provider.url.rpartition(":")[2])})
            raise RuntimeError("no")

        def test_refused():
            ask(9)
        """
    )
    options = ("--log-level=DEBUG", "--showlocals", "--tb=long", "--junitxml=junit.xml", "-o", "junit_logging=all")
    ran = project.run("--llm-record", *options)
    ran.outcomes(failed=2)
    assert "Captured log" not in ran.text
    ours = [line for line in ran.text.splitlines() if KEY in line and "vcr" not in line]
    assert [line for line in ours if "HttpRequest" in line or "exchange" in line] == []
    assert all(KEY not in path.read_text("utf-8") for path in project.path.glob("report*"))
    assert all(KEY.encode() not in content for content in project.cassettes().values())


def test_requests_and_answers_show_neither_headers_nor_queries() -> None:
    """They are local variables of our frames before they are redacted."""
    headers = (("authorization", f"Bearer {KEY}"), ("x", "y"))
    request = HttpRequest(method="POST", url=f"https://ann:{KEY}@api.example.com/v1?key={KEY}", headers=headers)
    assert repr(request) == "<HttpRequest POST api.example.com/v1, 2 headers>"
    assert repr(HttpResponse(status=200, headers=headers, body=KEY.encode())) == "<HttpResponse 200, 2 headers>"


@pytest.mark.parametrize("level", [None, "DEBUG"])
def test_the_log_of_vcrpy_is_silent_unless_somebody_set_it_up(project, level, request):
    """It would show the address of each request, keys included, to whoever turns logging on."""
    request.addfinalizer(lambda: logging.getLogger("vcr").setLevel(logging.NOTSET))  # of this process, too
    project.write(
        f"""
        import logging, urllib.request

        def test_one():
            if {level!r}:
                logging.getLogger("vcr").setLevel({level!r})
            body = b'{{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": "hi"}}]}}'
            headers = {{"content-type": "application/json"}}
            url = {project.provider.openai_url!r} + "/chat/completions"
            urllib.request.urlopen(urllib.request.Request(url, body, headers))
            assert False
        """
    )
    assert ("Invoking Request" in project.run("--llm-record", "--log-level=DEBUG").text) is (level is not None)
