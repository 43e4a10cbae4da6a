"""A history as trends. What is read is never changed: tables of an older version stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_llmtrace._history.address import Database
from pytest_llmtrace._history.sending import reason
from pytest_llmtrace._model.trend import Measured, PastRun, TestTrend, Trend
from pytest_llmtrace.errors import LlmtraceError

if TYPE_CHECKING:
    import sqlalchemy


class UnreadableHistoryError(LlmtraceError):
    """A history that cannot be read; the text names it, the reason and the way out, and no password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which runs and tests of a history."""

    project: str | None = None
    """`None`: the one that there is, or else `here`."""
    here: str | None = None
    """The project of the current folder."""
    test: str | None = None
    """A part of node ids."""
    branch: str | None = None
    since: datetime | None = None
    """Runs that began before are left out."""
    limit: int = 200
    """The latest so many runs."""


def read_trend(database: Database, wanted: Wanted) -> Trend:
    """What is wanted. Raises: UnreadableHistoryError."""
    if database.path is not None and not database.path.is_file():
        raise UnreadableHistoryError(f"{database.shown}: there is no history; `pytest --llm-history` writes one")
    try:
        from pytest_llmtrace._history.engine import engine  # noqa: PLC0415  # imports SQLAlchemy
        from pytest_llmtrace._history.migrations import STEPS, check  # noqa: PLC0415  # likewise

        with engine(database, reading=True).connect() as connection, connection.begin():
            _check_age(check(connection), len(STEPS))
            return _trend(connection, wanted)
    except LlmtraceError as error:
        raise UnreadableHistoryError(f"{database.shown}: {error}") from None
    except Exception as error:  # noqa: BLE001  # of SQLAlchemy, a driver, the disk: what they raise is theirs
        raise UnreadableHistoryError(f"{database.shown}: {reason(error, database)}") from None


def _check_age(found: int, ours: int) -> None:
    if found < ours:
        raise UnreadableHistoryError(_older(found))


def _older(found: int) -> str:
    if found == 0:
        return "there are no runs in it; `pytest --llm-history` writes them"
    return (
        f"its tables are of version {found}; the next run with --llm-history, or `llmtrace history push`, updates them"
    )


def _trend(connection: sqlalchemy.Connection, wanted: Wanted) -> Trend:
    import sqlalchemy as sql  # noqa: PLC0415  # it is imported by now

    from pytest_llmtrace._history.tables import FINDINGS, RUNS, TESTS  # noqa: PLC0415  # likewise

    projects = list(connection.execute(sql.select(RUNS.c.project).distinct().order_by(RUNS.c.project)).scalars())
    project = _project(projects, wanted)
    chosen = sql.select(RUNS).where(RUNS.c.project == project)
    if wanted.branch is not None:
        chosen = chosen.where(RUNS.c.branch == wanted.branch)
    if wanted.since is not None:
        chosen = chosen.where(RUNS.c.started_at >= wanted.since)
    named = TESTS.c.nodeid.contains(wanted.test, autoescape=True) if wanted.test is not None else sql.true()
    if wanted.test is not None:
        chosen = chosen.where(RUNS.c.run_id.in_(sql.select(TESTS.c.run_id).where(named)))
    chosen = chosen.order_by(RUNS.c.started_at.desc(), RUNS.c.run_id).limit(wanted.limit)
    runs = sorted(map(_run, connection.execute(chosen)), key=lambda run: (run.place, run.run_id))
    ids = chosen.subquery()
    tests = connection.execute(sql.select(TESTS).join(ids, ids.c.run_id == TESTS.c.run_id).where(named))
    findings = connection.execute(sql.select(FINDINGS).join(ids, ids.c.run_id == FINDINGS.c.run_id))
    return Trend(project=project, runs=tuple(runs), tests=_tests(runs, list(tests), list(findings)))


def _project(projects: Sequence[str], wanted: Wanted) -> str:
    if wanted.project in projects:
        return str(wanted.project)
    if wanted.project is None and wanted.here in projects:
        return str(wanted.here)
    if wanted.project is None and len(projects) == 1:
        return projects[0]
    if not projects:
        raise UnreadableHistoryError(_older(0))
    said = f"there is no project {wanted.project!r} in it" if wanted.project else "it has several projects"
    raise UnreadableHistoryError(f"{said}: choose one with --project: {', '.join(projects)}")


def _run(row: Any) -> PastRun:
    return PastRun(
        run_id=row.run_id,
        started_at=row.started_at,
        commit=row.commit_hash,
        commit_time=row.commit_time,
        branch=row.branch,
        dirty=row.dirty,
        change_url=row.change_url,
        ci_url=row.ci_url,
        mode=row.mode,
        outcome=row.outcome,
        whole=row.whole,
    )


def _tests(runs: Sequence[PastRun], rows: Sequence[Any], findings: Sequence[Any]) -> tuple[TestTrend, ...]:
    positions = {run.run_id: number for number, run in enumerate(runs)}
    found: dict[tuple[str, int], list[Any]] = {}
    for one in findings:
        found.setdefault((one.run_id, one.test), []).append(one)
    points: dict[tuple[str, bool], list[Measured]] = {}
    for row in rows:
        mine = found.get((row.run_id, row.number), ())
        drift = [one for one in mine if one.type == "drift"]
        points.setdefault((row.nodeid, row.fixture), []).append(
            Measured(
                run=positions[row.run_id],
                outcome=row.outcome,
                mode=row.mode,
                stopped=row.stopped,
                calls=row.calls,
                input_tokens=row.input_tokens,
                output_tokens=row.output_tokens,
                cost_usd=row.cost_usd,
                drift=_counted(one for one in drift if one.severity != "ignore"),
                accepted=_counted(one for one in drift if one.severity == "ignore"),
                other_findings=sum(one.count for one in mine if one.type != "drift"),
            )
        )
    return tuple(
        TestTrend(nodeid=nodeid, fixture=fixture, points=tuple(sorted(made, key=lambda point: point.run)))
        for (nodeid, fixture), made in sorted(points.items())
    )


def _counted(findings: Any) -> dict[str, int]:
    counted: dict[str, int] = {}
    for one in findings:
        counted[one.kind] = counted.get(one.kind, 0) + one.count
    return dict(sorted(counted.items()))
