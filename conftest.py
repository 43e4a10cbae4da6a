"""What the whole test suite shares."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest
import wrapt

from tests.postgresql import Server, programs

pytest_plugins = ["pytester"]

# A loaded machine is no finding, and a run says the same as the one before. HYPOTHESIS_PROFILE=fuzz looks further.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis.settings.register_profile("fuzz", deadline=None, max_examples=2_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))
wrapt.register_post_import_hook(lambda _module: None, "never_imported")  # pytester would take the finder away again

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # importing litellm downloads its price map otherwise
# Every client reads certificates, and the usual 140 take it as long as ten calls. Nothing here shakes hands.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).parent / "tests" / "nobody.pem")
os.environ["NO_PROXY"] = "127.0.0.1,localhost"  # the provider is local, whatever proxy the machine uses
for name in (
    "CI",
    "BUILD_NUMBER",
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
    "PYTEST_ADDOPTS",
    "LLMTRACE_DISABLED",
    "LLMTRACE_HISTORY",
):
    os.environ.pop(name, None)  # the suite behaves the same everywhere
for name in [*os.environ]:
    if name.startswith(("OPENAI_", "ANTHROPIC_", "LITELLM_")) and name != "LITELLM_LOCAL_MODEL_COST_MAP":
        del os.environ[name]  # no test may find a real key and spend money


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while everything is imported."""
    gc.disable()
    try:
        return (yield)
    finally:
        _keep_out_of_searches()


@pytest.fixture(scope="module", autouse=True)
def _little_to_search() -> Iterator[None]:
    """What inner runs left for good is in no search for garbage of the tests that follow."""
    yield
    _keep_out_of_searches()


def _keep_out_of_searches() -> None:
    """Leave all there is out of searches for garbage: pytest makes several in each inner run, through all objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session")
def litellm() -> ModuleType:
    """litellm, imported once: pytester forgets what an inner run imported, and this import takes seconds."""
    gc.disable()
    import litellm  # noqa: PLC0415 -- not for tests that do without

    _keep_out_of_searches()
    return litellm


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server, started by the first test that needs it."""
    pytest.importorskip("psycopg", reason="needs the `history` extra")
    found = programs()
    if found is None:
        pytest.skip(
            "needs PostgreSQL's programs, on the PATH or in /usr/lib/postgresql (Debian: apt install postgresql)"
        )
    server = Server.started(found)
    yield server
    server.stop()
