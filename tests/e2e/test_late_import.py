"""litellm imported late."""

import shutil

from tests.e2e.conftest import HERE, Preloaded, imported_by_every_run
from tests.provider import Provider

BESIDE_LITELLM = ("openai", "pydantic", "httpx", "jinja2", "aiohttp", "tokenizers", "tiktoken", "jsonschema")
"""What litellm imports: imported once, for both runs."""


def test_litellm_imported_inside_a_test_is_hooked_and_stays_off_the_network(tmp_path):
    """The logger is attached when litellm arrives, and the price map is the bundled one, recording and replaying."""
    shutil.copy(HERE / "projects" / "late_import.py", tmp_path / "test_late_import.py")
    with Preloaded((*imported_by_every_run(), *BESIDE_LITELLM), {}) as pytest:
        with Provider() as provider:
            env = {"PROVIDER_URL": provider.url, "LITELLM_LOCAL_MODEL_COST_MAP": ""}
            recorded = pytest.run(tmp_path, "--llm-record", env=env)
            assert recorded.exit == 0, recorded.text
            assert [request.path for request in provider.requests] == ["/v1/chat/completions"]
        replayed = pytest.run(tmp_path, "--llm-trace", env=env)
    assert replayed.exit == 0, replayed.text
    assert replayed.report["agents"][0]["agent"] == "lead"
