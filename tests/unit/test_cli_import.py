"""`llmtrace import` on trees of vcrpy cassettes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from vcr.request import Request
from vcr.serialize import serialize
from vcr.serializers import jsonserializer, yamlserializer

from pytest_llmtrace._store.cassettes import load_tape
from pytest_llmtrace._store.paths import test_cassette as cassette_of_test
from pytest_llmtrace.cli import main

KEY = "sk-proj-0123456789abcdef"
SAID = '{"choices": [{"message": {"role": "assistant", "content": "Hi"}}]}'
NEXT = """
Next: take the `vcr` marks off these tests and run `pytest --llm-record`. It
makes the golden traces from the tapes, and makes live calls only for requests
that no tape holds. Then the converted files can go.
"""


def cassette(
    said: str = "hello", url: str = "https://api.openai.com/v1/chat/completions", *, as_json: bool = False
) -> str:
    """One call, as vcrpy writes it."""
    asked = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": said}]})
    request = Request("POST", url, asked, {"authorization": f"Bearer {KEY}", "content-type": "application/json"})
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"content-type": ["application/json"]},
        "body": {"string": SAID},
    }
    serializer = jsonserializer if as_json else yamlserializer
    text: str = serialize({"requests": [request], "responses": [response]}, serializer)
    return text


def run(*args: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["import", *args], env={"COLUMNS": "80"})


def files(tree: Path) -> list[str]:
    """Every file below a folder."""
    return sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree with two cassettes, one of them with nothing of an LLM, and other files."""
    contents = {
        "tests/cassettes/test_a/test_one.yaml": cassette(),
        "tests/cassettes/test_a/test_web.yaml": cassette(url="https://example.org/page"),
        "tests/data.json": "{}",
        "tests/settings.yaml": "colour: [blue",
        ".hidden/cassettes/test_a/test_one.yaml": cassette(),
    }
    for name, content in contents.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_tree_is_converted(tree):
    """The tape lies beside the cassette, without its key; what to do next is said; nothing else is touched."""
    before = files(tree)
    done = run("tests")
    assert done.exit_code == 0
    assert done.output == (
        "1 cassette converted (1 LLM call)\n"
        "  tests/cassettes/test_a/test_one.yaml -> tests/cassettes/test_a/test_one.tape.json\n"
        "1 cassette skipped: no LLM calls in them\n"
        "  tests/cassettes/test_a/test_web.yaml\n" + NEXT
    )
    assert files(tree) == sorted([*before, "tests/cassettes/test_a/test_one.tape.json"])
    tape = load_tape(tree / "tests/cassettes/test_a/test_one.tape.json")
    assert tape.meta == {"imported": "test_one.yaml", "providers": ["openai"]}
    (one,) = tape.interactions
    assert json.loads(one.request.body)["messages"][0]["content"] == "hello"
    assert json.loads(one.response.body) == json.loads(SAID)
    assert KEY not in (tree / "tests/cassettes/test_a/test_one.tape.json").read_text("utf-8")


def test_the_same_file_gives_the_same_tape(tree):
    """Converting again with --force changes no byte; without it, the tape is left alone."""
    tape = tree / "tests/cassettes/test_a/test_one.tape.json"
    run("tests")
    first = tape.read_bytes()
    again = run("tests")
    assert (again.exit_code, again.output.split("\n")[:3]) == (
        0,
        [
            "0 cassettes converted (0 LLM calls)",
            "1 cassette skipped: a tape is there already (`--force` replaces it)",
            "  tests/cassettes/test_a/test_one.yaml",
        ],
    )
    (tree / "tests/cassettes/test_a/test_one.yaml").write_text(cassette("changed"), encoding="utf-8")
    run("tests")
    assert tape.read_bytes() == first
    run("tests", "--force")
    assert b"changed" in tape.read_bytes()


def test_a_dry_run_writes_nothing(tree):
    """It says what would be converted, and to what."""
    before = files(tree)
    done = run("tests", "--dry-run")
    assert done.output.startswith(
        "1 cassette would be converted (1 LLM call)\n  tests/cassettes/test_a/test_one.yaml -> "
    )
    assert files(tree) == before


def test_broken_cassettes_do_not_stop_the_others(tree):
    """They are named with reason and way out, and the exit status is 1."""
    (tree / "tests/cassettes/test_a/test_bad.yaml").write_text("interactions:\n- !!python/name:os.system x\n", "utf-8")
    done = run("tests")
    assert done.exit_code == 1
    assert "1 cassette converted" in done.output
    assert (
        "1 cassette could not be read\n"
        "  tests/cassettes/test_a/test_bad.yaml, line 2: this vcrpy cassette cannot be read: the tag "
        "`tag:yaml.org,2002:python/name:os.system` is not allowed\n"
        "  Undo the edit with `git checkout -- tests/cassettes/test_a/test_bad.yaml`, or delete the file"
    ) in done.output


def test_a_named_file_must_be_a_cassette(tree):
    """A folder may hold anything; a file that was named and is none is an error."""
    done = run("tests/settings.yaml")
    assert (done.exit_code, "tests/settings.yaml: this is no cassette of vcrpy" in done.output) == (1, True)
    assert run("tests/nowhere").exit_code == 2
    assert run().exit_code == 2
    assert run("tests/cassettes/test_a/test_one.yaml").exit_code == 0


def test_two_cassettes_for_one_tape_are_not_mixed(tree):
    """The first one is converted, even with --force; the other is reported."""
    (tree / "tests/cassettes/test_a/test_one.json").write_text(cassette("json", as_json=True), encoding="utf-8")
    done = run("tests/cassettes", "--force", "--json")
    rows = json.loads(done.output)["files"]
    assert [(row["source"].rpartition("/")[2], row["outcome"]) for row in rows] == [
        ("test_one.json", "converted"),
        ("test_one.yaml", "tape_exists"),
        ("test_web.yaml", "no_llm_calls"),
    ]
    assert rows[0] == {
        "source": "tests/cassettes/test_a/test_one.json", "outcome": "converted", "interactions": 1, "calls": 1,
        "tape": "tests/cassettes/test_a/test_one.tape.json", "reason": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("test_one", "test_one"),
        ("TestChat.test_one", "TestChat::test_one"),
        ("TestOpenAI.test_one", "TestOpenAI::test_one"),
        ("test_one[gpt-4o-True]", "test_one[gpt-4o-True]"),
        ("TestChat.test_one[1.5]", "TestChat::test_one[1.5]"),
        ("test_Upper", "test_Upper"),
    ],
)
def test_the_tape_is_where_the_test_looks(tree, name, test):
    """The name of a cassette is turned back into its test's, and that into the name of our file."""
    source = tree / f"tests/cassettes/test_a/{name}.yaml"
    source.write_text(cassette(), encoding="utf-8")
    assert run(str(source), "--force").exit_code == 0
    assert cassette_of_test(tree / "tests" / "test_a.py", test).tape.exists()


def test_nothing_to_convert_is_said(tmp_path):
    """An empty folder is no error."""
    done = run(str(tmp_path))
    assert (done.exit_code, done.output) == (0, f"No vcrpy cassettes at {tmp_path}\n")


def test_stats_name_tapes_without_a_golden_trace(tree):
    """Between import and recording, the other commands say what is missing."""
    run("tests")
    shown = CliRunner().invoke(main, ["export", "tests"])
    golden = Path("tests/cassettes/test_a/test_one.trace.yaml")
    assert (shown.exit_code, shown.stderr) == (
        1, f"Error: {golden}: there is no golden trace, only a tape; `pytest --llm-record` makes it, from the tape\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pytest.ini", "[pytest]\nllm_pii = email\nllm_redact =\n    # ours\n    order: SHOP-\\d+\n"),
        ("tox.ini", "[tox]\n[pytest]\nllm_pii = all\nllm_redact = order: SHOP-\\d+\n"),
        ("setup.cfg", "[tool:pytest]\nllm_pii = email\nllm_redact = order: SHOP-\\d+\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\nllm_pii = ['email']\nllm_redact = ['order: SHOP-\\d+']\n"),
    ],
)
def test_personal_data_is_left_out_as_the_project_says(tree, file, text):
    """Its settings are read wherever pytest would look for them; no code of the project runs."""
    (tree / file).write_text(text, encoding="utf-8")
    (tree / "conftest.py").write_text("raise SystemExit", encoding="utf-8")
    source = tree / "tests/cassettes/test_a/test_one.yaml"
    source.write_text(cassette("ann@example.com, SHOP-17"), encoding="utf-8")
    assert run("tests").exit_code == 0
    (interaction,) = load_tape(source.with_name("test_one.tape.json")).interactions
    said = json.loads(interaction.request.body)["messages"][0]["content"]
    assert said == "REDACTED-EMAIL-1a, REDACTED-ORDER-1a"


def test_a_setting_that_is_not_possible_converts_nothing(tree):
    """The file and the value are named."""
    (tree / "tests/pytest.ini").write_text("[pytest]\nllm_pii = emial\n", encoding="utf-8")
    done = run("tests")
    assert (done.exit_code, files(tree / "tests")[-1]) == (2, "settings.yaml")
    assert "tests/pytest.ini: llm_pii = emial: no such kind; did you mean email?" in done.output
