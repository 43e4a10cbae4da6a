"""Functions of the project that a policy names: ``package.module:function``."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from pytest_llmtrace._model.canonical import canonical_json
from pytest_llmtrace.errors import SettingsError


def is_dotted(text: str) -> bool:
    """Whether a text has the form of such a name."""
    return all(part.isidentifier() for part in text.replace(":", ".").split(".")) and ("." in text or ":" in text)


class Named:
    """A function by its dotted name: imported when it is first needed, and asked once about each pair of values."""

    def __init__(self, name: str, setting: str, function: Callable[[Any, Any], Any] | None = None) -> None:
        """A function to import, or one that a hook gave.

        Args:
            name: ``package.module:function``, or the hook and where it stands.
            setting: What names it, for errors: ``text_scorer``.
            function: The hook's; it may return `None` where it has no opinion.
        """
        self.name = name
        self.setting = setting
        self.may_abstain = function is not None
        self._function = function
        self._known: dict[str, Any] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[Any, ...]:
        return (self.name, self.setting, self._function if self.may_abstain else None)

    def __repr__(self) -> str:
        return f"Named({self.name!r})"

    def load(self) -> None:
        """Import it. Raises: SettingsError that says what is not there."""
        if self._function is None:
            self._function = _imported(self.name, self.setting)

    def __call__(self, golden: Any, observed: Any) -> Any:
        """What it says about two values. Raises: SettingsError that names the line where it raised."""
        self.load()
        assert self._function is not None  # noqa: S101  # loaded just above
        both = canonical_json([golden, observed])
        if both not in self._known:
            try:
                said = self._function(*deepcopy((golden, observed)))
                self._known[both] = said.item() if hasattr(said, "item") else said  # a number of numpy or torch
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # skipping the test, or leaving, is no judgement either
                last = traceback.extract_tb(error.__traceback__)[-1]
                raise SettingsError(
                    f"{self.setting} = {self.name!r}: it raised {type(error).__name__}: {error} "
                    f"({last.filename}:{last.lineno})"
                ) from error
        return self._known[both]


def _imported(name: str, setting: str) -> Callable[[Any, Any], Any]:
    module, _, attribute = name.partition(":") if ":" in name else name.rpartition(".")
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:
        raise SettingsError(
            f"{setting} = {name!r}: `{module}` cannot be imported: {type(error).__name__}: {error}. It is looked for "
            "where the tests import from; `pythonpath = .` in pytest's ini file adds the project's folder."
        ) from error
    for part in attribute.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise SettingsError(f"{setting} = {name!r}: `{module}` has no function `{attribute}`")
    return found  # type: ignore[no-any-return]
