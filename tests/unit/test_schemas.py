"""The JSON Schemas of the report document and of both cassette files: they say what is written, no less and no more."""

from __future__ import annotations

import copy
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from jsonschema import Draft202012Validator, validators

from pytest_llmtrace._commands.schema import SCHEMAS
from pytest_llmtrace._model import findings, severities
from pytest_llmtrace._model.findings import Finding
from pytest_llmtrace._model.http import Interaction
from pytest_llmtrace._model.outline import LABELS, Kind, Outline
from pytest_llmtrace._model.trace import Source, Status, Trace
from pytest_llmtrace._model.usage import Totals, Usage
from pytest_llmtrace._model.verdict import Mode
from pytest_llmtrace._report.document.document import document
from pytest_llmtrace._report.document.merging import merged_document, merged_rows
from pytest_llmtrace._report.document.payload import TYPES
from pytest_llmtrace._report.files.endings import known_endings, write_report
from pytest_llmtrace._report.files.github import workflow_commands
from pytest_llmtrace._report.terminal.summary import summary
from pytest_llmtrace._report.topics.rates import rated
from pytest_llmtrace._run.money.ledger import Ledger, Spent
from pytest_llmtrace._run.money.uncounted import uncounted
from pytest_llmtrace._store import formats
from pytest_llmtrace._store.golden_file import Golden, dump_golden
from pytest_llmtrace._store.golden_finish import VOCABULARIES
from pytest_llmtrace._store.tape_file import dump_tape
from pytest_llmtrace._store.vouching import unsigned
from pytest_llmtrace._store.yaml_reader import read_yaml
from pytest_llmtrace.cli import main
from tests.schemas import described, problems, schema
from tests.unit.report.builders import call, chat, payload, said
from tests.unit.report.topics.test_report_fan_outs import moa
from tests.unit.store.exchanges import recordings
from tests.unit.store.traces import traces

ROOT = Path(__file__).parents[2]
A, B, C, FIXTURE = "test_a.py::test_a", "test_a.py::test_b", "test_a.py::test_c", "fixture session client"
FEW = settings(max_examples=40)
META = {
    "test": A,
    "providers": ["openai"],
    "behaviour": "0" * 32,
    "golden": "0" * 32,
    "totals": {"calls": 0, "usage": {"input_tokens": 0, "output_tokens": 0}, "priced_usd": 0.0, "unpriced_calls": 0},
    "outline": unsigned(
        Outline(
            calls=(
                (
                    Kind(operation="chat", provider="p", model="m", params={"n": 1}, labels=dict.fromkeys(LABELS, "x")),
                    Usage(reasoning_tokens=1),
                ),
            )
        ).to_data()
    ),
}

TOKENS = Usage(
    input_tokens=100,
    output_tokens=10,
    cache_read_tokens=20,
    cache_write_tokens=30,
    reasoning_tokens=5,
    estimated=True,
)
GROWN = findings.Breach(scope="run", what="growth", limit=0.1, value=None, of="usd", source="a flag", refused=True)
FOUND: list[Finding] = [
    findings.Drift(
        kind="prompt",
        conversation="lead",
        turn=1,
        path="messages[0].content",
        golden="x",
        observed="y",
        policy_severity="warn",
        role="system",
        folded_at=("lead turn 2",),
        suggestion=("date",),
    ),
    findings.Miss(method="GET", url="https://example.com", elsewhere=True),
    findings.Unplayed(method="GET", url="https://example.com"),
    findings.Bypass(what="", expected=2),
    findings.NoCassette(cassette="a.trace.yaml", tape="a.tape.json", tapes_off=True),
    GROWN,
    findings.Internal(text="a bug"),
]


def everything(folder: Path) -> dict[str, Any]:
    """A document in which every key stands that a run can write."""
    live = [replace(one, source="live", duration=0.25) for one in chat(2)]
    unpriced = call([said("user", "hi")], said("assistant", "ho"), source="live", cost=None, model="m9", usage=TOKENS)
    recorded = {
        "kept": 1,
        "live": 2,
        "from_journal": 0,
        "written": True,
        "removed": True,
        "waiting": True,
        "new": True,
        "tools": {"golden": ["a"], "observed": ["b"]},
        "outputs": [{"conversation": "lead", "turn": 1}],
    }
    would = {"why": "new", "calls": 1, "at_least": True, "cost_usd": None}
    repeated = payload(C, moa(), golden=chat(1), not_understood=("POST /x",)) | {
        "variant": "a.variant-1.trace.yaml",
        "nearest_answers": 1,
        "stopped": True,
        "accept": "pytest --llm-record",
        "findings": rated([payload(C, [], *FOUND)["findings"]], 1, 0.0),
        "runs": {"count": 1, "failed": 1, "threshold": 0.0},
        "swapped": {"models": {"a=b": 1}, "calls": 1, "seconds": 0.5},
    }
    made = document(
        [
            payload(A, [*live, unpriced], *FOUND, golden=chat(1), recorded=recorded, would_record=would),
            payload(B, chat(1), golden=chat(1)),
            repeated,
            payload(FIXTURE, chat(1)),
        ],
        {A: "failed", B: "passed", C: "failed"},
        mode="record",
        breaches=[replace(GROWN, models=("m9",))],
        budgets=[{"scope": "run", "what": "growth", "of": "usd", "limit": 0.1, "value": None, "source": "a flag"}],
        unused=["b.trace.yaml"],
        durations={A: 1.5},
        places={A: ("test_a.py", 3)},
    )
    ledger = Ledger(folder / "ledger")
    ledger.enter(".", Spent(usd=0.5, calls=9))
    return made | {"uncounted": uncounted(ledger, made["totals"], [B])}


def merged(*shards: dict[str, Any]) -> dict[str, Any]:
    """The document of these shards."""
    tests, fixtures = (merged_rows(shards, part) for part in ("tests", "fixtures"))
    named = {f"{number}.json": shard for number, shard in enumerate(shards)}
    return merged_document(named, tests, fixtures, breaches=(), budgets=(), incomplete=False)


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_schemas_and_can_be_printed(name: str) -> None:
    """Each keeps to draft 2020-12, and `llmtrace schema NAME` prints it."""
    Draft202012Validator.check_schema(schema(name))
    done = CliRunner().invoke(main, ["schema", name])
    assert (done.exit_code, json.loads(done.output)) == (0, schema(name))


def test_the_report_is_described_and_nothing_else(tmp_path: Path) -> None:
    """Documents of runs and of merged shards keep to the schema, and each key that it describes is in one of them."""
    seen: set[tuple[int, str]] = set()

    def noticed(checker: Any, properties: Any, instance: Any, within: Any) -> Any:
        if isinstance(instance, dict):
            seen.update((id(properties), key) for key in properties if key in instance)
        return Draft202012Validator.VALIDATORS["properties"](checker, properties, instance, within)

    noticing = validators.extend(Draft202012Validator, {"properties": noticed})(schema("report"))
    run = everything(tmp_path)
    for made in (run, merged(run, document([], {}, mode="trace")), document([], {}, mode="off")):
        assert [error.message for error in noticing.iter_errors(json.loads(json.dumps(made)))] == []
    places = list(described(schema("report")))
    assert [key for place in places for key in place if (id(place), key) not in seen] == []


@pytest.mark.parametrize("ending", [*known_endings(), "a CI log", "a terminal"])
def test_every_report_is_drawn_from_whatever_a_run_can_find(tmp_path: Path, ending: str) -> None:
    """Each form of the report, a CI log and a screen show any finding, of one run or of several, and any key."""
    run = everything(tmp_path)
    if ending == "a CI log":
        assert "growth of cost" in "\n".join(workflow_commands(run))
    elif ending == "a terminal":
        assert "growth of cost" in "\n".join(line.text for line in summary(run, verbosity=1))
    else:
        write_report(tmp_path / f"run{ending}", run, [])
        assert (tmp_path / f"run{ending}").is_file()


def test_a_report_with_another_key_or_without_one_is_none(tmp_path: Path) -> None:
    """At every place: a key that nobody described is refused, and so is a document that lacks what it must have."""
    run = merged(everything(tmp_path))
    run["shards"][0]["breaches"] = []
    places = [run, run["totals"], run["totals"]["usage"], run["models"][0], run["tests"][0], run["tests"][0]["paid"]]
    places += [run["tests"][2]["fanouts"][0]["members"][0], run["growth"], run["dry_run"], run["shards"][0]]
    places += run["tests"][0]["findings"]
    for place in places:
        place["unheard_of"] = 1
        assert len(problems("report", run)) >= 1, place
        del place["unheard_of"]
        assert problems("report", run) == []
    for place, key in [
        (run, "exit"),
        (run["totals"], "calls"),
        (run["tests"][0], "nodeid"),
        (run["models"][0], "model"),
    ]:
        value = place.pop(key)
        assert len(problems("report", run)) >= 1, key
        place[key] = value


@pytest.mark.parametrize("kind", get_args(Finding))
def test_findings_are_described(kind: type[Finding]) -> None:
    """Each kind of finding has the keys of its fields; in repeated tests also the runs in which it occurred."""
    name = TYPES[kind.__name__]
    place = schema("report")["$defs"][name]["properties"]
    own = {field.name for field in fields(kind)} - {"severity"}
    assert place.keys() == {"type", "of", *own}
    assert place["type"] == {"const": name}


def test_words_are_those_of_the_code() -> None:
    """Kinds, modes, statuses and the like are listed in full."""
    report, golden = schema("report")["$defs"], schema("golden-trace")["$defs"]
    assert report["drift"]["properties"]["kind"]["enum"] == list(get_args(severities.DriftKind))
    assert report["severity"]["enum"] == list(get_args(severities.Severity))
    assert report["owner"]["properties"]["mode"]["enum"] == list(get_args(Mode))
    assert report["source_row"]["properties"]["source"]["enum"] == list(get_args(Source))
    assert sorted(report["finding"]["properties"]["type"]["enum"]) == sorted(TYPES.values())
    assert golden["turn"]["properties"]["status"]["enum"] == list(get_args(Status))
    assert golden["conversation"]["properties"]["finish"]["enum"] == list(VOCABULARIES)


def test_cassettes_are_described_and_nothing_else() -> None:
    """Each place of both files has the keys that reader and writer know."""
    tape, golden = (schema(name)["$defs"] for name in ("tape", "golden-trace"))
    shared, labels = golden["shared"]["properties"], golden["labels"]["properties"]
    body = tape["body"]["properties"].keys()
    assert schema("tape")["properties"].keys() == {*formats.TAPE_KEYS, formats.SEALED_KEY}
    assert tape["interaction"]["properties"].keys() == set(formats.INTERACTION_KEYS)
    assert tape["request"]["properties"].keys() | body == {*formats.REQUEST_KEYS, *formats.BODY_KEYS}
    assert tape["response"]["properties"].keys() | body == {*formats.RESPONSE_KEYS, *formats.BODY_KEYS}
    assert tape["changes"]["properties"].keys() == set(formats.CHANGES_KEYS)
    assert tape["event"]["properties"].keys() == set(formats.EVENT_LINE_KEYS)
    assert schema("golden-trace")["properties"].keys() == set(formats.GOLDEN_KEYS)
    assert golden["conversation"]["properties"].keys() | shared.keys() == set(formats.CONVERSATION_KEYS)
    assert golden["turn"]["properties"].keys() | shared.keys() == set(formats.TURN_KEYS)
    assert golden["turn"]["properties"]["context"]["properties"].keys() == set(formats.CONTEXT_KEYS)
    assert golden["turn"]["properties"]["error"]["properties"].keys() == set(formats.ERROR_KEYS)
    assert golden["turn"]["properties"]["fallback"]["properties"].keys() == set(formats.FALLBACK_KEYS)
    assert golden["execution"]["properties"].keys() | labels.keys() == set(formats.TOOL_KEYS)
    assert golden["event"]["properties"].keys() | labels.keys() == set(formats.EVENT_KEYS)
    assert shared["model"]["anyOf"][1]["properties"].keys() == set(formats.MODEL_KEYS)
    assert golden["asked_fields"]["properties"].keys() == set(formats.CALLED_KEYS)
    for place in (golden["tokens"], tape["usage"], schema("report")["$defs"]["usage"]):
        assert place["properties"].keys() == {field.name for field in fields(Usage)}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.tape.json")), ids=lambda path: path.name)
def test_recorded_tapes_keep_to_the_schema(path: Path) -> None:
    """Those of the examples; another key, and a missing one, are refused."""
    tape = json.loads(path.read_text("utf-8"))
    assert problems("tape", tape) == []
    one = tape["interactions"][0]
    for place in (tape, tape["meta"], one, one["request"], one["response"]):
        assert problems("tape", _with(tape, place, "unheard_of")) != []
    for place, key in ((tape, "meta"), (tape, "interactions"), (one, "key"), (one["response"], "status")):
        value = place.pop(key)
        assert problems("tape", tape) != []
        place[key] = value


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.trace.yaml")), ids=lambda path: path.name)
def test_recorded_golden_traces_keep_to_the_schema(path: Path) -> None:
    """Those of the examples; another key, and a missing one, are refused."""
    golden: Any = read_yaml(path.read_text("utf-8")).data
    assert problems("golden-trace", golden) == []
    one = golden["conversations"][0]
    for place in (golden, golden["totals"], one, one["turns"][0]):
        assert problems("golden-trace", _with(golden, place, "unheard_of")) != []
    for place, key in ((golden, "test"), (golden["totals"], "calls"), (one, "turns")):
        value = place.pop(key)
        assert problems("golden-trace", golden) != []
        place[key] = value


def _with(whole: Any, place: dict[str, Any], key: str) -> Any:
    """The document with a key in one of its places."""
    place[key] = 1
    made = copy.deepcopy(whole)
    del place[key]
    return made


@FEW
@given(traces())
def test_any_golden_trace_keeps_to_the_schema(trace: Trace) -> None:
    """Whatever was traced."""
    text = dump_golden(Golden(test=A, trace=replace(trace, owner=A), totals=Totals()))
    assert problems("golden-trace", read_yaml(text).data) == []


@FEW
@given(recordings())
def test_any_tape_keeps_to_the_schema(recording: list[Interaction]) -> None:
    """Whatever was recorded, whole requests and those that are like earlier ones."""
    assert problems("tape", json.loads(dump_tape(recording, META))) == []
