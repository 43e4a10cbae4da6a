"""The tables as they are after the last migration, for statements. It imports SQLAlchemy, as `engine` does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Double, MetaData, Table, Text
from sqlalchemy import Column as SQLColumn

from pytest_llmtrace._history.columns import CALL, FINDING, RUN, TEST, Column, Kind
from pytest_llmtrace._history.engine import Moment, Money

_TYPES: Final[Mapping[Kind, Any]] = {
    "text": Text,
    "count": BigInteger,
    "flag": Boolean,
    "seconds": Double,
    "money": Money,
    "moment": Moment,
}
METADATA: Final = MetaData()


def _table(name: str, columns: tuple[Column, ...], keys: tuple[Column, ...] = ()) -> Table:
    made = [SQLColumn(one.name, _TYPES[one.kind], nullable=not one.required) for one in (*keys, *columns)]
    return Table(f"llmtrace_{name}", METADATA, *made)


_OF_RUN: Final = (Column(name="run_id", kind="text"),)
_OF_TEST: Final = (*_OF_RUN, Column(name="test", kind="count"))

RUNS: Final = _table("runs", RUN)
TESTS: Final = _table("tests", TEST, _OF_RUN)
FINDINGS: Final = _table("findings", FINDING, _OF_TEST)
CALLS: Final = _table("calls", CALL, _OF_TEST)
