"""vcrpy's serialisers, with YAML below them, are executed when somebody loads or saves a cassette of vcrpy's.

Importing vcrpy imports them, and yaml takes longer than all the rest of it. Our cassettes do not pass through them.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, Final

from pytest_llmtrace._capture.wire.late_execution import executed_by

MODULES: Final = ("vcr.serialize", "vcr.serializers.yamlserializer")
FUNCTIONS: Final = ("serialize", "deserialize")
"""What vcrpy takes from each of them when it is imported itself."""


@contextlib.contextmanager
def serializers_put_off() -> Iterator[None]:
    """While it lasts, who imports these modules gets them, and they are not executed yet."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder:
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return executed_by(PathFinder.find_spec(name, path, target), _put_off) if name in MODULES else None


def _put_off(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    """Execute a module when one of its functions is called, or when it is asked for anything else that it has."""
    lock, waiting = threading.RLock(), [module]

    def executed() -> ModuleType:
        with lock:
            if waiting:
                execute(module)
                waiting.clear()
        return module

    def standing_for(name: str) -> Callable[..., Any]:
        def function(*args: Any, **kwargs: Any) -> Any:
            return getattr(executed(), name)(*args, **kwargs)

        return function

    def get(name: str) -> Any:
        if not waiting or name.startswith("__"):
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
        return getattr(executed(), name)

    vars(module).update({name: standing_for(name) for name in FUNCTIONS}, __getattr__=get)
