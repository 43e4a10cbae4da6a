"""What tests of a run have in common."""

from pathlib import Path

from pytest_llmtrace._compare.policies.policy import named_policy
from pytest_llmtrace._model.verdict import Mode
from pytest_llmtrace._run.plans.plan import Plan
from pytest_llmtrace._store.paths import Cassette


def plan_in(folder: Path, mode: Mode = "trace") -> Plan:
    """Of a test whose cassette is called `x`, in a folder."""
    return Plan(
        owner="test_a.py::test_x",
        mode=mode,
        record_mode="changed",
        cassette=Cassette.at(folder, "x"),
        root=folder,
        policy=named_policy("exact"),
    )
