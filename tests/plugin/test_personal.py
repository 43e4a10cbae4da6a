"""Personal data stays out of every file, and replay gives the application its own back: `llm_pii` and `llm_redact`."""

import pytest

from tests.plugin.conftest import Project
from tests.provider import Provider

AGENT = """
    import json, threading

    CUSTOMERS = {"Ann@Example.com": "CUST-000017", "ann@example.com": "CUST-000017"}

    def lookup(question):
        tool = {"type": "function", "function": {"name": "find", "parameters": {"type": "object", "properties": {}}}}
        with openai.OpenAI(base_url=URL, api_key="sk-plugin-0123456789", max_retries=0) as client:
            said = [{"role": "user", "content": question}]
            ask = lambda: client.chat.completions.create(model="gpt-4o-mini", messages=said, tools=[tool])
            asked = ask().choices[0].message
            called = asked.tool_calls[0].function
            found = CUSTOMERS[json.loads(called.arguments)["email"]]
            said.append(asked.model_dump(exclude_none=True))
            said.append({"role": "tool", "tool_call_id": asked.tool_calls[0].id, "content": found})
            return ask().choices[0].message.content

    def test_agent(llm_trace):
        answer = lookup("Who is Ann@Example.com, phone +49 151 23456789?")
        assert answer.startswith("ann@example.com is CUST-000017, call +4915123456789; write to ")
        if llm_trace.calls:
            assert llm_trace.tools[0].arguments == {"email": "REDACTED-EMAIL-1a"}

    def test_crowd():
        def ask(number):
            assert chat(f"{number}: write to customer{number}@example.org").endswith(f"{number}@example.org")

        numbers = ORDER
        threads = [threading.Thread(target=ask, args=(number,)) for number in numbers]
        for thread in threads:
            thread.start()
            thread.join()
"""
PLANTED = ["example.com", "example.org", "example.net", "23456789", "CUST-0"]


@pytest.fixture
def shop(pytester):
    """A project with an agent that looks customers up, and its settings."""
    script = [
        {"user": "Who", "tool_results": False, "tool_calls": [{"find": {"email": "ann@example.com"}}]},
        {
            "user": "Who",
            "text": "ann@example.com is CUST-000017, call +4915123456789; write to owner@example.net",
        },
    ]
    with Provider(script) as provider:
        project = Project(pytester, provider)
        pytester.makeini(
            "[pytest]\nllm_pii = email phone\nllm_redact =\n    customer-id: CUST-\\d{6}\n",
        )
        source = AGENT.replace("URL", repr(provider.openai_url)).replace("ORDER", "[1, 2, 3]")
        project.write(source)
        yield project


def every_report(project):
    """Options for every kind of report."""
    return [f"--llm-report={project.path / name}" for name in ("all.jsonl", "all.md", "all.html")] + [
        f"--junitxml={project.path / 'junit.xml'}"
    ]


def assert_private(project, text):
    """No planted value is in a file that a run wrote, nor on the screen."""
    written = {one.name: one.read_bytes() for one in project.path.rglob("*") if one.is_file() and one.suffix != ".py"}
    for name, content in [*written.items(), ("screen", text.encode())]:
        assert [value for value in PLANTED if value.encode() in content] == [], name


def test_files_hold_placeholders_and_the_application_reads_its_own_values(shop):
    """Recorded, replayed in another order, recorded again and drifted: nothing says a value, and all else goes on."""
    assert_private(shop, shop.record(*every_report(shop)).text)
    files = shop.cassettes()
    golden = files["cassettes/test_it/test_agent.trace.yaml"].decode()
    assert "user: Who is REDACTED-EMAIL-1b, phone REDACTED-PHONE-1b?" in golden
    assert 'find(email="REDACTED-EMAIL-1a")' in golden
    assert "REDACTED-EMAIL-1a is REDACTED-CUSTOMER-ID-1a, call REDACTED-PHONE-1a; write to REDACTED-EMAIL-2a" in golden
    shop.replay().outcomes(passed=2)
    shop.edit("[1, 2, 3]", "[3, 1, 2]")
    again = shop.record()
    assert (again.requests, shop.cassettes()) == (0, files)
    shop.replay().outcomes(passed=2)
    assert shop.record("--llm-record-mode=all").requests == 5
    assert shop.cassettes() == files
    shop.edit("Who is", "Please, who is")
    drifted = shop.replay(*every_report(shop))
    drifted.outcomes(passed=1, failed=1)
    assert drifted.findings("test_agent") == [("drift", "user")]
    assert "who is REDACTED-EMAIL-1b, phone REDACTED-PHONE-1b?" in drifted.text
    assert_private(shop, drifted.text)


def test_what_was_recorded_before_is_written_anew_without_a_live_call(shop):
    """Old files match as if they had been recorded under the settings, and a recording takes the values out of them."""
    ini = (shop.path / "tox.ini").read_text()
    shop.pytester.makeini("[pytest]\nllm_pii = phone\n")
    shop.edit("REDACTED-EMAIL-1a", "ann@example.com")
    shop.record()
    assert any(b"ann@example.com" in content for content in shop.cassettes().values())
    shop.pytester.makeini(ini)
    shop.edit('{"email": "ann@example.com"}', '{"email": "REDACTED-EMAIL-1a"}')
    shop.replay().outcomes(passed=2)
    assert shop.record().requests == 0
    files = shop.cassettes()
    assert [value for value in PLANTED if any(value.encode() in content for content in files.values())] == []
    shop.replay().outcomes(passed=2)
    assert shop.record().requests == 0
    assert shop.cassettes() == files


@pytest.mark.parametrize(
    ("ini", "said"),
    [
        (
            "llm_pii = emial",
            "tox.ini: llm_pii = emial: no such kind; did you mean email? Possible are card, iban",
        ),
        ("llm_redact = id: [a", "tox.ini: llm_redact: 'id: [a': not a regular expression: unterminated character set"),
        ("llm_redact = id: a*", "tox.ini: llm_redact: 'id: a*': matches where there is nothing"),
        ("llm_redact = id: (a+)+$", "tox.ini: llm_redact: 'id: (a+)+$': repeats a repetition"),
        ("llm_redact = 17: a", "tox.ini: llm_redact: '17: a': must be NAME: REGEX"),
        ("llm_redact = email: a", "tox.ini: llm_redact: 'email: a': the name email is a kind of llm_pii"),
    ],
)
def test_a_setting_that_is_not_possible_ends_the_run_before_it_begins(pytester, ini, said):
    """The file, the line and the reason are named, and no test runs."""
    pytester.makeini(f"[pytest]\n{ini}\n")
    pytester.makepyfile("def test_one(): raise AssertionError")
    ran = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    assert said in ran.stderr.str()
