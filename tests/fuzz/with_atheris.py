"""One target under atheris: libFuzzer, led by which lines of the package an input reaches.

A process of its own, since libFuzzer ends the one that it runs in: ``python -m tests.fuzz.with_atheris TARGET ...``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

from tests.fuzz.crashes import FOLDER, Guard, crashes_of, digest, slug


def main() -> None:
    """Fuzz the target that the first argument names; the others are libFuzzer's."""
    import atheris

    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["pytest_llmtrace"]):
        from tests.fuzz.mutations import damaged_within
        from tests.fuzz.targets import TARGETS
    target = next(one for one in TARGETS if one.name == name)
    corpus = FOLDER / "corpus" / slug(name)
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds() if target.seeds is not None else ():
        (corpus / f"seed-{digest(seed)}").write_bytes(seed)
    crashes_of(name).mkdir(parents=True, exist_ok=True)
    arguments = [sys.argv[0], str(corpus), f"-artifact_prefix={crashes_of(name)}/", *options]

    def mutator(data: bytes, longest: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.5:
            return bytes(atheris.Mutate(data, longest))
        return damaged_within(data, random)[:longest]

    more = {"custom_mutator": mutator} if target.seeds is not None else {}
    atheris.Setup(arguments, Guard(name, target.one_input()), **more)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    main()
