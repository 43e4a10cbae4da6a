"""`llmtrace history`: how cost, tokens and drift of each test went, run by run; and sending what waits."""

from __future__ import annotations

import os
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from pytest_llmtrace._commands.output import UnusableError, print_json, print_lines, say, width
from pytest_llmtrace._history.address import VARIABLE, Database, check_installed, database
from pytest_llmtrace._history.reading import UnreadableHistoryError, Wanted, read_trend
from pytest_llmtrace._history.sending import send
from pytest_llmtrace._history.spool import FOLDER, Spool, digests
from pytest_llmtrace._model.trend import Trend
from pytest_llmtrace._report.commands.history import history_data, history_lines
from pytest_llmtrace._report.wording import plural
from pytest_llmtrace._run.commands.history import project_at
from pytest_llmtrace._run.waiting import said_of
from pytest_llmtrace._settings.project_file import history_of_project
from pytest_llmtrace.errors import SettingsError, StorageError

_PUSH = "push"


@click.command(short_help="Print how cost, tokens and drift of each test went over commits.")
@click.argument("words", nargs=-1, metavar="[push] [URL]")
@click.option("--test", metavar="TEXT", help="Tests whose node id has this in it; of a single test, all of its runs.")
@click.option("--branch", metavar="NAME", help="Runs of this branch alone.")
@click.option("--since", metavar="DATE|DAYS", help="Runs since a day (2026-03-01), or of so many days (30d).")
@click.option(
    "--limit", type=click.IntRange(min=1), default=200, show_default=True, metavar="N", help="The latest N runs."
)
@click.option("--project", metavar="NAME", help="Of a database of several projects: this one, not that of this folder.")
@click.option(
    "--json", "as_json", is_flag=True, help="Every run and every test, as JSON; US dollars are exact decimals."
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a page with a chart per test, which opens from disk.",
)
@click.option("--all", "everything", is_flag=True, help="With push: what waits for other databases, too.")
def history(
    words: tuple[str, ...],
    *,
    test: str | None,
    branch: str | None,
    since: str | None,
    limit: int,
    project: str | None,
    as_json: bool,
    html: Path | None,
    everything: bool,
) -> None:
    """Print how the cost, the tokens and the drift of each test went over commits, from what runs have left in URL.

    Runs write their history with `pytest --llm-history=URL`. URL is a file of SQLite (history.db) or
    postgresql://user:password@host/database; without it, LLMTRACE_HISTORY or the ini value llm_history says where. Runs
    come in the order of their commits. Each test is compared with the run before in which it ran, so that a run of a
    few tests is no drop in cost. A price that is not known is `?`, and never zero.

    `llmtrace history push` sends the runs that wait in .llmtrace/history since their database could not be reached;
    `--all` sends those of other databases too, where a database has moved. Exits with 1 where any are left.

    \b
    Examples:
      llmtrace history history.db
      llmtrace history --branch main --since 30d
      llmtrace history --test test_refund
      llmtrace history --html history.html
      llmtrace history --json | jq -r '.runs[] | [.commit, .suite_cost_usd] | @tsv'
      llmtrace history push
    """  # noqa: D301  # click looks for the character itself
    push = bool(words) and words[0] == _PUSH
    urls = words[1:] if push else words
    if len(urls) > 1:
        raise click.UsageError(f"one URL, not {len(urls)}; options come with two dashes")
    try:
        where = _database(urls[0] if urls else None)
    except SettingsError as error:
        raise UnusableError(str(error)) from None
    if push:
        _push(where, everything=everything)
        return
    if everything:
        raise click.UsageError("--all goes with push")
    wanted = Wanted(
        project=project,
        here=project_at(Path.cwd()),
        test=test,
        branch=branch,
        since=_since(since),
        limit=limit,
    )
    try:
        trend = read_trend(where, wanted)
    except UnreadableHistoryError as error:
        raise UnusableError(str(error)) from None
    if html is not None:
        _write_page(trend, html)
    if as_json:
        print_json(history_data(trend))
    elif html is not None:
        say(f"{html}: {plural(len(trend.tests), 'test')} over {plural(len(trend.runs), 'run')}")
    else:
        print_lines(history_lines(trend, width()))


def _database(url: str | None) -> Database:
    """The database that is named. Raises: SettingsError, UsageError."""
    source, folder = "URL", Path.cwd()
    if url is None:
        url, source = os.environ.get(VARIABLE), VARIABLE
    if not url:
        url, source, folder = history_of_project(Path.cwd())
    if not url or url == "off":
        raise click.UsageError(f"name the database: as URL, in {VARIABLE}, or as llm_history in the settings of pytest")
    found = database(url, source, folder)
    check_installed(found, source)
    return found


def _write_page(trend: Trend, file: Path) -> None:
    from pytest_llmtrace._report.files.endings import write_pieces  # noqa: PLC0415  # only where a page is asked for
    from pytest_llmtrace._report.html.history_page import history_page  # noqa: PLC0415  # likewise

    try:
        write_pieces(file, history_page(trend))
    except StorageError as error:
        raise UnusableError(str(error)) from None


def _push(where: Database, *, everything: bool) -> None:
    root = _root(Path.cwd())
    if root is None:
        say(f"nothing waits: there is no {FOLDER} here or above")
        return
    own = Spool(root=root, digest=where.digest)
    spools = [Spool(root=root, digest=digest) for digest in digests(root)] if everything else [own]
    problems, sent = list[str](), 0
    for spool in spools:
        done = send(spool, where, None)
        sent += done.sent
        problems += said_of(done, spool, where)
        if done.problem is not None:
            break
    if sent or not problems:
        say(f"{plural(sent, 'run')} sent to {where.shown}" if sent else f"nothing waits for {where.shown}")
    for problem in problems:
        say(problem, err=True)
    if not everything and (others := own.others()):
        say(f"{plural(others, 'run')} for other databases: --all sends them to this one")
    if problems:
        sys.exit(1)


def _root(folder: Path) -> Path | None:
    """The nearest folder, here or above, in which runs wait."""
    return next((one for one in (folder, *folder.parents) if (one / FOLDER).is_dir()), None)


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    if days := re.fullmatch(r"(\d{1,5}) ?d(ays?)?", text.strip()):
        return datetime.now(UTC) - timedelta(days=int(days[1]))
    try:
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no day, such as 2026-03-01, and no number of days, such as 30d"
        ) from None
