"""Importing much at once."""

import contextlib
import gc

import pytest

from pytest_llmtrace._model.loading import collecting_nothing


@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_collected_again_where_it_was(collects):
    """Afterwards, also after an import that fails, everything is as somebody's program wants it."""
    before = gc.isenabled()
    try:
        (gc.enable if collects else gc.disable)()
        assert _collects_while_loading() is False
        assert gc.isenabled() is collects
    finally:
        (gc.enable if before else gc.disable)()


def _collects_while_loading():
    collects = None
    with contextlib.suppress(ImportError), collecting_nothing():
        collects = gc.isenabled()
        raise ImportError
    return collects
