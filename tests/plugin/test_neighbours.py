"""Other plugins and the user's own cassettes beside ours."""

import pytest

VCR = """
    import vcr
    from concurrent.futures import ThreadPoolExecutor
    import requests

    URL = {url!r} + "/chat/completions"

    def post(text):
        said = {{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": text}}]}}
        return requests.post(URL, json=said, timeout=10).json()["choices"][0]["message"]["content"]

    @vcr.use_cassette("decorated.yaml")
    def test_decorated():
        assert chat("theirs") == "You said: theirs"

    def test_nested():
        assert chat("ours") == "You said: ours"
        with vcr.use_cassette("nested.yaml"):
            assert chat("theirs") == "You said: theirs"
        assert post("ours again") == "You said: ours again"

    def test_threads_beside():
        with vcr.use_cassette("threads.yaml"):
            assert post("theirs") == "You said: theirs"
        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(post, "abcdefgh")) == [f"You said: {{one}}" for one in "abcdefgh"]
"""


def test_the_users_own_cassettes_and_ours_take_turns(project):
    """As decorator, nested and before threads: each request is answered by one of them, traced once, and no bypass."""
    project.write(VCR.format(url=project.provider.openai_url))
    recorded = project.record()
    assert recorded.requests == 13
    assert [row["calls"] for row in recorded.report["tests"]] == [1, 3, 9]
    project.provider.stop()
    replayed = project.replay()
    assert replayed.exit == 0, replayed.text
    assert [row["calls"] for row in replayed.report["tests"]] == [1, 3, 9]


ONE = "def test_one():\n    assert chat('hello') == 'You said: hello'\n"


@pytest.mark.parametrize("options", [["--block-network"], ["--block-network", "--allowed-hosts=127.0.0.1"]])
def test_replay_needs_no_network_that_pytest_recording_blocks(project, options):
    """`--block-network` blocks sockets, and none is opened."""
    project.write(ONE)
    project.record()
    assert project.replay(*options).exit == 0


@pytest.mark.parametrize("options", [["--disable-socket"], ["--allow-hosts=192.0.2.1"]])
def test_replay_needs_no_socket_that_pytest_socket_disables(project, options):
    """`--disable-socket` forbids to make any, and `--allow-hosts` those of a recorded provider."""
    pytest.importorskip("pytest_socket")
    project.write(ONE)
    project.record()
    assert project.replay(*options).exit == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--disable-socket"], "Leave out --disable-socket, or let the host through: --allow-hosts=127.0.0.1"),
        (["--allow-hosts=192.0.2.1"], 'with host "127.0.0.1" (allowed: "192.0.2.1")'),
        (["--block-network"], "Leave out --block-network, or let the host through: --allowed-hosts=127.0.0.1"),
    ],
)
def test_a_recording_that_another_guard_keeps_in_says_which_and_what_helps(project, options, said):
    """In place of "Connection error" after retries; once the host may be reached, the test is recorded."""
    pytest.importorskip("pytest_socket")
    project.write("def test_one():\n    chat('hello')\n")
    ran = project.run("--llm-record", "-Wdefault", *options)
    ran.outcomes(failed=1)
    plugin = "pytest-recording" if "--block-network" in options else "pytest-socket"
    assert f"llmtrace: {plugin} kept a live call from 127.0.0.1: " in ran.text
    assert said in ran.text
    assert "Connection error" not in ran.text
    assert (ran.requests, ran.report["totals"]["live_calls"], project.cassettes()) == (0, 0, {})


def test_pytest_socket_does_not_take_the_guard_away(project):
    """It puts Python's own functions back after each test; a bypass in the second test is noticed all the same."""
    pytest.importorskip("pytest_socket")
    port = project.provider.url.rpartition(":")[2]
    project.write(
        ONE
        + f"""
def test_two():
    import socket
    chat("hello")
    with socket.create_connection(("127.0.0.1", {port})) as sock:
        sock.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        sock.recv(1)
"""
    )
    ran = project.run("--llm-record", "--allow-hosts=127.0.0.1")
    ran.outcomes(passed=1, failed=1)
    assert ran.findings("test_two") == [("bypass", None)]


@pytest.mark.parametrize("method", ["thread", "signal"])
def test_a_time_limit_of_pytest_timeout_holds_beside_ours(project, method):
    """A test within its limit is recorded and replayed under either method."""
    pytest.importorskip("pytest_timeout")
    project.write(ONE)
    options = ["--timeout=60", f"--timeout-method={method}"]
    project.record(*options)
    assert project.replay(*options).exit == 0


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest 9 brings the fixture `subtests`")
def test_subtests_share_the_trace_of_their_test(project):
    """Subtests of pytest report on their own; the calls belong to the test."""
    project.write(
        """
        def test_one(subtests):
            for text in ("a", "b"):
                with subtests.test(text):
                    assert chat(text) == f"You said: {text}"
        """
    )
    project.record()
    replayed = project.replay()
    assert replayed.exit == 0, replayed.text
    assert replayed.test("test_one")["calls"] == 2
