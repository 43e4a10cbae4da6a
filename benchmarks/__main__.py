"""``python -m benchmarks``: all cases, as tables and as JSON; ``--quick``: a ratio a line; ``--publish``: into docs.

What a case found is written when it ends, so what breaks a later one loses nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.arms import OURS
from benchmarks.cases.agents import agents
from benchmarks.cases.in_process import comparison, nearest
from benchmarks.cases.many import many
from benchmarks.cases.recording import recording
from benchmarks.cases.replay import litellm, openai
from benchmarks.cases.startup import startup
from benchmarks.environments import ROOT
from benchmarks.machine import installed, machine
from benchmarks.projects import Project, Provider
from benchmarks.publishing import CannotPublishError, publish
from benchmarks.replays import Effort, calls_of
from benchmarks.tables import Table

CASES: Final[dict[str, Callable[[Effort], Iterator[Table]]]] = {
    "startup": startup,
    "openai": openai,
    "litellm": litellm,
    "agents": agents,
    "comparison": comparison,
    "nearest": nearest,
    "recording": recording,
    "many": many,
}
_ORDER: Final = ("comparison", "nearest", "startup", "openai", "litellm", "agents", "recording", "many")
"""First what leaves a core free for what is recorded ahead."""
_SLOW: Final = frozenset({"many"})
"""What is no part of a quick run."""
_AHEAD: Final[dict[bool, dict[str, tuple[str, str]]]] = {
    False: {"agents": ("test_calls.py", "1,500")},
    True: {"litellm": ("test_litellm_sync.py", calls_of(10))},
}
"""What takes long to record: by case, the tests and their calls, of a full and of a quick run."""


def main() -> None:
    """Run the cases that are asked for; exits with 0 whatever they find, with 1 where one of them broke."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"any of {', '.join(CASES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="small cases, few rounds, no peers: less than a minute")
    parser.add_argument(
        "--results", type=Path, metavar="DIR", help="where the figures go as JSON, a file for each case"
    )
    parser.add_argument("--publish", action="store_true", help="run nothing: write what is there into README and docs")
    options = parser.parse_args()
    folder = options.results or ROOT / "benchmarks" / "results" / ("quick" if options.quick else "full")
    if options.publish:
        try:
            print("\n".join(f"wrote {path.relative_to(ROOT)}" for path in publish(folder, tuple(CASES))))
        except CannotPublishError as error:
            parser.error(str(error))
        return
    unknown = [name for name in options.cases if name not in CASES]
    if unknown:
        parser.error(f"there is no case {unknown[0]!r}; choose from {', '.join(CASES)}")
    wanted = options.cases or [name for name in _ORDER if not (options.quick and name in _SLOW)]
    sys.exit(_run(wanted, folder, quick=options.quick))


def _run(wanted: Sequence[str], folder: Path, *, quick: bool) -> int:
    installed(peers=not quick)
    about: dict[str, Any] = {"date": f"{datetime.now(UTC):%d %B %Y}", "machine": machine()}
    if not quick:
        print("\n".join(f"{name}: {value}" for name, value in about["machine"].items()), end="\n\n", flush=True)
    broken, began = [], time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    with Provider() as provider, ThreadPoolExecutor(1) as ahead:
        for name, (test, calls) in _AHEAD[quick].items():
            if name in wanted:  # what goes wrong here goes wrong there again, and is told
                ahead.submit(Project.of, OURS, test, provider, calls=calls)
        for name in wanted:
            case: dict[str, Any] = {**about, "tables": []}
            started = time.perf_counter()
            try:
                for table in CASES[name](Effort(provider=provider, quick=quick)):
                    lines = [f"{table.title}: {one.line()}" for one in table.goals] if quick else table.lines()
                    print("\n".join(lines), flush=True)
                    case["tables"].append(table.data())
            except Exception:  # noqa: BLE001 -- the others are to be run, and this one is told of below
                case["broke"] = traceback.format_exc()
                broken.append(name)
                print(f"{name} BROKE\n{case['broke']}", file=sys.stderr, flush=True)
            case["seconds"] = round(time.perf_counter() - started, 1)
            (folder / f"{name}.json").write_text(json.dumps(case, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"{time.perf_counter() - began:.0f} s{', BROKE: ' + ', '.join(broken) if broken else ''}")
    return 1 if broken else 0


if __name__ == "__main__":
    main()
