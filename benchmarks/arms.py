"""The arms: the floor, ours, and the peers; how each is installed, records and replays, and what it checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.environments import ROOT, python_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way to run the same tests."""

    name: str
    conftest: str
    """The file in `inside/arms` that gives its tests their client."""
    environment: str = "nothing"
    requirements: tuple[str, ...] = ()
    """At pinned versions; none: what all have, alone."""
    pip_options: tuple[str, ...] = ()
    record: tuple[str, ...] | None = None
    """Arguments of pytest that record; `None`: there is nothing to record."""
    replay: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    quicker: tuple[str, ...] = ()
    """Arguments that make recording many tests quicker, where that is not what is measured."""
    weight: int = 2
    """How long it takes beside others, roughly."""
    recordings: str = ""
    """The arm whose recordings it replays, by its folder."""
    checks: str = "-"
    """What it compares, by its manual; `Project.notices` sees whether it does."""

    @property
    def python(self) -> Path:
        """Its interpreter. Raises: `CannotInstallError`."""
        return python_of(self.environment, self.requirements, options=self.pip_options)

    @property
    def slug(self) -> str:
        """Its name as a folder has it."""
        return self.name.replace(" ", "-").replace(",", "")


FLOOR = Arm(name="floor", conftest="arm_floor", checks="nothing")
FLOOR_WITHOUT_TLS = Arm(name="floor without TLS", conftest="arm_floor_without_tls", checks="nothing")
"""Clients that are given a transport, and so read no certificates: what few test suites do."""
OURS = Arm(
    name="pytest-llmtrace",
    conftest="arm_plain",
    environment="pytest-llmtrace",
    requirements=(str(ROOT),),
    pip_options=("--editable",),
    record=("--llm-record",),
    replay=("--llm-trace",),
    quicker=("-n", "2"),
    checks="body, model, trajectory, cost",
)
RECORDING = Arm(
    name="pytest-recording",
    conftest="arm_vcr",
    environment="pytest-recording",
    requirements=("pytest-recording==0.14.1", "vcrpy==9.4.2"),
    record=("--record-mode=once",),
    replay=("--record-mode=none",),
    checks="URL",
)
RECORDING_BODY = Arm(
    name="pytest-recording, body",
    conftest="arm_vcr",
    environment="pytest-recording",
    requirements=RECORDING.requirements,
    record=RECORDING.record,
    replay=RECORDING.replay,
    weight=3,
    env={"BENCH_SERIALIZER": "json", "BENCH_MATCH_ON": "method,scheme,host,port,path,query,body"},
    checks="URL, body",
)
"""With JSON cassettes, which it reads faster than YAML."""
CASSETTER = Arm(
    name="cassetter",
    conftest="arm_vcr",
    environment="cassetter",
    requirements=("cassetter==0.16.1",),
    record=("--record-mode=once",),
    replay=("--record-mode=none",),
    checks="URL",
)
CASSETTER_BODY = Arm(
    name="cassetter, body",
    conftest="arm_vcr",
    environment="cassetter",
    requirements=CASSETTER.requirements,
    record=CASSETTER.record,
    replay=CASSETTER.replay,
    env={"BENCH_MATCH_ON": "method,uri,json_body"},
    recordings=CASSETTER.slug,
    checks="URL, body",
)
MOCKLLM = Arm(
    name="pytest-mockllm",
    conftest="arm_mockllm",
    environment="pytest-mockllm",
    requirements=("pytest-mockllm==0.4.0",),
    weight=6,
    record=("--llm-record=once",),
    checks="URL, body",
)
AGENTREPLAY = Arm(
    name="pytest-agentreplay",
    conftest="arm_agentreplay",
    environment="pytest-agentreplay",
    requirements=("pytest-agentreplay==0.2.2",),
    pip_options=("--ignore-requires-python",),  # it asks for 3.12, and imports under 3.11
    record=("--agentreplay=record",),
    replay=("--agentreplay=replay",),
    checks="how many calls",
)
AGENT_REPLAY_PY = Arm(
    name="agent-replay-py",
    conftest="arm_agent_replay_py",
    environment="agent-replay-py",
    requirements=("agent-replay-py==0.1.0",),
    record=(),
    checks="URL, body",
)
PEERS = (RECORDING, RECORDING_BODY, CASSETTER, CASSETTER_BODY, MOCKLLM, AGENTREPLAY, AGENT_REPLAY_PY)
