"""`make fuzz`: every target for its share of the time, and a table of what came of it. Exits with 1 after a crash."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.fuzz.crashes import crashes_of, slug
from tests.fuzz.engines import Fuzzed, again, engine
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Run the suite. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="for all targets together (default: %(default)s)")
    parser.add_argument("--target", action="append", choices=[one.name for one in TARGETS], help="only this one")
    parser.add_argument("--again", type=Path, metavar="FILE", help="run the input of a crash again")
    asked = parser.parse_args()
    if asked.again is not None:
        target = next(one for one in TARGETS if slug(one.name) == asked.again.parent.name)
        again(target, asked.again.read_bytes(), seeded=asked.again.suffix == ".seed")
        print(f"{target.name}: its promise holds for {asked.again}")
        return 0
    chosen = [one for one in TARGETS if not asked.target or one.name in asked.target]
    name, fuzz = engine()
    share = asked.minutes * 60 / len(chosen)
    print(f"{len(chosen)} targets with {name}, {share:.0f} s each", flush=True)
    found = []
    for target in chosen:
        found.append(fuzz(target, share))
        print(f"{'ok' if not _broken(found[-1]) else 'CRASH':8}{target.name}", flush=True)
    print("", *table(found), sep="\n")
    for one in found:
        if one.stopped:
            print(f"{one.target}: ended before its time: {one.stopped}")
        for crash in one.crashes:
            print(f"{one.target}: python -m tests.fuzz --again {crashes_of(one.target) / crash}")
    return 1 if any(_broken(one) for one in found) else 0


def table(found: Iterable[Fuzzed]) -> Iterator[str]:
    """The lines of the table, and a sum."""
    rows = list(found)
    cells = [
        (
            one.target,
            f"{one.runs:,}",
            f"{one.seconds:.0f}",
            "-" if one.new_inputs is None else f"{one.new_inputs:,}",
            f"{len(one.crashes)}{'+' if one.stopped else ''}",
        )
        for one in rows
    ]
    sums = [sum(one.runs for one in rows), sum(one.seconds for one in rows)]
    new = [one.new_inputs for one in rows if one.new_inputs is not None]
    crashes = sum(len(one.crashes) for one in rows)
    cells.append(("all", f"{sums[0]:,}", f"{sums[1]:.0f}", f"{sum(new):,}" if new else "-", f"{crashes}"))
    head = ("target", "runs", "seconds", "new inputs", "crashes")
    widths = [max(len(line[column]) for line in (head, *cells)) for column in range(len(head))]
    for name, *numbers in (head, *cells):
        yield "  ".join(
            [name.ljust(widths[0]), *(text.rjust(width) for text, width in zip(numbers, widths[1:], strict=True))]
        )


def _broken(one: Fuzzed) -> bool:
    return bool(one.crashes or one.stopped)


if __name__ == "__main__":
    sys.exit(main())
