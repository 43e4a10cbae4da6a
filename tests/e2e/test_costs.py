"""The dollar figure equals litellm's own for the same usage."""

import shutil

from tests.e2e.conftest import HERE, run_pytest
from tests.provider import Provider, Rule

USAGE = {"input_tokens": 1000, "output_tokens": 321, "cache_read_tokens": 800}


def test_our_dollars_are_litellms(tmp_path):
    """Sync, async, streamed, plain SDK and embeddings, with cached tokens: asserted inside, in both modes."""
    shutil.copy(HERE / "projects" / "costs.py", tmp_path / "test_costs.py")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n", encoding="utf-8")
    with Provider([Rule(text="Fine.", usage=USAGE)]) as provider:
        env = {"PROVIDER_URL": provider.url}
        recorded = run_pytest(tmp_path, "--llm-record", env=env)
    assert recorded.exit == 0, recorded.text
    replayed = run_pytest(tmp_path, "--llm-trace", env=env)
    assert replayed.exit == 0, replayed.text
    assert replayed.report["totals"]["cost_usd"] == recorded.report["totals"]["cost_usd"] > 0
