"""What the figures were measured with."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from pathlib import Path

from benchmarks.arms import FLOOR, OURS, PEERS
from benchmarks.environments import ROOT, CannotInstallError


def installed(*, peers: bool) -> None:
    """Make the environments that are missing. A peer that cannot be installed says so where it would be measured."""
    for arm in (FLOOR, OURS, *(PEERS if peers else ())):
        with contextlib.suppress(CannotInstallError):
            arm.python  # noqa: B018 -- is made now


def machine() -> dict[str, str]:
    """The machine, and the versions of everything that is compared."""
    info = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
    shared = _versions("openai", "litellm", "pytest", "httpx2", "vcrpy")
    return {
        "processor": f"{models[0] if models else platform.processor()}, {os.cpu_count()} cores",
        "system": platform.platform(),
        "python": platform.python_version(),
        "load before": " ".join(f"{one:.2f}" for one in os.getloadavg()),
        "pytest-llmtrace": f"{_versions('pytest-llmtrace')['pytest-llmtrace']} ({_commit()})",
        **shared,
        **{
            requirement.partition("==")[0]: requirement.partition("==")[2]
            for one in PEERS
            for requirement in one.requirements
        },
    }


def _versions(*names: str) -> dict[str, str]:
    code = "import sys, importlib.metadata as m; print(*(m.version(n) for n in sys.argv[1:]), sep='\\n')"
    made = subprocess.run([str(OURS.python), "-c", code, *names], capture_output=True, text=True, check=True)
    return dict(zip(names, made.stdout.split(), strict=True))


def _commit() -> str:
    made = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return made.stdout.strip() or "no commit"
