"""How phases of a test end."""

from __future__ import annotations

import pytest

from pytest_llmtrace._run.outcomes import fail


@pytest.mark.parametrize("skipped", [False, True])
def test_no_text_of_a_failure_acts_on_a_terminal(skipped: bool) -> None:
    """An error that quotes a file or its name is made harmless at the last moment, as all that a phase ends with."""
    with pytest.raises((pytest.fail.Exception, pytest.skip.Exception)) as raised:
        fail("\x1b]0;a\x07 \u202e.yaml: broken\n::error::no", skipped=skipped)
    assert raised.value.msg == "\\x1b]0;a\\x07 \\u202e.yaml: broken\n\\x3a:error::no"
