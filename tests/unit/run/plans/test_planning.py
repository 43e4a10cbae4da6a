"""The plans of tests: what those of a file share must be what each of them has."""

import types
from dataclasses import fields
from pathlib import Path

import pytest

from pytest_llmtrace._model.limits import Limit
from pytest_llmtrace._run.plans.marks import marks_of
from pytest_llmtrace._run.plans.plan import Plan
from pytest_llmtrace._run.plans.planning import Plans
from pytest_llmtrace._settings.budgets import Budgets
from pytest_llmtrace._settings.early import is_marked
from pytest_llmtrace._settings.values import Settings
from pytest_llmtrace.errors import SettingsError

PLUGIN = "pytest_llmtrace.plugin"
MODULE = """
    import pytest

    def test_plain(): ...

    @pytest.mark.llm_trace(policy="tools", min_calls=2)
    def test_own(): ...

    @pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.llm_trace(policy="outline"))])
    @pytest.mark.llm_budget(calls=3)
    def test_parameters(x): ...

    @pytest.mark.llm_trace(policy="outline")
    class TestMarked:
        def test_first(self): ...

        @pytest.mark.llm_trace(ignore=["params"])
        def test_more(self): ...

        def test_last(self): ...

    @pytest.mark.vcr
    def test_taped(): ...

    @pytest.mark.llm_trace
    def test_bare(): ...

    def test_end(): ...
"""


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch):
    """One of them takes as long to import as all of these tests."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.fixture
def settings(pytester):
    return Settings(mode="trace", root=pytester.path)


@pytest.fixture
def items(pytester):
    pytester.plugins.append(PLUGIN)
    return {item.name: item for item in pytester.getitems(MODULE)}


def shown(plan):
    """A plan as values that can be compared."""
    assert plan is not None
    return {one.name: getattr(plan, one.name) for one in fields(Plan) if one.name not in ("places", "ahead")}


def alone(item, settings, run=None):
    """The plan of a test as it is where no other was planned before."""
    return shown(Plans(settings).of_test(item, run))


def test_tests_of_a_file_have_the_plans_that_each_has_alone(items, settings):
    """In whatever order they run: with marks of their own, of their parameters, of their class, and with none."""
    for order in (list(items.values()), list(reversed(items.values()))):
        plans = Plans(settings)
        assert [shown(plans.of_test(item)) for item in order] == [alone(item, settings) for item in order]
    plans = Plans(settings)
    made = {name: plans.of_test(item) for name, item in items.items()}
    assert {name: (plan.policy.name, plan.min_calls) for name, plan in made.items()} == {
        "test_plain": ("exact", 0),
        "test_own": ("tools", 2),
        "test_parameters[1]": ("exact", 0),
        "test_parameters[2]": ("outline", 0),
        "test_first": ("outline", 0),
        "test_more": ("outline", 0),
        "test_last": ("outline", 0),
        "test_taped": ("exact", 0),
        "test_bare": ("exact", 0),
        "test_end": ("exact", 0),
    }
    assert [name for name, plan in made.items() if plan.policy.ignore] == ["test_more"]
    limit = next(iter(made["test_parameters[1]"].limits))
    assert (limit.scope, limit.what, limit.value) == (items["test_parameters[1]"].nodeid, "calls", 3)
    assert [name for name, plan in made.items() if plan.limits] == ["test_parameters[1]", "test_parameters[2]"]
    assert made["test_end"].accept == f'pytest --llm-record "{items["test_end"].nodeid}"'
    assert made["test_plain"].policy is made["test_bare"].policy is made["test_end"].policy
    assert len({plan.cassette.tape for plan in made.values()}) == len(made)


@pytest.mark.parametrize("where", ["test", "class", "module", "session"])
def test_marks_that_come_later_hold(items, settings, where):
    """A hook may mark tests when all are collected, a fixture when one is set up, for its next run or for the rest."""
    plans, first = Plans(settings), items["test_last"]
    above = [first, first.parent, first.parent.parent, first.session]
    marked = dict(zip(("test", "class", "module", "session"), above, strict=True))[where]
    for item in items.values():
        plans.of_test(item)
    marked.add_marker(pytest.mark.llm_trace(normalize=["date"]), append=False)
    for name in ("test_last", "test_end", "test_last"):
        item = items[name]
        plan = plans.of_test(item)
        assert shown(plan) == alone(item, settings)
        assert bool(plan.policy.normalize) is (marked in item.listchain())
    marked.add_marker(pytest.mark.llm_budget(calls=1))
    marked.add_marker(pytest.mark.vcr)
    assert plans.of_test(first).limits == (
        Limit(scope=first.nodeid, what="calls", value=1, source=plans.of_test(first).limits[0].source),
    )
    assert plans.of_test(first).own_tape
    first.config.pluginmanager.register(object(), "recording")
    assert not plans.of_test(first).own_tape


def test_marks_that_change_or_go_hold(items, settings):
    """Nobody should write into the arguments of a mark; who does finds them in force all the same."""
    plans, item = Plans(settings), items["test_first"]
    mark = item.get_closest_marker("llm_trace")
    assert plans.of_test(item).policy.name == "outline"
    mark.kwargs["policy"] = "tools"
    assert plans.of_test(item).policy.name == "tools"
    mark.kwargs["ignore"] = ["tools"]
    assert plans.of_test(item).policy.ignore
    mark.kwargs["ignore"].clear()
    assert not plans.of_test(item).policy.ignore
    mark.kwargs["policy"] = "unheard-of"
    for _ in range(2):
        with pytest.raises(SettingsError, match="unheard-of"):
            plans.of_test(item)
    item.parent.own_markers.clear()
    assert plans.of_test(item).policy.name == "exact"


def test_a_test_is_planned_as_it_is_marked_where_no_flag_decides(items, pytester):
    """Then its mode is that of its marks, whatever was planned before it."""
    plans = Plans(Settings(root=pytester.path))
    assert [name for name, item in items.items() if plans.of_test(item) is not None] == [
        "test_own",
        "test_parameters[2]",
        "test_first",
        "test_more",
        "test_last",
        "test_bare",
    ]


def test_hooks_hold_as_soon_as_they_are_there(items, settings):
    """A plugin may be registered, and taken away, between two tests of a file; its rules know their test."""
    plans, item = Plans(settings), items["test_end"]
    asked = []

    def pytest_llmtrace_normalize(text, nodeid):
        asked.append(nodeid)
        return text

    plugin = types.ModuleType("late")
    vars(plugin)["pytest_llmtrace_normalize"] = pytest_llmtrace_normalize
    assert plans.of_test(item).policy.normalize == ()
    item.config.pluginmanager.register(plugin, "late")
    for one in (items["test_plain"], item):
        plan = plans.of_test(one)
        assert [rule.name for rule in plan.policy.normalize] == ["pytest_llmtrace_normalize of late"]
        assert plan.privacy.rules == plan.policy.normalize
        plan.policy.normalize[0].apply("x")
    assert asked == [items["test_plain"].nodeid, item.nodeid]
    item.config.pluginmanager.unregister(plugin)
    assert plans.of_test(item).policy.normalize == plans.of_test(item).privacy.rules == ()


def test_hooks_of_a_folder_hold_in_it_alone(pytester, settings):
    """Whichever folder's tests were planned before."""
    for folder in ("a", "b", "c"):
        place = pytester.mkdir(folder)
        (place / f"test_{folder}.py").write_text("def test_it(): ...\ndef test_too(): ...\n", "utf-8")
        if folder != "c":
            (place / "conftest.py").write_text("def pytest_llmtrace_normalize(text): ...\n", "utf-8")
    found, _ = pytester.inline_genitems("--import-mode=importlib", "-p", PLUGIN)
    plans = Plans(settings)
    for order in (found, list(reversed(found))):
        for item in order:
            folder = item.path.parent.name
            plan = plans.of_test(item)
            names = [Path(rule.name.rpartition(" of ")[2]).parent.name for rule in plan.policy.normalize]
            assert names == [folder] * (folder != "c")
            assert (plan.directory, plan.cassette.tape.parents[2]) == (folder, item.path.parent)
            assert f"{folder}/test_{folder}.py::" in plan.accept


def test_budgets_of_the_project_are_those_of_each_test(items, pytester):
    """The default budget of a test is its own; that of a directory is shared."""
    default = Limit(scope="", what="tokens", value=5, source="ini")
    plans = Plans(Settings(mode="trace", root=pytester.path, budgets=Budgets(test=(default,))))
    limits = [plans.of_test(items[name]).limits for name in ("test_plain", "test_end")]
    assert [[(one.scope, one.value) for one in found] for found in limits] == [
        [(items["test_plain"].nodeid, 5)],
        [(items["test_end"].nodeid, 5)],
    ]


def test_marks_are_those_that_pytest_finds(items):
    """In pytest's order: what is said nearer to a test beats what is said farther away."""
    marked = [name for name, one in items.items() if is_marked(one)]
    assert marked == [name for name, one in items.items() if one.get_closest_marker("llm_trace") is not None]
    assert len(marked) == 6
    item = items["test_more"]
    item.add_marker(pytest.mark.llm_trace(order="strict"))
    item.session.add_marker("llm_trace")
    assert marks_of(item)["llm_trace"] == list(item.iter_markers_with_node("llm_trace"))
    assert len(marks_of(item)["llm_trace"]) == 4
    assert all(map(is_marked, items.values()))


def test_commands_name_the_file_from_where_the_run_was_started(pytester, settings, monkeypatch):
    """The node id does where that is the root directory; shells expand nothing in it."""
    (pytester.mkdir("deep") / "test_it.py").write_text(
        "import pytest\n@pytest.mark.parametrize('x', ['a', '$(b)'])\ndef test_one(x): ...\n", "utf-8"
    )
    monkeypatch.chdir(pytester.path / "deep")
    found, _ = pytester.inline_genitems(f"--rootdir={pytester.path}", "-p", PLUGIN)
    plans = Plans(settings)
    assert [plans.of_test(item).accept for item in found] == [
        'pytest --llm-record "test_it.py::test_one[a]"',
        "pytest --llm-record 'test_it.py::test_one[$(b)]'",
    ]


def test_a_mapping_of_a_mark_need_not_be_a_dict(pytester, settings):
    """It makes the same plans when the tests of the file share them, and what is written into it later counts."""
    pytester.plugins.append(PLUGIN)
    first, second = pytester.getitems("def test_a(): ...\ndef test_b(): ...")
    said = {"prompt": "warn"}
    first.parent.add_marker(pytest.mark.llm_trace(severities=types.MappingProxyType(said), ignore=["params"]))
    plans = Plans(settings)
    assert plans.of_test(first).policy.severities["prompt"] == "warn"
    assert shown(plans.of_test(second)) == alone(second, settings)
    said["prompt"] = "ignore"
    assert shown(plans.of_test(second)) == alone(second, settings)
