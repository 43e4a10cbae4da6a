"""litellm imported late."""

import shutil

from tests.e2e.conftest import HERE, run_pytest
from tests.provider import Provider


def test_litellm_imported_inside_a_test_is_hooked_and_stays_off_the_network(tmp_path):
    """The logger is attached when litellm arrives, and the price map is the bundled one, recording and replaying."""
    shutil.copy(HERE / "projects" / "late_import.py", tmp_path / "test_late_import.py")
    with Provider() as provider:
        env = {"PROVIDER_URL": provider.url, "LITELLM_LOCAL_MODEL_COST_MAP": ""}
        recorded = run_pytest(tmp_path, "--llm-record", env=env)
        assert recorded.exit == 0, recorded.text
        assert [request.path for request in provider.requests] == ["/v1/chat/completions"]
    replayed = run_pytest(tmp_path, "--llm-trace", env=env)
    assert replayed.exit == 0, replayed.text
    assert replayed.report["agents"][0]["agent"] == "lead"
