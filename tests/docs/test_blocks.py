"""Each block of the documentation belongs to a kind, and each kind is checked; a block of no kind fails."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_llmtrace._settings.values import read
from pytest_llmtrace._store import formats
from pytest_llmtrace._store.golden_file import dump_golden, load_golden
from pytest_llmtrace._store.tape_file import load_tape
from tests.docs.blocks import ROOT, Block, block, blocks
from tests.docs.shell import problems

TUTORIALS = "docs/tutorial/"
"""What stands there is done step by step by tests/plugin/test_tutorials.py."""
GENERATED = {"docs/reference/cli.md"}
"""Drawn from the code; tests/unit/test_docs_tables.py says whether they are up to date."""
KINDS = {
    "bash": "commands",
    "ini": "settings",
    "json": "tape",
    "python": "python",
    "toml": "settings",
    "yaml": "yaml",
}
"""How blocks of a language are checked, where nothing else is said."""
WITNESSES = {
    (
        "README.md",
        "refund_agent/test_refund.py::test_recent_order",
    ): "tests/docs/test_outputs.py::test_the_failure_of_the_readme",
    ("README.md", "from openai import OpenAI"): "tests/plugin/test_readme.py::test_the_five_minutes",
    ("README.md", "cassettes/test_capital/"): "tests/plugin/test_readme.py::test_the_five_minutes",
    ("docs/how-to/ci-gate.md", "budget: tests/agents"): "tests/docs/test_outputs.py::test_budgets_of_directories",
    ("docs/how-to/history.md", "acme/shop: 2 tests"): "tests/plugin/test_history_guide.py::test_with_a_file",
    ("docs/how-to/history.md", "CREATE ROLE"): "tests/plugin/test_history_guide.py::test_with_a_server",
    ("docs/how-to/history.md", "SELECT t.nodeid"): "tests/plugin/test_history_guide.py::test_with_a_file",
    ("docs/how-to/history.md", "DELETE FROM"): "tests/plugin/test_history_guide.py::test_with_a_file",
    ("docs/how-to/history.md", "warning: history:"): "tests/docs/test_outputs.py::test_a_history_that_is_down",
    (
        "docs/how-to/langchain.md",
        "from langchain.agents",
    ): "tests/plugin/test_langchain.py::test_the_agent_of_the_guide",
    ("docs/how-to/live.md", "---"): "tests/docs/test_outputs.py::test_live_runs",
    ("docs/how-to/live.md", "models swapped"): "tests/docs/test_outputs.py::test_another_model",
    ("docs/how-to/opentelemetry.md", "receivers:"): (
        "tests/plugin/test_otlp_guide.py::test_settings_of_the_guide_can_be_read"
    ),
    ("docs/how-to/opentelemetry.md", "warning: spans:"): (
        "tests/plugin/test_otlp_guide.py::test_the_warning_of_the_guide_is_that_of_a_run"
    ),
    ("docs/how-to/policies.md", "$ llmtrace policy"): (
        "tests/plugin/test_policies_guide.py::test_the_policy_of_the_guide_is_printed_as_it_says"
    ),
    ("docs/how-to/policies.md", "@pytest.mark.llm_trace(match"): (
        "tests/plugin/test_policies_guide.py::test_the_files_of_the_guide_do_what_it_says"
    ),
    ("docs/how-to/policies.md", "# judge.py"): (
        "tests/plugin/test_policies_guide.py::test_the_files_of_the_guide_do_what_it_says"
    ),
    ("docs/how-to/policies.md", "# conftest.py"): (
        "tests/plugin/test_policies_guide.py::test_the_files_of_the_guide_do_what_it_says"
    ),
    ("docs/how-to/record.md", "$ pytest --llm-record --llm-dry-run"): (
        "tests/plugin/test_record_guide.py::test_the_output_and_the_modes_of_the_guide"
    ),
    ("docs/how-to/record.md", "recorded"): (
        "tests/plugin/test_record_guide.py::test_the_output_and_the_modes_of_the_guide"
    ),
    ("docs/how-to/reports.md", "live · 12 tests"): "tests/docs/test_outputs.py::test_the_summary_of_a_live_run",
    ("docs/how-to/reports.md", "test_desk.py ....."): "tests/docs/test_outputs.py::test_what_a_run_says_on_its_way",
    ("docs/how-to/review.md", "*.trace.yaml text"): "tests/unit/test_gitattributes.py",
    ("docs/how-to/review.md", "$ llmtrace check"): "tests/docs/test_outputs.py::test_a_cassette_whose_test_is_gone",
    ("docs/how-to/review.md", "$ llmtrace prune tests"): "tests/docs/test_outputs.py::test_what_nothing_uses",
    (
        "docs/how-to/secrets.md",
        "$ llmtrace check --secrets .",
    ): "tests/docs/test_outputs.py::test_a_secret_that_is_there",
    (
        "docs/how-to/secrets.md",
        "llmtrace: nothing was recorded",
    ): "tests/docs/test_outputs.py::test_a_refused_recording",
    ("docs/how-to/whatif.md", "recorded with"): "tests/docs/test_outputs.py::test_what_another_model_would_cost",
}
"""Blocks that a test of their own does or compares: page, beginning of the first line, and the test."""


def kind(one: Block) -> str | None:
    """How a block is checked; `None`: in no way."""
    if one.page.startswith(TUTORIALS):
        return "followed"
    if witness(one) is not None:
        return "witnessed"
    if one.page in GENERATED and one.language == "text":
        return "generated"
    if one.language == "console" and all(line.startswith("$ ") for line in one.text.splitlines()):
        return "commands"
    return KINDS.get(one.language)


def witness(one: Block) -> str | None:
    """The test that a block is named to."""
    found = [test for (page, first), test in WITNESSES.items() if page == one.page and one.first.startswith(first)]
    return found[0] if found else None


def of(*kinds: str) -> Any:
    """Parametrises a test with the blocks of some kinds."""
    chosen = [one for one in blocks() if kind(one) in kinds]
    return pytest.mark.parametrize("one", chosen, ids=[f"{one.page}:{one.line}" for one in chosen])


def test_no_block_is_unchecked():
    """A block that nothing runs, reads, compares or generates has no place in the documentation."""
    assert [f"{one.page}:{one.line}: {one.language} {one.first}" for one in blocks() if kind(one) is None] == []


def test_witnesses_are_there_and_know_the_page():
    """Each names one block, by a test that exists, in a file that reads the page."""
    for (page, first), test in WITNESSES.items():
        assert block(page, first)
        file, _, name = test.partition("::")
        source = (ROOT / file).read_text("utf-8")
        assert page.rpartition("/")[2] in source, (page, file)
        assert not name or f"def {name}(" in source, test


def test_commands_exist():
    """Every program, option, value, extra and target that a reader is told to type, in blocks of all kinds."""
    found = [
        f"{one.page}:{one.line}: {problem}"
        for one in blocks()
        if one.language in ("bash", "console")
        for command in one.commands
        for problem in problems(command)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "pytest --llm-recrod", "pytest --llm-record-mode=old", "pytest --llm-report=x.doc", "llmtrace chek",
        "llmtrace check --nope", "make nope", "pip install 'pytest-llmtrace[nope]'", "export LLMTRACE_NOPE=1",
        "llmtrace show x | frobnicate", 'git diff "$(llmtrace nope)"', "KEY=1 pytest --llm-nope",
    ],
)  # fmt: skip
def test_commands_that_do_not_exist_are_found(line):
    """The check is one: each of these would send a reader astray."""
    assert len(list(problems(line))) == 1


@of("settings")
def test_settings_can_be_used(one, pytester):
    """The plugin reads them as written, beside the tables of pyproject.toml of the same page."""
    tables = [other.text for other in blocks() if other.page == one.page and other.language == "toml"]
    if one.language == "toml":
        tables = [one.text]
    else:
        (pytester.path / "pytest.ini").write_text(one.text, encoding="utf-8")
        assert set(re.findall(r"^\w+", one.text, re.MULTILINE)) <= {*names()}
    text = "\n".join(tables)
    (pytester.path / "pyproject.toml").write_text(text, encoding="utf-8")
    for folder in re.findall(r'budgets\."([^"]+)"', text):
        (pytester.path / folder).mkdir(parents=True, exist_ok=True)
    read(pytester.parseconfig(), {"LLMTRACE_KEY": "a key that is long enough for everything"})


def names() -> Iterator[str]:
    """Every ini value of the plugin."""
    from docs.generate_reference import Declared
    from pytest_llmtrace._settings import ini_values

    declared = Declared()
    ini_values.declare_ini_values(declared)
    yield from (name for name, _, _ in declared.ini)


@of("yaml")
def test_yaml_can_be_used(one):
    """CI files run commands that exist; golden traces, and parts of them, can be read; hooks are those that we have."""
    if one.page == "README.md":  # it shows how a recorded one begins
        name = re.findall(r"::(\w+)", one.text)[0]
        recorded = ROOT / f"examples/refund_agent/cassettes/test_refund/{name}.trace.yaml"
        assert recorded.read_text("utf-8").startswith(one.text)
        return
    if one.text.startswith("llmtrace: 1"):
        golden = load_golden(one.text, Path("x.trace.yaml"))
        assert one.page != "docs/reference/golden-trace.md" or dump_golden(golden) == one.text
        return
    if one.first in ("- in:", "- event: context_summarized"):
        load_golden(_whole(one.text), Path("x.trace.yaml"))
        return
    data = yaml.safe_load(one.text)
    if one.first == "repos:":
        hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
        assert {hook["id"] for repo in data["repos"] for hook in repo["hooks"]} <= hooks
    lines = [*_lines(data)]
    assert lines or one.first == "repos:", "a YAML file of no known kind"
    assert [problem for line in lines for problem in problems(line)] == []
    assert [use for use in re.findall(r"uses: (\S+)", one.text) if not re.fullmatch(r"[\w-]+/[\w-]+@v\d+", use)] == []


def _whole(part: str) -> str:
    """A golden trace around a part of one."""
    head = (
        "llmtrace: 1\ntest: test_a.py::test_x\ntotals: {calls: 1, input_tokens: 1, output_tokens: 1, cost_usd: 0.0}\n"
    )
    if part.startswith("- event"):
        return f"{head}before:\n{part}conversations: []\n"
    turns = part.replace("\n", "\n  ").rstrip() + "\n"
    return f"{head}conversations:\n- model: openai/gpt-4o-mini\n  turns:\n  {turns}"


def _lines(data: Any) -> Iterator[str]:
    """The commands of a file of GitHub Actions, GitLab or pre-commit."""
    if isinstance(data, dict):
        for name, value in data.items():
            if name in ("run", "entry") and isinstance(value, str):
                yield from value.splitlines()
            elif name == "script" and isinstance(value, list):
                yield from value
            else:
                yield from _lines(value)
    elif isinstance(data, list):
        for value in data:
            yield from _lines(value)


@of("tape")
def test_a_tape_can_be_read(one):
    """It is one that replay takes, with as many interactions as are shown."""
    tape = load_tape(one.text, Path("x.tape.json"))
    assert len(tape.interactions) == len(json.loads(one.text)["interactions"])


def test_every_key_of_a_tape_is_described():
    """What may stand in the file stands on its page."""
    page = (ROOT / "docs/reference/tape.md").read_text("utf-8")
    keys = {
        *(*formats.TAPE_KEYS, formats.SEALED_KEY, *formats.INTERACTION_KEYS, *formats.REQUEST_KEYS),
        *(*formats.CHANGES_KEYS, *formats.RESPONSE_KEYS, *formats.BODY_KEYS, *formats.EVENT_LINE_KEYS),
    }
    assert [key for key in sorted(keys) if f"`{key}`" not in page and f'"{key}"' not in page] == []


@of("python")
def test_python_runs(one, pytester, monkeypatch):
    """What no test of its own runs is a test file here, with what the page takes for given around it."""
    given = GIVEN[one.page]
    ast.parse(one.text)
    (pytester.path / "conftest.py").write_text(given.conftest, encoding="utf-8")
    (pytester.path / "test_page.py").write_text(given.before + one.text + given.after, encoding="utf-8")
    quiet = ("-p", "no:asyncio", "-p", "no:hypothesispytest", "-p", "no:cacheprovider", "--llm-record")
    monkeypatch.delenv("CI", raising=False)
    result = pytester.runpytest_inprocess(*quiet)
    result.assert_outcomes(passed=given.tests)


class Given:
    """What a page takes for given around its blocks of Python."""

    def __init__(self, before: str = "", after: str = "", conftest: str = "", tests: int = 0) -> None:
        self.before, self.after, self.conftest, self.tests = before, after, conftest, tests


AGENT = """
import pytest_llmtrace as llmtrace
from types import SimpleNamespace

def my_ask(messages):
    return SimpleNamespace(text="Hello", tokens_in=3, tokens_out=2)

my_client = SimpleNamespace(ask=my_ask)

def agent(question):
    messages = [{"role": "user", "content": question}]
    arguments = '{"order_id": "' + "".join(filter(str.isdigit, question)) + '"}'
    for step, tool in enumerate(("lookup_order", "refund", None)):
        said = {"role": "assistant", "content": None if tool else "Done."}
        if tool:
            function = {"name": tool, "arguments": arguments}
            said["tool_calls"] = [{"id": f"c{step}", "type": "function", "function": function}]
        with llmtrace.call(provider="openai", model="gpt-4o-mini", messages=messages) as call:
            call.usage = {"prompt_tokens": 10, "completion_tokens": 2}
            call.output, call.finish_reason = said, "tool_calls" if tool else "stop"
        messages = [*messages, said, {"role": "tool", "tool_call_id": f"c{step}", "content": "ok"}]

run = agent

def ask(question):
    with llmtrace.call(provider="openai", model="gpt-4o-mini", messages=question) as call:
        call.output = "Yes."
    return "Yes."

httpx = SimpleNamespace(get=lambda url: SimpleNamespace(json=lambda: {"asked": url}))

"""
README_AFTER = """

if "answer" in globals():
    def test_answer(llm_trace):
        assert answer([{"role": "user", "content": "Hi"}]) == "Hello"
        search("x"), summary([{"role": "user", "content": "Hi"}])
        calls = [(one.model, one.agent, one.session) for one in llm_trace.calls]
        assert calls == [("m1", "lead", "s1"), ("m1", None, None)]
        assert (llm_trace.tool_names, [one.name for one in llm_trace.events]) == (["search"], ["compaction"])
"""
AGENTS_AFTER = """

if "research" in globals():
    def test_research(llm_trace):
        research("May we?")
        calls = [(one.agent, one.parent, one.session) for one in llm_trace.calls]
        assert calls == [("colleague", "lead", "s1"), ("colleague", "lead", "s1"), ("lead", None, "s1")]

if "weather" in globals():
    def test_weather(llm_trace):
        assert weather("Oslo") == {"asked": "https://weather.example/Oslo"}
        assert llm_trace.tool_names == ["weather"]
"""
GIVEN = {
    "docs/how-to/agents.md": Given(AGENT, AGENTS_AFTER, tests=1),
    "README.md": Given(AGENT, README_AFTER, tests=1),
    "docs/how-to/ci-gate.md": Given("import pytest\n", tests=2),
    "docs/reference/installation.md": Given(tests=1),
}
