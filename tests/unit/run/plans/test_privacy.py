"""Lines that may quote what was said, as they may be shown."""

import traceback

from pytest_llmtrace._model.privacy import Mask
from pytest_llmtrace._run.plans.privacy import Privacy

SAID = "the rash hurts"


def test_an_exception_keeps_its_type():
    """What stands before the colon is ours or a type; what comes after may be anything."""
    private = Privacy(mask=Mask())
    assert private.masked_line(f"ValueError: {SAID}: yes") == f"ValueError: {Mask().text(f'{SAID}: yes')}"
    assert private.masked_line("ValueError") == "ValueError"
    assert private.masked_line(SAID) == Mask().text(SAID)
    assert private.masked_line(None) is None
    assert Privacy().masked_line(SAID) == SAID


def test_a_traceback_keeps_its_places():
    """Files and lines stay; the code and the text of the exception go."""
    try:
        int(SAID)
    except ValueError:
        text = traceback.format_exc()
    shown = Privacy(mask=Mask()).masked_traceback(text)
    assert SAID not in shown
    assert [line.partition(",")[0] for line in shown.splitlines()] == [
        "Traceback (most recent call last):",
        f'  File "{__file__}"',
    ]
    assert Privacy().masked_traceback(text) == text


def test_what_ends_a_request_names_no_words():
    """The exception that stops a test in replay tells where the request went, not what it asked."""
    made = Privacy(mask=Mask()).stop(RuntimeError)("llmtrace: this test did not record GET https://h/search?q=rash")
    assert str(made) == f"llmtrace: this test did not record GET https://h/{Mask().text('search?q=rash')}"
