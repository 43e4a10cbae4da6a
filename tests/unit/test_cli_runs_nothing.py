"""Commands that may be used on a stranger's tree run none of its code."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_llmtrace.cli import main
from tests.unit.cassette_tree import record

COMMANDS = (
    "show FILE",
    "check",
    "check --secrets .",
    "stats",
    "diff FILE FILE",
    "diff FILE OTHER --policy tools",
    "export .",
    "whatif --model gpt-4.1-mini .",
    "import . --dry-run",
    "accept FILE --list",
    "prune --help",
)
MODULE = "hostile_module_of_a_stranger"


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A tree with code in every place from which pytest or a policy would run it."""
    cassette, other = (record(tmp_path, f"test_a.py::test_{name}") for name in ("one", "two"))
    trap = "import pathlib\npathlib.Path(__file__).with_name('sprung').touch()\n\ndef score(a, b):\n    return 1.0\n"
    for name in (MODULE, "conftest", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(trap, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = -p {MODULE}\n", encoding="utf-8")
    policy = f'[tool.llmtrace.policies.mine]\ntext_scorer = "{MODULE}:score"\ntext_tolerance = 0.5\n'
    (tmp_path / "pyproject.toml").write_text(policy, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return {"FILE": str(cassette.golden), "OTHER": str(other.golden)}


@pytest.mark.parametrize("command", COMMANDS)
def test_it_runs_no_code_of_the_tree(command: str, stranger: dict[str, str]) -> None:
    """Neither conftest files, nor plugins of the ini file, nor functions of policies that nobody named."""
    done = CliRunner().invoke(main, [stranger.get(word, word) for word in command.split()])
    assert done.exit_code in (0, 1), done.output
    assert not Path("sprung").exists()


def test_a_policy_with_a_function_runs_it_when_it_is_named(stranger: dict[str, str]) -> None:
    """The trap works: whoever names the policy trusts the tree."""
    try:
        done = CliRunner().invoke(main, ["diff", stranger["FILE"], stranger["OTHER"], "--policy", "mine"])
        assert done.exit_code in (0, 1), done.output
        assert Path("sprung").exists()
    finally:
        sys.modules.pop(MODULE, None)
