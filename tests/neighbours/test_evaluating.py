"""Plugins that mock, record, judge, compare and watch calls themselves, all in one suite with ours."""

from tests.provider import Rule

IMPORTED = (
    "anthropic",
    "deepeval.evaluate",
    "deepeval.metrics",
    "deepeval.plugins.plugin",
    "inline_snapshot",
    "logfire",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
)
SCRIPT = [
    Rule(user="capital of France", text="Paris"),
    Rule(user="You are an evaluator", text='{"score": 9, "reason": "right"}'),
    Rule(path="/v1/traces", text={}),
]
CALLS = {
    "test_judged": 2,
    "test_their_tape": 1,
    "test_our_tape": 1,
    "test_spans_of_logfire": 2,
    "test_spans_reach_a_local_collector": 1,
    "test_exports_to_the_port_of_the_provider_stay_here": 1,
    "test_syrupy": 1,
    "test_inline": 1,
}


def test_what_other_plugins_do_with_calls_goes_on_beside_ours(suite):
    """A judge's calls are taped, mocks and another's tape answer, snapshots hold, spans go out; and in replay."""
    all_of_them = suite("judged.py", "mocked.py", "observed.py", "snapshots.py", script=SCRIPT)
    asked = ("--llmtrace-record", "--llm-record=once")
    first = all_of_them.run(*asked, "--snapshot-update", "--inline-snapshot=create")
    assert all_of_them.provider.count == sum(CALLS.values()) + 1, first.text  # and the export to its port
    assert "1 error in" in first.text, first.text  # inline-snapshot fails a test whose snapshots it creates
    before = all_of_them.cassettes()
    recorded = all_of_them.record(*asked)
    assert recorded.report["totals"]["live_calls"] == 0
    files = all_of_them.cassettes()
    assert {name for name in files if files[name] != before.get(name)} == {
        f"cassettes/test_snapshots/test_inline.{kind}" for kind in ("tape.json", "trace.yaml")
    }
    live = all_of_them.run("--llm-live")
    assert (live.exit, live.report["totals"]["live_calls"]) == (0, sum(CALLS.values()) - 1), live.text
    all_of_them.provider.stop()
    replayed = all_of_them.replay()
    for ran in recorded, live, replayed:
        assert {row["nodeid"].partition("::")[2]: row["calls"] for row in ran.report["tests"]} == CALLS
        assert [row["findings"] for row in ran.report["tests"]] == [[]] * len(CALLS)
        assert "4 snapshots passed" in ran.text
    assert "cassettes/test_mocked/test_their_tape.tape.json" not in files
    assert [name for name in files if b"/v1/traces" in files[name]] == []
    asks = all_of_them.folder / "test_mocked.py"
    asks.write_text(asks.read_text("utf-8").replace("kept by them", "kept by others"), encoding="utf-8")
    drifted = all_of_them.run("--llm-trace", "-k", "their_tape")
    assert [(one["type"], one["kind"]) for one in drifted.test("test_their_tape")["findings"]] == [("drift", "user")]
    anew = 'pytest --llmtrace-record --llm-record=all "test_mocked.py::test_their_tape"'
    assert f"  accept  {anew}\n          1 live call, about $" in drifted.text
