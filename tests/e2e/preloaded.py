"""Runs pytest again and again in forks of one process that has imported what takes seconds.

Started as ``python preloaded.py MODULE...``. Each line on standard input is a run, in JSON: its ``folder``, ``args``,
``env`` and the file for its ``output``; its exit status is the line that comes back.
"""

import contextlib
import gc
import importlib
import json
import os
import sys
import traceback
from pathlib import Path


def main() -> None:
    """Import everything, then make the runs one after the other."""
    gc.disable()
    for name in sys.argv[1:]:
        importlib.import_module(name)
    gc.freeze()  # pytest collects garbage ten times at its end, and need not look through all that
    gc.enable()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201  # it is the answer


def _run(folder: str, args: list[str], env: dict[str, str], output: str) -> None:
    """Be pytest, as a process of its own would be. Never returns."""
    status = 1
    try:
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(file, stream)
        with Path(os.devnull).open(encoding="utf-8") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.chdir(folder)
        os.environ.update(env)
        sys.argv = ["pytest", *args]
        sys.path[0] = folder
        import pytest  # what imports it first is a fork

        status = int(pytest.main(args))
    except BaseException:  # noqa: BLE001  # the parent's loop must not go on in the child
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
    os._exit(0)  # what was imported would clean up for seconds
