"""Starts pytest runs as forks of one process that has imported everything: a run costs a tenth of a fresh one.

Reads one run per line as JSON; answers with the process id, and with how it ended. Has no threads, so that forking is
safe.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

import pytest

IMPORTED_BEFORE_FORKING = (
    "deepdiff",
    "pytest_llmtrace._report.files.endings",
    "pytest_llmtrace._report.terminal.summary",
    "pytest_llmtrace._run.run",
    "pytest_llmtrace.plugin",
    "vcr.patch",
    "xdist.plugin",
    "yaml",
)
OPTIONS = ("-p", "pytest_llmtrace.plugin", "-p", "no:cacheprovider", "--assert=plain", "--color=no")


def main() -> None:
    """Serve until standard input ends."""
    for name in IMPORTED_BEFORE_FORKING:
        importlib.import_module(name)
    waiting: int | None = None
    for line in sys.stdin:
        if waiting is not None:
            os.waitpid(waiting, 0)
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _run(asked)
        print(pid, flush=True)
        # Not reaped before it is over here, too: until then nothing else can have its process id.
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        print(ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status, flush=True)
        waiting = pid


def _run(asked: dict[str, Any]) -> None:
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, target)
    os.chdir(asked["folder"])
    os.environ.update(asked["env"])
    status = 70
    try:
        status = int(pytest.main([*OPTIONS, *asked["options"]]))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
