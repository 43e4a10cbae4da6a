"""The golden trace of a test as a file: a transcript for people, each message once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.trace import Trace
from pytest_llmtrace._model.usage import Totals
from pytest_llmtrace._store.faults import Fault, broken, check_format
from pytest_llmtrace._store.upgrades import upgraded
from pytest_llmtrace.errors import StorageError


@frozen
class Golden:
    """The accepted trace of a test."""

    test: str
    """The pytest node id, or ``fixture <scope> <name>``."""
    trace: Trace
    totals: Totals
    """What the recorded run used and cost, whoever answered it."""
    privacy: str | None = None
    """What its texts are replaced by (see `_model.stand_ins.KIND`); `None`: they are there."""


def dump_golden(golden: Golden) -> str:
    """The text of the file: the trace renumbered, without times, ids and who answered.

    Raises:
        StorageError: the trace nests deeper than a file may.
    """
    from pytest_llmtrace._model.renumber import renumber  # noqa: PLC0415  # a passing replay writes none
    from pytest_llmtrace._store.golden_writer import golden_data  # noqa: PLC0415
    from pytest_llmtrace._store.yaml_text import yaml_text  # noqa: PLC0415

    try:
        return yaml_text(golden_data(golden.test, renumber(golden.trace), golden.totals, golden.privacy))
    except (ValueError, RecursionError) as error:
        raise StorageError(f"the golden trace of {golden.test} cannot be written: {error}") from error


def load_golden(text: str, path: Path) -> Golden:
    """The golden trace that a text holds; `path` is named in errors.

    Raises:
        BrokenCassetteError: the text is not what the format says.
        NewerCassetteError: a later version wrote it.
    """
    from pytest_llmtrace._store.golden_reader import read_golden  # noqa: PLC0415  # and reads none
    from pytest_llmtrace._store.yaml_reader import read_yaml  # noqa: PLC0415

    try:
        document = read_yaml(text)
        number = check_format(path, document.data, text, "golden")
        current = replace(document, data=upgraded("golden", document.data, number))
        test, trace, totals, privacy = read_golden(current)
    except Fault as fault:
        raise broken(path, fault, text) from None
    return Golden(test=test, trace=trace, totals=totals, privacy=privacy)
