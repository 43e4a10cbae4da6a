"""Policies of the project: the tables ``[tool.llmtrace.policies.NAME]``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from pytest_llmtrace._compare.policies.layers import Layer, layered
from pytest_llmtrace._compare.policies.policy import KINDS, POLICIES, Order, Policy
from pytest_llmtrace._model.severities import Severity
from pytest_llmtrace.errors import SettingsError

TABLE: Final = "tool.llmtrace.policies"

_TEXTS: Final = ("match", "order", "text_scorer")
_LISTS: Final = ("ignore", "normalize")
_SETTINGS: Final = ("base", *_TEXTS, *_LISTS, "text_tolerance", "severities", "tools")
_SHORT_KINDS: Final = tuple(kind for kind in KINDS if kind not in _SETTINGS)
"""Kinds whose severity may stand in the table itself."""

Tables = Mapping[str, Any]


def custom_layers(name: str, tables: Tables, file: str) -> tuple[str, list[Layer]]:
    """The built-in policy that a custom one comes from, and what its tables add, the farthest first.

    Raises: SettingsError that names the file, the table, the value and what is possible.
    """
    layers: list[Layer] = []
    seen: list[str] = []
    while name not in POLICIES:
        where = f"{file}: [{TABLE}.{name}]"
        if name in seen:
            raise SettingsError(f"{where} base: goes round in a circle: {' -> '.join([*seen, name])}")
        seen.append(name)
        table = tables[name]
        if not isinstance(table, Mapping):
            raise SettingsError(f"{where} must be a table, not {table!r}")
        layers.insert(0, Layer(source=where, wishes=_wishes(table, where)))
        base = table.get("base", "exact")
        names = (*POLICIES, *tables)
        if base not in names:
            raise SettingsError(f"{where} base = {base!r}: not a policy; choose one of {', '.join(names)}")
        name = base
    return name, layers


def custom_policies(tables: Tables, file: str) -> Mapping[str, Policy]:
    """The policies of all tables, by name. Raises: SettingsError."""
    made: dict[str, Policy] = {}
    for name in tables:
        if name in POLICIES:
            raise SettingsError(
                f"{file}: [{TABLE}.{name}]: {name!r} is a policy of pytest-llmtrace; choose another name, and write "
                f'base = "{name}"'
            )
        base, layers = custom_layers(name, tables, file)
        made[name] = layered(POLICIES[base], layers, name=name)
    return made


def _wishes(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """What a table asks for, as keywords of `adjusted`."""
    wishes: dict[str, Any] = {}
    severities: dict[str, Any] = {}
    for key, value in table.items():
        if key in _SHORT_KINDS:
            severities[key] = value
        elif key not in _SETTINGS:
            raise SettingsError(
                f"{where} has no setting {key!r}; the valid ones are {', '.join(_SETTINGS)}, and the severity of a "
                f"kind: {', '.join(_SHORT_KINDS)}"
            )
        elif key in _LISTS:
            wishes[key] = _texts(key, value, where)
        elif key == "severities":
            severities.update(_table(key, value, where))
        elif key == "tools":
            wishes["tools"] = _tools(value, where)
        elif key in _TEXTS:
            wishes[key] = _text(key, value, where)
        elif key != "base":
            wishes[key] = value
    if severities:
        wishes["severities"] = severities
    return wishes


def _text(key: str, value: Any, where: str) -> str:
    if key == "order" and value in get_args(Severity):
        raise SettingsError(
            f"{where} order = {value!r}: choose one of {', '.join(get_args(Order))}; the severity of the kind `order` "
            f"stands under severities: severities = {{order = {value!r}}}"
        )
    if not isinstance(value, str):
        raise SettingsError(f"{where} {key} = {value!r}: must be text")
    return value


def _texts(key: str, value: Any, where: str) -> Sequence[str]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise SettingsError(f"{where} {key} = {value!r}: must be a list of texts")


def _table(key: str, value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SettingsError(f"{where} {key} = {value!r}: must be a table")
    return value


def _tools(value: Any, where: str) -> dict[str, Any]:
    """``tools.search = "subset"``, or ``[tools.search] arguments = "subset"``."""
    if value in get_args(Severity):
        raise SettingsError(
            f"{where} tools = {value!r}: must be a table of tools; the severity of the kind `tools` stands under "
            f"severities: severities = {{tools = {value!r}}}"
        )
    ways: dict[str, Any] = {}
    for tool, way in _table("tools", value, where).items():
        if isinstance(way, Mapping):
            unknown = sorted(way.keys() - {"arguments"})
            if unknown or "arguments" not in way:
                raise SettingsError(
                    f"{where[:-1]}.tools.{tool}] takes the setting arguments"
                    + (f", not {unknown[0]!r}" if unknown else "")
                )
            ways[tool] = way["arguments"]
        else:
            ways[tool] = way
    return ways
