"""Modules whose execution somebody takes a hand in."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from pytest_llmtrace._capture.wire.late_execution import executed_by
from pytest_llmtrace._capture.wire.late_libraries import _ARRIVAL
from pytest_llmtrace._capture.wire.late_serializers import MODULES, serializers_put_off


class Shared:
    """One loader for many modules, as pytest has one for all whose assertions it rewrites (`python_files = *.py`)."""

    def create_module(self, _spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["executed"] = vars(module).get("executed", 0) + 1

    def get_source(self, name: str) -> str:
        return f"# {name}"

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name in {"late_one", "late_other"} else None  # type: ignore[arg-type]


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Shared:
    """It is asked first."""
    made = Shared()
    monkeypatch.setattr(sys, "meta_path", [made, *sys.meta_path])
    for name in ("late_one", "late_other"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return made


def test_other_modules_of_the_same_loader_are_none_of_its_business(shared: Shared) -> None:
    """Each is executed once, one of them by who wants to; and in the end nothing tells that from any other import."""
    told: list[str] = []

    def run(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
        execute(module)
        told.append(module.__name__)

    spec = None
    for _ in range(3):  # whoever asks whether it is installed gets a spec, too
        spec = executed_by(shared.find_spec("late_one"), run)
    assert spec is not None
    one = importlib.util.module_from_spec(spec)
    assert spec.loader is not None
    assert spec.loader.get_source("late_one") == "# late_one"  # type: ignore[attr-defined]
    spec.loader.exec_module(one)
    other = importlib.import_module("late_other")
    assert (one.executed, other.executed, told) == (1, 1, ["late_one"])  # type: ignore[attr-defined]
    assert (one.__loader__, spec.loader, vars(shared)) == (shared, shared, {})


def test_what_is_patched_or_put_off_puts_nothing_into_a_loader(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries that are patched when they come, and vcrpy's serialisers, may have a loader that others have, too."""
    monkeypatch.setattr(shared, "find_spec", lambda name, *_: ModuleSpec(name, shared))  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "meta_path", [_ARRIVAL, shared])
    before = dict(vars(shared))
    assert _ARRIVAL.find_spec("httpx") is not None
    monkeypatch.setattr("importlib.machinery.PathFinder.find_spec", shared.find_spec)
    with serializers_put_off():
        assert sys.meta_path[0].find_spec(MODULES[0]) is not None
    assert vars(shared) == before


def test_where_there_is_no_module_there_is_none() -> None:
    """A finder that finds nothing, and a namespace package, which nothing executes."""
    space = ModuleSpec("space", None)
    assert executed_by(None, print) is None
    assert executed_by(space, print) is space
    assert space.loader is None
