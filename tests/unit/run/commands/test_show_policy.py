"""`llmtrace policy`: the effective policy of a test, and where it came from."""

from __future__ import annotations

import json
import os
import textwrap

import pytest
from click.testing import CliRunner, Result

from pytest_llmtrace._run.commands.collecting import collected_below
from pytest_llmtrace.cli import main

FILES = {
    "pyproject.toml": """
        [tool.llmtrace.policies.shop]
        match = "unordered"
        prompt = "warn"
        normalize = ["date"]
    """,
    "pytest.ini": """
        [pytest]
        llm_policy = shop
        llm_normalize = uuid
        llm_live_policy = outline
    """,
    "conftest.py": """
        def pytest_llmtrace_normalize(text):
            return text
    """,
    "test_it.py": """
        import pytest

        raise_when_run = True

        def test_plain():
            assert not raise_when_run

        @pytest.mark.llm_trace(match="subset", tools={"search": "ignore"})
        class TestClass:
            def test_marked(self):
                assert not raise_when_run

        @pytest.mark.llm_trace(policy="nowhere")
        def test_wrong():
            pass
    """,
}


@pytest.fixture
def shop(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with a policy in every place."""
    for name, text in FILES.items():
        (pytester.path / name).write_text(textwrap.dedent(text), encoding="utf-8")
    monkeypatch.chdir(pytester.path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_llmtrace.plugin")


def run(*args: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ["policy", *args])


@pytest.mark.usefixtures("shop")
def test_the_policy_of_a_test_says_where_each_setting_came_from() -> None:
    """A marker beats the table of pyproject, and lists of all places add up."""
    result = run("test_it.py::TestClass::test_marked")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "test_it.py::TestClass::test_marked",
        "  policy shop  (pytest.ini: llm_policy)",
        "  match              subset  @pytest.mark.llm_trace (on test_it.py::TestClass)",
        "  normalize          date    pyproject.toml: [tool.llmtrace.policies.shop]",
        "  normalize          uuid    pytest.ini: llm_normalize",
        "  normalize          (hook)  pytest_llmtrace_normalize (conftest.py)",
        "  order              free    default",
        "  severities.prompt  warn    pyproject.toml: [tool.llmtrace.policies.shop]",
        "  text_tolerance     0.0     default",
        "  tools.search       ignore  @pytest.mark.llm_trace (on test_it.py::TestClass)",
        "  view               calls   default",
    ]


@pytest.mark.usefixtures("shop")
def test_the_policy_of_live_mode_as_json() -> None:
    """With --live it is that of live mode; with --json it is for machines."""
    result = run("--live", "--json", "test_it.py::test_plain")
    assert result.exit_code == 0, result.output
    (data,) = json.loads(result.output)
    settings = data.pop("settings")
    assert data == {
        "test": "test_it.py::test_plain",
        "mode": "live",
        "policy": "outline",
        "named_by": "pytest.ini: llm_live_policy",
        "hooks": ["pytest_llmtrace_normalize (conftest.py)"],
    }
    assert {"setting": "view", "value": "outline", "source": "policy outline (built in)"} in settings
    assert {"setting": "normalize", "value": "uuid", "source": "pytest.ini: llm_normalize"} in settings


@pytest.mark.usefixtures("shop")
@pytest.mark.usefixtures("shop")
def test_tests_are_collected_without_a_download(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite that imports litellm finds what keeps its price map local, and the environment is as before after it."""
    asked = "import os\n\ndef test_it():\n    pass\n\nassert os.environ['LITELLM_LOCAL_MODEL_COST_MAP'] == 'True'\n"
    file = pytester.path / "test_asks.py"
    file.write_text(asked, encoding="utf-8")
    monkeypatch.delenv("LITELLM_LOCAL_MODEL_COST_MAP", raising=False)
    assert run("test_asks.py").exit_code == 0
    assert collected_below(file).tests == 1
    assert "LITELLM_LOCAL_MODEL_COST_MAP" not in os.environ


@pytest.mark.usefixtures("shop")
def test_a_policy_that_is_not_possible_is_said_for_its_test() -> None:
    """The other tests of the file are shown, and the exit status is 1."""
    result = run("test_it.py")
    assert result.exit_code == 1
    assert "'nowhere' is not a policy; choose one of exact, tools, outline, shop" in result.output
    assert "test_it.py::test_plain" in result.output


@pytest.mark.usefixtures("shop")
def test_what_cannot_be_collected_is_an_error() -> None:
    """It shows what pytest says, and exits with 2."""
    result = run("test_it.py::test_nothing")
    assert result.exit_code == 2
    assert "not found" in result.output
