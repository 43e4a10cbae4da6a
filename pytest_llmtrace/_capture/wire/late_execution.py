"""Modules whose execution somebody takes a hand in, once, whatever loads them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Execute = Callable[[ModuleType], None]


def executed_by(spec: ModuleSpec | None, run: Callable[[Execute, ModuleType], None]) -> ModuleSpec | None:
    """Have `run` execute the module of a spec: it is told what does so, and the module."""
    if spec is not None and spec.loader is not None:
        spec.loader = _Loader(spec.loader, run)  # type: ignore[assignment]  # as far as anybody looks
    return spec


class _Loader:
    """Stands before the loader of one module, until that is executed; then it is as if it had never been there.

    Nothing is put into the loader itself. It may be that of other modules, too: pytest has one for what it rewrites,
    and so has a zip file for all that is in it.
    """

    def __init__(self, loader: Any, run: Callable[[Execute, ModuleType], None]) -> None:
        self._loader = loader
        self._run = run

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._run(self._loader.exec_module, module)
