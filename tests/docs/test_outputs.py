"""What pages show of screens is what is printed: each is made here, and compared, numbers aside where they vary."""

from __future__ import annotations

import shutil

import pytest
from click.testing import CliRunner

from pytest_llmtrace.cli import main
from tests.docs.blocks import ROOT, block, shape
from tests.plugin.conftest import AGENT, Project, project, provider, scripted  # noqa: F401 - fixtures
from tests.provider import Provider
from tests.unit.cassette_tree import record

SENDER = "refund_agent import sending"
SENDING = """
from openai import OpenAI

def completion(*, model, **asked):
    "What litellm sends, without its five seconds of imports."
    client = OpenAI(base_url="http://127.0.0.1:9/v1", api_key="sk-x", max_retries=0)
    return client.chat.completions.create(model=model.removeprefix("openai/"), **asked)
"""
KEY = "sk-proj-" + "Ab3dEf6hIj9kLm2nOp5q" * 2


def printed(*arguments: str, columns: int = 120) -> str:
    """What `llmtrace` prints."""
    return CliRunner().invoke(main, arguments, env={"COLUMNS": str(columns)}).output


def test_the_failure_of_the_readme(pytester):
    """The edited prompt of the refund agent gives the screen on top of README.md, line by line."""
    shutil.copytree(ROOT / "examples" / "refund_agent", pytester.path / "refund_agent")
    (pytester.path / "pytest.ini").write_text("[pytest]\nllm_mode = trace\n", encoding="utf-8")
    package = pytester.path / "refund_agent" / "refund_agent"
    (package / "sending.py").write_text(SENDING, encoding="utf-8")
    text = (package / "agent.py").read_text("utf-8")
    text = text.replace("for 30 days after", "for 14 days after").replace("import litellm", f"from {SENDER} as litellm")
    (package / "agent.py").write_text(text, encoding="utf-8")
    ran = run(pytester, "refund_agent/test_refund.py", "-k", "test_recent_order")
    screen = block("README.md", "refund_agent/test_refund.py::test_recent_order").text
    assert screen in ran, ran


def test_budgets_of_directories(pytester):
    """docs/how-to/ci-gate.md: what a run says of a budget that was kept, and of one that was not."""
    (pytester.path / "pyproject.toml").write_text(
        '[tool.llmtrace.budgets."tests/agents"]\nusd = 0.30\ncalls = 120\n'
        '[tool.llmtrace.prices."acme-9000"]\ninput_cost_per_token = 0.00021\noutput_cost_per_token = 0\n',
        encoding="utf-8",
    )
    folder = pytester.path / "tests" / "agents"
    folder.mkdir(parents=True)
    (folder / "test_it.py").write_text(
        "import pytest_llmtrace as llmtrace\n\ndef test_it():\n    for number in range(131):\n"
        "        with llmtrace.call(provider='acme', model='acme-9000', messages=str(number)) as call:\n"
        "            call.output = 'x'\n"
        "            call.usage = {'prompt_tokens': 1000 if not number else 0, 'completion_tokens': 0}\n",
        encoding="utf-8",
    )
    said = run(pytester, "--llm-record")
    assert shape(block("docs/how-to/ci-gate.md", "budget: tests/agents").text) in shape(said)
    assert "cost $0.21 of $0.30 allowed (70 %)" in said
    assert "calls 131 of 120 allowed" in said


def test_a_history_that_is_down(pytester):
    """docs/how-to/history.md: the warning of a run whose database could not be reached."""
    (pytester.path / "test_it.py").write_text(
        "import pytest_llmtrace as llmtrace\n\ndef test_it():\n"
        "    with llmtrace.call(provider='openai', model='gpt-4o-mini', messages='Hi') as call:\n"
        "        call.output = 'x'\n",
        encoding="utf-8",
    )
    said = "".join(run(pytester, "--llm-record", "--llm-history=postgresql://127.0.0.1:1/llm_history").split())
    shown = "".join(block("docs/how-to/history.md", "warning: history:").text.split())
    reached, _, rest = shown.replace("db.example.com", "127.0.0.1:1").partition("...")
    waits, _, then = rest.partition("/home/jane/shop/")
    at = 0
    for part in (reached, waits, then.partition(",")[2]):
        at = said.find(part, at)
        assert at >= 0, (part, said)


def test_live_runs(scripted):  # noqa: F811
    """docs/how-to/live.md: a test whose runs do something else more often than not."""
    made = scripted("tool refund", "tool lookup", "tool refund", "tool lookup", "tool refund", "tool lookup")
    made.record()
    ran = made.run("--llm-live", "--llm-live-runs=5")
    assert block("docs/how-to/live.md", "---").text in ran.text, ran.text


def test_another_model(pytester, monkeypatch):
    """docs/how-to/live.md: the table of a run in which a new model was asked."""
    monkeypatch.setenv("COLUMNS", "100")
    rules = [
        {"model": "gpt-4o", "user": "mail", "text": "Yes."},
        {"model": "gpt-4o", "tool_calls": [{"refund": {}}]},
        {"model": "gpt-5-mini", "user": "mail", "text": "Of course."},
        *({"model": "gpt-5-mini", "tool_calls": [{name: {}}], "times": 1} for name in ("lookup", "refund") * 2),
        {"model": "gpt-5-mini", "tool_calls": [{"lookup": {}}]},
    ]
    source = AGENT.replace("tools=TOOLS", "model='gpt-4o', tools=TOOLS")
    with Provider(rules) as model:
        made = Project(pytester, model)
        made.write(source + "\n    def test_mail():\n        chat('mail', model='gpt-4o')\n")
        made.record()
        ran = made.run("--llm-live", "--llm-live-runs=5", "--llm-model", "gpt-4o=gpt-5-mini")
    assert shape(block("docs/how-to/live.md", "models swapped").text) in shape(ran.text), ran.text


def test_the_summary_of_a_live_run(project):  # noqa: F811
    """docs/how-to/reports.md: the head of the section, and the table of models."""
    project.write(
        "def test_one():\n    chat('one', model='gpt-4o')\n    chat('two')\n\n\ndef test_two():\n    chat('three')\n"
    )
    project.record()
    project.edit("'one'", "'one more'")
    project.edit("'three'", "'number three'")
    ran = project.run("--llm-live")
    assert shape(block("docs/how-to/reports.md", "live · 12 tests").text) in shape(ran.text), ran.text


def test_what_a_run_says_on_its_way():
    """docs/how-to/reports.md: the line of progress is the one that tests/unit/report/terminal/test_progress.py has."""
    lines = block("docs/how-to/reports.md", "test_desk.py .....").text.splitlines()
    (said,) = [line for line in lines if not line.startswith("test_desk.py ")]
    assert f'"{said}"' in (ROOT / "tests/unit/report/terminal/test_progress.py").read_text("utf-8")


def test_a_cassette_whose_test_is_gone(tmp_path, monkeypatch):
    """docs/how-to/review.md: what `llmtrace check` says of it."""
    monkeypatch.chdir(tmp_path)
    for test in ("test_new", "test_old"):
        record(tmp_path, f"test_refund.py::{test}")
    source = tmp_path / "test_refund.py"
    source.write_text(source.read_text("utf-8").replace("test_old", "test_older"), encoding="utf-8")
    assert printed("check") == block("docs/how-to/review.md", "$ llmtrace check").output.replace("12 cass", "2 cass")


def test_what_nothing_uses(pytester, monkeypatch):
    """docs/how-to/review.md: what `llmtrace prune` lists."""
    shown = block("docs/how-to/review.md", "$ llmtrace prune tests").output
    for test in ("test_refund", "test_old", "test_model[gpt-4o]"):
        record(pytester.path, f"tests/test_refund.py::{test}")
    (pytester.path / "tests" / "test_refund.py").write_text(
        "import pytest\n\n\ndef test_refund():\n    pass\n\n\n"
        "@pytest.mark.parametrize('x', ['a'])\ndef test_model(x):\n    pass\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_llmtrace.plugin")
    said = printed("prune", "tests").replace("  (not in git)", "")
    assert shape(said.partition("; 2 of them")[0]) == shape(shown.partition("\nWhat is")[0])


def test_a_secret_that_is_there(tmp_path, monkeypatch):
    """docs/how-to/secrets.md: what `llmtrace check --secrets` says of a key."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "tests" / "cassettes" / "test_agent"
    folder.mkdir(parents=True)
    (folder / "test_setup.trace.yaml").write_text("a: 1\n" + 10 * "#\n" + f"b: {KEY}\n", encoding="utf-8")
    head, _, tail = block("docs/how-to/secrets.md", "$ llmtrace check --secrets .").output.partition("...\n")
    said = printed("check", "--secrets", ".")
    assert said.startswith(head), said
    assert shape(said).endswith(shape(tail).replace("files", "file")), said


def test_a_refused_recording(project):  # noqa: F811
    """docs/how-to/secrets.md: the failure of a recording that would hold a key in an encoding that stays."""
    project.write(f'def test_one():\n    chat("{KEY.encode().hex()}")\n')
    first, _, rest = block("docs/how-to/secrets.md", "llmtrace: nothing was recorded").text.partition("\n\n")
    request, _, advice = rest.partition("\n\n")
    said = project.run("--llm-record").text
    assert f"{first}\n\n{request}\n" in said
    assert f"\n\n{advice}" in said


def test_what_another_model_would_cost(monkeypatch):
    """docs/how-to/whatif.md: the table is that of the examples; what models cost today may differ."""
    monkeypatch.chdir(ROOT)
    said = printed("whatif", "--model", "gpt-4.1-mini", "examples", columns=100)
    shown = block("docs/how-to/whatif.md", "recorded with").text
    assert shape(shown) in shape(said), said


def run(pytester: pytest.Pytester, *arguments: str) -> str:
    """What pytest prints, in this process."""
    quiet = ("-p", "no:asyncio", "-p", "no:hypothesispytest", "-p", "no:cacheprovider", "--assert=plain")
    return pytester.runpytest_inprocess(*quiet, *arguments).stdout.str()
