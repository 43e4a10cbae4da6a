"""Gates: whose budget it is, where it is set, where spending stops, and what passes when a limit is raised."""

from __future__ import annotations

import json
import re

from click.testing import CliRunner

from pytest_llmtrace.cli import main

TREE = {
    "conftest.py": """
        import sys
        sys.path.insert(0, {root!r})
    """,
    "chatting.py": "",
    "tests/agents/test_a.py": """
        from chatting import chat

        def test_a():
            chat("one")
    """,
    "tests/agents/deep/test_b.py": """
        import pytest
        from chatting import chat

        @pytest.fixture(scope="module")
        def warm():
            chat("warm up")

        def test_b(warm):
            chat("two")
    """,
    "tests/agents2/test_c.py": """
        from chatting import chat

        def test_c():
            chat("three")
    """,
}
BUDGETS = """
[tool.llmtrace.budgets."tests/agents"]
calls = {calls}
tokens = 1000

[tool.llmtrace.budgets."./tests/agents/deep/"]
usd = {usd}

[tool.llmtrace.budgets."tests/agents2"]
calls = 1
"""


def tree(project):
    """A project of three directories."""
    for name, source in TREE.items():
        project.write(source.replace("{root!r}", repr(str(project.path))), name, prelude=name == "chatting.py")
    return project


def test_directories_have_budgets(project):
    """What the tests and fixtures in a directory and below use together breaks its budget; raised, it passes."""
    tree(project).record()
    pyproject = project.path / "pyproject.toml"
    pyproject.write_text(BUDGETS.format(calls=2, usd="0.0000001"), encoding="utf-8")
    ran = project.replay()
    assert ran.exit == 1
    ran.outcomes(passed=3)
    (fixture,) = ran.report["fixtures"]
    assert fixture["directory"] == "tests/agents/deep"
    deep = fixture["cost_usd"] + ran.test("test_b")["cost_usd"]
    assert ran.report["breaches"] == [
        {
            "scope": "tests/agents",
            "what": "calls",
            "limit": 2,
            "value": 3,
            "source": 'calls of [tool.llmtrace.budgets."tests/agents"] in pyproject.toml',
        },
        {
            "scope": "tests/agents/deep",
            "what": "usd",
            "limit": 1e-7,
            "value": round(deep, 12),
            "source": 'usd of [tool.llmtrace.budgets."./tests/agents/deep/"] in pyproject.toml',
        },
    ]
    tokens = next(one["value"] for one in ran.report["budgets"] if one["what"] == "tokens")
    ran.result.stdout.fnmatch_lines(
        [
            f"budget: tests/agents: tokens {tokens} of 1,000 allowed (*",
            "budget: tests/agents2: calls 1 of 1 allowed (100 %)",
            "budget BREACHED: tests/agents: calls 3 of 2 allowed (set by calls of",
            '?tool.llmtrace.budgets."tests/agents"? in pyproject.toml)',
            "budget BREACHED: tests/agents/deep: cost $0.* of $0.0000001 allowed (set",
        ]
    )
    pyproject.write_text(BUDGETS.format(calls=3, usd="0.01"), encoding="utf-8")
    assert project.replay().exit == 0


def test_a_directory_stops_a_recording_and_others_go_on(project):
    """Live calls are refused where the budget of their directory is spent, and only there."""
    tree(project)
    (project.path / "pyproject.toml").write_text(BUDGETS.format(calls=0, usd=1), encoding="utf-8")
    ran = project.run("--llm-record")
    assert (ran.exit, ran.requests) == (1, 1)
    ran.outcomes(passed=1, failed=1, errors=1)
    (finding,) = ran.test("test_a")["findings"]
    assert (finding["scope"], finding["what"], finding["refused"]) == ("tests/agents", "calls", True)
    assert "test_a.py::test_a was stopped: the budget of tests/agents is spent" in ran.text


MARKED = """
    pytestmark = pytest.mark.llm_budget(tokens=1_000, calls=1)

    def two():
        chat("one")
        chat("two words")

    def test_of_the_module():
        two()

    @pytest.mark.llm_budget(usd=1)
    class TestClass:
        def test_of_the_module_too(self):
            two()

        @pytest.mark.llm_budget(calls=2, tokens=2)
        def test_of_its_own(self):
            two()

        @pytest.mark.llm_budget(calls=None, usd=None)
        def test_lifted(self):
            two()

    @pytest.mark.llm_budget(calls=None)
    def test_default():
        two()
"""


def test_the_nearest_marker_that_names_a_limit_decides(project):
    """Marks of modules and classes hold for each test in them, limit by limit; the ini value holds where none does."""
    project.write(MARKED)
    project.edit("calls=1)", "calls=9)")
    project.edit("tokens=2)", "tokens=999)")
    project.record()
    project.edit("calls=9)", "calls=1)")
    project.edit("tokens=999)", "tokens=2)")
    project.pytester.makeini("[pytest]\nllm_test_budget = 0.0000001\nllm_test_budget_calls = 9\n")
    ran = project.replay()
    found = {
        row["nodeid"].rpartition("::")[2]: [(one["what"], one["source"]) for one in row["findings"]]
        for row in ran.report["tests"]
    }
    default, module = ("usd", "llm_test_budget in tox.ini"), "@pytest.mark.llm_budget(calls=...) of module test_it.py"
    assert found == {
        "test_of_the_module": [default, ("calls", module)],
        "test_of_the_module_too": [("calls", module)],
        "test_of_its_own": [("tokens", "@pytest.mark.llm_budget(tokens=...)")],
        "test_lifted": [],
        "test_default": [default],
    }


CROWD = """
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    @pytest.mark.llm_budget(calls=3)
    def test_threads():
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: chat(f"call {{n}}"), range(8)))

    @pytest.mark.llm_budget(calls=3)
    def test_tasks():
        async def one(n):
            async with openai.AsyncOpenAI(base_url={url!r}, api_key="sk-plugin-0123456789", max_retries=0) as client:
                message = {{"role": "user", "content": f"task {{n}}"}}
                await client.chat.completions.create(model="gpt-4o-mini", messages=[message])

        async def crowd():
            await asyncio.gather(*(one(n) for n in range(8)), return_exceptions=True)

        asyncio.run(crowd())
"""


def test_calls_made_at_once_do_not_overrun_a_budget_of_calls(project):
    """Of eight calls in threads, and of eight in tasks, three go out where three are allowed."""
    project.write(CROWD.format(url=project.provider.openai_url))
    ran = project.run("--llm-record")
    ran.outcomes(failed=2)
    assert ran.requests == 6
    assert ran.report["totals"]["live_calls"] == ran.report["totals"]["calls"] == 6
    for name in ("test_threads", "test_tasks"):
        assert [(one["what"], one["value"], one["refused"]) for one in ran.test(name)["findings"]] == [
            ("calls", 3, True)
        ]


def test_what_is_printed_for_a_model_without_a_price_can_be_pasted(project):
    """A model without a price stops the next call; the printed lines, pasted into pyproject.toml, let all pass."""
    project.write(
        """
        def test_one():
            chat("one", model="acme-9000")

        def test_two():
            chat("two", model='odd "name"')
        """
    )
    budget = "--llm-budget=1"
    stopped = project.run("--llm-record", budget)
    assert (stopped.exit, stopped.requests) == (1, 1)
    stopped.outcomes(passed=1, failed=1)
    assert "test_two was stopped: the budget of the run cannot be checked" in stopped.text
    project.record()
    replayed = project.run("--llm-trace", budget)
    assert replayed.exit == 1
    replayed.outcomes(passed=2)
    (breach,) = replayed.report["breaches"]
    assert (breach["value"], breach["models"]) == (None, ["openai/acme-9000", 'openai/odd "name"'])
    pasted = r"^ *(\[tool\.llmtrace\.prices\..*\]|(?:in|out)put_cost_per_token = .*)$"
    printed = re.findall(pasted, replayed.text, re.MULTILINE)
    assert len(printed) == 6
    (project.path / "pyproject.toml").write_text("\n".join(printed), encoding="utf-8")
    assert project.run("--llm-trace", budget).exit == 0
    for path in project.path.rglob("cassettes"):
        for file in path.rglob("*.*"):
            file.unlink()
    assert project.run("--llm-record", budget).exit == 0


def test_growth_counts_where_something_is_compared(project):
    """A test without a golden trace cannot grow; recording accepts growth; live and in total it fails the run."""
    project.write("@pytest.mark.llm_trace(policy='outline')\ndef test_one():\n    chat('hi')\n")
    project.record()
    project.edit("chat('hi')", "chat('hi ' * 50)")
    project.write("def test_new():\n    chat('long ' * 500)\n", "test_new.py")
    grown = project.run("--llm-live", "--llm-max-growth=tokens:50%,usd:100000%")
    assert grown.exit == 1
    grown.outcomes(failed=1, passed=1)
    (total,) = grown.report["breaches"]
    (own,) = [one for one in grown.test("test_one")["findings"] if one["type"] == "breach"]
    assert (total["of"], total["limit"], total["source"]) == ("tokens", 0.5, "--llm-max-growth")
    assert (own["of"], own["value"]) == ("tokens", total["value"])
    assert [(one["type"], one["severity"]) for one in grown.test("test_new")["findings"]] == [("no_cassette", "warn")]
    assert project.run("--llm-live", "--llm-max-growth=100000%").exit == 0
    assert project.run("--llm-record", "--llm-record-mode=all", "--llm-max-growth=1%").exit == 0
    assert json.loads((project.path / "report.json").read_text("utf-8"))["breaches"] == []
    assert project.run("--llm-trace", "--llm-max-growth=0%").exit == 0


def test_a_run_that_breaks_is_no_success(project):
    """A test file that cannot be imported makes the report fail, so that nobody adds it up as a good one."""
    project.write("def test_one():\n    chat('one')\n")
    project.record()
    project.write("import nothing_of_that_name\n", "test_broken.py")
    ran = project.replay("--continue-on-collection-errors")
    assert (ran.exit, ran.report["exit"]) == (1, "failed")


def test_shards_add_up_to_the_run(project):
    """Reports of shards, merged, say what one run says, and exceed the budget that each of them kept."""
    project.write(
        """
        @pytest.fixture(scope="session")
        def greeting():
            return chat("hello")

        def test_one(greeting):
            chat("one")

        def test_two(greeting):
            chat("two")
        """
    )
    project.record()
    project.pytester.makeini("[pytest]\nllm_budget_calls = 2\n")
    for name in ("one", "two"):
        shard = project.run("--llm-trace", "-k", name)
        assert shard.exit == 0
        (project.path / f"{name}.json").write_text(json.dumps(shard.report), encoding="utf-8")
    whole = project.replay().report
    made = CliRunner().invoke(main, ["merge", "--json", *(str(project.path / f"{one}.json") for one in ("one", "two"))])
    assert made.exit_code == 1
    merged = json.loads(made.stdout)
    assert [one["exit"] for one in merged.pop("shards")] == ["ok", "ok"]
    assert timeless(merged) == timeless(whole)
    assert [(one["what"], one["value"]) for one in whole["breaches"]] == [("calls", 3)]


def timeless(report):
    """A report without the times in it."""
    return json.loads(re.sub(r'"duration_s": [0-9.e-]+, ', "", json.dumps(report)))


def test_a_limit_without_a_mode_says_that_it_held_nothing(project):
    """A forgotten --llm-trace is no green gate without a word; who said --llm-off knows."""
    project.write("def test_one():\n    pass\n", prelude=False)
    limits = "--llm-budget=1", "--llm-max-growth=1%"
    said = "llmtrace: --llm-budget and --llm-max-growth held nothing, for no test was traced: add --llm-trace, "
    assert said in project.run(*limits, "-q").text
    assert "held nothing" not in project.run(*limits, "--llm-off").text
    assert "held nothing" not in project.replay(*limits).text
