"""Policies of a project, from their tables."""

from __future__ import annotations

import re
import tomllib

import pytest

from pytest_llmtrace._compare.digests import behaviour_digest
from pytest_llmtrace._compare.drift import compare
from pytest_llmtrace._compare.policies.custom import custom_layers, custom_policies
from pytest_llmtrace._compare.policies.layers import Layer, Origin, origins
from pytest_llmtrace._compare.policies.policy import POLICIES, Policy, adjusted, digest_decides, named_policy
from pytest_llmtrace.errors import SettingsError
from tests.unit.compare.traces import refund, trace

FILE = "pyproject.toml"
BOTH = """
[tool.llmtrace.policies.shop]
base = "tools"
match = "unordered"
ignore = ["params.seed"]
normalize = ["date", "number:1%", "unordered:output.content.items"]
prompt = "warn"
severities = {tools = "ignore", order = "warn"}
text_tolerance = 0.2
text_scorer = "shop.judge:same"

[tool.llmtrace.policies.shop.tools.search]
arguments = "subset"

[tool.llmtrace.policies.nightly]
base = "shop"
match = "superset"
ignore = "model"
tools = {refund = "ignore"}
prompt = "fail"
"""


def policies(toml: str) -> dict[str, Policy]:
    """The policies of a file."""
    return dict(custom_policies(tomllib.loads(toml)["tool"]["llmtrace"]["policies"], FILE))


def test_a_table_makes_a_policy() -> None:
    """Every setting of the table is in it, on top of the base."""
    shop = policies(BOTH)["shop"]
    assert (shop.name, shop.view, shop.match, shop.order) == ("shop", "tools", "unordered", "free")
    assert (shop.ignore, shop.unordered) == (("params.seed",), ("output.content.items",))
    assert [one.name for one in (*shop.normalize, *shop.numbers)] == ["date", "number:1%"]
    kinds = ("prompt", "tools", "order", "tool_call", "output")
    assert [shop.severity(kind) for kind in kinds] == ["warn", "ignore", "warn", "fail", "ignore"]
    assert shop.text_scorer is not None
    assert (shop.text_tolerance, shop.text_scorer.name) == (0.2, "shop.judge:same")
    assert {name: way.name for name, way in shop.tools.items()} == {"search": "subset"}


def test_a_policy_may_be_based_on_another_one_of_the_project() -> None:
    """Single values are replaced, lists and tables are added to."""
    nightly = policies(BOTH)["nightly"]
    assert (nightly.name, nightly.match, nightly.ignore) == ("nightly", "superset", ("params.seed", "model"))
    assert nightly.severity("prompt") == "fail"
    assert {name: way.name for name, way in nightly.tools.items()} == {"search": "subset", "refund": "ignore"}


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ('base = "exakt"', "[tool.llmtrace.policies.p] base = 'exakt': not a policy; choose one of exact, tools, outl"),
        ('base = "p"', "[tool.llmtrace.policies.p] base: goes round in a circle: p -> p"),
        ('match = "some"', "[tool.llmtrace.policies.p] match = 'some': not possible; choose one of strict, unordered"),
        ("match = 3", "[tool.llmtrace.policies.p] match = 3: must be text"),
        ('prompt = "bad"', "[tool.llmtrace.policies.p] severity of prompt = 'bad': not possible; choose one of fail"),
        ('severities = {promt = "warn"}', "kind of drift = 'promt': not possible; choose one of model, params, tools"),
        ('severities = "warn"', "[tool.llmtrace.policies.p] severities = 'warn': must be a table"),
        ('promt = "warn"', "[tool.llmtrace.policies.p] has no setting 'promt'; the valid ones are base, match, order"),
        ('order = "warn"', "order = 'warn': choose one of free, strict; the severity of the kind `order` stands under"),
        ('tools = "warn"', "tools = 'warn': must be a table of tools; the severity of the kind `tools` stands under"),
        ('tools = {search = "some"}', "arguments of tool 'search' = 'some': not possible; choose one of exact, ignore"),
        ("tools.search.args = 1", "[tool.llmtrace.policies.p.tools.search] takes the setting arguments, not 'args'"),
        ('normalize = ["dates"]', "[tool.llmtrace.policies.p] normalize = 'dates': not a rule; choose one of datetime"),
        ("ignore = [1]", "[tool.llmtrace.policies.p] ignore = [1]: must be a list of texts"),
        ("text_tolerance = 20", "[tool.llmtrace.policies.p] text_tolerance = 20: must be a share, from 0 to 1"),
        ('text_tolerance = "x"', "[tool.llmtrace.policies.p] text_tolerance = 'x': must be a share, from 0 to 1"),
        ('text_scorer = "judge"', "text_scorer = 'judge': must name a function, like package.module:function"),
    ],
)
def test_a_wrong_table_names_file_table_value_and_choices(table: str, text: str) -> None:
    """Whatever is wrong, the error says where, what, and what is possible."""
    with pytest.raises(SettingsError, match=re.escape(text)) as raised:
        policies(f"[tool.llmtrace.policies.p]\n{table}\n")
    assert str(raised.value).startswith(f"{FILE}: [tool.llmtrace.policies.p")


@pytest.mark.parametrize(
    ("toml", "text"),
    [
        ("tool.llmtrace.policies.p = 1", "[tool.llmtrace.policies.p] must be a table, not 1"),
        ('[tool.llmtrace.policies.exact]\nmatch = "subset"', "'exact' is a policy of pytest-llmtrace; choose another"),
    ],
)
def test_a_table_that_is_no_policy_is_an_error(toml: str, text: str) -> None:
    """Neither another type nor the name of a built-in policy passes."""
    with pytest.raises(SettingsError, match=re.escape(text)):
        policies(toml)


def test_an_unknown_policy_lists_those_of_the_project_too() -> None:
    """A misspelt name says which ones there are."""
    with pytest.raises(SettingsError, match=re.escape("choose one of exact, tools, outline, shop, nightly")):
        named_policy("shopp", policies(BOTH))


def test_every_setting_says_where_it_came_from() -> None:
    """The nearest place holds for single values; each entry of a list has its own."""
    tables = tomllib.loads(BOTH)["tool"]["llmtrace"]["policies"]
    base, layers = custom_layers("nightly", tables, FILE)
    marker = Layer(source="marker", wishes={"match": "strict", "ignore": ["params"], "severities": {"user": "warn"}})
    found = origins(POLICIES[base], [*layers, marker])
    shop, nightly = (f"{FILE}: [tool.llmtrace.policies.{name}]" for name in ("shop", "nightly"))
    assert Origin(setting="match", value="strict", source="marker") in found
    assert [(one.value, one.source) for one in found if one.setting == "ignore"] == [
        ("params.seed", shop),
        ("model", nightly),
        ("params", "marker"),
    ]
    by_setting = {one.setting: (one.value, one.source) for one in found}
    assert by_setting["severities.prompt"] == ("fail", nightly)
    assert by_setting["severities.output"] == ("ignore", "policy tools (built in)")
    assert by_setting["severities.user"] == ("warn", "marker")
    assert by_setting["tools.search"] == ("subset", shop)
    assert by_setting["view"] == ("tools", "policy tools (built in)")
    assert by_setting["order"] == ("free", "default")


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"match": "unordered"},
        {"tools": {"refund": "tests.unit.compare.policies.test_custom:never"}},
        {"text_scorer": "tests.unit.compare.policies.test_custom:never"},
        {"normalize": ["number:0.1", "unordered:messages[*].content", "case", "whitespace", "/a/ -> b"]},
        {"severities": {"prompt": "warn"}, "ignore": ["params"]},
        {"order": "strict"},
    ],
)
@pytest.mark.parametrize("base", sorted(POLICIES))
def test_equal_digests_mean_that_no_policy_finds_anything(base: str, wishes: dict[str, object]) -> None:
    """The digests that are kept with a tape hold under any policy with a free order: none needs a re-recording."""
    policy = adjusted(POLICIES[base], **wishes)  # type: ignore[arg-type]
    one, other = trace(refund()), trace(refund())
    assert behaviour_digest(one) == behaviour_digest(other)
    assert compare(one, other, policy) == ()
    assert digest_decides(policy) == (wishes.get("order") != "strict")


def never(golden: object, observed: object) -> bool:
    """A function that lets nothing pass."""
    return False
