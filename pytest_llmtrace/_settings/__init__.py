"""Options, ini values and markers: declared in every run, read once into frozen values where they matter.

The first package of ours that pytest imports: what keeps it from rewriting the others is here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class Unrewritten:
    """Finds the modules of this package as Python does.

    pytest rewrites the assertions of whatever a plugin's wheel holds: 0.65 s for a package of this size where nothing
    is cached, as in every fresh checkout of a CI, and 0.09 s where it is. There are no tests in here.
    """

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The module where it is one of ours."""
        return PathFinder.find_spec(name, path, target) if name.startswith("pytest_llmtrace.") else None


sys.meta_path.insert(0, Unrewritten)
