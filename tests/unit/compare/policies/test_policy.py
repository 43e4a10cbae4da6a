"""Policies: names, wishes, ignored paths, tolerance."""

from __future__ import annotations

import re

import pytest

from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.policy import KINDS, POLICIES, Policy, adjusted, named_policy
from pytest_llmtrace._compare.rules.ignore import ignored_paths
from pytest_llmtrace._model.findings import Drift
from pytest_llmtrace._model.trace import Trace
from pytest_llmtrace.errors import SettingsError
from tests.unit.compare.traces import call, refund, says, trace, user

EXACT = named_policy("exact")


def test_exact_fails_on_everything() -> None:
    """The default policy has no kind of drift that does not fail."""
    assert named_policy("exact") == Policy()
    assert {EXACT.severity(kind) for kind in KINDS} == {"fail"}


def test_every_policy_knows_its_name() -> None:
    """A policy carries the name under which it is found."""
    assert {name: policy.name for name, policy in POLICIES.items()} == {
        "exact": "exact",
        "tools": "tools",
        "outline": "outline",
    }


def test_an_unknown_policy_is_an_error_that_lists_the_names() -> None:
    """A misspelled policy says which ones there are."""
    with pytest.raises(SettingsError, match=re.escape("'exakt' is not a policy; choose one of exact, tools, outline")):
        named_policy("exakt")


def test_wishes_are_added_to_a_policy() -> None:
    """What a test asks for comes on top of what the policy has."""
    policy = adjusted(EXACT, match="subset", ignore=["params.seed"], order="strict", severities={"model": "warn"})
    policy = adjusted(policy, ignore=["model"], normalize=["uuid"], severities={"user": "ignore"}, text_tolerance=0.1)
    assert (policy.match, policy.order, policy.ignore) == ("subset", "strict", ("params.seed", "model"))
    assert [rule.name for rule in policy.normalize] == ["uuid"]
    assert [policy.severity(kind) for kind in ("model", "user", "prompt")] == ["warn", "ignore", "fail"]
    assert policy.text_tolerance == 0.1


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"match": "some"}, "match = 'some': not possible; choose one of strict, unordered, subset, superset"),
        ({"order": "any"}, "order = 'any': not possible; choose one of free, strict"),
        ({"severities": {"model": "bad"}}, "severity of model = 'bad': not possible; choose one of fail, warn, ignore"),
        (
            {"ignore": ["parms.seed"]},
            "ignore = 'parms.seed': no such path; a path begins with one of model, operation, ",
        ),
        (
            {"ignore": ["messages.content"]},
            "ignore = 'messages.content': messages are a list; write messages[*].content",
        ),
        ({"text_tolerance": 10}, "text_tolerance = 10: must be a share, from 0 to 1"),
    ],
)
def test_an_impossible_wish_is_an_error(wish: dict[str, object], text: str) -> None:
    """A wrong value is named together with the right ones."""
    with pytest.raises(SettingsError, match=re.escape(text)):
        adjusted(EXACT, **wish)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "covered", "not_covered"),
    [
        ("params.seed", ["params.seed", "params.seed.low"], ["params.seeds", "params", "x.params.seed"]),
        ("params", ["params.seed", "params"], ["parameters"]),
        ("messages[*].content", ["messages[0].content", "messages[12].content.a[0]"], ["messages[0].name"]),
        ("tools.*.description", ["tools.refund.description", 'tools["odd name"].description'], ["tools.refund.name"]),
        ("output.**.id", ["output.a.b.id", "output.id"], ["output.ids"]),
        ("**.at", ["messages[0].content.at"], ["messages[0].content.that"]),
        ("messages[0]", ["messages[0]", "messages[0].content"], ["messages[01]", "messages[10]"]),
        ("params.stop", ["params.stop (removed)"], []),
        ("messages.*.content.*.id", ["messages[3].content[0].id", "messages[3].content.order.id"], []),
    ],
)
def test_ignored_paths_cover_what_is_below_them(pattern: str, covered: list[str], not_covered: list[str]) -> None:
    """A star stands for one step, two stars for any number, and a path for all that is below it."""
    ignored = ignored_paths([pattern])
    assert [ignored(path) for path in (*covered, *not_covered)] == [True] * len(covered) + [False] * len(not_covered)


def test_ignored_paths_are_not_compared() -> None:
    """What an ignored path covers is no drift; the rest still is."""
    golden = trace(refund(params={"temperature": 0, "seed": 1}))
    observed = trace(refund(params={"temperature": 1, "seed": 2}))
    assert compare(golden, observed, adjusted(EXACT, ignore=["params.*"])) == ()
    assert [drift.path for drift in compare(golden, observed, adjusted(EXACT, ignore=["params.seed"]))] == [
        "params.temperature"
    ]


def test_a_difference_at_an_ignored_path_hides_none_elsewhere() -> None:
    """The same change at a path that counts is listed although it was ignored before."""
    golden = trace(call(user("a"), user("a"), out=says("A")))
    observed = trace(call(user("b"), user("b"), out=says("A")))
    assert [drift.path for drift in compare(golden, observed, adjusted(EXACT, ignore=["messages[0]"]))] == [
        "messages[1].content"
    ]


def test_however_many_parts_are_ignored_none_is_compared() -> None:
    """Where so much differs that values stand side by side, each part is still looked up; one that counts is drift."""

    def rows(at: int, **first: str) -> Trace:
        return trace(refund(status=[{"at": at + row, **(first if row == 0 else {})} for row in range(30)]))

    policy = adjusted(EXACT, ignore=["messages[*].content[*].at"])
    assert compare(rows(0), rows(100), policy) == ()
    assert [one.kind for one in compare(rows(0, name="a"), rows(100, name="b"), policy)] == ["tool_result"]


def test_severities_come_from_the_policy() -> None:
    """A kind that only warns is listed as a warning; an ignored one is not listed unless asked for."""
    golden, observed = trace(refund()), trace(refund(model="gpt-5"))
    found = Drift(
        kind="model",
        conversation="main",
        turn=1,
        path="model",
        golden="gpt-4o-mini",
        observed="gpt-5",
        severity="warn",
        first=True,
        folded=3,
        folded_at=("main turn 2", "main turn 3", "main turn 4"),
    )
    assert compare(golden, observed, adjusted(EXACT, severities={"model": "warn"})) == (found,)
    ignoring = adjusted(EXACT, severities={"model": "ignore"})
    assert compare(golden, observed, ignoring) == ()
    assert [drift.severity for drift in compare(golden, observed, ignoring, ignored=True)] == ["ignore"]


def test_the_first_divergence_is_one_that_counts() -> None:
    """Ignored differences are not marked as the first, even when they are listed."""
    golden, observed = trace(refund()), trace(refund(prompt="Be rude.", thanks="Thx"))
    policy = adjusted(EXACT, severities={"prompt": "ignore"})
    assert [(drift.kind, drift.first) for drift in compare(golden, observed, policy, ignored=True)] == [
        ("prompt", False),
        ("user", True),
    ]


def test_normalized_texts_are_equal() -> None:
    """What a rule takes out makes no difference anywhere: messages, results, arguments, parameters."""
    golden = refund(prompt="Today is 2024-01-31.", status={"at": "2024-01-30"}, params={"user": "2024-01-01"})
    observed = refund(prompt="Today is 2025-11-02.", status={"at": "2025-11-01"}, params={"user": "2025-11-02"})
    assert compare(trace(golden), trace(observed), adjusted(EXACT, normalize=["date"])) == ()


def test_normalized_texts_show_what_else_differs() -> None:
    """A difference next to a normalised part is shown without it."""
    golden = trace(call(user("On 2024-01-31 call Ann"), out=says("ok")))
    observed = trace(call(user("On 2025-11-02 call Bob"), out=says("ok")))
    found = compare(golden, observed, adjusted(EXACT, normalize=["date"]))
    assert [(drift.golden, drift.observed) for drift in found] == [("On <date> call Ann", "On <date> call Bob")]


def test_text_tolerance_accepts_other_words_up_to_its_share() -> None:
    """An answer may differ in so many of its words, and no more; what was asked may not."""
    golden = trace(call(user("a b c d"), out=says("one two three four five six seven eight nine ten")))
    near = trace(call(user("a b c d"), out=says("one two three four five six seven eight nine eleven")))
    far = trace(call(user("a b c d"), out=says("two things, entirely different")))
    asked = trace(call(user("a b c e"), out=golden.calls[0].output))
    policy = adjusted(EXACT, text_tolerance=0.2)
    assert compare(golden, near, policy) == ()
    data = [trace(call(user("a b c d"), out=says(f'{{"n": {number}}}'))) for number in (1, 2)]
    assert [drift.path for drift in compare(*data, policy)] == ["output.content.n"]
    long = [trace(call(user("a"), out=says(" ".join(map(str, range(at, at + 3000)))))) for at in (0, 300)]
    assert compare(*long, policy) == ()
    assert [drift.kind for drift in compare(golden, far, policy)] == ["output"]
    assert [drift.kind for drift in compare(golden, asked, policy)] == ["user"]
