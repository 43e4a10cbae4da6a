"""Which hosts the vcrpy cassettes of a project call, without parsing them."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pytest_llmtrace._model.bounded_reading import read_head
from pytest_llmtrace._model.expressions import expression
from pytest_llmtrace._store.paths import FOLDER, GOLDEN


def hosts_of_vcrpy(root: Path, *, files: int) -> set[str]:
    """The hosts of the requests in plain YAML cassettes at or under a folder.

    Args:
        root: where to look; only `cassettes` folders count.
        files: how many are looked at, each in its first megabyte.
    """
    found: set[str] = set()
    for path in itertools.islice(_yaml_files(root), files):
        try:
            found |= {match.group(1).decode("latin-1") for match in _HOST.finditer(read_head(path, _HEAD))}
        except OSError:
            continue  # whoever needs the file will say why it cannot be read
    return found


def _yaml_files(root: Path) -> Iterator[Path]:
    inside = FOLDER in root.resolve().parts
    for directory, subdirectories, names in os.walk(root):
        subdirectories[:] = sorted(name for name in subdirectories if not name.startswith("."))
        if inside or FOLDER in Path(directory).relative_to(root).parts:
            yield from (
                Path(directory) / name
                for name in sorted(names)
                if name.endswith((".yaml", ".yml")) and not name.endswith(GOLDEN)
            )


_HEAD: Final = 1024 * 1024
_HOST: Final = expression(rb"^ {4}uri: [\"']?https?://([A-Za-z0-9.-]+)", re.MULTILINE)
"""As vcrpy's serializers write it: the key of a mapping in a list in a mapping."""
