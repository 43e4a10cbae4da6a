"""`llmtrace check` on cassettes that are well, and on such as hand edits, merges and deletions leave behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pytest_llmtrace._capture.assembly.outlining import outline_of
from pytest_llmtrace._model.body_digests import digests_of
from pytest_llmtrace._model.canonical import digest
from pytest_llmtrace._model.key_shapes import keys_in
from pytest_llmtrace._model.secrecy.search import STRICTEST
from pytest_llmtrace._model.secret_key import SecretKey
from pytest_llmtrace._run.recording.borrowing import trace_of
from pytest_llmtrace._store.cassettes import load_tape
from pytest_llmtrace._store.paths import Cassette
from pytest_llmtrace._store.sealed import Seal
from pytest_llmtrace._store.tape_file import dump_tape
from pytest_llmtrace._store.vouching import signed, unsigned
from pytest_llmtrace.cli import main
from tests.unit.cassette_tree import record

LONG = "Everything that there is to say about refunds, once and in full. " * 40


def run(*args: object, **env: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["check", *map(str, args)], env={"COLUMNS": "100", **env})


def problems(*args: object, **env: str) -> list[tuple[str, str, int | None]]:
    """What is found: file name, kind and line."""
    data = json.loads(run("--json", *args, **env).output)
    return [(Path(one["file"]).name, one["kind"], one["line"]) for one in data["problems"]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one recorded test, which is the current folder."""
    monkeypatch.chdir(tmp_path)
    record(tmp_path)
    return tmp_path


@pytest.fixture
def cassette(project: Path) -> Cassette:
    """The cassette of its test."""
    folder = Path("cassettes") / "test_a"
    return Cassette.at(folder, "test_one")


def edit(path: Path, old: str, new: str) -> None:
    """Edit a file by hand."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_recorded_project_has_no_problem(project):
    """The whole folder, or the files that pre-commit names: each cassette once, exit status 0."""
    record(project, "sub/test_b.py::test_two[a/b]", [("One", "Two"), ("Three", "Four")])
    whole = run()
    assert (whole.exit_code, whole.output) == (0, "2 cassettes checked, no problem\n")
    named = run("cassettes/test_a/test_one.tape.json", "cassettes/test_a/test_one.trace.yaml")
    assert (named.exit_code, named.output) == (0, "1 cassette checked, no problem\n")


def test_conflict_markers_are_named_with_their_line(cassette):
    """A merge that was committed as it was is called that, in either file, and not a matter of YAML or JSON."""
    edit(cassette.golden, "conversations:\n", "<<<<<<< HEAD\nconversations:\n=======\n>>>>>>> other\n")
    edit(cassette.tape, '"interactions": [\n', '<<<<<<< HEAD\n"interactions": [\n=======\n>>>>>>> other\n')
    tape_line = cassette.tape.read_text("utf-8").split("\n").index("<<<<<<< HEAD") + 1
    assert problems() == [("test_one.tape.json", "conflict", tape_line), ("test_one.trace.yaml", "conflict", 4)]
    said = run(cassette.golden)
    assert said.exit_code == 1
    assert "line 4: a merge left its conflict markers here\n" in said.output
    assert f"git checkout --theirs -- {cassette.golden}" in said.output
    assert "pytest --llm-record test_a.py::test_one`" in " ".join(said.output.split())


def test_commands_to_copy_hold_names_as_one_word(project):
    """Whatever a test or a folder is called, pasting the command does no more than it says."""
    record(project, "a b; true/test_a.py::test_one").golden.write_text("<<<<<<< x\ntest: a b; true/t.py::t[$(x)]\n")
    said = " ".join(run("a b; true").output.split())
    assert "git checkout --theirs -- 'a b; true/cassettes/test_a/test_one.trace.yaml'`" in said
    assert "pytest --llm-record 'a b; true/t.py::t[$(x)]'`" in said


def test_unreadable_and_newer_files_say_what_the_reader_says(cassette):
    """Broken YAML, broken JSON, and a format number that this version does not know."""
    cassette.golden.write_text("llmtrace: 1\nturns: [", encoding="utf-8")
    cassette.tape.write_text('{"llmtrace": 99}', encoding="utf-8")
    assert problems() == [("test_one.tape.json", "newer", None), ("test_one.trace.yaml", "broken", None)]
    said = run().output
    assert "it is not valid YAML" in said
    assert "format 99" in said
    assert "pip install --upgrade pytest-llmtrace" in said


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("sk-proj-abcdefghij0123456789ABCDEFGHIJ", "an OpenAI-like key"),
        ("AKIA" + "Q7RSTUVWXYZ23456", "an AWS access key id"),
        ("ghp_" + "a1B2" * 9, "a GitHub token"),
        ("postgres://ann:hunter22@db.example.com/x", "a password in a URL"),
    ],
)
def test_a_key_in_what_was_said_is_found_and_not_shown(cassette, text, what):
    """It is named with its line and its beginning, in whichever file it stands."""
    edit(cassette.golden, "user: Hello", f"user: Hello {text}")
    done = run("--json")
    assert done.exit_code == 1
    (found,) = [one for one in json.loads(done.output)["problems"] if one["kind"] == "secret"]
    assert found["facts"] == {"what": what, "shown": f"{text[:6]}…"}
    assert (found["file"], found["line"]) == ("cassettes/test_a/test_one.trace.yaml", 8)
    assert text not in done.output
    assert problems("--allow", "sk-proj|AKIA|ghp_|hunter22") == [("test_one.trace.yaml", "disagree", None)]


def test_each_shape_of_a_key_is_known():
    """Keys as their issuers make them, in the middle of a sentence and in JSON inside of JSON."""
    mixed = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7bC9dE1fG3hI5jK7lM9nO1pQ3"
    keys = {
        "an Anthropic key": f"sk-ant-api03-{mixed}-_AA",
        "an OpenRouter key": f"sk-or-v1-{mixed.lower()}",
        "an OpenAI-like key": f"sk-svcacct-{mixed}",
        "a Google key": f"AIza{mixed[:35]}",
        "a Google access token": f"ya29.{mixed}",
        "an AWS access key id": f"ASIA{mixed[:16].upper()}",
        "a signature of AWS": "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/bedrock/aws4_request",
        "a Groq key": f"gsk_{mixed[:52]}",
        "an xAI key": f"xai-{mixed}",
        "a Perplexity key": f"pplx-{mixed[:48]}",
        "a Hugging Face token": f"hf_{mixed[:34]}",
        "a Replicate token": f"r8_{mixed[:37]}",
        "a GitHub token": f"github_pat_{mixed}",
        "a GitLab token": f"glpat-{mixed[:20]}",
        "a Slack token": "xoxb-123456789012-abcdef",
        "a Stripe key": f"sk_live_{mixed[:24]}",
        "a SendGrid key": f"SG.{mixed[:22]}.{mixed[:43]}",
        "a JSON web token": f"eyJhbGciOiJIUzI1NiJ9.eyJ{mixed[:20]}.{mixed[:20]}",
        "a bearer token": f"Bearer {mixed}",
        "a private key": f"-----BEGIN RSA PRIVATE KEY-----\n{mixed}\n-----END RSA PRIVATE KEY-----",
        "a password in a URL": "redis://default:hunter22@cache:6379",
    }
    for what, key in keys.items():
        for text in (f"Use {key}, please.", json.dumps(json.dumps({"key": key}))):
            assert [found.what for found in keys_in(text)] == [what], text


def test_words_and_examples_are_no_keys():
    """What prose, ids of providers and the examples of documentation look like is not reported."""
    harmless = [
        "task-management-and-risk-assessment-of-2024", "sk-example-not-a-real-key-000", "AKIAIOSFODNN7EXAMPLE",
        "https://user:password@example.com", "Bearer REDACTED", "chatcmpl-81c7afca2f67b599309e406a",
        "https://example.com:8080/a@b", "risk-0123456789abcdef0123456789",
    ]  # fmt: skip
    assert [found.value for text in harmless for found in keys_in(text)] == []


def test_what_recording_would_have_removed_is_found(cassette):
    """Values of key variables, fields that are named like secrets, addresses and headers with credentials."""
    edit(cassette.tape, '"model": "gpt-4o-mini"', '"model": "gpt-4o-mini", "api_key": "abc"')
    edit(cassette.tape, "/v1/chat/completions", "/v1/chat/completions?key=abc")
    edit(cassette.tape, '"method": "POST"', '"headers": {"x-api-key": "abc"}, "method": "POST"')
    edit(cassette.tape, '"Hi"', '"Hi, your-own-deployment-key"')
    done = run("--json", cassette.tape, ACME_API_KEY="your-own-deployment-key")
    found = [one["facts"] for one in json.loads(done.output)["problems"] if one["kind"] == "secret"]
    assert found == [
        {"what": "a secret by the name of its field", "shown": "interactions[0].request.headers.x-api-key"},
        {"what": "a secret by the name of its field", "shown": "interactions[0].request.json.api_key"},
        {"what": "the value of ACME_API_KEY", "shown": ""},
        {"what": "a secret in an address", "shown": "interactions[0].request.url"},
        {"what": "a header that holds a secret", "shown": "interactions[0].request.headers.x-api-key"},
    ]
    assert "your-own-deployment-key" not in done.output


def test_a_history_that_stands_in_a_tape_twice_is_found(project):
    """Another tool wrote every request whole: the size that would do is said."""
    cassette = record(project, "test_a.py::test_long", [(f"{LONG}{n}", f"Yes {n}") for n in range(6)])
    assert problems() == []
    data = json.loads(cassette.tape.read_text("utf-8"))
    read = load_tape(cassette.tape).interactions
    for one, whole in zip(data["interactions"], read, strict=True):
        one["request"] = {"method": "POST", "url": whole.request.url, "json": json.loads(whole.request.body)}
    cassette.tape.write_text(json.dumps(data), encoding="utf-8")
    assert problems() == [("test_long.tape.json", "repeated", None)]
    assert "it holds a history more than once: " in run().output


def test_a_history_that_stands_in_a_golden_trace_twice_is_found(project):
    """Conversations that were pasted together hold what the writer would have referred to; comments do not count."""
    cassette = record(project, "test_a.py::test_long", [(LONG, "Yes"), ("And?", "No")])
    text = cassette.golden.read_text("utf-8")
    cassette.golden.write_text(f"# {LONG}{LONG}\n{text}", encoding="utf-8")
    assert problems() == []
    head, _, turns = text.partition("  turns:\n")
    conversation = head[head.index("- model") :] + "  turns:\n" + turns
    whole = head.replace("calls: 2", "calls: 4") + "  turns:\n" + turns + conversation
    cassette.golden.write_text(whole, encoding="utf-8")
    assert ("test_long.trace.yaml", "repeated", None) in problems()


def test_golden_traces_and_tapes_without_the_other_are_orphans(project, cassette):
    """A lost golden trace fails; so does a tape that git still has; else a missing tape is a warning."""
    record(project, "test_a.py::test_two")
    cassette.tape.unlink()
    (project / "cassettes" / "test_a" / "test_two.trace.yaml").unlink()
    done = run()
    assert problems() == [("test_one.trace.yaml", "no_tape", None), ("test_two.tape.json", "no_golden", None)]
    assert done.exit_code == 1
    assert done.output.endswith("2 cassettes checked, 1 problem, 1 warning\n")
    (project / "cassettes" / "test_a" / "test_two.tape.json").unlink()
    record(project, "test_a.py::test_three")
    assert run().exit_code == 0
    assert run("--strict").exit_code == 1


def test_a_tape_that_git_still_has_was_lost(project, cassette):
    """That is no trace without HTTP: it fails."""
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "add", "-A"], check=True)
    cassette.tape.unlink()
    done = run(cassette.golden)
    assert done.exit_code == 1
    assert "its tape test_one.tape.json is gone, and git still has it" in done.output


def test_both_files_are_committed_or_none(project, cassette):
    """A golden trace whose tape was forgotten cannot be replayed elsewhere; an ignored tape is a warning."""
    subprocess.run(["git", "init", "-q"], check=True)
    assert problems() == []
    subprocess.run(["git", "add", cassette.golden], check=True)
    done = run()
    assert (done.exit_code, problems()) == (1, [("test_one.tape.json", "untracked", None)])
    assert f"git does not know it, and has {cassette.golden}\n" in done.output
    assert f"git add -- {cassette.tape}" in done.output
    (project / ".gitignore").write_text("*.tape.json\n", encoding="utf-8")
    ignored = run()
    assert ignored.exit_code == 0
    assert f"git ignores it, and has {cassette.golden}\n" in ignored.output
    subprocess.run(["git", "add", "-f", cassette.tape], check=True)
    assert problems() == []


def test_a_project_without_tapes_misses_none(cassette):
    """`llm_tapes = off` leaves golden traces alone."""
    cassette.tape.unlink()
    assert problems() == []


def test_a_cassette_whose_test_is_gone_is_an_orphan(project):
    """Renamed in a file that is there, or with the file: the source is searched, nothing is imported."""
    record(project, "test_b.py::test_two")
    record(project, "test_c.py::test_three")
    edit(project / "test_b.py", "def test_two", "raise SystemExit\ndef test_renamed")
    (project / "test_c.py").unlink()
    assert problems() == [("test_two.trace.yaml", "no_test", None), ("test_three.trace.yaml", "no_test", None)]
    said = run().output
    assert "its test test_b.py::test_two is gone: it is not in test_b.py" in said
    assert "its test test_c.py::test_three is gone: there is no test_c.py" in said


@pytest.mark.parametrize(
    "source",
    [
        "from elsewhere import *\n",
        "from elsewhere import test_one\n",
        "test_one = make()\n",
        "from pytest_bdd import scenarios\nscenarios('a.feature')\n",
        "if True:\n    def test_one():\n        pass\n",
        "try:\n    import x\nexcept ImportError:\n    async def test_one():\n        pass\n",
        "def broken(:\n",
    ],
)
def test_a_test_that_may_be_there_is_no_orphan(project, source):
    """What a source does not show is given the benefit of the doubt."""
    (project / "test_a.py").write_text(source, encoding="utf-8")
    assert problems() == []


@pytest.mark.parametrize(
    ("source", "gone"),
    [
        ("class TestA:\n    def test_x(self):\n        pass\n", False),
        ("class TestA:\n    def test_y(self):\n        pass\n", True),
        ("class TestA(Elsewhere):\n    pass\n", False),
        ("class Here:\n    def test_x(self):\n        pass\nclass TestA(Here):\n    pass\n", False),
        ("class Here:\n    pass\nclass TestA(Here):\n    pass\n", True),
        ("@made\nclass TestA:\n    pass\n", False),
        ("class TestA:\n    @each\n    def test(self):\n        pass\n", False),
        ("class TestB:\n    def test_x(self):\n        pass\n", True),
    ],
)
def test_methods_are_looked_for_in_their_class(project, source, gone):
    """And in its base classes, as far as the file has them."""
    record(project, "test_k.py::TestA::test_x")
    (project / "test_k.py").write_text(source, encoding="utf-8")
    assert ("test_x" in run("cassettes/test_k").output) is gone


def test_a_cassette_in_another_place_is_not_that_of_its_test(project, cassette):
    """A file that was copied or moved is named with where it belongs."""
    moved = cassette.golden.with_name("test_copy.trace.yaml")
    moved.write_bytes(cassette.golden.read_bytes())
    assert problems() == [("test_copy.trace.yaml", "no_tape", None), ("test_copy.trace.yaml", "misplaced", None)]
    assert "which looks for its cassette at cassettes/test_a/test_one.trace.yaml" in " ".join(run().output.split())


def test_an_edited_golden_trace_must_still_agree_with_its_tape(cassette):
    """An edit that changes what was said is shown with both sides; one of white space is none."""
    edit(cassette.golden, "conversations:", "# reviewed\nconversations:")
    assert problems() == []
    edit(cassette.golden, "out: Hi", "out: Good day")
    done = run()
    assert done.exit_code == 1
    said = " ".join(done.output.split())
    assert "golden trace and tape disagree: main turn 1, output.content is 'Good day' in one, 'Hi' in the other" in said


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("out: Hi", "out: I cannot help", "its tape vouches for something else than what it says"),
        ("model: openai/gpt-4o-mini", "model: openai/gpt-5", "its tape vouches for something else than what it says"),
        ("input_tokens: 10,", "input_tokens: 100000,", "its tape says that it came to other tokens"),
        ("calls: 1", "calls: 9", "golden trace and tape disagree: 9 calls in one, 1 in the other"),
        ("test: test_a.py::test_one", "test: test_a.py::test_two", "the files are of different tests"),
    ],
)
def test_a_tape_that_vouches_for_what_is_not_so_is_found(cassette, old, new, says):
    """Replay takes its word for an unread golden trace, so a forged digest would hide what reviewers do not get."""
    before = digest(cassette.golden.read_bytes())
    edit(cassette.golden, old, new)
    edit(cassette.tape, before, digest(cassette.golden.read_bytes()))
    assert problems(cassette.golden)[0] == ("test_one.trace.yaml", "disagree", None)
    assert says in " ".join(run(cassette.golden).output.split())


def test_long_texts_are_quoted_where_they_differ(project):
    """A word at the end of a prompt is seen, not its beginning twice."""
    cassette = record(project, "test_a.py::test_long", [(f"{LONG}The end.", "Yes")])
    edit(cassette.golden, "The end.", "The edge.")
    assert "is '…e and in full. The edge.' in one, '…e and in full. The end.' in the other" in " ".join(
        run(cassette.golden).output.split()
    )


def test_files_of_two_recordings_disagree(project, cassette):
    """A merge took the golden trace of one side and the tape of the other."""
    other = record(project, "test_a.py::test_two", [("Hello", "Hi"), ("More", "No")])
    cassette.tape.write_bytes(other.tape.read_bytes())
    assert problems(cassette.tape) == [("test_one.trace.yaml", "disagree", None)]
    assert "the golden trace is of test_a.py::test_one, the tape is of test_a.py::test_two" in " ".join(
        run(cassette.tape).output.split()
    )


def test_windows_line_ends_are_a_warning(cassette):
    """The files are still those that were recorded; .gitattributes would have kept them as they were."""
    cassette.golden.write_bytes(cassette.golden.read_bytes().replace(b"\n", b"\r\n"))
    done = run()
    assert (done.exit_code, problems()) == (0, [("test_one.trace.yaml", "line_ends", None)])
    assert "*.trace.yaml text eol=lf" in done.output


def test_variants_are_checked_with_their_golden_trace(project, cassette):
    """One of another test, and one whose golden trace is gone, are problems."""
    variant = cassette.golden.with_name("test_one.variant-1.trace.yaml")
    variant.write_bytes(cassette.golden.read_bytes())
    assert problems() == []
    edit(variant, "test_a.py::test_one", "test_a.py::test_two")
    assert problems(variant) == [("test_one.variant-1.trace.yaml", "disagree", None)]
    cassette.golden.unlink()
    cassette.tape.unlink()
    assert problems() == [("test_one.variant-1.trace.yaml", "no_golden", None)]


def test_encrypted_tapes_are_opened_with_the_key_or_counted(cassette):
    """Without it the rest is checked, and the count says so."""
    meta: dict[str, Any] = dict(load_tape(cassette.tape).meta)
    seal = Seal(meta["test"], SecretKey("key"))
    cassette.tape.write_text(seal.closed(cassette.tape.read_text("utf-8"), meta), encoding="utf-8")
    without = run(LLMTRACE_KEY="")
    assert without.exit_code == 0
    assert without.output == (
        "1 cassette checked, no problem; 1 encrypted tape could not be opened without LLMTRACE_KEY\n"
    )
    assert run(LLMTRACE_KEY="key").output == "1 cassette checked, no problem\n"


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("", "", []),
        ("[0, 10, 5]", "[0, 1, 5]", ["disagree"]),
        ('"model": "gpt-4o-mini"', '"model": "gpt-4o-nano"', ["disagree"]),
        ('"content": "Hi"', '"content": "Ho"', ["disagree"]),
    ],
)
def test_an_outline_that_is_that_of_another_tape_is_a_problem(cassette, old, new, found):
    """Somebody signed it: a replay that asks what was recorded takes its word for what it costs, and was said."""
    tape = load_tape(cassette.tape)
    outline = outline_of(trace_of(tape.interactions).calls)
    meta = {**tape.meta, "outline": unsigned(outline.to_data())}
    cassette.tape.write_text(signed(dump_tape(tape.interactions, meta).replace(old, new, 1)), encoding="utf-8")
    assert problems() == [("test_one.tape.json", one, None) for one in found]


def test_a_tape_that_knows_requests_by_digests_of_other_ones_is_a_problem(cassette):
    """Somebody signed it: a replay would give another request the answer to the one that reviewers read."""
    tape = load_tape(cassette.tape)
    for asked, found in ((digests_of([one.request for one in tape.interactions]), []), (["0" * 32], ["disagree"])):
        meta = {**tape.meta, "outline": unsigned({"asked": asked})}
        cassette.tape.write_text(signed(dump_tape(tape.interactions, meta)), encoding="utf-8")
        assert problems() == [("test_one.tape.json", one, None) for one in found]


def test_a_tape_that_says_that_it_was_searched_is_searched(cassette):
    """Its word is good for a replay alone: whoever puts a key into a tape can sign it, too."""
    tape = load_tape(cassette.tape)
    outline = outline_of(trace_of(tape.interactions).calls)
    meta = {**tape.meta, "outline": unsigned({**outline.to_data(), "searched": STRICTEST}), "providers": [KEY]}
    cassette.tape.write_text(signed(dump_tape(tape.interactions, meta)), encoding="utf-8")
    for arguments in ((), ("--secrets",)):
        assert problems(*arguments) == [("test_one.tape.json", "secret", 20)]


def test_a_journal_that_is_to_be_committed_is_a_problem(cassette):
    """pre-commit names it; in a folder it is left alone, since git is to ignore it."""
    cassette.journal.write_text("{}", encoding="utf-8")
    assert problems() == []
    assert problems(cassette.journal) == [("test_one.journal.jsonl", "journal", None)]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("test_one.tape.json", b"\xff\xfe\x00", "it is not UTF-8"),
        ("test_one.tape.json", b"", "it is not valid JSON"),
        ("test_one.tape.json", b'{"llmtrace": 1, "interactions": 3}', "`interactions` must be a list"),
        (
            "test_one.tape.json",
            b'{"llmtrace":1,"api_key":"x","a":' + 100_000 * b"[" + 100_000 * b"]" + b"}",
            "nests too deeply",
        ),
        ("test_one.trace.yaml", b"a: &a [1]\nb: *a\nllmtrace: 1\n", "anchors and aliases are not allowed"),
        ("test_one.trace.yaml", b"\x00", "is not valid YAML"),
    ],
)
def test_hostile_files_are_problems_and_no_crash(cassette, name, content, said):
    """Whatever stands in a file, it is named with what is wrong, and the others are checked all the same."""
    record(Path(), "test_a.py::test_two")
    cassette.golden.with_name(name).write_bytes(content)
    done = run()
    assert done.exit_code == 1
    assert said in done.output
    assert "2 cassettes checked, " in done.output


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names, and no pipes")
def test_names_of_files_and_tests_act_on_no_terminal(cassette):
    """A name that holds escape sequences, or a command for a CI system, is shown spelled out, in errors too."""
    broken = cassette.golden.with_name("\x1b[2J\n::error::x\u202e; id.trace.yaml")
    broken.write_text("[", "utf-8")
    os.mkfifo(cassette.golden.with_name("pipe\x1b.trace.yaml"))
    everything = [
        run().output,
        *(CliRunner().invoke(main, [command, "."]).output for command in ("stats", "export", "whatif")),
        *(CliRunner().invoke(main, ["show", str(path)]).output for path in cassette.golden.parent.iterdir()),
        CliRunner().invoke(main, ["diff", str(broken), str(cassette.golden)]).output,
    ]
    shown = "\n".join(everything)
    assert "\\x1b[2J" in shown
    assert "it is no file but a pipe" in shown
    assert not re.search(r"[\x1b\u202e]|^::", shown, re.MULTILINE)
    assert "git checkout -- 'cassettes/test_a/\\x1b[2J" in run().output.replace("\n    ", " ")


def test_a_test_name_without_end_stops_no_check(cassette):
    """A cassette that says it is of a file with a name no file can have is a problem of its own; the others go on."""
    record(Path(), "test_a.py::test_two")
    edit(cassette.golden, "test: ", f"test: {'x' * 5000}")
    edit(cassette.tape, '"test": "', f'"test": "{"x" * 5000}')
    done = run()
    assert done.exit_code == 1
    assert "2 cassettes checked, " in done.output
    assert len(done.output) < 5000


def test_the_examples_of_this_project_are_fit():
    """What is shown to newcomers passes its own check, warnings included."""
    done = run("--strict", Path(__file__).parents[2] / "examples")
    assert done.exit_code == 0, done.output


def test_what_cannot_be_checked_is_wrong_usage(project):
    """Another file, a path that is not there, and an expression that is none exit with 2."""
    refused = run("test_a.py")
    assert (refused.exit_code, refused.output) == (
        2, "Error: test_a.py: neither a golden trace (.trace.yaml), nor a tape (.tape.json), nor a folder\n",
    )  # fmt: skip
    assert run("missing").exit_code == 2
    assert run("--allow", "(").exit_code == 2


KEY = "sk-proj-abcdefghij0123456789ABCDEFGHIJ"


def test_a_tree_is_searched_for_secrets_alone(project, cassette):
    """Cassettes, journals, reports and cassettes of others, whatever is in them; source code and packages are not."""
    (project / "report.html").write_text(f"<p>{KEY}</p>", encoding="utf-8")
    (project / "run.jsonl").write_text(
        '{"a": 1}\n' + json.dumps({"b": json.dumps({"c": KEY})}) + "\n", encoding="utf-8"
    )
    (project / "vcr.yaml").write_text(f"headers:\n  authorization:\n  - Bearer {KEY}\n", encoding="utf-8")
    (project / "test_a.py").write_text(f'KEY = "{KEY}"\n', encoding="utf-8")
    (project / "image.json").write_bytes(b"\0" + KEY.encode())
    for folder in (".git", "node_modules"):
        (project / folder).mkdir()
        (project / folder / "a.json").write_text(KEY, encoding="utf-8")
    (project / "link.json").symlink_to(project / ".git" / "a.json")
    edit(cassette.golden, "out: Hi", "out: Hello")
    found = [
        ("report.html", "secret", 1),
        ("run.jsonl", "secret", 2),
        ("vcr.yaml", "secret", 3),
    ]
    assert problems("--secrets") == found
    done = run("--secrets")
    assert done.exit_code == 1
    assert KEY not in done.output
    assert done.output.splitlines()[-1] == "5 files (0.0 MB) searched for secrets, 3 problems"
    allowed = run("--secrets", "--allow", "^sk-proj|^Bearer sk-proj")
    assert (allowed.exit_code, allowed.output) == (0, "5 files (0.0 MB) searched for secrets, no problem\n")
    named = json.loads(run("--secrets", "--json", "test_a.py").output)
    assert (named["ok"], named["files"], named["bytes"]) == (False, 1, 47)


def test_a_key_in_the_pieces_of_a_streamed_answer_is_found(project, cassette):
    """A tape of an older version has it in no single event."""
    data = json.loads(cassette.tape.read_text("utf-8"))
    pieces = [{"data": {"choices": [{"index": 0, "delta": {"content": part}}]}} for part in (KEY[:12], KEY[12:])]
    response = data["interactions"][0]["response"]
    response.pop("json")
    data["interactions"][0]["response"] = {**response, "sse": pieces}
    cassette.tape.write_text(json.dumps(data), encoding="utf-8")
    (found,) = json.loads(run("--secrets", "--json").output)["problems"]
    assert found["facts"] == {"what": "an OpenAI-like key, in pieces", "shown": "sk-pro…"}


def test_another_detector_is_asked_where_that_is_wanted(cassette):
    """By name, in both kinds of check."""
    pytest.importorskip("detect_secrets")
    edit(cassette.golden, "user: Hello", "user: Hello 0123456789abcdef0123456789abcdef-us12")
    secrets = [("test_one.trace.yaml", "secret", 8)]
    assert problems("--secrets") == []
    assert problems("--secrets", "--detector", "detect-secrets") == secrets
    assert [one for one in problems("--detector", "detect-secrets") if one[1] == "secret"] == secrets
