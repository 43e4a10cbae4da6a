"""What the benchmarks compute of what they measured."""

import itertools
import json
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from benchmarks import publishing
from benchmarks.inside import workload
from benchmarks.noise import interval, noise_of
from benchmarks.rounds import CannotRunError, Contender, interleaved
from benchmarks.tables import Goal, Headline, Table
from benchmarks.turns import TURNS, Ended, Turns


def test_each_round_is_compared_with_the_floors_of_the_same_round():
    """A machine that slows down between rounds changes the figures and not the ratios; noise is floor against floor."""
    floor, ours = iter([1.0, 1.0, 2.0, 2.0, 3.0, 5.0]), iter([1.5, 3.0, 6.0])
    found, noise = interleaved(
        [
            Contender(name="floor", run=lambda: {"cpu": next(floor)}),
            Contender(name="ours", run=lambda: {"cpu": next(ours)}),
        ],
        rounds=3,
    )
    assert [(one.name, one.value("cpu"), one.ratios("cpu")) for one in found] == [
        ("floor", 2.0, [1.0, 1.0, 1.0]),
        ("ours", 3.0, [1.5, 1.5, 1.5]),
    ]
    assert noise.name == "floor, again"
    assert noise.ratios("cpu") in ([1.0, 1.0, 5 / 3], [3 / 5, 1.0, 1.0])  # whichever is first


def test_who_cannot_run_is_asked_once_and_says_why():
    """A peer that fails takes no time in later rounds, and the others go on."""
    asked = []

    def fails():
        asked.append("peer")
        raise CannotRunError("it went live")

    floor = Contender(name="floor", run=lambda: {"cpu": 1.0})
    found, _ = interleaved([floor, Contender(name="peer", run=fails)], rounds=2)
    assert (asked, found[1].cannot, len(found[0].rounds)) == (["peer"], "it went live", 2)


def test_a_table_says_which_goals_are_missed():
    """Figures are aligned, with three digits that count, and every goal has its verdict."""
    goals = [
        Goal(what="whole run", value=1.2, limit=1.15),
        Goal(what="each call", value=1.1, limit=1.15, noise="0.98-1.01"),
    ]
    table = Table(title="Replay", columns=("arm", "CPU s"), rows=[["floor", 1.0], ["ours", 12.345]], goals=goals)
    assert table.lines() == [
        "Replay",
        "======",
        "arm    CPU s",
        "floor      1",
        "ours    12.3",
        "MISSED whole run: 1.20x (goal: at most 1.15x)",
        "met    each call: 1.10x (goal: at most 1.15x; A/A 0.98-1.01)",
        "",
    ]


def test_the_provider_answers_what_was_asked_last():
    """The answer is told by the last question alone, which every arm's own answer is compared with."""
    body = str(workload.history(7, 3)).encode()
    assert workload.answer_to(body) == workload.completion(7, 3)


def test_peers_are_in_one_round_each_and_compared_there():
    """Each of them costs one run, and ours is compared with it by what ours cost in that round."""
    ours = iter([1.0, 2.0, 3.0])
    peers = [Contender(name=name, run=lambda: {"cpu": 4.0}, once=True) for name in ("one", "two")]
    found, noise = interleaved(
        [
            Contender(name="floor", run=lambda: {"cpu": 1.0}),
            Contender(name="ours", run=lambda: {"cpu": next(ours)}),
            *peers,
        ],
        rounds=3,
    )
    assert {one.name: sorted(one.rounds) for one in (*found, noise)} == {
        "floor": [0, 1, 2],
        "ours": [0, 1, 2],
        "one": [0],
        "two": [1],
        "floor, again": [0, 1, 2],
    }
    assert (found[1].against(found[2], "cpu"), found[1].against(found[3], "cpu")) == (0.25, 0.5)


def test_what_is_compared_runs_in_turns():
    """One of a round at a time, by the clock that they share: neither waits for the end of the other."""
    code = "import time; begun = time.process_time()\nwhile time.process_time() < begun + 0.4: pass"

    def run():
        return TURNS.get().see_through(
            lambda: subprocess.Popen([sys.executable, "-c", code], process_group=0), seconds=60
        )

    with ThreadPoolExecutor(2, initializer=TURNS.set, initargs=(Turns(),)) as pool:
        one, other = (done.result() for done in [pool.submit(run), pool.submit(run)])
    assert (one.status, other.status) == (0, 0)
    spans = sorted((*one.spans, *other.spans))
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    assert one.spans[0] < other.spans[-1]
    assert other.spans[0] < one.spans[-1]
    assert one.usage.ru_utime + one.usage.ru_stime > 0.4
    assert one.seconds == pytest.approx(sum(ended - began for began, ended in one.spans))


def test_a_process_that_takes_too_long_is_killed():
    """And only what it ran counts, not what it waited."""
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    ended = Turns().see_through(lambda: subprocess.Popen(command, process_group=0), seconds=0.1)
    assert ended.status == -signal.SIGKILL
    assert ended.seconds >= 0.1


def test_the_time_between_turns_is_nobodys():
    """What a moment of the shared clock is in time that the process had."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    ended = Ended(status=0, usage=usage, spans=((10.0, 11.0), (15.0, 17.0), (30.0, 30.5)))
    assert [ended.until(at) for at in (9.0, 10.25, 12.0, 16.0, 20.0, 40.0)] == [0.0, 0.25, 1.0, 2.0, 3.0, 3.5]
    assert ended.seconds == 3.5


def test_one_disturbed_round_excuses_nothing():
    """Noise is what most rounds differ by; with more rounds the median is known better, and the noise stays."""
    quiet = [0.99, 1.0, 1.01, 1.0, 0.99, 1.01, 1.02]
    assert round(noise_of(quiet), 3) == 0.03
    assert noise_of([*quiet[:-1], 9.0]) == noise_of(quiet)
    least, most = interval(quiet)
    assert 0.99 <= least < 1.0 < most <= 1.01


def test_what_is_published_is_what_was_measured():
    """README and the page of the reference are drawn from the committed results, and from nothing else."""
    there = publishing.PUBLISHED.is_file()
    published = json.loads(publishing.PUBLISHED.read_text("utf-8")) if there else None
    readme = publishing.README.read_text("utf-8")
    assert publishing.with_table(readme, published) == readme
    assert publishing.page(published) == publishing.PAGE.read_text("utf-8")


def test_a_table_for_readme_has_a_row_for_each_headline():
    """A row says floor, ours, noise, the best peer and the goal; what is missed stands out; the rest stays."""
    ours = Headline(case="200 tests", floor="4 s", ours="1.20x", noise="0.99", peer="1.3x one", goal="1.15x", met=False)
    table = Table(title="Replay", columns=("arm",), rows=[["floor"]], headlines=[ours]).data()
    published = {"date": "1 May 2026", "machine": {"processor": "two cores"}, "cases": {"openai": [table]}}
    readme = f"before\n{publishing.BEGIN}old\n{publishing.END}after\n"
    assert publishing.with_table(readme, published).splitlines() == [
        "before",
        publishing.BEGIN.strip(),
        "",
        "Measured on 1 May 2026, two cores; [all tables](docs/reference/benchmarks.md):",
        "",
        "| case | floor | ours | A/A | best peer that checks the body | goal | |",
        "|---|---|---|---|---|---|---|",
        "| 200 tests | 4 s | 1.20x | 0.99 | 1.3x one | 1.15x | **missed** |",
        "",
        publishing.END.strip(),
        "after",
    ]


def test_half_a_run_is_not_published(tmp_path):
    """A case that broke, or was not run, is named with what to do."""
    with pytest.raises(publishing.CannotPublishError, match=r"there is no .*one\.json: run `make bench` to its end"):
        publishing.publish(tmp_path, ("one",))
    (tmp_path / "one.json").write_text(json.dumps({"broke": "Traceback"}), encoding="utf-8")
    with pytest.raises(publishing.CannotPublishError, match="the case one broke: run it again, BENCH_ARGS=one"):
        publishing.publish(tmp_path, ("one",))


def test_ci_shows_the_ratios():
    """The workflow runs a target that there is, and fails for nothing that it measured."""
    root = publishing.ROOT
    workflow = yaml.safe_load((root / ".github" / "workflows" / "benchmarks.yml").read_text("utf-8"))
    commands = [step["run"] for step in workflow["jobs"]["quick"]["steps"] if "run" in step]
    assert commands[0].startswith("make bench-quick |")
    assert "GITHUB_STEP_SUMMARY" in commands[1]
    assert "\nbench-quick:" in (root / "Makefile").read_text("utf-8")
