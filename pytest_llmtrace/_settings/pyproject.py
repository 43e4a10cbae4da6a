"""What stands in pyproject.toml: ``[tool.llmtrace.prices]`` and ``[tool.llmtrace.policies]``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from pytest_llmtrace._model.bounded_reading import read_regular
from pytest_llmtrace._model.bounds import LARGEST_SOURCE
from pytest_llmtrace.errors import SettingsError

PYPROJECT: Final = "pyproject.toml"
_TABLES: Final = ("policies", "prices", "budgets")


class Pyproject:
    """The file, read when it is first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def may_have_tables(self) -> bool:
        """Whether there is anything of this plugin in it, as far as can be told without parsing it."""
        return self._text is not None

    def table(self, name: str) -> Any:
        """``[tool.llmtrace.NAME]``; empty where it is not there. Raises: SettingsError."""
        if self._data is None:
            return {}
        if isinstance(self._data, Exception):
            raise SettingsError(f"{self.path}: cannot be read for [tool.llmtrace.{name}]: {self._data}")
        ours = self._data.get("tool", {}).get("llmtrace", {})
        unknown = sorted(ours.keys() - set(_TABLES)) if isinstance(ours, dict) else [repr(ours)]
        if unknown:
            raise SettingsError(
                f"{self.path}: [tool.llmtrace] has no setting {unknown[0]!r}; its tables are "
                f"{', '.join(f'[tool.llmtrace.{one}]' for one in _TABLES)}"
            )
        return ours.get(name, {})

    @cached_property
    def _data(self) -> dict[str, Any] | Exception | None:
        if not isinstance(self._text, str):
            return self._text
        import tomllib  # noqa: PLC0415  # most projects have this file, and few a word in it for us

        try:
            return tomllib.loads(self._text)
        except (ValueError, RecursionError) as error:
            return error

    @cached_property
    def _text(self) -> str | Exception | None:
        """What is in the file; `None` where there is none, or it does not mention this plugin."""
        try:
            text = read_regular(self.path, LARGEST_SOURCE).decode()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            return error
        return text if "llmtrace" in text else None


def policy_tables(pyproject: Pyproject) -> Mapping[str, Any]:
    """The project's own policies, checked. Raises: SettingsError that names file, table, value and what is possible."""
    tables = pyproject.table("policies")
    if not isinstance(tables, dict):
        raise SettingsError(
            f"{pyproject.path}: tool.llmtrace.policies = {tables!r}: must hold tables, [tool.llmtrace.policies.NAME]"
        )
    if tables:
        from pytest_llmtrace._compare.policies.custom import custom_policies  # noqa: PLC0415  # only where there are some

        custom_policies(tables, PYPROJECT)
    return tables


def check_policy_name(setting: str, name: str, tables: Mapping[str, Any]) -> None:
    """Raises: SettingsError where a setting names no policy."""
    from pytest_llmtrace._compare.policies.policy import POLICIES  # noqa: PLC0415  # only where one is named

    if name not in POLICIES and name not in tables:
        raise SettingsError(f"{setting} = {name!r}: not a policy; choose one of {', '.join((*POLICIES, *tables))}")


def checked_list(setting: Literal["ignore", "normalize"], written: Sequence[str], file: str) -> tuple[str, ...]:
    """The lines of `llm_ignore` or `llm_normalize`. Raises: SettingsError that names the file and the line."""
    if written:
        from pytest_llmtrace._compare.policies.policy import POLICIES, adjusted  # noqa: PLC0415  # only where there are some

        try:
            adjusted(POLICIES["exact"], **{setting: tuple(written)})  # type: ignore[arg-type]  # one of two lists
        except SettingsError as error:
            raise SettingsError(f"{file}: llm_{error}") from None  # it begins with the name of the setting
    return tuple(written)


def prices(pyproject: Pyproject) -> dict[str, dict[str, float]]:
    """The table ``[tool.llmtrace.prices]``: ``"model" = {input_cost_per_token = 1e-6, ...}``. Raises: SettingsError."""
    file, table = pyproject.path, pyproject.table("prices")
    if not isinstance(table, dict):
        raise SettingsError(f"{file}: tool.llmtrace.prices = {table!r}: must hold tables, {_price_table('acme-9000')}")
    found: dict[str, dict[str, float]] = {}
    for model, fields in table.items():
        if not isinstance(fields, dict) or not fields:
            raise SettingsError(
                f"{file}: {_price_table(model)} must hold prices, such as input_cost_per_token = 1e-6; a name with "
                "dots or slashes is written in quotes"
            )
        for name, value in fields.items():
            _check_price(f"{file}: {_price_table(model)} {name}", name, value)
        found[model] = {name: float(value) for name, value in fields.items()}
    return found


def _check_price(where: str, name: str, value: object) -> None:
    """Raises: SettingsError for what is no price, or has a name that litellm gives to none."""
    if isinstance(value, dict):
        raise SettingsError(f"{where}: must be a price; a model whose name has dots is written in quotes")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise SettingsError(f"{where} = {value!r}: must be US dollars, 0 or more")
    from pytest_llmtrace._capture.prices.map import price_fields  # noqa: PLC0415  # only where there are some

    known = price_fields()
    if known and name not in known:
        near = get_close_matches(name, known, n=3) or ["input_cost_per_token", "output_cost_per_token"]
        raise SettingsError(f"{where}: litellm knows no such price; did you mean {' or '.join(near)}?")


def _price_table(model: str) -> str:
    return f'[tool.llmtrace.prices."{model}"]'
