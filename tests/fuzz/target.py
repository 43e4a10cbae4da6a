"""What is fuzzed: a promise about everything that some part of the package can be given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import mutated

Settings = settings
SUPPRESSED = [
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One promise, and the values that it is tried on."""

    name: str
    promise: str
    check: Callable[[Any], object]
    """Raises where a value breaks the promise."""
    values: st.SearchStrategy[Any]
    seeds: Callable[[], Sequence[bytes]] | None = None
    """Real inputs, of a target that takes bytes; `None`: values are drawn."""

    def property_with(self, asked: Settings) -> Callable[[], None]:
        """The promise as a property that Hypothesis tries on examples."""

        def holds(value: Any) -> None:
            self.check(value)

        made: Callable[[], None] = asked(given(self.values)(holds))
        return made

    def one_input(self) -> Callable[[bytes], object]:
        """The promise as a function of bytes, for a fuzzer that knows nothing else."""
        if self.seeds is not None:
            return self.check
        wanted = Settings(deadline=None, database=None, suppress_health_check=SUPPRESSED)
        made: Any = self.property_with(wanted)
        run: Callable[[bytes], object] = made.hypothesis.fuzz_one_input
        return run


def of_bytes(name: str, promise: str, check: Callable[[bytes], object], seeds: Callable[[], Sequence[bytes]]) -> Target:
    """A target that takes bytes: of a file, or of a message."""
    return Target(name=name, promise=promise, check=check, values=st.deferred(lambda: mutated(seeds())), seeds=seeds)


def of_values(name: str, promise: str, check: Callable[[Any], object], values: st.SearchStrategy[Any]) -> Target:
    """A target that takes values of some shape."""
    return Target(name=name, promise=promise, check=check, values=values)
