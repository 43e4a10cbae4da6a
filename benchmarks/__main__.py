"""``python -m benchmarks``: all cases, as tables and as JSON; ``--quick``: a ratio a line."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.cases.agents import agents
from benchmarks.cases.in_process import comparison, nearest
from benchmarks.cases.many import many
from benchmarks.cases.recording import recording
from benchmarks.cases.replay import litellm, openai
from benchmarks.cases.startup import startup
from benchmarks.environments import ROOT
from benchmarks.machine import machine
from benchmarks.projects import Provider
from benchmarks.replays import Effort
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
_SLOW: Final = frozenset({"many"})
"""What is no part of the quick round."""


def main() -> None:
    """Run the cases that are asked for; exits with 0, whatever they find."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"any of {', '.join(CASES)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="small cases, few rounds, no peers: less than a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go as JSON")
    options = parser.parse_args()
    unknown = [name for name in options.cases if name not in CASES]
    if unknown:
        parser.error(f"there is no case {unknown[0]!r}; choose from {', '.join(CASES)}")
    wanted = options.cases or [name for name in CASES if not (options.quick and name in _SLOW)]
    found: dict[str, Any] = {"machine": machine(), "cases": {}}
    if not options.quick:
        print("\n".join(f"{name}: {value}" for name, value in found["machine"].items()), end="\n\n")
    began = time.perf_counter()
    with Provider() as provider:
        for name in wanted:
            tables = []
            for table in CASES[name](Effort(provider=provider, quick=options.quick)):
                lines = [f"{table.title}: {one.line()}" for one in table.goals] if options.quick else table.lines()
                print("\n".join(lines), flush=True)
                tables.append(table.data())
            found["cases"][name] = tables
    print(f"{time.perf_counter() - began:.0f} s")
    file = options.json or ROOT / "benchmarks" / "results" / ("quick.json" if options.quick else "bench.json")
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
