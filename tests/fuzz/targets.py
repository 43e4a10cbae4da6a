"""Every target, in one table."""

from __future__ import annotations

from typing import Final

from tests.fuzz import bodies, comparing, configuration, data, files, hidden, money, outputs, personal, redaction
from tests.fuzz.target import Target

TARGETS: Final[tuple[Target, ...]] = (
    *files.TARGETS,
    *bodies.TARGETS,
    *data.TARGETS,
    *redaction.TARGETS,
    *hidden.TARGETS,
    *personal.TARGETS,
    *outputs.TARGETS,
    *comparing.TARGETS,
    *money.TARGETS,
    *configuration.TARGETS,
)
