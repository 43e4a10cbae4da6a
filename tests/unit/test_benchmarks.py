"""What the benchmarks compute of what they measured."""

from benchmarks.inside import workload
from benchmarks.rounds import CannotRunError, Contender, interleaved
from benchmarks.tables import Goal, Table


def test_each_round_is_compared_with_the_floor_of_the_same_round():
    """A machine that slows down between rounds changes the figures and not the ratios."""
    floor, ours = iter([1.0, 2.0, 4.0]), iter([1.5, 3.0, 6.0])
    found = interleaved(
        [
            Contender(name="floor", run=lambda: {"cpu": next(floor)}, rounds=3),
            Contender(name="ours", run=lambda: {"cpu": next(ours)}, rounds=3),
        ],
        seconds=60,
    )
    assert [(one.name, one.value("cpu"), one.ratios("cpu")) for one in found] == [
        ("floor", 2.0, [1.0, 1.0, 1.0]),
        ("ours", 3.0, [1.5, 1.5, 1.5]),
    ]


def test_who_cannot_run_is_asked_once_and_says_why():
    """A peer that fails takes no time in later rounds, and the others go on."""
    asked = []

    def fails():
        asked.append("peer")
        raise CannotRunError("it went live")

    floor = Contender(name="floor", run=lambda: {"cpu": 1.0}, rounds=2)
    found = interleaved([floor, Contender(name="peer", run=fails, rounds=2)], seconds=60)
    assert (asked, found[1].cannot, len(found[0].rounds)) == (["peer"], "it went live", 2)


def test_a_table_says_which_goals_are_missed():
    """Figures are aligned, with three digits that count, and every goal has its verdict."""
    goals = [Goal(what="whole run", value=1.2, limit=1.15), Goal(what="each call", value=1.1, limit=1.15)]
    table = Table(title="Replay", columns=("arm", "CPU s"), rows=[["floor", 1.0], ["ours", 12.345]], goals=goals)
    assert table.lines() == [
        "Replay",
        "======",
        "arm    CPU s",
        "floor      1",
        "ours    12.3",
        "MISSED whole run: 1.20x (goal: at most 1.15x)",
        "met    each call: 1.10x (goal: at most 1.15x)",
        "",
    ]


def test_the_provider_answers_what_was_asked_last():
    """The answer is told by the last question alone, which every arm's own answer is compared with."""
    body = str(workload.history(7, 3)).encode()
    assert workload.answer_to(body) == workload.completion(7, 3)
