"""A policy from several places, and which of them each setting came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_llmtrace._compare.policies.policy import Policy, adjusted
from pytest_llmtrace.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What one place asks for."""

    source: str
    """For people: a table of a file, an ini value, a marker."""
    wishes: Mapping[str, Any]
    """Keywords of `adjusted`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One setting of a policy, and where it came from."""

    setting: str
    """``match``, ``severities.prompt``, ``tools.search``, ``ignore``, ..."""
    value: Any
    source: str


def layered(policy: Policy, layers: Iterable[Layer], *, name: str | None = None) -> Policy:
    """The policy with everything added; of single values the last layer's holds, lists add up.

    Raises: SettingsError that begins with the source of what is not possible.
    """
    for layer in layers:
        try:
            policy = adjusted(policy, **layer.wishes)
        except SettingsError as error:
            raise SettingsError(f"{layer.source} {error}") from None
    return replace(policy, name=name) if name is not None else policy


def origins(policy: Policy, layers: Iterable[Layer]) -> tuple[Origin, ...]:
    """Each setting that is in force, sorted by name; entries of lists one by one, in order.

    Args:
        policy: The built-in policy below all layers.
        layers: What is added, the nearest last.
    """
    built_in = f"policy {policy.name} (built in)"
    single: dict[str, Origin] = {}
    listed: list[Origin] = []

    def note(setting: str, value: Any, source: str) -> None:
        single[setting] = Origin(setting=setting, value=value, source=source)

    for setting in ("view", "match", "order", "text_tolerance"):
        note(
            setting,
            getattr(policy, setting),
            built_in if getattr(policy, setting) != getattr(_PLAIN, setting) else "default",
        )
    for kind, severity in policy.severities.items():
        note(f"severities.{kind}", severity, built_in)
    for layer in layers:
        for setting, value in layer.wishes.items():
            if setting in ("ignore", "normalize"):
                listed.extend(Origin(setting=setting, value=one, source=layer.source) for one in value)
            elif setting in ("severities", "tools"):
                for key, one in (value or {}).items():
                    note(f"{setting}.{key}", one, layer.source)
            elif value is not None:
                note(setting, value, layer.source)
    return tuple(sorted((*single.values(), *listed), key=lambda one: one.setting))


_PLAIN = Policy()
