"""How the package is built and tested: what it takes, which extras there are, and that nothing is forgotten."""

from __future__ import annotations

import ast
import re
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import pytest_llmtrace
from tests.package.contents import wheel_problems
from tests.package.environments import LARGEST, LOWEST, SMALLEST
from tests.package.notes import notes

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
OF_DEVELOPERS = {"bench", "browser", "dev", "docs", "fuzz", "lint", "package", "sdks", "test"}
INSTALLATION = (ROOT / "docs" / "reference" / "installation.md").read_text("utf-8")


def test_what_is_tested_as_the_lowest_is_what_is_promised() -> None:
    """Each dependency is pinned at its floor: at the first release that there is of what pyproject.toml names."""
    promised = {one.name: one for one in map(Requirement, PROJECT["dependencies"])}
    lines = [line for line in LOWEST.read_text("utf-8").splitlines() if not line.startswith("#")]
    pinned = dict(line.split("==") for line in lines)
    assert pinned.keys() == promised.keys()
    for name, version in pinned.items():
        (floor,) = promised[name].specifier
        assert floor.operator == ">="
        least = Version(floor.version)
        assert Version(version).release[: len(least.release)] == least.release, name


def test_supported_pythons_are_said_once() -> None:
    """The classifiers, `requires-python`, the page on installing and what `make compat` looks for agree."""
    supported = [f"3.{minor}" for minor in range(SMALLEST, LARGEST + 1)]
    named = [one.removeprefix("Programming Language :: Python :: ") for one in PROJECT["classifiers"]]
    assert [one for one in named if re.fullmatch(r"3\.\d+", one)] == supported
    assert PROJECT["requires-python"] == f">={supported[0]}"
    assert f"Python {supported[0]} to {supported[-1]}" in INSTALLATION


def test_extras_are_described_and_all_has_them_all() -> None:
    """`pytest-llmtrace[all]` is every extra of users, and each of them has a line on the page on installing."""
    (everything,) = map(Requirement, EXTRAS["all"])
    users = EXTRAS.keys() - OF_DEVELOPERS - {"all"}
    assert everything.extras == users
    described = re.findall(r"^\| `(\w+)` \|", INSTALLATION, re.MULTILINE)
    assert sorted(described) == sorted({*users, "all"})


def test_no_address_is_made_up() -> None:
    """What there is no repository of yet has no link to one."""
    assert "urls" not in PROJECT


def test_every_public_name_is_used_where_types_are_checked() -> None:
    """`tests/typing/api.py` uses each name of `__all__`, so that a type that got lost is noticed."""
    tree = ast.parse((ROOT / "tests" / "typing" / "api.py").read_text("utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "llmtrace"
    }
    used |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert set(pytest_llmtrace.__all__) - used == set()


def test_a_wheel_is_looked_into(tmp_path: Path) -> None:
    """A forgotten file, one too many, and missing metadata are each named."""
    (tmp_path / "pytest_llmtrace").mkdir()
    for name in ("pytest_llmtrace/a.py", "pytest_llmtrace/page.css", "README.md"):
        (tmp_path / name).touch()
    wheel = tmp_path / "a.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("pytest_llmtrace/a.py", "tests/test_a.py", "a-1.dist-info/licenses/LICENSE"):
            archive.writestr(name, "")
    assert list(wheel_problems(wheel, tmp_path)) == [
        "the wheel has no pytest_llmtrace/page.css",
        "the wheel has tests/test_a.py, which is not in the repository",
        "the wheel has no entry_points.txt",
    ]


def test_the_text_of_a_release_is_that_of_its_version() -> None:
    """The section of the changelog, and an error where there is none: nothing is released without a word."""
    log = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-01-01\n\n- Better.\n\n## [1.1.0]\n\n- Good.\n"
    assert notes(log, "1.2.0") == "- Better."
    assert notes(log, "1.1.0") == "- Good."
    for missing in ("1.0.0", "Unreleased"):
        with pytest.raises(ValueError, match=rf"no section `## \[{missing}\]`"):
            notes(log, missing)
