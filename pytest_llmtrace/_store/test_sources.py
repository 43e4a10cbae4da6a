"""Whether the test of a cassette is still there, as far as its source tells: nothing is imported or run.

What cannot be seen in a source (a method that is inherited from elsewhere, tests that are made by calls) is taken to
be there: nobody should delete a recording on a guess.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from pytest_llmtrace._model.bounded_reading import read_head
from pytest_llmtrace._model.bounds import LARGEST_SOURCE
from pytest_llmtrace._store.paths import FIXTURES, FOLDER, test_cassette

Presence = Literal["there", "no_file", "no_test", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPlace:
    """Where a test is, going by its cassette."""

    __test__ = False

    source: Path
    """The file that should hold it."""
    presence: Presence
    expected: Path
    """Where the golden trace of this test belongs."""


def place_of_test(golden: Path, test: str) -> TestPlace | None:
    """Where the test of a golden trace is; `None` for fixtures, and where the file is in no ``cassettes`` folder."""
    folder = golden.absolute().parent
    file, separator, name = test.partition("::")
    if folder.parent.name != FOLDER or folder.name == FIXTURES or test.startswith("fixture ") or not file:
        return None
    source = folder.parent.parent / Path(file).name
    return TestPlace(
        source=source,
        presence=_presence(source, name if separator else ""),
        expected=test_cassette(source, name or source.stem).golden,
    )


def mentions(source: Path, word: str) -> bool:
    """Whether a word stands in a source, or in a conftest beside it."""
    pattern = re.compile(rf"\b{re.escape(word)}\b")
    return any(pattern.search(_text(file)) for file in (source, source.parent / "conftest.py"))


def _presence(source: Path, name: str) -> Presence:
    if len(source.name) > _LONGEST_NAME or not source.is_file():
        return "no_file"
    names = name.partition("[")[0].split("::") if name else []
    if source.suffix != ".py" or not all(one.isidentifier() for one in names) or not names:
        return "unknown"
    scope = _scope(_text(source))
    return "unknown" if scope is None else _found(scope, names)


def _found(scope: _Scope, names: Iterable[str]) -> Presence:
    """Follow ``TestA``, ``test_x`` from the module down."""
    here: _Scope | None = scope
    for name in names:
        if here is None:
            return "unknown"
        if name in here.bound:
            return "unknown"  # assigned, or imported: something of that name is there
        node = here.declared.get(name)
        if node is None:
            return "unknown" if here.open or here.makes(name) else "no_test"
        here = _Scope(node.body, module=scope, node=node) if isinstance(node, ast.ClassDef) else None
    return "there"


class _Scope:
    """The names of a module or of a class."""

    def __init__(self, body: list[ast.stmt], module: _Scope | None, node: ast.ClassDef | None = None) -> None:
        self.declared: dict[str, _Declared] = {}
        self.bound: set[str] = set()
        self.open = False
        """Whether there may be names that do not show."""
        self._take(body)
        if node is not None:
            self.open = self.open or bool(node.decorator_list or node.keywords)
            self._inherit(node, module)

    def makes(self, name: str) -> bool:
        """Whether a decorator may make a test of this name, as ``parameterized.expand`` numbers its function's."""
        return any(
            name.startswith(f"{known}_") and not isinstance(node, ast.ClassDef) and node.decorator_list
            for known, node in self.declared.items()
        )

    def _take(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.declared[node.name] = node
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                names = {alias.asname or alias.name for alias in node.names}
                self.open = self.open or "*" in names
                self.bound |= names
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                self.bound |= {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
                self.open = self.open or any(isinstance(target, ast.Subscript) for target in targets)
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                self.open = self.open or _called(node.value) in _MAKERS
            for part in ("body", "orelse", "finalbody", "handlers"):
                if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    self._take(_statements(getattr(node, part, ())))

    def _inherit(self, node: ast.ClassDef, module: _Scope | None) -> None:
        for base in node.bases:
            name = base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else ""
            known = module.declared.get(name) if module is not None and isinstance(base, ast.Name) else None
            if isinstance(known, ast.ClassDef) and known is not node:
                inner = _Scope(known.body, module=None, node=known)
                self.declared = {**inner.declared, **self.declared}
                self.bound |= inner.bound
                self.open = self.open or inner.open
            elif name not in _EMPTY_BASES:
                self.open = True


_Declared = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _statements(parts: Iterable[ast.AST]) -> list[ast.stmt]:
    made: list[ast.stmt] = []
    for part in parts if isinstance(parts, list) else ():
        made += part.body if isinstance(part, ast.ExceptHandler) else [part] if isinstance(part, ast.stmt) else []
    return made


def _called(call: ast.Call) -> str:
    """The last name of what is called: ``scenarios`` of ``bdd.scenarios(...)``."""
    if isinstance(call.func, ast.Call):
        return _called(call.func)
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _text(source: Path) -> str:
    try:
        return read_head(source, LARGEST_SOURCE).decode("utf-8", "replace")
    except OSError:
        return ""


@lru_cache(maxsize=8)  # the cassettes of one test file come one after the other
def _scope(text: str) -> _Scope | None:
    try:
        return _Scope(ast.parse(text).body, module=None)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


_LONGEST_NAME: Final = 255
"""Characters that the name of a file can have anywhere; asking for a longer one is an error of the system."""
_MAKERS: Final = frozenset({"scenarios", "setattr", "update", "exec", "globals"})
"""What may put tests into a module: pytest-bdd, and the means of the language."""
_EMPTY_BASES: Final[frozenset[str]] = frozenset({"object", "TestCase", "IsolatedAsyncioTestCase", "ABC", "Protocol"})
"""Base classes that have no tests."""
