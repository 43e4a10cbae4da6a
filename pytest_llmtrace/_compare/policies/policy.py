"""What counts as drift, and how much it matters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, get_args

from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.severities import DriftKind, Severity
from pytest_llmtrace.errors import SettingsError

if TYPE_CHECKING:  # most tests have no rules
    from pytest_llmtrace._compare.rules.dotted import Named
    from pytest_llmtrace._compare.rules.normalize import AnyRule
    from pytest_llmtrace._compare.rules.numbers import NumberTolerance
    from pytest_llmtrace._compare.rules.tool_arguments import Tools

View = Literal["calls", "tools", "outline"]
"""How closely one looks: at whole calls; at the trajectory of tool calls; at roles and tool names."""

Order = Literal["free", "strict"]
"""Whether conversations may begin, and interleave, in another order than in the golden trace."""

Match = Literal["strict", "unordered", "subset", "superset"]
"""How tool trajectories must agree: the same in the same order; the same in any order; nothing that the golden trace
does not have; everything that the golden trace has."""

KINDS: Final[tuple[DriftKind, ...]] = get_args(DriftKind)


@frozen
class Policy:
    """What is compared, and how severe each kind of difference is."""

    name: str = "exact"
    view: View = "calls"
    severities: Mapping[DriftKind, Severity] = field(default_factory=dict)
    """Kinds that are not listed fail."""
    order: Order = "free"
    match: Match = "strict"
    """Other than `strict`: tool calls are judged as one trajectory for each conversation, and what depends on where
    they happen (`tool_result`, `call_added`, `call_missing`, `order`) is not judged."""
    ignore: tuple[str, ...] = ()
    """Paths that are not compared: ``params.temperature``, ``messages[*].content``, ``tools.*.description``; a path
    covers everything below it."""
    normalize: tuple[AnyRule, ...] = ()
    """Replacements made in every text of both sides before they are compared."""
    text_tolerance: float = 0.0
    """Share of the words of an answer's text that may differ, 0 to 1."""
    text_scorer: Named | None = None
    """Judges two answers instead: a function that says whether they will do, or how alike they are, 0 to 1."""
    numbers: tuple[NumberTolerance, ...] = ()
    """By how much numbers may differ, in data and in text."""
    unordered: tuple[str, ...] = ()
    """Paths of lists that are compared as sets."""
    tools: Tools = field(default_factory=dict)
    """How the arguments of tools are matched, by name of the tool; `exact` where it is not listed."""

    def severity(self, kind: DriftKind) -> Severity:
        """How severe a kind of difference is."""
        return self.severities.get(kind, "fail")

    @property
    def reshapes(self) -> bool:
        """Whether requests that differ may yet be the same."""
        return bool(self.ignore or self.normalize or self.numbers or self.unordered or self.tools)

    def load(self) -> None:
        """Import the functions that it names. Raises: SettingsError."""
        if self.text_scorer is None and not self.tools:
            return
        from pytest_llmtrace._compare.rules.dotted import Named  # noqa: PLC0415

        for named in (self.text_scorer, *(one.way for one in self.tools.values())):
            if isinstance(named, Named):
                named.load()


def named_policy(name: str, custom: Mapping[str, Policy] = MappingProxyType({})) -> Policy:
    """The policy of that name. Raises: SettingsError that lists the names there are."""
    found = POLICIES.get(name) or custom.get(name)
    if found is None:
        raise SettingsError(f"{name!r} is not a policy; choose one of {', '.join((*POLICIES, *custom))}")
    return found


def digest_decides(policy: Policy) -> bool:
    """Whether equal digests mean that a policy finds nothing, so that the golden trace need not be read."""
    return policy.order == "free"


def adjusted(
    policy: Policy,
    *,
    match: str | None = None,
    ignore: Sequence[str] = (),
    normalize: Sequence[str] = (),
    order: str | None = None,
    severities: Mapping[str, str] | None = None,
    text_tolerance: float | None = None,
    text_scorer: str | None = None,
    tools: Mapping[str, object] | None = None,
) -> Policy:
    """The policy with a test's or a project's wishes added. Raises: SettingsError for a value that is not possible."""
    changes: dict[str, object] = {}
    if match is not None:
        changes["match"] = _choice("match", match, get_args(Match))
    if order is not None:
        changes["order"] = _choice("order", order, get_args(Order))
    for kind, severity in (severities or {}).items():
        _choice("kind of drift", kind, KINDS)
        _choice(f"severity of {kind}", severity, get_args(Severity))
    if severities:
        changes["severities"] = MappingProxyType({**policy.severities, **severities})
    if text_tolerance is not None:
        changes["text_tolerance"] = _share("text_tolerance", text_tolerance)
    if text_scorer is not None:
        from pytest_llmtrace._compare.rules.dotted import Named, is_dotted  # noqa: PLC0415

        if not is_dotted(text_scorer):
            raise SettingsError(f"text_scorer = {text_scorer!r}: must name a function, like package.module:function")
        changes["text_scorer"] = Named(text_scorer, "text_scorer")
    if tools:
        from pytest_llmtrace._compare.rules.tool_arguments import tool_arguments  # noqa: PLC0415

        changes["tools"] = MappingProxyType(
            {**policy.tools, **{name: tool_arguments(name, way) for name, way in tools.items()}}
        )
    changes |= _rules(policy, ignore, normalize)
    return replace(policy, **changes)  # type: ignore[arg-type]


def _rules(policy: Policy, ignored: Sequence[str], written: Sequence[str]) -> dict[str, object]:
    """What changes of a policy with these paths and rules."""
    if not ignored and not written:
        return {}
    from pytest_llmtrace._compare.rules import numbers, unordered  # noqa: PLC0415
    from pytest_llmtrace._compare.rules.ignore import ignored_path  # noqa: PLC0415
    from pytest_llmtrace._compare.rules.normalize import rule  # noqa: PLC0415

    sets = [unordered.unordered_path(text) for text in written if text.startswith(unordered.PREFIX)]
    tolerances = [numbers.number_tolerance(text) for text in written if text.startswith(numbers.PREFIX)]
    others = [rule(text) for text in written if not text.startswith((numbers.PREFIX, unordered.PREFIX))]
    return {
        "ignore": (*policy.ignore, *(ignored_path(text) for text in ignored)),
        "unordered": (*policy.unordered, *sets),
        "numbers": (*policy.numbers, *tolerances),
        "normalize": (*policy.normalize, *others),
    }


def _choice(what: str, value: str, valid: Iterable[str]) -> str:
    if value not in valid:
        raise SettingsError(f"{what} = {value!r}: not possible; choose one of {', '.join(valid)}")
    return value


def _share(what: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise SettingsError(f"{what} = {value!r}: must be a share, from 0 to 1")
    return value


def _only(*kinds: DriftKind) -> Mapping[DriftKind, Severity]:
    return MappingProxyType({kind: "fail" if kind in kinds else "ignore" for kind in KINDS})


POLICIES: Final[Mapping[str, Policy]] = MappingProxyType(
    {
        "exact": Policy(name="exact"),
        "tools": Policy(name="tools", view="tools", severities=_only("tool_call", "order", "error")),
        "outline": Policy(name="outline", view="outline"),
    }
)
"""The policies that can be named: everything; tool names, arguments and order; roles and tool names."""
