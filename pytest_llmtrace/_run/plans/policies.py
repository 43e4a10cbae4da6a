"""The policy of a test: what its marker, the ini file and pyproject say, the nearest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from pytest_llmtrace._compare.policies.policy import POLICIES, Policy, named_policy
from pytest_llmtrace._model.frozen import frozen
from pytest_llmtrace._model.lately import Lately
from pytest_llmtrace._model.verdict import Mode
from pytest_llmtrace._settings.pyproject import PYPROJECT
from pytest_llmtrace._settings.values import Settings

if TYPE_CHECKING:  # most tests have a policy as it is built in
    from pytest_llmtrace._compare.policies.layers import Layer, Origin
    from pytest_llmtrace._settings.markers import TraceMarker


@frozen
class EffectivePolicy:
    """A policy, and where it came from."""

    policy: Policy
    named_by: str
    """What chose the policy by its name: a marker, an ini value, or the default of a mode."""
    base: Policy
    """The built-in policy below all layers."""
    layers: tuple[Layer, ...]
    """What was added to it, the nearest last."""

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Each setting that is in force, with its source."""
        from pytest_llmtrace._compare.policies.layers import origins  # noqa: PLC0415

        return origins(self.base, self.layers)


@frozen
class MarkerOf:
    """A marker of a test."""

    marker: TraceMarker
    where: str
    """What it stands on: the node id of the test, of its class or of its module."""

    @property
    def source(self) -> str:
        """For people."""
        return f"@pytest.mark.llm_trace (on {self.where})"


def effective_policy(mode: Mode, settings: Settings, markers: Sequence[MarkerOf] = ()) -> EffectivePolicy:
    """The policy that holds for a test, or with no marker for what belongs to no test.

    A marker's `policy` beats the ini value, which beats the default of the mode. The policy's own settings, from the
    built-in one through the tables of pyproject, then the ini values, then the marker are laid over each other.

    Args:
        mode: Live mode has a policy of its own.
        settings: The run's.
        markers: The test's, the nearest first: a nearer one beats one of the class or of the module.

    Raises:
        SettingsError: something is not possible; the text begins with where it stands.
    """
    if not markers:
        return _LATELY.of((settings, mode), lambda: _effective_policy(mode, settings, ()))
    return _effective_policy(mode, settings, markers)


def _effective_policy(mode: Mode, settings: Settings, markers: Sequence[MarkerOf]) -> EffectivePolicy:
    name, named_by = _name(mode, settings, markers)
    plain = name in POLICIES and not (settings.policies or settings.ignore or settings.normalize or markers)
    if plain and named_by != _LIVE:
        return EffectivePolicy(policy=POLICIES[name], named_by=named_by, base=POLICIES[name], layers=())
    from pytest_llmtrace._compare.policies.custom import custom_layers, custom_policies  # noqa: PLC0415
    from pytest_llmtrace._compare.policies.layers import Layer, layered  # noqa: PLC0415

    named_policy(name, custom_policies(settings.policies, PYPROJECT))  # raises where there is none of that name
    base, layers = custom_layers(name, settings.policies, PYPROJECT)
    if named_by == _LIVE:
        layers.append(Layer(source=_LIVE, wishes={"severities": _LIVE_WARNS}))
    wishes = {name: list(value) for name in ("ignore", "normalize") if (value := getattr(settings, name))}
    layers += [Layer(source=f"{settings.ini_file}: llm_{name}", wishes={name: value}) for name, value in wishes.items()]
    layers += [Layer(source=one.source, wishes=_wishes(one.marker)) for one in reversed(markers)]
    policy = layered(POLICIES[base], layers, name=name)
    return EffectivePolicy(policy=policy, named_by=named_by, base=POLICIES[base], layers=tuple(layers))


def _name(mode: Mode, settings: Settings, markers: Sequence[MarkerOf]) -> tuple[str, str]:
    for one in markers:
        if one.marker.policy is not None:
            return one.marker.policy, one.source
    live = mode == "live"
    named = settings.live_policy if live else settings.policy
    if named is not None:
        return named, f"{settings.ini_file}: {'llm_live_policy' if live else 'llm_policy'}"
    return ("tools", _LIVE) if live else ("exact", "default")


_LATELY: Final = Lately[EffectivePolicy]()
"""Of tests without markers: most."""
_LIVE: Final = "default of live mode"
_LIVE_WARNS: Final = {"output": "warn"}
"""What live mode says besides what the policy `tools` fails on: that a model words things differently."""


def _wishes(marker: TraceMarker) -> dict[str, Any]:
    """What a marker asks for besides a policy by name."""
    names = ("match", "order", "ignore", "normalize", "severities", "tools", "text_tolerance", "text_scorer")
    found = {name: getattr(marker, name) for name in names}
    return {name: value for name, value in found.items() if value not in (None, (), {})}
