"""DSPy's cache: each owner begins with an empty one."""

import sys
import types

import pytest

from pytest_llmtrace._capture.dspy_cache import arrived, begin, end


class Cache:
    """DSPy's, as far as it concerns us."""

    def __init__(self, enable_disk_cache, enable_memory_cache, disk_cache_dir):
        self.enable_disk_cache = enable_disk_cache
        self.enable_memory_cache = enable_memory_cache
        self.disk_cache_dir = disk_cache_dir


@pytest.fixture
def dspy(monkeypatch):
    """DSPy, which makes its cache when it is first asked for."""
    module, caches = types.ModuleType("dspy"), types.ModuleType("dspy.clients.cache")
    caches.Cache = Cache
    monkeypatch.setitem(sys.modules, "dspy", module)
    monkeypatch.setitem(sys.modules, "dspy.clients.cache", caches)
    return module


def test_an_owner_has_an_empty_cache_in_memory(dspy):
    """The project's cache is not asked, and is back when the owner has ended."""
    project = dspy.cache = Cache(True, True, "home")
    begin("test")
    assert vars(dspy.cache) == {"enable_disk_cache": False, "enable_memory_cache": True, "disk_cache_dir": None}
    end("test")
    assert dspy.cache is project


def test_a_wider_fixture_has_its_own(dspy):
    """What a fixture was told, the test that set it up does not know."""
    begin("test")
    outer = dspy.cache
    begin("fixture")
    assert dspy.cache not in (None, outer)
    end("fixture")
    assert dspy.cache is outer
    end("test")
    assert "cache" not in vars(dspy)


def test_a_cache_that_is_off_stays_off(dspy):
    """So does one that the owner configures itself."""
    project = dspy.cache = Cache(False, False, None)
    begin("test")
    assert dspy.cache is project
    own = dspy.cache = Cache(True, True, "own")
    end("test")
    assert dspy.cache is own


def test_dspy_may_be_imported_in_the_middle_of_a_test(monkeypatch, dspy):
    """Its cache is swapped when it arrives; outside of owners it is left alone."""
    modules = {name: sys.modules[name] for name in ("dspy", "dspy.clients.cache")}
    for name in modules:
        monkeypatch.delitem(sys.modules, name)
    begin("test")
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    arrived()
    assert dspy.cache.enable_disk_cache is False
    end("test")
    end("another")
    arrived()
    assert "cache" not in vars(dspy)
