"""The rules that keep the code readable: small modules, telling names, one-way imports, a light plugin."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import pytest_llmtrace

ROOT = Path(__file__).parents[2]
PACKAGE = Path(pytest_llmtrace.__file__).parent
PROVIDER = ROOT / "tests" / "provider"
MODULES = sorted(PACKAGE.rglob("*.py"))

SAYS_NOTHING = {"base", "common", "core", "helper", "helpers", "misc", "shared", "stuff", "util", "utils"}
HEAVY = {
    "aiohttp",
    "anthropic",
    "boto3",
    "cryptography",
    "deepdiff",
    "httpx",
    "httpx2",
    "langchain_core",
    "litellm",
    "openai",
    "psycopg",
    "sqlalchemy",
    "vcr",
    "yaml",
}


def test_modules_are_short() -> None:
    """No module has more than 300 lines."""
    modules = [*MODULES, *PROVIDER.rglob("*.py")]
    lengths = {str(path): path.read_text("utf-8").count("\n") for path in modules}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_files_of_strangers_are_read_within_bounds() -> None:
    """Files are read by `bounded_reading`, which waits for no pipe and stops; what is read otherwise is our own."""
    ours = {
        "_capture/forks.py": "what this process wrote",
        "_capture/prices/map.py": "of litellm, which is installed",
        "_capture/wire/lazy_tls.py": "of the trust store of this machine",
        "_commands/schema.py": "of this package",
        "_report/html/assets.py": "of this package",
        "_run/money/ledger.py": "what this run wrote",
        "_store/atomic.py": "a regular file of the size that is about to be written",
    }
    reads = re.compile(r"\.read_bytes\(\)|\.read_text\(|\bjson\.load\(|\btomllib\.load\(|open\(\"rb?\"")
    found = {str(path.relative_to(PACKAGE)) for path in MODULES if reads.search(path.read_text("utf-8"))}
    assert found == ours.keys()


def test_names_say_what_is_inside() -> None:
    """No module or folder has a name that would fit anything."""
    names = {part.strip("_") for path in MODULES for part in path.relative_to(PACKAGE).with_suffix("").parts}
    assert names & SAYS_NOTHING == set()


def test_every_module_says_what_it_is_for() -> None:
    """Every module begins with a docstring."""
    assert [path for path in MODULES if ast.get_docstring(ast.parse(path.read_text("utf-8"))) is None] == []


def test_unit_tests_mirror_the_package() -> None:
    """Each folder of unit tests is one of the package; every room of the comparison has its tests in one of its own."""
    tests = {path.parent.relative_to(ROOT / "tests" / "unit") for path in (ROOT / "tests" / "unit").rglob("test_*.py")}
    package = {Path(*(part.strip("_") for part in path.parent.relative_to(PACKAGE).parts)) for path in MODULES}
    assert tests - package == {Path("provider")}  # the scripted provider of the tests has tests, too
    assert {room for room in package if room.parts[:1] == ("compare",)} - tests == set()


def test_design_notes_are_numbered() -> None:
    """Each note has a number of its own, in its name and in its heading."""
    notes = sorted((ROOT / "docs" / "design").glob("*.md"))
    assert [path.name[:4] for path in notes] == [f"{number:04}" for number in range(1, len(notes) + 1)]
    assert [path.name for path in notes if not path.read_text("utf-8").startswith(f"# {path.name[:4]} ")] == []


def test_every_test_says_what_it_shows() -> None:
    """Every test of this repository has a docstring."""
    silent = [
        f"{path.relative_to(ROOT)}::{node.name}"
        for folder in ("tests", "examples")
        for path in sorted((ROOT / folder).rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and ast.get_docstring(node) is None
    ]
    assert silent == []


def test_public_names_are_exported() -> None:
    """`__all__` is sorted, and holds every public name of the package."""
    public = {
        name
        for name, value in vars(pytest_llmtrace).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name != "annotations"
    }
    assert pytest_llmtrace.__all__ == sorted(pytest_llmtrace.__all__)
    assert public | {"__version__"} <= set(pytest_llmtrace.__all__)


@pytest.mark.parametrize("name", pytest_llmtrace.__all__)
def test_public_names_exist(name: str) -> None:
    """Every exported name can be had."""
    assert hasattr(pytest_llmtrace, name)


def test_a_run_that_traces_nothing_imports_nothing_heavy(tmp_path: Path) -> None:
    """A whole run without an LLM test imports how options are declared and no more, and has one hook for each test."""
    (tmp_path / "test_plain.py").write_text("def test_plain():\n    pass\n")
    (tmp_path / "as_of_a_wheel.py").write_text("import pytest\npytest.register_assert_rewrite('pytest_llmtrace')\n")
    program = (
        "import json, pytest, sys\n"
        "class Look:\n"
        "    def pytest_sessionfinish(self, session):\n"
        "        hooks = vars(session.config.pluginmanager.hook).values()\n"
        "        self.found = [(one.name, it.plugin_name) for one in hooks for it in one.get_hookimpls()]\n"
        "look = Look()\n"
        "options = ['-q', '-p', 'as_of_a_wheel', '-p', 'pytest_llmtrace.plugin', '-p', 'no:cacheprovider']\n"
        "status = pytest.main(options, plugins=[look])\n"
        "hooks = sorted(name for name, plugin in look.found if 'llmtrace' in plugin)\n"
        "modules = {name: type(getattr(it, '__loader__', 0)).__name__ for name, it in sys.modules.items()}\n"
        "print(json.dumps([int(status), modules, hooks]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    status, modules, hooks = json.loads(done.stdout.splitlines()[-1])
    assert status == 0
    assert HEAVY & {name.partition(".")[0] for name in modules} == set()
    own = {name.removeprefix("pytest_llmtrace.") for name in modules if name.startswith("pytest_llmtrace.")}
    settings = {"_settings", "_settings.early", "_settings.hookspecs", "_settings.ini_values", "_settings.options"}
    assert own == {"plugin", *settings}  # each costs every run of every project 0.3 ms
    rewritten = {name for name, loader in modules.items() if loader == "AssertionRewritingHook"}
    first = {"pytest_llmtrace", "pytest_llmtrace.plugin", "pytest_llmtrace._settings"}
    assert {name for name in rewritten if name.startswith("pytest_llmtrace")} == first
    once = ["addhooks", "addoption", "configure", "load_initial_conftests", "unconfigure"]
    shown = ["report_header", "terminal_summary"]
    assert hooks == sorted(f"pytest_{name}" for name in (*once, *shown, "configure_node", "runtest_setup"))


def test_importing_the_package_imports_nothing_heavy() -> None:
    """`import pytest_llmtrace`, for its manual API, is as light."""
    program = "import pytest_llmtrace, sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (HEAVY | {"pytest"}) & set(done.stdout.split()) == set()


def test_imports_go_one_way() -> None:
    """import-linter finds every contract of pyproject.toml kept."""
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("needs the `lint` extra")
    done = subprocess.run(
        [linter, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
