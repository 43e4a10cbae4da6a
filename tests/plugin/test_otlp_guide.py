"""docs/how-to/opentelemetry.md works as written: what it tells to set arrives where it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from opentelemetry.util.re import parse_env_headers

from pytest_llmtrace._report.topics.unsent import unsent_line
from pytest_llmtrace._settings.values import read
from tests.collector import Collector, tree
from tests.plugin.conftest import Project

GUIDE = (Path(__file__).parents[2] / "docs/how-to/opentelemetry.md").read_text("utf-8")
BACKENDS = {
    "Langfuse": (
        "https://cloud.langfuse.com/api/public/otel/v1/traces",
        {"authorization": "Basic cGstMTpzay0y", "x-langfuse-ingestion-version": "4"},
    ),
    "Phoenix": ("http://localhost:6006/v1/traces", {"authorization": "Bearer phx-3"}),
    "Logfire": ("https://logfire-us.pydantic.dev/v1/traces", {"authorization": "pylf-4"}),
}
KEYS = {
    "LANGFUSE_PUBLIC_KEY": "pk-1",
    "LANGFUSE_SECRET_KEY": "sk-2",
    "PHOENIX_API_KEY": "phx-3",
    "LOGFIRE_TOKEN": "pylf-4",
}


def part(title: str) -> str:
    """The text of the guide under a heading."""
    return re.split(r"^## ", GUIDE.partition(f"## {title}")[2], flags=re.MULTILINE)[0]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("title", BACKENDS)
def test_a_backend_gets_its_keys(title: str, pytester: pytest.Pytester) -> None:
    """What a shell makes of each block: the URL that is posted to, and the headers that the exporter reads."""
    (script,) = blocks(part(title), "bash")
    printed = """pytest() { printf '%s\\n' "$OTEL_EXPORTER_OTLP_HEADERS" "$OTEL_RESOURCE_ATTRIBUTES" "$@"; }\n"""
    environment = {"PATH": os.environ["PATH"], **KEYS}
    done = subprocess.run(["sh", "-ec", printed + script], env=environment, capture_output=True, text=True, check=True)
    headers, attributes, *arguments = done.stdout.splitlines()

    url, expected = BACKENDS[title]
    assert (read(pytester.parseconfig(*arguments), {}).otlp.url, parse_env_headers(headers)) == (url, expected)
    assert attributes == ("openinference.project.name=shop-tests" if title == "Phoenix" else "")


def test_the_first_commands_do_what_they_say(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """By flag and by variable spans arrive at a collector, and the file has them without one."""
    project.write("def test_one():\n    chat('hi')\n")
    project.record()
    install, with_flag, export, with_variable = [
        line.removeprefix("$ ")
        for block in blocks(GUIDE.partition("\n## ")[0], "console")
        for line in block.splitlines()
    ]
    assert install == "pip install 'pytest-llmtrace[otel]'"
    with Collector() as collector:
        ours = "http://localhost:4318", collector.url
        assert project.replay(*shlex.split(with_flag.replace(*ours))[1:]).exit == 0
        monkeypatch.setenv(*export.replace(*ours).removeprefix("export ").split("=", 1))
        assert project.replay(*shlex.split(with_variable)[1:]).exit == 0
        assert [name for _, name in tree(collector.spans)] == ["test_it.py::test_one", "chat gpt-4o-mini"] * 2
        monkeypatch.delenv("LLMTRACE_OTLP")
        (to_file,) = blocks(part("To a file"), "console")
        assert project.replay(*shlex.split(to_file)[2:]).exit == 0
        assert len(collector.requests) == 2
    assert (project.path / "spans.otlp.jsonl").read_text("utf-8").count("\n") == 1


def test_settings_of_the_guide_can_be_read(pytester: pytest.Pytester) -> None:
    """The ini values are known and good, and the YAML is what a collector and GitHub read."""
    for lines in blocks(GUIDE, "ini"):
        pytester.makeini(lines + "llm_mode = trace\n")
        read(pytester.parseconfig(), {})
    collector, workflow = (yaml.safe_load(text) for text in blocks(GUIDE, "yaml"))
    (pipeline,) = collector["service"]["pipelines"].values()
    assert (pipeline["receivers"], pipeline["exporters"]) == (["otlp"], ["file"])
    assert collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"] == "127.0.0.1:4318"
    assert workflow["jobs"]["test"]["steps"][-1]["run"] == "pytest --llm-trace"


def test_the_warning_of_the_guide_is_that_of_a_run() -> None:
    """In its words, without its line ends."""
    (shown,) = blocks(part("When the collector is down"), "")
    assert " ".join(shown.split()) == f"warning: {unsent_line('http://localhost:4318/v1/traces', 'Connection refused')}"
