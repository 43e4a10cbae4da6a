"""What a command takes for a cassette: a file of it, or the node id of its test; completed by shells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import CompletionItem

from pytest_llmtrace._model.record_flag import record_flag
from pytest_llmtrace._store.cassettes import load_golden
from pytest_llmtrace._store.paths import Cassette, discover, test_cassette
from pytest_llmtrace._store.reading import load_meta
from pytest_llmtrace.errors import LlmtraceError

if TYPE_CHECKING:
    _ParamType = click.ParamType[Path]
else:
    _ParamType = click.ParamType  # not generic in older versions of click


class CassettePath(_ParamType):
    """A path, or a node id such as ``tests/test_a.py::test_x``, which becomes the path of its golden trace."""

    name = "cassette"

    def __init__(self, *, folders: bool = False, must_exist: bool = True) -> None:
        """What it may be.

        Args:
            folders: whether it may be a folder.
            must_exist: whether a path that is not there is an error; a node id without a cassette then is one, too.
        """
        self._must_exist = must_exist
        self._path = click.Path(exists=must_exist, dir_okay=folders, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path. Raises: BadParameter."""
        if isinstance(value, Path) or "::" not in value or Path(value).exists():
            path: Path = self._path.convert(value, param, ctx)
            return path
        source = _source(value)
        if self._must_exist and not source.is_file():
            self.fail(f"{value}: there is no file {source}", param, ctx)
        found = test_cassette(source, value.partition("::")[2])
        if found.golden.exists() or not (found.tape.exists() or self._must_exist):
            return found.golden
        if found.tape.exists():
            return found.tape
        name = value.partition("::")[2]
        alike = sorted(owner for owner, _ in _recorded(found) if owner.partition("[")[0] == name)
        if len(alike) == 1:
            return test_cassette(source, alike[0]).golden
        file = value.partition("::")[0]
        there = "".join(f"\n  {file}::{owner}" for owner in alike[:_NAMED])
        text = f"{value} has no cassette at {found.golden}; `pytest {record_flag()} {value}` records it"
        return self.fail(f"{value} has several cassettes; name one:{there}" if alike else text, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Files, and the node ids of what is recorded of a test file."""
        return complete_node_ids(ctx, param, incomplete) or [CompletionItem(incomplete, type="file")]


def complete_node_ids(
    ctx: click.Context,  # noqa: ARG001  # click calls it so
    param: click.Parameter,  # noqa: ARG001
    incomplete: str,
) -> list[CompletionItem]:
    """The recorded tests of the file that somebody is about to name."""
    file = incomplete.partition("::")[0]
    if not Path(file).is_file():
        return []
    found = test_cassette(Path(file), "test")
    names = (f"{file}::{owner}" for owner, _ in _recorded(found))
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]


def _source(nodeid: str) -> Path:
    """The file of a test; node ids begin at the root directory, which may be above the current folder."""
    file = Path(nodeid.partition("::")[0])
    return next((above / file for above in Path.cwd().parents if not file.exists() and (above / file).is_file()), file)


def _recorded(beside: Cassette) -> Iterator[tuple[str, Cassette]]:
    """The tests that have a cassette in a folder, by their names in their file."""
    for cassette in discover(beside.golden.parent) if beside.golden.parent.is_dir() else ():
        owner = load_meta(cassette.tape).get("test")
        if not isinstance(owner, str):
            try:
                owner = load_golden(cassette.golden).test
            except (LlmtraceError, OSError):
                continue
        yield owner.partition("::")[2], cassette


_NAMED: Final = 20
