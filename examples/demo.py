"""Shows what pytest-llmtrace does, on a copy of the examples, and checks that it does: ``make demo``.

Every command that is shown is really run, against a scripted provider on this machine. The exit status is 1 if any
step does not behave as its heading promises.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from tests.provider import Provider, load_script  # noqa: E402 -- it is no installed package

AGENT = "refund_agent"
"""The project that the demo edits."""

UNSET = ("CI", "PYTEST_ADDOPTS", "LLMTRACE_DISABLED")
"""Variables that would make the commands do something else than they say."""


def main() -> int:
    """Run the demo. Returns the exit status."""
    with tempfile.TemporaryDirectory(prefix="llmtrace-demo-") as temporary:
        project = Path(temporary) / "examples"
        shutil.copytree(HERE, project, ignore=shutil.ignore_patterns("cassettes", "__pycache__", ".pytest_cache"))
        demo = Demo(project=project)
        demo.run()
    print()
    if demo.broken:
        print("The demo did not go as promised:", *demo.broken, sep="\n  - ")
        return 1
    print("Every step behaved as promised.")
    return 0


@dataclass(kw_only=True)
class Demo:
    """The steps, and what went wrong in them."""

    project: Path
    broken: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """All steps, in order."""
        self.record_and_replay()
        with self.edited(f"{AGENT}/{AGENT}/agent.py", "for 30 days after delivery", "for 14 days after delivery"):
            self.drift()
            self.accept()
        self.budget()

    def record_and_replay(self) -> None:
        """Record from a provider, then replay without it."""
        heading("Record: every LLM call of the four projects goes to the provider once, and is written down")
        with self.provider() as provider:
            self.pytest("--llm-record", expect=0)
            recorded = provider.count
            self.check(recorded > 0, f"recording made {recorded} requests")
            self.check(any(self.project.glob("*/cassettes/*/*.trace.yaml")), "recording wrote no golden trace")
            print(f"\nThe provider answered {recorded} requests. Now it is stopped.")

        heading("Replay: the provider is gone, the tests pass, and the summary says what they would have cost")
        self.pytest("--llm-trace", "--llm-report=llmtrace.json", expect=0, shows="$")
        report = self.project / "llmtrace.json"
        totals = json.loads(report.read_text("utf-8"))["totals"] if report.exists() else {}
        self.check(totals.get("calls") == recorded, f"the report does not count {recorded} calls")
        self.check(totals.get("live_calls") == 0, "the report does not count 0 live calls")
        print(f"\nTotals in llmtrace.json: {json.dumps(totals)}")

    def drift(self) -> None:
        """Replay with a changed prompt."""
        heading("Drift: somebody changes 30 days to 14 days in the prompt")
        self.pytest("--llm-trace", AGENT, expect=1, shows="14 days")

    def accept(self) -> None:
        """Record again, and replay what was accepted."""
        heading("Accept: the change was meant, so what changed is recorded again, and only that")
        with self.provider() as provider:
            self.pytest("--llm-record", AGENT, expect=0)
            self.check(provider.count > 0, "accepting recorded nothing")
            print(f"\nThe provider answered {provider.count} requests.")
            provider.rewind()
            self.pytest("--llm-record", "streaming_chat", expect=0)
            self.check(provider.count == 0, f"recording an unchanged project made {provider.count} requests")
        self.pytest("--llm-trace", expect=0)

    def budget(self) -> None:
        """A budget that is too small."""
        heading("Budget: the run may cost a ten-thousandth of a cent, replayed calls included")
        self.pytest("--llm-trace", "--llm-budget=0.000001", "streaming_chat", expect=1, shows="budget")

    def pytest(self, *arguments: str, expect: int, shows: str = "") -> None:
        """Run pytest before the reader's eyes, and check how it ends and what it says."""
        print(f"\n$ pytest {' '.join(arguments)}", flush=True)
        inherited = {name: value for name, value in os.environ.items() if name not in UNSET}
        environment = {**inherited, **self.environment, "PY_COLORS": "1" if sys.stdout.isatty() else "0"}
        said = []
        with subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=self.project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        ) as process:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                said.append(line)
        name = f"`pytest {' '.join(arguments)}`"
        self.check(process.returncode == expect, f"{name} ended with {process.returncode}, not {expect}")
        self.check(shows in "".join(said), f"{name} did not say {shows!r}")
        self.check("Connection error" not in "".join(said), f"{name} let a connection error through")
        self.check("INTERNALERROR" not in "".join(said), f"{name} crashed pytest")

    @contextmanager
    def provider(self) -> Iterator[Provider]:
        """A provider, which the projects go on asking for after it has stopped."""
        rules = [rule for script in sorted(self.project.glob("*/provider.yaml")) for rule in load_script(script)]
        with Provider(rules) as provider:
            self.environment = provider.env
            yield provider

    @contextmanager
    def edited(self, file: str, old: str, new: str) -> Iterator[None]:
        """The copy of the project with some text changed."""
        path = self.project / file
        text = path.read_text("utf-8")
        self.check(old in text, f"{file} does not contain {old!r}")
        path.write_text(text.replace(old, new), "utf-8")
        print(f"\n{file}:\n- {old}\n+ {new}")
        try:
            yield
        finally:
            path.write_text(text, "utf-8")

    def check(self, holds: bool, otherwise: str) -> None:  # noqa: FBT001 -- reads like an assertion
        """Note what is not as promised, and go on."""
        if not holds:
            self.broken.append(otherwise)
            print(f"\n!! {otherwise}")


def heading(text: str) -> None:
    """A heading that stands out in a terminal."""
    print(f"\n{'=' * 100}\n{text}\n{'=' * 100}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
