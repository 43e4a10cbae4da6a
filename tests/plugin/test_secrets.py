"""Keys in what was said: out of every file, and replay works all the same."""

from __future__ import annotations

import json

import pytest

from pytest_llmtrace._model.secrecy.searched import CleanTexts, Pieces
from tests.provider import Provider

KEY = "sk-proj-aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5z"
TALK = f"""
    KEY = "{KEY}"

    def test_one():
        first = chat(f"My key is {{KEY}}, look.")
        chat(f"My key is {{KEY}}, look.", {{"role": "assistant", "content": first}}, "Thanks")
"""
WIRE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
STREAM = """
    import httpx

    def test_one():
        body = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "What is it?"}]}
        answer = httpx.post(%r, json=body).text
        assert "data: [DONE]" in answer
"""


def test_a_key_in_a_conversation_is_in_no_file_and_replay_answers(project):
    """Prompt, answer and history: tape, golden trace and reports have a placeholder, and the history still matches."""
    project.write(TALK)
    lines = project.path / "calls.jsonl"
    ran = project.record(f"--llm-report={lines}")
    written = [*project.cassettes().values(), lines.read_bytes(), ran.text.encode(), str(ran.report).encode()]
    assert [KEY[8:].encode() in text for text in written] == [False] * 5
    assert all(b"My key is REDACTED, look." in text for text in project.cassettes().values())
    project.replay().outcomes(passed=1)
    project.edit("look.", "see.")
    ran = project.replay()
    assert ran.findings("test_one") == [("drift", "user")]
    assert KEY not in ran.text


def test_a_key_that_is_streamed_in_pieces_is_in_no_file(project):
    """No event holds it whole, and none of the files holds its pieces."""
    pieces = [KEY[:9], KEY[9:22], KEY[22:]]
    events = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in ("It is ", *pieces, ".")]
    wire = WIRE + b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events) + b"data: [DONE]\n\n"
    with Provider([{"wire": wire}]) as provider:
        project.provider = provider
        project.write(STREAM % f"{provider.openai_url}/chat/completions", prelude=False)
        project.record()
        written = b"".join(project.cassettes().values())
        assert [piece.encode() in written for piece in pieces] == [False] * 3
        assert b"It is REDACTED." in written
        project.replay().outcomes(passed=1)


def test_what_an_older_version_recorded_still_replays(project):
    """Its tape and its golden trace hold a made-up key; the test relies on it; a report does not show it."""
    project.write(TALK + "        assert KEY in first\n")
    project.pytester.makeini(f"[pytest]\nllm_secrets_allow = {KEY}\n")
    project.record()
    before = project.cassettes()
    assert all(KEY.encode() in text for text in before.values())
    project.pytester.makeini("[pytest]\n")
    ran = project.replay()
    ran.outcomes(passed=1)
    assert ran.findings("test_one") == []
    assert KEY not in str(ran.report)
    ran = project.record()
    assert ran.requests == 0
    assert not any(KEY.encode() in text for text in project.cassettes().values())


@pytest.mark.parametrize(("pattern", "why"), [("(", "it is no regular expression"), ("x*", "it fits everything")])
def test_an_allow_list_that_cannot_be_meant_is_a_usage_error(project, pattern, why):
    """Nothing runs."""
    project.write("def test_one():\n    pass\n")
    project.pytester.makeini(f"[pytest]\nllm_secrets_allow = {pattern}\n")
    ran = project.run("--llm-record")
    assert ran.exit == 4
    assert f"llm_secrets_allow = {pattern}: {why}" in ran.result.stderr.str()


HEX = KEY.encode().hex()


def test_a_record_that_would_still_hold_a_secret_fails_and_writes_nothing(project):
    """A key in hexadecimal is not removed, and not recorded: said where; what was paid for is kept."""
    project.write(f'def test_one():\n    chat("My key is {HEX}.")\n')
    lines = project.path / "calls.jsonl"
    ran = project.run("--llm-record", f"--llm-report={lines}")
    ran.outcomes(failed=1)
    said = ran.text[ran.text.index("llmtrace: nothing was recorded") :]
    assert said.startswith(
        "llmtrace: nothing was recorded: it would hold a secret\n\n"
        "  request: messages[0].content: an OpenAI-like key (sk-pro…)\n"
        "  answer: choices[0].message.content: an OpenAI-like key (sk-pro…)\n\n"
        "If it is real, revoke it first: the provider has seen it.\n"
    )
    assert "the next `--llm-record` pays only for requests that change." in " ".join(said.split())
    (name, journal), *others = project.cassettes().items()
    assert (name, others) == ("cassettes/test_it/test_one.journal.jsonl", [])
    written = [journal, lines.read_bytes(), str(ran.report).encode()]
    assert [one in text for text in written for one in (HEX.encode(), KEY.encode())] == [False] * 6
    project.pytester.makeini(f"[pytest]\nllm_redact =\n    build: {HEX[:20]}[0-9a-f]+\n")
    project.record()
    assert HEX.encode() not in b"".join(project.cassettes().values())
    project.replay().outcomes(passed=1)


def test_a_tape_is_searched_as_a_whole_whatever_was_taken_for_clean(project, monkeypatch):
    """Nothing is written where the search of what is new has overlooked what a tape would hold."""
    monkeypatch.setattr(Pieces, "hold_none", lambda _self, _document: True)
    monkeypatch.setattr(CleanTexts, "__contains__", lambda _self, _text: True)
    project.write(f'def test_one():\n    chat("My key is {KEY}.")\n')
    ran = project.run("--llm-record")
    ran.outcomes(passed=1, errors=1)
    assert (
        "llmtrace: nothing was recorded: it would hold a secret\n\n  tape: an OpenAI-like key (sk-pro…)\n" in ran.text
    )
    assert KEY not in ran.text
    assert [name for name in project.cassettes() if not name.endswith(".journal.jsonl")] == []


def test_what_teardown_and_hand_made_calls_would_leak_is_not_recorded_either(project):
    """The manual API goes the same way, and so does what happens after the verdict."""
    source = f"""
        import pytest_llmtrace as llmtrace

        @pytest.fixture
        def late():
            yield
            chat("{HEX}")

        def test_late(late):
            chat("hello")

        def test_hand():
            with llmtrace.call(provider="acme", model="m", messages=[{{"role": "user", "content": "{HEX}"}}]) as call:
                call.output = "fine"
    """
    source += f"""
        @pytest.mark.parametrize("key", ["{KEY}"])
        def test_named(key):
            chat("hello")
    """
    project.write(source)
    ran = project.run("--llm-record")
    ran.outcomes(passed=1, failed=2, errors=1)
    assert "the name of this test holds an OpenAI-like key (sk-pro…)" in " ".join(ran.text.split())
    assert not any("sk-pro" in name for name in project.cassettes())
    assert ran.text.count("nothing was recorded") >= 2
    assert [name for name in project.cassettes() if not name.endswith(".journal.jsonl")] == []
    assert not any(HEX.encode() in text for text in project.cassettes().values())


def test_a_detector_sees_what_has_no_form_of_ours(project):
    """`llm_secret_detector` names what else is asked while recording; replay does without it."""
    pytest.importorskip("detect_secrets")
    key = "0123456789abcdef0123456789abcdef-us12"
    project.write(f'def test_one():\n    chat("Mail with {key}, please.")\n')
    project.record()
    project.replay().outcomes(passed=1)
    project.pytester.makeini("[pytest]\nllm_secret_detector = detect-secrets\n")
    project.replay().outcomes(passed=1)
    ran = project.run("--llm-record", "--llm-record-mode=all")
    ran.outcomes(failed=1)
    assert "messages[0].content: a Mailchimp Access Key (by detect-secrets) (012345…)" in " ".join(ran.text.split())
    project.pytester.makeini("[pytest]\nllm_secret_detector = trufflehog\n")
    assert "llm_secret_detector = trufflehog: it is not known" in project.run("--llm-trace").result.stderr.str()


def test_names_that_hold_a_key_are_in_no_file(project):
    """Labels, models and names of the manual API; and no file is named after a test whose parameter is a key."""
    key = KEY[:-1]
    source = f"""
        import pytest_llmtrace as llmtrace

        KEY = "{key}"

        def test_names():
            llmtrace.event("event " + KEY)
            with llmtrace.agent("agent " + KEY, session=KEY, task=KEY):
                with llmtrace.call(provider=KEY, model=KEY, messages=[{{"role": "user", "content": "hi"}}]) as call:
                    call.fallback_to("p", KEY, error="down")
                    call.output = "fine"

        @pytest.mark.parametrize("key", ["gpt-4o-{KEY}"])
        def test_id(key):
            chat("hello")
    """
    project.write(source)
    lines = project.path / "calls.jsonl"
    ran = project.run("--llm-record", f"--llm-report={lines}", "--llm-report=calls.html")
    ran.outcomes(passed=1, failed=1)
    assert ran.requests == 0
    assert "llmtrace: the name of this test holds an OpenAI-like key (sk-pro…)" in ran.text
    assert list(project.cassettes()) == ["cassettes/test_it/test_names.trace.yaml"]
    kept = project.cassettes()["cassettes/test_it/test_names.trace.yaml"]
    assert b"agent REDACTED" in kept
    written = [kept, lines.read_bytes(), (project.path / "calls.html").read_bytes(), str(ran.report).encode()]
    assert [text.replace(KEY.encode(), b"").count(key.encode()) for text in written] == [0, 0, 0, 0]
    project.replay("-k", "names").outcomes(passed=1)


def test_a_key_that_was_said_before_it_was_used_is_in_neither_recording_nor_journal(project):
    """It is known for one only when a client proves itself with it: the record fails, the journal is written anew."""
    key = "Qx9dkLmn7Wv3Zt8Rb5Hy2Jc"
    project.write(f"""
        def test_one():
            chat("later {key}")
            with openai.OpenAI(base_url={project.provider.openai_url!r}, api_key="{key}", max_retries=0) as client:
                client.embeddings.create(model="m", input="x")
    """)
    ran = project.run("--llm-record")
    ran.outcomes(failed=1)
    assert "golden trace: the key of a request" in ran.text
    ((name, journal),) = project.cassettes().items()
    assert (name, key.encode() in journal, b"later REDACTED" in journal) == (
        "cassettes/test_it/test_one.journal.jsonl", False, True,
    )  # fmt: skip
