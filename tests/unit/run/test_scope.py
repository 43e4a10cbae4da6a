"""Whether a run covered everything, so that what it did not use is not used at all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_llmtrace._run.leftovers import unused_files
from pytest_llmtrace._run.scope import Coverage


def session(place: Any, args: tuple[str, ...] = (".",), *, items: int = 2, **said: Any) -> Any:
    """A session that is over; options, `exitstatus`, `shouldstop` and `shouldfail` as said."""
    state = {name: said.pop(name, default) for name, default in (("exitstatus", 0), ("shouldstop", False))}
    config = SimpleNamespace(
        option=SimpleNamespace(**said), args=list(args), invocation_params=SimpleNamespace(dir=place)
    )
    return SimpleNamespace(config=config, items=[object()] * items, shouldfail=False, **state)


def covered(*, items: int = 2) -> Coverage:
    """Of a run that found so many tests."""
    coverage = Coverage()
    for _ in range(items):
        coverage.collected()
    return coverage


@pytest.mark.parametrize(
    ("args", "said", "full"),
    [
        ((".",), {}, True),
        ((".",), {"exitstatus": 1}, True),
        ((".",), {"exitstatus": 5}, False),
        ((".",), {"exitstatus": 2}, False),
        ((".",), {"shouldstop": "stopping after 1 failures"}, False),
        (("test_a.py",), {}, False),
        ((".", "test_a.py::test_x"), {}, False),
        *(
            ((".",), {name: value}, False)
            for name, value in (
                *(("keyword", "x"), ("markexpr", "x"), ("lf", True), ("deselect", ["x"]), ("ignore", ["x"])),
                *(("ignore_glob", ["x"]), ("stepwise", True), ("collectonly", True), ("setuponly", True)),
            )
        ),
    ],
)
def test_full_runs(tmp_path, args, said, full):
    """A run is full where folders were named, nothing was selected, and it went through to its end."""
    assert covered().is_full(session(tmp_path, args, **said)) is full


def test_what_makes_a_run_partial(tmp_path):
    """Tests that some plugin took away, a module that could not be collected, a worker that crashed or saw the like."""
    taken, broken, crashed, below = (covered() for _ in range(4))
    taken.kept(session(tmp_path, items=1))
    broken.collect_report(SimpleNamespace(failed=True, skipped=False, nodeid="test_a.py"))
    crashed.add_worker(None)
    below.add_worker(taken.to_data())

    assert [one.is_full(session(tmp_path)) for one in (taken, broken, crashed, below)] == [False] * 4

    whole = covered()
    whole.kept(session(tmp_path))
    whole.add_worker(covered().to_data())
    assert whole.is_full(session(tmp_path))


def test_unused_files(tmp_path):
    """Files are unused where no test used them, ran under their name, or was skipped with its module."""
    for name in ("test_a/test_used", "test_a/test_crashed", "test_a/test_gone", "test_b/test_x", "test_bc/test_x"):
        for ending in (".trace.yaml", ".tape.json"):
            path = tmp_path / "tests" / "cassettes" / f"{name}{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    coverage = Coverage()
    coverage.collect_report(SimpleNamespace(failed=False, skipped=True, nodeid="tests/test_b.py"))
    files = [f"tests/cassettes/test_a/test_used{ending}" for ending in (".trace.yaml", ".tape.json")]
    used = [{"nodeid": "tests/test_a.py::test_used", "used": files}]
    over = session(tmp_path, items=0)

    assert unused_files(over, coverage, tmp_path, used, ["tests/test_a.py::test_crashed", "tests/test_a.py"]) == [
        "tests/cassettes/test_a/test_gone.tape.json",
        "tests/cassettes/test_a/test_gone.trace.yaml",
        "tests/cassettes/test_bc/test_x.tape.json",
        "tests/cassettes/test_bc/test_x.trace.yaml",
    ]
    assert unused_files(session(tmp_path, lf=True), coverage, tmp_path, used, []) == []
