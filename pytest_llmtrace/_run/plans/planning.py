"""From a test item or a fixture to a plan: mode, cassette, policy, budget."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.record_flag import record_flag
from pytest_llmtrace._model.verdict import Mode
from pytest_llmtrace._run.hooks import has_rules, normalize_rules, with_hooks
from pytest_llmtrace._run.owner import OwnerRun
from pytest_llmtrace._run.plans.limits import directory_of, limits_of_test, shared_limits
from pytest_llmtrace._run.plans.marks import MOCKLLM, TRACE, VCR, Marks, Said, marks_of, said_by
from pytest_llmtrace._run.plans.plan import Plan
from pytest_llmtrace._run.plans.policies import MarkerOf, effective_policy
from pytest_llmtrace._run.plans.privacy import privacy_of
from pytest_llmtrace._run.recording.ahead import Ahead
from pytest_llmtrace._run.recording.names import relative
from pytest_llmtrace._settings.values import Settings
from pytest_llmtrace._store.paths import cassette_in, fixture_cassette, folder_beside

if TYPE_CHECKING:
    from pytest_llmtrace._compare.rules.normalize import AnyRule
    from pytest_llmtrace._store.vcrpy.places import Places


@frozen
class _Shared:
    """What the plans of tests have in common that are in one file and traced in one way."""

    path: Path
    file: str
    """The file in node ids."""
    mode: Mode
    folder: Path
    """The folder of their cassettes."""
    argument: str
    """The file as pytest takes it where the run was started."""
    accept: str
    """The command that records them again, but for its argument."""
    plan: Plan
    """The plan of each, but for what is its own."""
    said: list[Said] = field(default_factory=list)
    """What their marks say, in copies: who writes into a mark later does not write here."""


class Plans:
    """Makes the plans of tests. What those of a file have in common is made once, as long as their marks are the same.

    Marks are looked up for each test, and so are hooks: both may come at any time (docs/design/0046).
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ahead = Ahead(settings)
        self._last: _Shared | None = None

    def of_test(self, item: pytest.Item, run: int | None = None) -> Plan | None:
        """The plan for a test, or for one run of it; `None` where it is not traced.

        Raises:
            SettingsError: a marker cannot be used.
        """
        settings, marks = self._settings, marks_of(item)
        mode = settings.mode_of(marked=TRACE in marks)
        if mode == "off":
            return None
        if mode == "trace":
            self._ahead.come_to(item)
        owner = item.nodeid
        file, separator, name = owner.partition("::")
        limits = limits_of_test(item, marks, settings) if marks or settings.budgets.test else ()
        shared = self._shared(item, file, mode, said_by(marks) if marks else [])
        argument = _quoted(f"{shared.argument}{separator}{name}")
        plan = shared.plan.of(
            owner=owner,
            run=run,
            cassette=cassette_in(shared.folder, name or Path(file).stem),
            limits=limits,
            places=lambda: _places(item, settings.root),
            accept=f"{shared.accept}{argument}",
        )
        if has_rules(item.config.hook):
            policy = with_hooks(plan.policy, item.ihook, owner)
            plan = plan.of(policy=policy, privacy=privacy_of(settings, policy.normalize))
        keeper = _keeper(item, marks)
        if keeper is not None:
            plan = plan.of(own_tape=False, accept_anew=f"pytest {record_flag()} {_ANEW[keeper]} {argument}")
        return plan

    def _shared(self, item: pytest.Item, file: str, mode: Mode, said: list[Said]) -> _Shared:
        if said and said[0][0] is item:  # by a mark of its own: nobody shares it
            return self._made(item, file, mode, trace_markers(said))
        last = self._last
        if last is None or last.path is not item.path or last.file != file or last.mode != mode or last.said != said:
            last = self._made(item, file, mode, trace_markers(said))
            last = self._last = replace(last, said=[(node, args, _copied(kwargs)) for node, args, kwargs in said])
        return last

    def _made(self, item: pytest.Item, file: str, mode: Mode, markers: Sequence[MarkerOf]) -> _Shared:
        policy = effective_policy(mode, self._settings, markers).policy
        policy.load()
        folder = folder_beside(item.path)
        plan = Plan(
            owner=file,
            cassette=cassette_in(folder, file),
            policy=policy,
            min_calls=next((one.marker.min_calls for one in markers if one.marker.min_calls), 0),
            privacy=privacy_of(self._settings, policy.normalize),
            ahead=self._ahead,
            **_of_run(mode, directory_of(file), self._settings),
        )
        accept = f"pytest {record_flag()} {_LIVE_ANEW if mode == 'live' else ''}"
        argument = _as_argument(file, item.config)
        return _Shared(path=item.path, file=file, mode=mode, folder=folder, argument=argument, accept=accept, plan=plan)


def _copied(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that make a marker: texts and numbers, collections of texts, and mappings, which need not be dicts."""
    return {
        name: dict(value) if isinstance(value, Mapping) else copy(value) if isinstance(value, (list, set)) else value
        for name, value in kwargs.items()
    }


def trace_markers(said: Sequence[Said]) -> tuple[MarkerOf, ...]:
    """What the marks of a test say, as values. Raises: SettingsError where the arguments of one cannot be used."""
    if not said:
        return ()
    from pytest_llmtrace._settings.markers import trace_marker  # noqa: PLC0415

    return tuple(MarkerOf(marker=trace_marker(args, kwargs), where=node.nodeid or ".") for node, args, kwargs in said)


def plan_of_fixture(fixturedef: Any, request: Any, test: OwnerRun | None, settings: Settings) -> Plan | None:
    """The plan for a fixture of wider scope, set up for a test; `None` where it has no recorder of its own."""
    if test is None or fixturedef.scope == "function":
        return None
    scope, name = fixturedef.scope, fixturedef.argname
    param = _param_id(fixturedef, request)
    folder: str | None = None
    if scope in ("module", "class"):  # one for each module or class that uses it
        base, folder = Path(request.path).parent, Path(request.path).name
        if scope == "class":
            name = f"{request.node.name}-{name}"
    else:
        base = _definition_folder(fixturedef, settings.root)
    return Plan(
        owner=f"fixture {scope} {name}" + ("" if param is None else f" [{param}]"),
        cassette=fixture_cassette(base, scope, name, param, folder=folder),
        policy=test.plan.policy,
        privacy=privacy_of(settings, _rules_of_project(request, test.plan.mode, settings)),
        accept=test.plan.accept,
        **_of_run(test.plan.mode, relative(base, settings.root), settings),
    )


def _rules_of_project(request: Any, mode: Mode, settings: Settings) -> tuple[AnyRule, ...]:
    """The rules of a fixture, whichever test comes first: the project's, not those of that test."""
    return (
        *effective_policy(mode, settings).policy.normalize,
        *normalize_rules(request.config.hook, request.node.nodeid),
    )


def _of_run(mode: Mode, directory: str, settings: Settings) -> dict[str, Any]:
    return {
        "mode": mode,
        "record_mode": settings.record_mode,
        "on_miss": settings.on_miss,
        "dry_run": settings.dry_run,
        "root": settings.root,
        "directory": directory,
        "shared_limits": shared_limits(directory, settings),
        "growth": settings.budgets.growth,
        "save": settings.live.save,
        "personal": settings.personal,
    }


_LIVE_ANEW: Final = "--llm-record-mode=all "
"""What accepts another answer to the same request: recording alone would answer from the tape."""
_ANEW: Final = {"recording": "--record-mode=rewrite", "vcr": "--vcr-record=all", "mockllm": "--llm-record=all"}
"""How the plugins that keep tapes are told to record anew."""
_OFF: Final = {"recording": "disable_recording", "vcr": "disable_vcr"}
"""The options by which they leave a marked test alone."""


def _keeper(item: pytest.Item, marks: Marks) -> str | None:
    """The plugin that keeps the tape of this test: pytest-recording, pytest-vcr or pytest-mockllm; `None`: we do."""
    plugins, option = item.config.pluginmanager, item.config.option
    records = "llm_recorder" in getattr(item, "fixturenames", ()) or (marks and any(name in marks for name in MOCKLLM))
    if records and plugins.has_plugin("mockllm"):
        return "mockllm"
    if VCR not in marks:
        return None
    return next(
        (name for name, off in _OFF.items() if plugins.has_plugin(name) and not getattr(option, off, None)), None
    )


def _places(item: pytest.Item, root: Path) -> Places:
    """Where pytest-recording would keep the cassette of this test."""
    from pytest_llmtrace._store.vcrpy.places import places_of_test, recording_stem, without_ending  # noqa: PLC0415

    named = item.get_closest_marker("default_cassette")
    if named is not None and named.args:
        stem = str(named.args[0])
        stem = without_ending(stem) or stem
    else:
        test_class = getattr(item, "cls", None)
        stem = recording_stem(test_class.__name__ if test_class else None, item.name)
    return places_of_test(item.path, root, stem)


def _param_id(fixturedef: Any, request: Any) -> str | None:
    """What a parameter of a fixture is called: its id where it has one, its value, else its place as pytest does it."""
    if not hasattr(request, "param"):
        return None
    ids = getattr(fixturedef, "ids", None)
    found = ids(request.param) if callable(ids) else ids[request.param_index] if ids else None
    if found is None and isinstance(request.param, (str, int, float, bool)):
        found = request.param
    return f"{fixturedef.argname}{request.param_index}" if found is None else str(found)


def _definition_folder(fixturedef: Any, root: Path) -> Path:
    """The folder of the file that defines a fixture; the root directory for fixtures of plugins."""
    base = root / str(fixturedef.baseid or "")
    if base.is_dir():
        return base
    return base.parent if base.is_file() else root


def _as_argument(file: str, config: pytest.Config) -> str:
    """The file of a node id as pytest takes it where this run was started: that need not be the root directory."""
    here, root = config.invocation_params.dir, config.rootpath
    if here == root:
        return file
    try:
        return Path(os.path.relpath(root / file, here)).as_posix()
    except ValueError:  # on another drive of Windows
        return file


def _quoted(nodeid: str) -> str:
    """The node id for a command line: in double quotes, which every shell knows, unless it holds what those expand."""
    return f'"{nodeid}"' if _EXPANDED.isdisjoint(nodeid) else shlex.quote(nodeid)


_EXPANDED: Final = frozenset('"$`\\!')
