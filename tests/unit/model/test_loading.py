"""Importing much at once."""

import contextlib
import gc
import weakref

import pytest

from pytest_llmtrace._model import loading
from pytest_llmtrace._model.loading import bring_back, collecting_nothing, set_aside


@pytest.fixture(autouse=True)
def nothing_frozen(monkeypatch):
    """As in a process that never froze anything; the suite does."""
    gc.unfreeze()
    monkeypatch.setattr(loading, "_SEEN", loading._Seen())


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


def test_what_was_loaded_is_old_at_once():
    """What an import leaves is looked at by full collections alone, and is no reason for one."""
    before = gc.isenabled()
    try:
        gc.enable()
        with collecting_nothing():
            loaded = [[]]
        assert any(one is loaded for one in gc.get_objects(generation=2))
        assert gc.get_freeze_count() == 0
    finally:
        (gc.enable if before else gc.disable)()


def test_what_an_application_has_frozen_stays_frozen():
    """A server freezes what its workers are to share; imports in the middle of its tests do not undo that."""
    with collecting_nothing():
        pass
    applications = [[]]
    gc.freeze()
    try:
        with collecting_nothing():
            pass
        assert _is_frozen(applications)
        assert loading._SEEN.frozen
    finally:
        gc.unfreeze()


def test_what_is_set_aside_is_brought_back():
    """No collection looks at it meanwhile, whatever is imported; afterwards its garbage is found."""
    kept = _Kept()
    gone = weakref.ref(kept)
    set_aside()
    try:
        with collecting_nothing():
            pass
        del kept
        gc.collect()
        assert gone() is not None
    finally:
        bring_back()
    assert gc.get_freeze_count() == 0
    gc.collect()
    assert gone() is None


class _Kept:
    def __init__(self) -> None:
        self.itself = self


def test_nothing_is_set_aside_beside_what_an_application_froze():
    """It could not be told from that when it is brought back."""
    applications = [[]]
    assert not _is_frozen(applications)
    gc.freeze()
    try:
        set_aside()
        bring_back()
        assert _is_frozen(applications)
    finally:
        gc.unfreeze()


def _is_frozen(made):
    """Their number tells less: what other threads drop meanwhile counts, too."""
    return all(one is not made for one in gc.get_objects())


def test_what_python_froze_as_it_began_is_no_application(monkeypatch):
    """Python 3.12 does so with a few hundred objects, in each process."""
    monkeypatch.setattr(gc, "get_freeze_count", lambda: 375)
    set_aside()
    monkeypatch.undo()
    assert gc.get_freeze_count() > 375
    gc.unfreeze()
