"""The OpenAI SDK as others have it: where litellm or pip's choice brought version 3, version 2 works as well."""

import os
import sys
from pathlib import Path

import pytest

from tests.e2e.rounds import EveryRound, three_rounds
from tests.e2e.test_sdks import SCRIPT, check

OPENAI_2 = Path(sys.prefix) / "openai-2"


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """The three rounds of the project, with version 2 in front of the installed one."""
    if not (OPENAI_2 / "openai").is_dir():
        pytest.skip(f"openai 2 is not in {OPENAI_2}: `make venv` puts it there")
    folder = tmp_path_factory.mktemp("openai_2")
    env = {"PYTHONPATH": os.pathsep.join(filter(None, [str(OPENAI_2), os.environ.get("PYTHONPATH")]))}
    return three_rounds(folder, "openai_sdk.py", "openai_2.py", beside=["ways.py"], script=SCRIPT, env=env)


class TestRounds(EveryRound):
    """What holds for every project."""


@pytest.mark.parametrize("owner", ["TestOpenAI", "TestAzure", "TestCompatible", "TestResponses"])
def test_every_call_is_one_entry_that_says_what_happened(rounds, owner):
    """The same facts as with the installed version."""
    check(rounds, owner)
