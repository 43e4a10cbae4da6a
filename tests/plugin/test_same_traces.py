"""The same traces whatever runs around a test: wider fixtures, parameters, reruns, another order, xdist."""

import shutil

import pytest

SOURCE = """
    tries = []

    @pytest.fixture(scope="session")
    def greeting():
        yield chat("greet")
        chat("part")

    @pytest.fixture(scope="module")
    def topic(greeting):
        return chat(greeting, "a topic")

    @pytest.mark.parametrize("name", ["a", "b/c", "b:c"])
    def test_each(name, greeting):
        assert chat(name) == f"You said: {name}"

    def test_alone():
        assert chat("alone") == "You said: alone"

    def test_topic(topic):
        assert chat(topic) == f"You said: {topic}"

    class TestClass:
        @pytest.fixture(scope="class")
        def place(self, topic):
            return chat("where")

        @pytest.mark.parametrize("number", [1, 2])
        def test_place(self, place, number):
            assert chat(f"{place} {number}")

    @pytest.mark.flaky(reruns=2)
    def test_flaky():
        tries.append(chat("again and again"))
        assert len(tries) == 2
"""
BACKWARDS = """
    def pytest_collection_modifyitems(items):
        items.reverse()
"""
SHUFFLED = """
    import random

    def pytest_collection_modifyitems(items):
        random.Random(7).shuffle(items)
"""
WAYS = {
    "plain": (),
    "backwards": ("-p", "backwards"),
    "shuffled": ("-p", "shuffled"),
    "xdist": ("-n", "2", "--dist", "load"),
}


@pytest.fixture
def many(project):
    """A project with all of it, and two plugins that change the order of its tests."""
    pytest.importorskip("pytest_rerunfailures")
    pytest.importorskip("xdist")
    project.write(SOURCE)
    project.write(BACKWARDS, "backwards.py", prelude=False)
    project.write(SHUFFLED, "shuffled.py", prelude=False)
    project.pytester.syspathinsert()
    return project


def test_a_recording_is_the_same_in_any_order_and_in_two_workers(many):
    """Every byte of every cassette, and every row of the report; only who pays for a fixture differs under xdist."""
    made = {}
    for way, args in WAYS.items():
        shutil.rmtree(many.path / "cassettes", ignore_errors=True)
        ran = many.record(*args)
        made[way] = many.cassettes(), ran.timeless["tests"]
    files, rows = made["plain"]
    assert len(files) == 2 * (8 + 3)
    assert {way: found == files for way, (found, _) in made.items()} == dict.fromkeys(WAYS, True)
    assert {way: found == rows for way, (_, found) in made.items()} == dict.fromkeys(WAYS, True)


def test_a_replay_is_the_same_in_any_order_and_in_two_workers(many):
    """Rows, totals and models; nothing is missed, left over or written."""
    many.record()
    files = many.cassettes()
    documents = {}
    for way, args in WAYS.items():
        ran = many.replay(*args)
        assert ran.exit == 0, ran.text
        documents[way] = ran.timeless
        assert many.cassettes() == files
    assert documents["plain"]["totals"]["calls"] == 8 + 4
    assert {way: found == documents["plain"] for way, found in documents.items()} == dict.fromkeys(WAYS, True)


def test_each_test_alone_has_the_trace_that_it_has_among_others(many):
    """A test that runs alone sets its wider fixtures up itself: they are replayed all the same."""
    many.record()
    files = many.cassettes()
    for name in ("test_topic", "test_place", "test_each"):
        ran = many.replay("-k", name)
        assert ran.exit == 0, ran.text
    shutil.rmtree(many.path / "cassettes")
    many.record("-k", "test_place")
    many.record("-k", "test_topic or test_alone or test_flaky")
    many.record("-k", "test_each")
    assert many.cassettes() == files
