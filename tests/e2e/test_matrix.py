"""Every way to call an LLM: recorded from a real HTTP server, replayed with the server stopped."""

import shutil

import pytest

from tests.e2e.conftest import HERE, Ran, run_pytest
from tests.provider import Provider, Rule

SCRIPT = [
    Rule(user="fail once", status=500, times=1),
    Rule(user="fail once", text="recovered", times=1),
    Rule(user="fail once more", status=500, times=1),
    Rule(user="fail once more", text="recovered"),
    Rule(user="fail the first model", model="gpt-4o-mini", status=500),
    Rule(user="fail always", status=400, text="no"),
    Rule(user="weather", tool_results=False, tool_calls=[{"weather": {"city": "Paris"}}]),
    Rule(user="weather", tool_results=True, text="It is sunny."),
    Rule(user="count", text="first", times=1),
    Rule(user="count", text="second", times=1),
    Rule(user="count", text="third"),
    Rule(user="take your time", delay=1.0),
    Rule(user="long story", text="word " * 50),
]
INI = "[pytest]\nasyncio_mode = strict\nasyncio_default_fixture_loop_scope = function\n"


class Matrix:
    """The recording, the replay, and what they left."""

    recorded: Ran
    replayed: Ran
    requests_recording: int
    requests_replaying: int
    files: dict[str, bytes]
    rerecorded: Ran
    files_after: dict[str, bytes]


@pytest.fixture(scope="module")
def matrix(tmp_path_factory):
    """The project recorded once, replayed with the provider stopped, and recorded again without it."""
    folder = tmp_path_factory.mktemp("matrix")
    shutil.copy(HERE / "projects" / "matrix.py", folder / "test_matrix.py")
    (folder / "pytest.ini").write_text(INI, encoding="utf-8")
    made = Matrix()
    with Provider(SCRIPT, random_ids=True) as provider:
        env = {"PROVIDER_URL": provider.url, "SECRET_ENV_API_KEY": "sk-from-the-environment-1"}
        made.recorded = run_pytest(folder, "--llm-record", env=env)
        made.requests_recording = provider.count
        provider.stop()
    made.files = files(folder)
    made.replayed = run_pytest(folder, "--llm-trace", "-W", "error::pytest.PytestUnraisableExceptionWarning", env=env)
    made.rerecorded = run_pytest(folder, "--llm-record", env=env)
    made.files_after = files(folder)
    return made


def files(folder):
    """Every cassette file with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*/cassettes/**/*.*"))} | {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted((folder / "cassettes").rglob("*.*"))
    }


def test_everything_records(matrix):
    """Each test of the project passes while it is recorded."""
    assert matrix.recorded.exit == 0, matrix.recorded.text
    assert matrix.requests_recording > 60


def test_everything_replays_without_the_provider(matrix):
    """With the provider stopped each test passes, without drift and without a live call."""
    assert matrix.replayed.exit == 0, matrix.replayed.text
    assert matrix.replayed.report["totals"]["live_calls"] == 0
    assert [row["nodeid"] for row in matrix.replayed.report["tests"] if row["findings"]] == []


def test_recording_again_without_the_provider_changes_nothing(matrix):
    """A recording of unchanged tests needs no provider and leaves every byte as it was."""
    assert matrix.rerecorded.exit == 0, matrix.rerecorded.text
    assert matrix.files_after == matrix.files


CALLS = {
    "test_completion": (1, "openai/gpt-4o-mini"),
    "test_completion_stream": (1, "openai/gpt-4o-mini"),
    "test_acompletion": (1, "openai/gpt-4o-mini"),
    "test_acompletion_stream": (1, "openai/gpt-4o-mini"),
    "test_anyio_acompletion": (1, "openai/gpt-4o-mini"),
    "test_trio[trio]": (1, "openai/gpt-4o-mini"),
    "test_fallbacks": (2, "openai/gpt-4o"),
    "test_asyncio_run_in_a_sync_test": (5, "openai/gpt-4o-mini"),
    "test_gather": (20, "openai/gpt-4o-mini"),
    "test_isolated_asyncio": (1, "openai/gpt-4o-mini"),
    "test_tools": (2, "openai/gpt-4o-mini"),
    "test_embedding": (1, "openai/text-embedding-3-small"),
    "test_aembedding": (1, "openai/text-embedding-3-small"),
    "test_responses": (1, "openai/gpt-4o-mini"),
    "test_aresponses": (1, "openai/gpt-4o-mini"),
    "test_to_anthropic": (1, "anthropic/claude-sonnet-4-5"),
    "test_to_anthropic_stream": (1, "anthropic/claude-sonnet-4-5"),
    "test_retries": (1, "openai/gpt-4o-mini"),
    "test_mock_response": (1, "openai/gpt-4o-mini"),
    "test_async_mock_response": (1, "openai/gpt-4o-mini"),
    "test_cache_hit": (2, "openai/gpt-4o-mini"),
    "test_threads": (16, "openai/gpt-4o-mini"),
    "test_error": (1, "openai/gpt-4o-mini"),
    "test_openai": (1, "openai/gpt-4o-mini"),
    "test_the_same_question_by_litellm_and_by_the_sdk": (2, "openai/gpt-4o-mini"),
    "test_openai_stream": (1, "openai/gpt-4o-mini"),
    "test_openai_async": (1, "openai/gpt-4o-mini"),
    "test_openai_responses_stream": (1, "openai/gpt-4o-mini"),
    "test_openai_embeddings": (1, "openai/text-embedding-3-small"),
    "test_openai_retries": (1, "openai/gpt-4o-mini"),
    "test_openai_repeats_the_same_question": (3, "openai/gpt-4o-mini"),
    "test_refused_connection": (1, "openai/gpt-4o-mini"),
    "test_client_timeout": (1, "openai/gpt-4o-mini"),
    "test_cancelled_call": (1, "openai/gpt-4o-mini"),
    "test_refused_connection_by_requests": (1, "openai/m"),
    "test_abandoned_stream": (1, "openai/gpt-4o-mini"),
    "test_anthropic": (1, "anthropic/claude-sonnet-4-5"),
    "test_anthropic_async_stream": (1, "anthropic/claude-sonnet-4-5"),
    "test_requests_in_threads": (24, "openai/gpt-4o-mini"),
    "test_uses_a_session_fixture": (0, None),
    "test_uses_the_session_fixture_too": (1, "openai/gpt-4o-mini"),
}


@pytest.mark.parametrize("name", CALLS)
def test_each_call_is_one_entry(matrix, name):
    """However a call was made, it is counted once, in the recording and in the replay alike."""
    calls, _model = CALLS[name]
    if calls == 0:
        assert all(not row["nodeid"].endswith(f"::{name}") for row in matrix.replayed.report["tests"])
        return
    recorded, replayed = matrix.recorded.test(name), matrix.replayed.test(name)
    assert (recorded["calls"], replayed["calls"]) == (calls, calls)
    assert recorded["usage"] == replayed["usage"]
    assert recorded["cost_usd"] == replayed["cost_usd"]


def test_the_session_fixture_is_counted_in_the_totals_alone(matrix):
    """Calls of wider fixtures are in nobody's test."""
    assert matrix.replayed.report["totals"]["calls"] == sum(row["calls"] for row in matrix.replayed.report["tests"]) + 1


def test_recording_and_replay_cost_the_same(matrix):
    """The dollars of a replay are those that recording paid, and all are known."""
    recorded, replayed = matrix.recorded.report["totals"], matrix.replayed.report["totals"]
    assert replayed["cost_usd"] == recorded["cost_usd"]
    assert replayed["unpriced_calls"] == 0


def test_no_secret_is_in_any_file(matrix):
    """Neither keys of clients nor values of key variables are written."""
    written = b"".join(matrix.files.values())
    assert b"sk-e2e-0123456789" not in written
    assert b"sk-from-the-environment-1" not in written
